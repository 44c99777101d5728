"""Runs the phases of each test, and a transiently failing test again.

A superseded attempt logs no report of its own: terminal, JUnit, `--lf`, `-x` and xdist see one test with one outcome. A
passing test pays for nothing but this protocol: no clock, no wrapper, no JSON.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.plugin import private_pytest
from pytest_selfheal.plugin.private_pytest import run_phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_selfheal.model import Attempt
    from pytest_selfheal.model import Observation
    from pytest_selfheal.plugin.observer import Observed
    from pytest_selfheal.plugin.parts import Parts
    from pytest_selfheal.plugin.private_pytest import Phase
    from pytest_selfheal.recover import Recovery

    Deliver = Callable[[Any, list[Observation]], None]


RUNNER = "selfheal-runner"
"""The name the runner is registered under."""


class Runner:
    """Our `pytest_runtest_protocol`: pytest's own order of phases, plus another try where recovery asks for it.

    Args:
        parts: what a failure needs, made when the first one happens.
        deliver: hands observations over, attached to a report where they must travel.
        sleep: waits so many seconds.
    """

    def __init__(self, parts: Parts, deliver: Deliver, sleep: Callable[[float], object]) -> None:
        self._parts = parts
        self._deliver = deliver
        self._sleep = sleep
        self._subtests: list[Observation] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Run one test and say that nobody else needs to."""
        ihook = item.ihook
        ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        self._run(item, ihook, nextitem)
        ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def pytest_exception_interact(self, node: Any, call: pytest.CallInfo[Any], report: Any) -> None:
        """Observe failing sub-tests: pytest reports them from inside the call phase and announces them only here."""
        if isinstance(node, pytest.Item) and type(report).__name__ == "SubtestReport" and report.failed:
            observed = self._parts.observer.observe(node, call, report)
            if observed is not None:
                self._subtests.append(observed.failed())

    def _run(self, item: Any, ihook: Any, nextitem: pytest.Item | None) -> None:
        has_request = private_pytest.begin(item)
        snapshot = private_pytest.Snapshot(item)
        torn_down: Phase | None = None
        try:
            call, report = run_phase(item, ihook, "setup")
            if report.passed:
                ihook.pytest_runtest_logreport(report=report)
                call, report = self._call(item, ihook, call, report)
            if report.failed:
                call, report, torn_down = self._after_failure(item, (call, report), snapshot)
            elif self._subtests:
                self._flush(report, [])
            if report.when != "setup" or not report.passed:
                self._log(item, ihook, call, report)
            # A session about to stop tears everything down, or errors of wider fixtures would go unreported.
            if item.session.shouldfail or item.session.shouldstop:
                nextitem = None
            call, report = torn_down or run_phase(item, ihook, "teardown", nextitem=nextitem)
            if report.failed:
                self._observe_teardown(item, call, report)
            self._log(item, ihook, call, report)
        finally:
            private_pytest.end(item, has_request=has_request)

    @staticmethod
    def _log(item: pytest.Item, ihook: Any, call: pytest.CallInfo[Any], report: pytest.TestReport) -> None:
        ihook.pytest_runtest_logreport(report=report)
        if call.excinfo is not None and private_pytest.is_interactive(call, report):
            ihook.pytest_exception_interact(node=item, call=call, report=report)

    @staticmethod
    def _call(item: pytest.Item, ihook: Any, call: pytest.CallInfo[Any], report: pytest.TestReport) -> Phase:
        option = item.config.option
        setup_only = getattr(option, "setuponly", False)
        if getattr(option, "setupshow", False):
            private_pytest.show_test_item(item, add_space=not setup_only)
        return (call, report) if setup_only else run_phase(item, ihook, "call")

    # ------------------------------------------------------------------------------- after a failure

    def _after_failure(
        self, item: pytest.Item, phase: Phase, snapshot: private_pytest.Snapshot
    ) -> tuple[pytest.CallInfo[Any], pytest.TestReport, Phase | None]:
        """Retry while recovery says so; return the phase to report, and the teardown if it was already run."""
        story = _Story(phase)
        try:
            self._retry(item, story, snapshot)
        except (pytest.exit.Exception, KeyboardInterrupt):
            # While waiting or re-running: the failure seen so far must not vanish.
            self._tell(story)
            item.ihook.pytest_runtest_logreport(report=story.phase[1])
            raise
        except Exception as error:  # noqa: BLE001 - ours, not the test's: its failure is reported as it is
            self._parts.degrade(error)
        self._tell(story)
        if story.healed:
            item.user_properties.append(("selfheal", f"healed after {len(story.attempts) + 1} attempts"))
        return (*story.phase, story.torn_down)

    def _retry(self, item: pytest.Item, story: _Story, snapshot: private_pytest.Snapshot) -> None:
        recovery = self._parts.recovery
        while True:
            call, report = story.phase
            observed = story.observed = self._parts.observer.observe(item, call, report)
            if observed is None or recovery is None or self._subtests or call.excinfo is None:
                return
            delay_s = self._delay_s(recovery, item, observed, len(story.attempts) + 1)
            if delay_s is None:
                return
            story.attempts.append(observed.attempt(len(story.attempts) + 1, waited_s=delay_s))
            story.torn_down = self._take_down(item, call)
            if story.torn_down is not None:
                return
            self._wait(item, delay_s)
            recovery.waited(delay_s)
            private_pytest.reset_for_retry(item, snapshot)
            ihook = item.ihook
            call, report = run_phase(item, ihook, "setup")
            if report.passed:
                if story.phase[1].when == "setup":  # no setup report has been logged for this test yet
                    ihook.pytest_runtest_logreport(report=report)
                call, report = self._call(item, ihook, call, report)
            if report.failed:
                story.phase = call, report
                continue
            if report.passed:  # a test that fails and then skips has not passed: its failure is reported
                story.phase = call, report
                story.healed = True
            recovery.ended(observed.diagnosis.outage_key, recovered=story.healed)
            return

    @staticmethod
    def _delay_s(recovery: Recovery, item: pytest.Item, observed: Observed, failed: int) -> float | None:
        """Return how long to wait before the next try; None when this test must not be tried again."""
        if observed.is_regression or observed.hands_off or item.config.getoption("usepdb", False):
            return None
        plan = recovery.plan(observed.diagnosis, observed.failure.phase, failed)
        return plan.delay_s if plan.again else None

    @staticmethod
    def _take_down(item: pytest.Item, call: pytest.CallInfo[Any]) -> Phase | None:
        """Take down this item and whatever failed above it; return the teardown when it was not clean."""
        teardown = run_phase(item, item.ihook, "teardown", nextitem=private_pytest.stop_below(item.parent))
        if not teardown[1].passed or call.excinfo is None:
            return teardown
        try:
            private_pytest.tear_down_failed(item, call.excinfo)
        except Exception:  # noqa: BLE001 - a finalizer of the user's failed: the test cannot be run again
            return teardown
        return None

    def _wait(self, item: pytest.Item, seconds: float) -> None:
        """Sleep with pytest-timeout's clock stopped, and give the next attempt its full time."""
        hook = item.config.hook
        timed = hasattr(hook, "pytest_timeout_cancel_timer")
        if timed:
            hook.pytest_timeout_cancel_timer(item=item)
        if seconds:
            self._sleep(seconds)
        if timed:
            private_pytest.rearm_timeout(item)

    def _tell(self, story: _Story) -> None:
        if story.observed is None:
            return
        attempts = tuple(story.attempts)
        if story.healed:
            self._flush(story.phase[1], [story.observed.healed(attempts)])
        else:
            if attempts and self._parts.recovery is not None:
                self._parts.recovery.ended(story.observed.diagnosis.outage_key, recovered=False)
            self._flush(story.phase[1], [story.observed.failed(attempts)])

    def _observe_teardown(self, item: pytest.Item, call: pytest.CallInfo[Any], report: pytest.TestReport) -> None:
        observed = self._parts.observer.observe(item, call, report)
        if observed is not None:
            self._flush(report, [observed.failed()])

    def _flush(self, report: Any, observations: list[Observation]) -> None:
        gathered, self._subtests = [*self._subtests, *observations], []
        self._deliver(report, gathered)


class _Story:
    """What happened to one failing test so far."""

    def __init__(self, phase: Phase) -> None:
        self.phase = phase
        self.observed: Observed | None = None
        self.attempts: list[Attempt] = []
        self.torn_down: Phase | None = None
        self.healed = False
