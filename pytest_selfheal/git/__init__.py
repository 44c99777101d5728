"""What is asked of git, and how generated files are committed without touching anything else.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from pytest_selfheal.git.asking import operation_in_progress

__all__ = ["operation_in_progress"]
