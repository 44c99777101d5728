"""What the user sees while tests run and at the end; every untrusted text is escaped before it gets here or here.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.plugin import private_pytest
from pytest_selfheal.plugin.counting import OUTCOMES
from pytest_selfheal.plugin.counting import counts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import RunRecord
    from pytest_selfheal.model import RunSummary

_COLOURS = {
    "fixed": "green",
    "suggested": "yellow",
    "undecided": "yellow",
    "escalated": "red",
    "generated": "yellow",
    "learned": "green",
    "alert": "red",
}
_MAX_LINES_OF_A_KIND = 10
HEALED = "_selfheal_healed"
"""Set on the report of a test that passed on a later try, in the process that prints it."""


class HealedStatus:
    """Shows a healed test as HEALED; registered when the first test heals, so that green runs do not pay for it."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Tell about a healed test once pytest has printed its letter."""
        if report.when == "call":
            self._screen.tell_healed()

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, tuple[str, Mapping[str, bool]]] | None:
        """Answer for the passing call of a healed test only: pytest turns other "passed" reports into failures here."""
        if report.when == "call" and report.passed and getattr(report, HEALED, False):
            return "healed", "H", ("HEALED", {"yellow": True})
        return None


class Screen:
    """Writes through pytest's terminal reporter; silent when there is none."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._said: dict[str, int] = {}
        self._healed: list[str] = []
        self._shows_healed = False
        self._has_bar = False
        self.has_terminal = True

    @property
    def _reporter(self) -> Any:
        return self._config.pluginmanager.getplugin("terminalreporter")

    def healed(self, report: Any, record: FailureRecord) -> None:
        """Mark the report of a test that passed on a later try; `tell_healed` says so after its letter."""
        if report is not None:  # a module that was collected again has none under xdist
            setattr(report, HEALED, True)
        if not self._shows_healed:
            self._shows_healed = True
            self._config.pluginmanager.register(HealedStatus(self), "selfheal-status")
        why = f"{record.error_type.rpartition('.')[2]} ({record.failure_category.value})"
        self._healed.append(f"{record.nodeid}: passed on attempt {len(record.attempts) + 1} after {why}")

    def tell_healed(self) -> None:
        """Write the lines of tests healed since the last time."""
        while self._healed:
            self.tell("healed", self._healed.pop(0))

    def tell(self, kind: str, text: str) -> None:
        """Write one line as something happens, at most ten of a kind; nothing with -q or --no-summary."""
        count = self._said[kind] = self._said.get(kind, 0) + 1
        if self._is_quiet or count > _MAX_LINES_OF_A_KIND:
            return
        from pytest_selfheal.safety.escape import terminal_line

        self._write(f"selfheal: {kind}: {terminal_line(text)}", _COLOURS.get(kind, "yellow"))

    def bar(self, text: str) -> bool:
        """Show a line that the next output replaces; False in CI, whose log would keep every state of it.

        Nothing is shown where nobody watches: in a file, a pipe, or with -q or --no-summary.
        """
        reporter = self._reporter
        if "CI" in os.environ:
            return False
        if self._is_quiet or not self.has_terminal or reporter is None or not reporter.isatty:
            return True
        from pytest_selfheal.safety.escape import terminal_line

        if not self._has_bar:
            private_pytest.new_line(reporter)
            self._has_bar = True
        width = shutil.get_terminal_size().columns - 1  # a line that wraps cannot be replaced
        reporter.rewrite(terminal_line(text)[:width], erase=True)
        return True

    def clear_bar(self) -> None:
        """Take the bar away where one is shown."""
        if self._has_bar:
            self._has_bar = False
            self._reporter.rewrite("", erase=True)
            self._reporter.rewrite("")

    def line(self, text: str) -> None:
        """Write one plain line; nothing with -q or --no-summary."""
        if not self._is_quiet:
            from pytest_selfheal.safety.escape import terminal_line

            self._write(terminal_line(text), "")

    @property
    def _is_quiet(self) -> bool:
        return bool(self._config.get_verbosity() < 0 or self._config.getoption("no_summary", False))

    def _write(self, text: str, colour: str) -> None:
        had_bar = self._has_bar
        self.clear_bar()
        reporter = self._reporter
        if not self.has_terminal:
            sys.stderr.write(text + "\n")
        elif reporter is not None:
            if not had_bar:
                private_pytest.new_line(reporter)
            reporter.write_line(text, **({colour: True} if colour else {}))

    @property
    def stats(self) -> Mapping[str, Sequence[Any]]:
        """The reports of the run by outcome, as the terminal, or what stands in for it, keeps them."""
        keeper = self._reporter or self._config.pluginmanager.getplugin(OUTCOMES)
        found: Mapping[str, Sequence[Any]] = getattr(keeper, "stats", {})
        return found

    def counted(self, run: RunRecord) -> RunRecord:
        """Return the run with its tests by outcome, as the terminal, or what stands in for it, counted them."""
        sizes: dict[str, Any] = {**counts(self.stats)}
        return replace(run, **sizes)

    def summary(self, summary: RunSummary) -> None:
        """Write the section at the end of the run, as verbosity asks; --no-summary keeps what must not be missed."""
        verbosity = self._config.get_verbosity()
        if self._config.getoption("no_summary", False):
            verbosity = min(verbosity, -2)
        from pytest_selfheal.report.summary import summary_lines

        lines = summary_lines(summary, verbosity)
        reporter = self._reporter
        if not lines or reporter is None:
            return
        if verbosity >= 0:
            reporter.section("selfheal")
        for line in lines:
            reporter.write_line(line.text, **({line.colour: True} if line.colour else {}))

    def print_without_terminal(self, summary: RunSummary) -> None:
        """Write the section to standard error: a conftest failed before pytest had a terminal reporter."""
        from pytest_selfheal.report.summary import summary_lines

        for line in summary_lines(summary, self._config.get_verbosity()):
            sys.stderr.write(line.text + "\n")
