"""Runs the phases of each test, and a failing test again where recovery asks for it.

A superseded try logs no report of its own: terminal, JUnit, `--lf`, `-x` and xdist see one test with one outcome. A
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

    from pytest_selfheal.plugin.parts import Parts
    from pytest_selfheal.plugin.private_pytest import Phase
    from pytest_selfheal.plugin.retrying import Retrying


RUNNER = "selfheal-runner"
"""The name the runner is registered under."""


class Runner:
    """Our `pytest_runtest_protocol`: pytest's own order of phases, plus another try where recovery asks for it.

    Args:
        parts: what a failure needs, made when the first one happens.
        make_retrying: makes the part that deals with failing tests; called when the first test fails.
    """

    def __init__(self, parts: Parts, make_retrying: Callable[[Runner], Retrying]) -> None:
        self._parts = parts
        self._make_retrying = make_retrying
        self._retrying: Retrying | None = None
        self._hold: Any = None
        self._last: pytest.Item | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Run one test and say that nobody else needs to."""
        ihook = item.ihook
        if self._retrying is not None and self._retrying.waiting.trials:
            self._retrying.run_due(self._last, item)
        self._last = item
        ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        self._run(item, ihook, nextitem)
        ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Any:
        """Run what waits for another try when all tests are done; whatever happens, no failure stays unreported."""
        try:
            result = yield
            if self._retrying is not None and self._retrying.waiting.trials:
                self._retrying.waiting.drain(session)
        finally:
            if self._retrying is not None:
                self._retrying.waiting.flush()
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        return result

    def pytest_exception_interact(self, node: Any, call: pytest.CallInfo[Any], report: Any) -> None:
        """Observe failing sub-tests: pytest reports them from inside the call phase and announces them only here."""
        if isinstance(node, pytest.Item) and self._hold is not None:
            from pytest_selfheal.plugin.subtests import is_subtest

            held = self._hold.last() if is_subtest(report) else None
            if held is not None and held.failed:
                self.retrying.observe_subtest(node, call, held)

    @property
    def retrying(self) -> Retrying:
        """What deals with failing tests; made when the first one fails."""
        if self._retrying is None:
            self._retrying = self._make_retrying(self)
        return self._retrying

    def _ready(self, ihook: Any, report: pytest.TestReport) -> Retrying:
        """Return what deals with failing tests; Ctrl-C while it is loaded does not take the failure with it."""
        try:
            return self.retrying
        except KeyboardInterrupt:
            ihook.pytest_runtest_logreport(report=report)
            raise

    # ------------------------------------------------------------------------------- one test

    def _run(self, item: Any, ihook: Any, nextitem: pytest.Item | None) -> None:
        has_request = private_pytest.begin(item)
        waiting = self._retrying.waiting if self._retrying is not None else None
        trial = waiting.take(item) if waiting is not None and waiting.trials else None
        if trial is None:
            snapshot = private_pytest.Snapshot(item)
        else:
            snapshot = trial.snapshot
            private_pytest.reset_for_retry(item, snapshot)
        try:
            phase = self.try_once(item, ihook, log_setup=trial is None or not trial.setup_logged)
            call, report = phase
            torn_down: Phase | None = None
            if report.failed or trial is not None or (self._retrying is not None and self._retrying.subtests):
                settled = self._ready(ihook, report).settle(item, phase, snapshot, trial, nextitem)
                if settled is None:
                    return  # it waits for another try
                (call, report), torn_down = settled
            elif self._hold is not None:
                self.release(ihook)
            if report.when != "setup" or not report.passed:
                self._log(item, ihook, call, report)
            if report.failed:
                self.retrying.guard_teardown(item)
            if torn_down is None:
                torn_down = self._tear_down(item, ihook, nextitem)
            if torn_down[1].failed:
                self.retrying.observe_teardown(item, *torn_down)
            self._log(item, ihook, *torn_down)
        finally:
            private_pytest.end(item, has_request=has_request)

    def try_once(self, item: pytest.Item, ihook: Any, *, log_setup: bool) -> Phase:
        """Run set-up and call; return the phase that decides. A passing set-up is reported when `log_setup` says so."""
        if "subtests" in getattr(item, "fixturenames", ()) or private_pytest.is_unittest(item):
            self._hold_subtests(item)
        call, report = run_phase(item, ihook, "setup")
        if not report.passed:
            return call, report
        if log_setup:
            ihook.pytest_runtest_logreport(report=report)
        option = item.config.option
        setup_only = getattr(option, "setuponly", False)
        if getattr(option, "setupshow", False):
            private_pytest.show_test_item(item, add_space=not setup_only)
        return (call, report) if setup_only else run_phase(item, ihook, "call")

    def _tear_down(self, item: pytest.Item, ihook: Any, nextitem: pytest.Item | None) -> Phase:
        # A session about to stop tears everything down, or errors of wider fixtures would go unreported.
        if item.session.shouldfail or item.session.shouldstop:
            nextitem = None
        elif self._retrying is not None:
            nextitem = self._retrying.waiting.next_after(item, nextitem)
        return run_phase(item, ihook, "teardown", nextitem=nextitem)

    @staticmethod
    def _log(item: pytest.Item, ihook: Any, call: pytest.CallInfo[Any], report: pytest.TestReport) -> None:
        ihook.pytest_runtest_logreport(report=report)
        if call.excinfo is not None and private_pytest.is_interactive(call, report):
            ihook.pytest_exception_interact(node=item, call=call, report=report)

    # ------------------------------------------------------------------------------- sub-tests

    def _hold_subtests(self, item: pytest.Item) -> None:
        if self._hold is None:
            from pytest_selfheal.plugin.subtests import SubtestHold

            self._hold = SubtestHold()
            item.config.pluginmanager.register(self._hold, "selfheal-subtests")
        self._hold.begin()

    def take_subtests(self) -> list[Any]:
        """Return the reports of the sub-tests of a superseded try instead of telling them."""
        return self._hold.release() if self._hold is not None else []

    def release(self, ihook: Any) -> None:
        """Report the sub-tests of the try that counts."""
        if self._hold is not None:
            for report in self._hold.release():
                ihook.pytest_runtest_logreport(report=report)
