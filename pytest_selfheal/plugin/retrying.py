"""What happens to a test that failed: observed, tried again at once or later, and reported with its history.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.plugin import private_pytest
from pytest_selfheal.plugin.marker import wish_of
from pytest_selfheal.plugin.private_pytest import run_phase
from pytest_selfheal.plugin.trial import Trial
from pytest_selfheal.plugin.waiting import Waiting
from pytest_selfheal.recover import Stop
from pytest_selfheal.recover import Wish

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_selfheal.model import Attempt
    from pytest_selfheal.model import Observation
    from pytest_selfheal.plugin.alone import Alone
    from pytest_selfheal.plugin.observer import Observed
    from pytest_selfheal.plugin.parts import Parts
    from pytest_selfheal.plugin.private_pytest import Phase
    from pytest_selfheal.plugin.private_pytest import Snapshot
    from pytest_selfheal.plugin.run_folder import WaitingFile
    from pytest_selfheal.plugin.runner import Runner
    from pytest_selfheal.recover import Retry

    Deliver = Callable[[Any, list[Observation]], None]

_SECTION = "selfheal"
_MOST_SECTIONS = 20
"""Reports in which one reason is spelt out; in thousands of them it would hide the rest."""


class Retrying:
    """Deals with failing tests; made when the first one fails.

    Args:
        config: pytest's configuration.
        runner: makes the tries.
        parts: observer and recovery.
        deliver: hands observations over, attached to a report where they must travel.
        clock: monotonic, shared by the processes of a machine, seconds.
        sleep: waits so many seconds.
        alone: makes tries in fresh processes.
        file: keeps what waits for the case that this worker dies; None outside workers.
    """

    def __init__(
        self,
        config: pytest.Config,
        runner: Runner,
        parts: Parts,
        deliver: Deliver,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], object],
        alone: Alone,
        file: WaitingFile | None = None,
    ) -> None:
        self._runner = runner
        self._parts = parts
        self._deliver = deliver
        self._clock = clock
        self._sleep = sleep
        self._alone = alone
        self._file = file
        self._config = config
        self._said: dict[str, int] = {}
        self.subtests: list[Observed] = []
        self.waiting = Waiting(
            config,
            parts,
            clock=clock,
            sleep=sleep,
            report=self._report_waiting,
            run_alone=self._try_alone,
            notice=alone.notice,
        )

    def run_due(self, last: pytest.Item | None, upcoming: pytest.Item) -> None:
        """Run what is due before the upcoming test, whose time limit starts anew after that."""
        limit = self._parts.time_limit
        armed = limit.armed if limit is not None else None
        self.waiting.run_due(last, upcoming)
        if limit is not None and limit.armed is not armed:
            limit.armed = armed
            limit.arm_again(upcoming)

    # ------------------------------------------------------------------------------- observing

    def observe_subtest(self, item: pytest.Item, call: pytest.CallInfo[Any], report: Any) -> None:
        """Keep what a failing sub-test was until the test around it has ended."""
        observed = self._parts.observer.observe(item, call, report)
        if observed is not None:
            self.subtests.append(observed)

    def observe_teardown(self, item: pytest.Item, call: pytest.CallInfo[Any], report: pytest.TestReport) -> None:
        """Deliver a failing teardown; it is never tried again."""
        observed = self._parts.observer.observe(item, call, report)
        if observed is not None:
            self._deliver(report, [observed.failed()])

    # ------------------------------------------------------------------------------- settling

    def settle(
        self,
        item: pytest.Item,
        phase: Phase,
        snapshot: Snapshot,
        trial: Trial | None,
        nextitem: pytest.Item | None,
    ) -> tuple[Phase, Phase | None] | None:
        """Bring a test to its end, or put it into the queue.

        Args:
            item: the test.
            phase: what its try came to.
            snapshot: the item before its first try.
            trial: its earlier tries; None after the first.
            nextitem: what pytest would run next.

        Returns:
            the phase to report, and the teardown if it was already run; None when the test waits for another try.
        """
        if trial is None:
            trial = Trial(item, snapshot, phase)
        trial.phase = phase
        try:
            if self._retry(trial, nextitem):
                return None
        except (pytest.exit.Exception, KeyboardInterrupt):
            # While waiting or re-running: the failure seen so far must not vanish.
            self._tell(trial)
            item.ihook.pytest_runtest_logreport(report=trial.failing or trial.phase[1])
            raise
        except Exception as error:  # noqa: BLE001 - ours, not the test's: its failure is reported as it is
            self._parts.degrade(error)
        self._tell(trial)
        return trial.phase, trial.torn_down

    def _retry(self, trial: Trial, nextitem: pytest.Item | None) -> bool:
        """Try again while recovery says so; return whether the trial went into the queue."""
        item = trial.item
        while True:
            trial.subtests, self.subtests = self.subtests, []
            if not (trial.phase[1].failed or trial.subtests):
                self._passed_or_skipped(trial)
                return False
            plan = self._plan(trial)
            if plan is None:
                return False
            later = plan.alone or plan.delay_s > 0
            if later and not self.waiting.blocks and self._wish(trial).defer:
                return self._postpone(trial, plan, nextitem)
            if not self._superseded(trial, private_pytest.stop_below(item.parent)):
                return False
            if plan.alone:
                private_pytest.tear_down_to(item, nextitem)
                trial.torn_down = _told_only(private_pytest.passed_report(item, 0.0, when="teardown"))
                self._alone_now(trial)
                return False
            self._wait(item, plan.delay_s)
            private_pytest.reset_for_retry(item, trial.snapshot)
            trial.phase = self._runner.try_once(item, item.ihook, log_setup=not trial.setup_logged)

    def _plan(self, trial: Trial) -> Retry | None:
        """Observe the failure and ask whether there is another try; count it as superseded when there is."""
        call, report = trial.phase
        self._keep_stacks(report)
        trial.failing = report
        trial.setup_logged = trial.setup_logged or report.when != "setup"
        before, observed = trial.observed, trial.subtests[0] if trial.subtests else None
        if report.failed and (call.excinfo is not None or observed is None):
            observed = self._parts.observer.observe(trial.item, call, report)
        trial.observed = observed
        recovery, now = self._parts.recovery, self._clock()
        if recovery is not None and before is not None and trial.attempts:
            recovery.ended(before.diagnosis.outage_key, now, recovered=False)
        if observed is None or recovery is None or self._must_not(trial, observed):
            return None
        causes = [observed] if call.excinfo is not None else trial.subtests
        failed = len(trial.attempts) + 1
        wish = self._wish(trial)
        waiting = self.waiting.with_outage(observed.diagnosis.outage_key)
        plans = [recovery.plan(cause.failure, cause.diagnosis, failed, now, wish, waiting) for cause in causes]
        stops = [plan for plan in plans if isinstance(plan, Stop)]
        if stops or not plans:
            trial.reason = next((stop.reason for stop in stops if stop.reason), "")
            return None
        plan = max((plan for plan in plans if not isinstance(plan, Stop)), key=lambda plan: (plan.alone, plan.delay_s))
        if failed == 1:
            recovery.begins(observed.diagnosis.outage_key, now)
        trial.attempts.append(causes[0].attempt(failed, waited_s=plan.delay_s))
        return plan

    def _keep_stacks(self, report: pytest.TestReport) -> None:
        limit = self._parts.time_limit
        stacks = limit.take_stacks() if limit is not None else ""
        if stacks:
            report.sections.append(("stacks at the time limit", stacks))

    def guard_teardown(self, item: pytest.Item) -> None:
        """Arm the time limit for the teardown of a failed test: pytest-timeout disarms its timer at a failure."""
        if self._parts.time_limit is not None:
            self._parts.time_limit.arm_again(item)

    def _must_not(self, trial: Trial, observed: Observed) -> bool:
        option = trial.item.config.option
        return observed.is_regression or observed.hands_off or bool(getattr(option, "usepdb", False))

    def _wish(self, trial: Trial) -> Wish:
        if trial.wish is None:
            try:
                trial.wish = wish_of(trial.item)
            except Exception as error:  # noqa: BLE001 - a wrong marker must not change what the test is
                self._parts.degrade(error)
                trial.wish = Wish()
        return trial.wish

    def _passed_or_skipped(self, trial: Trial) -> None:
        recovered = trial.phase[1].passed
        if trial.observed is not None and self._parts.recovery is not None:
            self._parts.recovery.ended(trial.observed.diagnosis.outage_key, self._clock(), recovered=recovered)
        if recovered:
            trial.healed = True
        elif trial.failing is not None:  # a test that fails and then skips has not passed: its failure is reported
            self._fall_back(trial)
            trial.reason = "its next try was skipped, which is no pass"

    # ------------------------------------------------------------------------------- between two tries

    def _superseded(self, trial: Trial, following: pytest.Item | None) -> bool:
        """Take down a superseded try; return whether the test can be run again."""
        item, (call, _report) = trial.item, trial.phase
        trial.held = self._runner.take_subtests()
        self.guard_teardown(item)
        teardown = run_phase(item, item.ihook, "teardown", nextitem=following)
        if self._parts.time_limit is not None:  # what follows is ours; the next try gets its own time
            self._parts.time_limit.pytest_timeout_cancel_timer(item)
        if not teardown[1].passed:
            trial.torn_down = teardown
            return False
        try:
            if call.excinfo is not None:
                private_pytest.tear_down_failed(item, call.excinfo)
        except Exception:  # noqa: BLE001 - a finalizer of the user's failed: the test cannot be run again
            trial.torn_down = teardown
            return False
        return True

    def _postpone(self, trial: Trial, plan: Retry, nextitem: pytest.Item | None) -> bool:
        trial.delay_s = plan.delay_s
        trial.due = self._clock() + plan.delay_s
        trial.alone = plan.alone
        if not self._superseded(trial, self.waiting.next_after(trial.item, nextitem, again=trial)):
            return False
        self._hold(trial)
        if trial.failing is not None:
            trial.phase = _told_only(trial.failing)  # the traceback would keep all its frames alive
        self.waiting.add(trial)
        return True

    def _hold(self, trial: Trial) -> None:
        """Leave what would be reported with the controller, in case this worker dies, or this run is killed."""
        if trial.observed is None or trial.failing is None:
            return
        if self._parts.hold is not None:
            self._parts.hold(self._observations(trial, tuple(trial.attempts[:-1])))
        if self._file is None:
            return
        from pytest_selfheal.plugin.attribute import OBSERVATIONS
        from pytest_selfheal.plugin.transport import pack

        serialise = self._config.hook.pytest_report_to_serializable
        data = [serialise(config=self._config, report=report) for report in (*trial.held, trial.failing)]
        data[-1][OBSERVATIONS] = pack(self._observations(trial, tuple(trial.attempts[:-1])))
        self._file.hold(trial.item.nodeid, data)
        trial.on_file = True

    def _wait(self, item: pytest.Item, seconds: float) -> None:
        """Sleep with the time limit's clock stopped, and give the next try its full time."""
        limit = self._parts.time_limit
        if limit is not None:
            limit.pytest_timeout_cancel_timer(item)
        if seconds:
            self._sleep(seconds)
            if self._parts.recovery is not None:
                self._parts.recovery.waited(seconds)
        if limit is not None:
            limit.arm_again(item)

    # ------------------------------------------------------------------------------- in a fresh process

    def _alone_now(self, trial: Trial) -> None:
        """Make the next try in a fresh process; the trial then holds the phase to report."""
        run = self._alone.run(trial.item.nodeid, self._config)
        if run.passed:
            trial.phase = _told_only(private_pytest.passed_report(trial.item, run.duration_s))
            self._passed_or_skipped(trial)
        else:
            self._fall_back(trial)
            trial.reason = f"run again alone in a fresh process: {run.reason}"
            if self._parts.recovery is not None:
                self._parts.recovery.ended(trial.outage_key, self._clock(), recovered=False)

    def _try_alone(self, trial: Trial) -> None:
        item = trial.item
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        self._alone_now(trial)
        self._finish(trial)

    # ------------------------------------------------------------------------------- reporting

    def _report_waiting(self, trial: Trial) -> None:
        """Report a test that waited as it was seen last."""
        del trial.attempts[-1:]  # the try that was to follow it did not happen
        self._fall_back(trial)
        item = trial.item
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        self._finish(trial)

    @staticmethod
    def _fall_back(trial: Trial) -> None:
        """Make the last try that failed the one to report, with its sub-tests."""
        if trial.failing is not None:
            trial.phase = _told_only(trial.failing)
        for report in trial.held:
            trial.item.ihook.pytest_runtest_logreport(report=report)

    def _finish(self, trial: Trial) -> None:
        item, report = trial.item, trial.phase[1]
        self._tell(trial)
        item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logreport(report=private_pytest.passed_report(item, 0.0, when="teardown"))
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)

    def _tell(self, trial: Trial) -> None:
        """Deliver what the test came to, attached to the report that tells its outcome."""
        item, report = trial.item, trial.phase[1]
        if self._file is not None and trial.on_file:
            self._file.settle(item.nodeid)
        self._runner.release(item.ihook)
        if trial.reason and report.failed:
            self._give_reason(trial, report)
        if trial.attempts:
            how = "healed after" if trial.healed else "failed on all"
            item.user_properties.append((_SECTION, f"{how} {len(trial.attempts) + 1} attempts"))
        self._deliver(report, self._observations(trial, tuple(trial.attempts)))

    def _give_reason(self, trial: Trial, report: pytest.TestReport) -> None:
        """Say why there was no further try: in the report of the first tests, in the properties of all."""
        said = self._said[trial.reason] = self._said.get(trial.reason, 0) + 1
        if said <= _MOST_SECTIONS:
            report.sections.append((_SECTION, trial.reason))
        trial.item.user_properties.append((_SECTION, trial.reason))

    @staticmethod
    def _observations(trial: Trial, attempts: tuple[Attempt, ...]) -> list[Observation]:
        observed = trial.observed
        if observed is None:
            return []
        others = [other.failed() for other in trial.subtests if other is not observed]
        return [observed.healed(attempts)] if trial.healed else [*others, observed.failed(attempts, trial.reason)]


def _told_only(report: pytest.TestReport) -> Phase:
    """Return a report as a phase without an exception: it is only to be told, nobody is to interact with it."""
    return pytest.CallInfo.from_call(lambda: None, when="call"), report
