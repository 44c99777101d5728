"""Test results of any runner, read from JUnit files.

PYTEST_DONT_REWRITE
"""

from pytest_selfheal.junit.results import Results
from pytest_selfheal.junit.results import node_id
from pytest_selfheal.junit.results import read_results

__all__ = ["Results", "node_id", "read_results"]
