"""Commands that look after the store.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.cli.project import Project
from pytest_selfheal.cli.project import write
from pytest_selfheal.report import documents

if TYPE_CHECKING:
    import argparse
