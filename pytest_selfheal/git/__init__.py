"""What is asked of git, and how generated files are committed without touching anything else.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from pytest_selfheal.git.asking import operation_in_progress
from pytest_selfheal.git.history import base_file
from pytest_selfheal.git.history import changed_files
from pytest_selfheal.git.history import commits_since
from pytest_selfheal.git.history import describe
from pytest_selfheal.git.history import file_at

__all__ = ["base_file", "changed_files", "commits_since", "describe", "file_at", "operation_in_progress"]
