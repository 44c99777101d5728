"""Takes over in the xdist controller what the workers observed, and what a worker that died left behind.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.plugin import run_folder
from pytest_selfheal.plugin.attribute import OBSERVATIONS
from pytest_selfheal.plugin.postbox import OUTPUT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_selfheal.plugin.alone import Alone
    from pytest_selfheal.plugin.controller import Controller
    from pytest_selfheal.plugin.observer import Observed
    from pytest_selfheal.plugin.parts import Parts

_ENDED = frozenset({"call", "teardown"})


class Receiver:
    """Reads observations off the reports of workers; a report without one costs a single look.

    Args:
        controller: keeps what is received.
        parts: observer and recovery.
        alone: makes tries in fresh processes.
        clock: as the workers' one, seconds.
    """

    def __init__(self, controller: Controller, parts: Parts, alone: Alone, clock: Callable[[], float]) -> None:
        self._controller = controller
        self._parts = parts
        self._alone = alone
        self._clock = clock
        self._folder: Path | None = None
        self._crashed: list[tuple[pytest.TestReport, Observed]] = []

    # ------------------------------------------------------------------------------- reports

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Receive what a worker found out about one phase of a test."""
        text = getattr(report, OBSERVATIONS, None)
        if self._crashed and report.when == "call":
            self._settle_crash(report)
        if text is not None:
            self._receive(report, text)
        elif report.when == "???":  # made by the controller itself for a worker that died
            observed = self._parts.observer.observe_report(report)
            if observed is not None:
                self._controller.receive(report, [observed.failed()])

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: Any) -> None:
        """Receive what a worker found out about a collector; every worker collects, so most come twice."""
        text = getattr(report, OBSERVATIONS, None)
        if text is not None:
            self._receive(report, text)

    def _receive(self, report: Any, text: object) -> None:
        from pytest_selfheal.plugin.transport import unpack

        try:
            observations = unpack(text)
        except Exception as error:  # noqa: BLE001 - a bad attribute must not end the session
            self._controller.degrade(error)
            return
        self._controller.receive(report, observations)

    # ------------------------------------------------------------------------------- workers

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a new worker where the processes of this run meet."""
        if self._folder is None:
            self._folder = run_folder.make()
            self._parts.share(self._folder)
        node.workerinput[run_folder.INPUT] = str(self._folder)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:
        """Count a worker that went away before its time, and report the failures that waited in it."""
        text = getattr(node, "workeroutput", {}).get(OUTPUT)
        if text is not None:
            self._receive(None, text)
        if error:
            self._controller.worker_lost()
            self._report_left_over(node.gateway.id, node, "the worker died before its next try had ended")

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: Any, sched: Any) -> None:
        """Keep a crash back: the test runs again alone when all others are done."""
        del crashitem, sched
        try:
            self._keep_crash(report)
        except Exception as error:  # noqa: BLE001 - the crash is reported as xdist does it
            self._controller.degrade(error)

    def _keep_crash(self, report: Any) -> None:
        if self._has_ended(report.nodeid):
            return  # it died in a teardown, which is reported and never tried again
        hard_stop = self._hard_stop(report.node.gateway.id)
        if hard_stop:
            report.longrepr = f"{hard_stop}\n\n{report.longrepr}"
        observed = self._parts.observer.observe_report(report)
        recovery = self._parts.recovery
        if observed is None or recovery is None or self._controller.config.getoption("maxfail", 0):
            return
        if recovery.plan(observed.failure, observed.diagnosis, 1, self._clock()).again:
            recovery.begins(observed.diagnosis.outage_key, self._clock())
            self._crashed.append((_crash_report(report), observed))
            _make_meaningless(report)

    def _settle_crash(self, report: Any) -> None:
        """Take another worker's run of a crashed test for its next try: some schedulers hand it out again."""
        for known in self._crashed:
            crash, observed = known
            if crash.nodeid == report.nodeid and report is not crash:
                self._crashed.remove(known)
                if report.passed:
                    self._controller.receive(report, [observed.healed((observed.attempt(1, waited_s=0.0),))])
                return

    def _hard_stop(self, worker: str) -> str:
        """Return what the last resort of the time limit wrote before it ended a worker; empty when it did not."""
        from pytest_selfheal.plugin.time_limit import read_hard_stop

        return read_hard_stop(self._folder, worker) if self._folder is not None else ""

    def _has_ended(self, nodeid: str) -> bool:
        reporter = self._controller.config.pluginmanager.getplugin("terminalreporter")
        kept = getattr(reporter, "stats", {}).values()
        return any(
            getattr(report, "nodeid", "") == nodeid and getattr(report, "when", "") in _ENDED
            for reports in kept
            for report in reports
        )

    # ------------------------------------------------------------------------------- the end

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Any:
        """Run crashed tests again when all others are done; leave no failure unreported."""
        del session
        try:
            result = yield
            while self._crashed:
                self._run_again(*self._crashed.pop(0))
        finally:
            self._wind_up()
        return result

    def _run_again(self, report: pytest.TestReport, observed: Observed) -> None:
        run = self._alone.run(report.nodeid, self._controller.config)
        attempt = (observed.attempt(1, waited_s=0.0),)
        if self._parts.recovery is not None:
            key = observed.diagnosis.outage_key
            self._parts.recovery.ended(key, self._clock(), recovered=run.passed)
        if run.passed:
            report.outcome, report.longrepr, report.when, report.duration = "passed", None, "call", run.duration_s
            report.user_properties.append(("selfheal", "healed after 2 attempts"))
        else:
            report.sections.append(("selfheal", f"run again alone in a fresh process: {run.reason}"))
        self._controller.receive(report, [observed.healed(attempt) if run.passed else observed.failed(attempt)])
        setattr(report, OBSERVATIONS, None)
        self._log(report)

    def _wind_up(self) -> None:
        """Report what is left when the run ended early, and take the folder away."""
        while self._crashed:
            report, observed = self._crashed.pop(0)
            self._controller.receive(report, [observed.failed()])
            self._log(report)
        if self._folder is not None:
            for path in sorted(self._folder.glob("waiting-*.jsonl")):
                worker = path.stem.removeprefix("waiting-")
                self._report_left_over(worker, None, "the run ended before its next try had ended")
            run_folder.remove(self._folder)
            self._folder = None

    def _report_left_over(self, worker: str, node: Any, why: str) -> None:
        if self._folder is None:
            return
        config = self._controller.config
        file = run_folder.WaitingFile(self._folder, worker)
        for nodeid, kept in list(file.left_over()):
            reports = [config.hook.pytest_report_from_serializable(config=config, data=data) for data in kept]
            reports[-1].sections.append(("selfheal", f"not retried: {why}"))
            for report in reports:
                if node is not None:
                    report.node = node
                self._log(report)
            file.settle(nodeid)

    def _log(self, report: Any) -> None:
        self._controller.config.hook.pytest_runtest_logreport(report=report)


def _make_meaningless(report: Any) -> None:
    """Turn a report into a set-up that passed: every consumer passes over it."""
    report.outcome, report.when, report.longrepr = "passed", "setup", None


def _crash_report(report: Any) -> pytest.TestReport:
    kept = pytest.TestReport(
        nodeid=report.nodeid,
        location=report.location,
        keywords={},
        outcome="failed",
        longrepr=report.longrepr,
        when="call",
    )
    kept.node = report.node  # type: ignore[attr-defined] # how xdist marks where a report came from
    return kept
