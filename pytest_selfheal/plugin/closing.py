"""What pytest sees of a run's beginning and end: the header line, the exit status, the summary section.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.plugin.surroundings import as_started

if TYPE_CHECKING:
    from pytest_selfheal.model import Observation
    from pytest_selfheal.model import RunSummary
    from pytest_selfheal.plugin.controller import Controller
    from pytest_selfheal.repair.workshop import Bench


class Closing:
    """Takes the run through its end once pytest is done with the tests."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._interrupted = False
        self._summary: RunSummary | None = None

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember Ctrl-C and pytest.exit: nothing is repaired after them, unlike after errors during collection."""
        self._interrupted = not isinstance(excinfo.value, pytest.Session.Interrupted)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Write that the run has begun; count outcomes where no terminal does."""
        from pytest_selfheal.plugin.starting import unmark

        config = self._controller.config
        if not config.pluginmanager.hasplugin("terminalreporter"):
            from pytest_selfheal.plugin.counting import OUTCOMES
            from pytest_selfheal.plugin.counting import Outcomes

            config.pluginmanager.register(Outcomes(config), OUTCOMES)
        if config.getoption("xmlpath", None):
            from pytest_selfheal.plugin.junit_facts import RunFacts

            config.pluginmanager.register(RunFacts(self._controller), "selfheal-junit")
        self._controller.begin()
        unmark(config)

    # ------------------------------------------------------------------------------- the end of the run

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Take the run through its end; the exit status only ever gets stricter unless `accept_fixes` is set."""
        try:
            self._controller.stopped = str(session.shouldfail or session.shouldstop or "")[:200]
            with as_started(self._controller.environ, str(session.config.invocation_params.dir)):
                self._summary = self._finish(int(exitstatus))
                self._send(int(exitstatus))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong here, pytest's result stands
            self._controller.degrade(error)
        if self._summary is not None:
            session.exitstatus = self._exit_status(int(exitstatus), self._summary)

    def _finish(self, exitstatus: int) -> RunSummary | None:
        if not self._controller.pairs:
            # Nothing failed: one record, and nothing is loaded that only failures need.
            self._controller.store.commit([self._controller.ended_run(exitstatus)])
            self._controller.store.maintain()
            if (self._controller.store_path / "objects").exists():
                self._learn(exitstatus)
            for warning in self._controller.store.warnings:
                self._controller.parts.note(warning)
            self._controller.store.close()
            return None
        from pytest_selfheal.plugin.ending import finish

        stopped = self._interrupted or exitstatus in {pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR}
        return finish(self._controller, exitstatus, repairs=not stopped)

    def _send(self, exitstatus: int) -> None:
        """Send telemetry where it is asked for; nothing leaves an untrusted run."""
        if not self._controller.policy.telemetry or self._controller.trust.value == "untrusted":
            return
        from pytest_selfheal.plugin.telemetry import send

        run = self._summary.run if self._summary is not None else self._controller.ended_run(exitstatus)
        problem = send(self._controller, run, self._summary)
        if problem and self._summary is not None:
            self._summary = replace(self._summary, notices=(*self._summary.notices, problem))
        elif problem:
            self._controller.parts.note(problem)

    def _learn(self, exitstatus: int) -> None:
        """Look at tests that had failed before and are green now."""
        if exitstatus == pytest.ExitCode.OK and not self._interrupted:

            def bench() -> Bench | None:
                from pytest_selfheal.plugin.ending import workshop

                return workshop(self._controller)

            self._controller.learning.attend(bench)

    def _exit_status(self, exitstatus: int, summary: RunSummary) -> int:
        if exitstatus == pytest.ExitCode.OK and summary.healed and self._controller.policy.fail_on_healed:
            return pytest.ExitCode.TESTS_FAILED
        unseen = self._controller.lost_workers or self._controller.stopped  # tests that did not run may fail
        accepted = self._controller.policy.accept_fixes and summary.all_fixed and not unseen
        return pytest.ExitCode.OK if exitstatus == pytest.ExitCode.TESTS_FAILED and accepted else exitstatus

    # ------------------------------------------------------------------------------- telling

    def pytest_report_header(self) -> str | None:
        """Say in one line that the plugin is on, and how."""
        if self._controller.config.get_verbosity() < 0:
            return None
        policy = self._controller.policy
        # Never the connection string: it may hold a password.
        return f"selfheal: mode {policy.mode}, store {'a shared database' if policy.store_url else policy.store}"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Write the summary section; nothing at all when there is nothing to say."""
        if self._summary is not None:
            self._controller.screen.summary(self._summary)
        for notice in self._controller.parts.notices if self._summary is None else ():
            terminalreporter.write_line(f"selfheal degraded: {notice}", yellow=True)


def close_without_session(controller: Controller, observation: Observation) -> None:
    """Take a conftest that cannot be imported through the same end; there is no session around it."""
    from pytest_selfheal.plugin.ending import finish

    controller.screen.has_terminal = False
    controller.receive(None, [observation])
    controller.screen.print_without_terminal(finish(controller, int(pytest.ExitCode.USAGE_ERROR), repairs=True))
