"""How much of the run a failure spoils.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.model import Category
from pytest_selfheal.model import Phase
from pytest_selfheal.model import Severity

if TYPE_CHECKING:
    from pytest_selfheal.classify.rules import Finding
    from pytest_selfheal.model import Failure

_LEVELS = {
    Category.TRANSIENT: Severity.LOW,
    Category.RATE_LIMIT: Severity.LOW,
    Category.SYNTAX: Severity.HIGH,
    Category.MISSING_DEPENDENCY: Severity.HIGH,
    Category.ENVIRONMENT: Severity.HIGH,
    Category.CRASH: Severity.HIGH,
}
_PASSING = frozenset({Category.TRANSIENT, Category.RATE_LIMIT, Category.TIMEOUT})
_ORDER = tuple(Severity)

MASS = 5
"""Tests sharing one signature in a run that make it a mass failure."""


def severity_of(failure: Failure, finding: Finding) -> Severity:
    """Return the severity of one failure by itself; `in_context` adds what the rest of the run shows."""
    if failure.report_kind == "crash" or _breaks_conftest(failure):
        return Severity.CRITICAL
    level = finding.severity or _LEVELS.get(finding.category, Severity.MEDIUM)
    if level is Severity.CRITICAL:
        return level
    if failure.phase is Phase.COLLECT:
        if finding.category in _PASSING:
            return Severity.MEDIUM
        return _at_least(level, Severity.HIGH)
    if failure.phase is Phase.TEARDOWN and finding.category in _PASSING:
        return Severity.LOW
    if failure.phase is Phase.SETUP and failure.scope != "function":
        return _at_least(level, Severity.HIGH)
    return level


def in_context(severity: Severity, *, shared_by: int, new_and_always_failing: bool = False) -> Severity:
    """Return the severity raised one step for a mass failure, or for a new test that never passed.

    `shared_by` is the number of tests with the same signature in this run.
    """
    return severity.raised() if shared_by >= MASS or new_and_always_failing else severity


def _breaks_conftest(failure: Failure) -> bool:
    return bool(failure.chain) and failure.chain[0].type_name == "_pytest.config.ConftestImportFailure"


def _at_least(level: Severity, floor: Severity) -> Severity:
    return max(level, floor, key=_ORDER.index)
