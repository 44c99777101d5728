"""How many tests there were, by outcome: each test once, as pytest's terminal counts them or, without one, as we do.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

OUTPUT = "selfheal_counts"
"""The key in the output of a worker: how many tests it collected and how many of them were deselected."""
OUTCOMES = "selfheal-outcomes"
"""The name that what stands in for the terminal's statistics is registered under."""
_COUNTED = ("passed", "healed", "failed", "error", "skipped", "xfailed", "xpassed")


class Collected:
    """Counts what was collected and deselected, in every process that collects."""

    def __init__(self) -> None:
        self.collected = 0
        self.deselected = 0

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Count tests that were left out."""
        self.deselected += len(items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count the tests that will run."""
        self.collected = len(session.items) + self.deselected

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Leave the counts to the controller of xdist."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[OUTPUT] = [self.collected, self.deselected]

    def heard(self, told: object) -> None:
        """Take over the counts of a worker; all collect the same."""
        if isinstance(told, list) and len(told) == 2 and all(isinstance(part, int) for part in told):
            self.collected, self.deselected = max(self.collected, told[0]), max(self.deselected, told[1])


class Outcomes:
    """Stands in for the terminal's statistics in a run with `-p no:terminal`."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.stats: dict[str, list[Any]] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        """File a report under the word that plugins have for it, else the one that the terminal would have."""
        told = self._config.hook.pytest_report_teststatus(report=report, config=self._config)
        word = told[0] if told else _word(report)
        if word:
            self.stats.setdefault(word, []).append(report)

    @pytest.hookimpl(trylast=True)
    def pytest_collectreport(self, report: Any) -> None:
        """File what could not be collected."""
        if report.failed:
            self.stats.setdefault("error", []).append(report)
        elif report.skipped:
            self.stats.setdefault("skipped", []).append(report)


def _word(report: Any) -> str:
    if report.when != "call" and report.failed:
        return "error"
    return str(report.outcome) if report.when == "call" or report.skipped else ""


def counts(stats: Mapping[str, Sequence[Any]]) -> dict[str, int]:
    """Return the number of tests by final outcome; one that failed and had an error in its teardown failed once."""
    sizes = {name: len(stats.get(name, ())) for name in _COUNTED}
    if sizes["failed"] or sizes["error"]:
        failed, errors, passed, healed = (
            _names(stats.get(name, ())) for name in ("failed", "error", "passed", "healed")
        )
        sizes["failed"], sizes["error"] = len(failed), len(errors - failed)
        sizes["passed"] -= len(passed & (failed | errors))
        sizes["healed"] -= len(healed & (failed | errors))
    return {
        "passed": sizes["passed"] + sizes["healed"],
        "failed": sizes["failed"],
        "errors": sizes["error"],
        "skipped": sizes["skipped"],
        "xfailed": sizes["xfailed"],
        "xpassed": sizes["xpassed"],
    }


def _names(reports: Sequence[Any]) -> set[str]:
    return {str(getattr(report, "nodeid", "")) for report in reports}
