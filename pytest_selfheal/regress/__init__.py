"""Regression tests from repeated failures.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def replay(data: Mapping[str, str], root: Path) -> None:
    """Run the pinned test of a generated regression test; the function those files call.

    Args:
        data: the file's `DATA`; `nodeid` names the pinned test.
        root: pytest's root directory.

    Raises:
        AssertionError: the pinned test fails, errs, or is gone.
        unittest.SkipTest: the pinned test was skipped; a skipped guard is never shown as passed.
    """
    from pytest_selfheal.regress.replaying import run_pinned

    run_pinned(data["nodeid"], root)
