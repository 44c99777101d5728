"""Holds back the reports of sub-tests while the test around them may be tried again.

pytest logs a sub-test from inside the call phase, at once. A superseded try must leave no report behind, so the report
that goes on is made meaningless (a set-up that passed: every consumer passes over it) and a copy of the real one waits.
Registered when the first test that can have sub-tests runs.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import copy
from typing import Any

import pytest


def is_subtest(report: Any) -> bool:
    """Return whether a report is that of a sub-test (pytest 9, or the plugin pytest-subtests before it)."""
    return type(report).__name__ in {"SubtestReport", "SubTestReport"}


class SubtestHold:
    """The wrapper around `pytest_runtest_logreport`, active between `begin` and `release`."""

    def __init__(self) -> None:
        self._held: list[Any] | None = None

    def begin(self) -> None:
        """Hold back from now on."""
        self._held = []

    def release(self) -> list[Any]:
        """Stop holding and return the real reports in order."""
        held, self._held = self._held or [], None
        return held

    def last(self) -> Any:
        """Return the real report that was held back last."""
        return self._held[-1] if self._held else None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: Any) -> Any:
        """Keep a copy and let through something that says nothing."""
        if self._held is not None and is_subtest(report):
            self._held.append(copy.copy(report))
            report.outcome, report.when, report.longrepr, report.duration = "passed", "setup", None, 0.0
        return (yield)
