"""Tests that wait for another try: everything else goes first, and sleeping is the last resort.

A test that is due is run again inside its own module when its neighbours still are; whatever is left runs after all
other tests, earliest first. `nextitem` of every teardown is the test that will really run next, so that fixtures which
are still needed stay up. A failure that waits is never lost: whatever ends the run early, it is reported as it was.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING

from pytest_selfheal.plugin import private_pytest
from pytest_selfheal.plugin.trial import module_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from pytest_selfheal.plugin.parts import Parts
    from pytest_selfheal.plugin.trial import Trial

_LONGEST_NAP_S = 5.0
_NEAR_S = 0.05
"""A test that is due so soon counts as due: setting its fixtures up again later would take longer."""


class Waiting:
    """The queue of one process that runs tests.

    Args:
        config: pytest's configuration.
        parts: the recovery decisions.
        clock: monotonic, shared by the processes of a machine, seconds.
        sleep: waits so many seconds.
        report: reports a trial as it stands, without another try.
        run_alone: makes the next try in a fresh process and reports the outcome.
        notice: told, with a sentence, when nothing is left to do but wait.
    """

    def __init__(
        self,
        config: pytest.Config,
        parts: Parts,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], object],
        report: Callable[[Trial], None],
        run_alone: Callable[[Trial], None],
        notice: Callable[[str], None],
    ) -> None:
        self.trials: list[Trial] = []
        """Earliest first."""
        self._keys: dict[str, int] = {}
        self.clock = clock
        self._parts = parts
        self._sleep = sleep
        self._report = report
        self._run_alone = run_alone
        self._notice = notice
        self._inside = False
        self._draining = False
        self._slot = private_pytest.WorkerSlot(config)
        option = config.option
        # Stopping early means stopping at the first failure that lasts, so its last try must come before other tests.
        self.blocks = bool(getattr(option, "maxfail", 0) or getattr(option, "stepwise", False))

    def take(self, item: pytest.Item) -> Trial | None:
        """Return the trial of an item whose next try begins now, and forget it."""
        for trial in self.trials:
            if trial.item is item:
                self._remove(trial)
                return trial
        return None

    def with_outage(self, outage_key: str) -> int:
        """Return how many tests wait with this outage key."""
        return self._keys.get(outage_key, 0)

    def add(self, trial: Trial) -> None:
        """Put a trial into the queue."""
        bisect.insort(self.trials, trial, key=lambda other: other.due)
        self._keys[trial.outage_key] = self._keys.get(trial.outage_key, 0) + 1

    def _remove(self, trial: Trial) -> None:
        self.trials.remove(trial)
        self._keys[trial.outage_key] -= 1
        if not self._keys[trial.outage_key]:
            del self._keys[trial.outage_key]

    def next_after(
        self, item: pytest.Item, nextitem: pytest.Item | None, *, again: Trial | None = None
    ) -> pytest.Item | None:
        """Return the item that will really run after this one; `again` is this item's trial when it joins the queue."""
        session = item.session
        if session.shouldfail or session.shouldstop or not (self.trials or again):
            return nextitem
        trial = None if self._draining else self._due_here(item, nextitem, again)
        if trial is None and nextitem is None:
            trial = self._first(session, [*self.trials, again] if again else self.trials)
        if trial is None:
            return nextitem
        return private_pytest.stop_below(item.parent) if trial.item is item else trial.item

    # ------------------------------------------------------------------------------- between tests

    def run_due(self, last: pytest.Item | None, upcoming: pytest.Item) -> None:
        """Run what is due in the module that is still set up; called before every test while something waits.

        Before and not after: other plugins hold on to an item until its protocol has ended.

        Args:
            last: the test that ran last; its module is the one that is set up.
            upcoming: the test that pytest is about to run.
        """
        if self._inside or last is None:
            return
        session = upcoming.session
        try:
            self._inside = True
            while not (session.shouldfail or session.shouldstop):
                self._give_up_hopeless()
                trial = self._due_here(last, upcoming)
                if trial is None:
                    return
                self._wait_for(trial)
                self._run(trial, upcoming)
                last = trial.item
        finally:
            self._inside = False
            self._slot.take(upcoming)

    def _due_here(self, item: pytest.Item, nextitem: pytest.Item | None, again: Trial | None = None) -> Trial | None:
        now = self.clock() + _NEAR_S
        trials = [again, *self.trials] if again is not None and again.due <= now else self.trials
        if not trials or trials[0].due > now:
            return None
        module = module_of(item)
        leaving = nextitem is None or module_of(nextitem) is not module
        for trial in trials:
            if trial.due > now:
                break
            is_near = trial.module() is module and (leaving or trial.item.parent is item.parent)
            if is_near and not trial.alone:
                return trial
        return None

    # ------------------------------------------------------------------------------- after all tests

    def flush(self) -> None:
        """Report what waits as it was seen last: the run was stopped early, interrupted, or met an error."""
        while self.trials:
            self._give_up(self.trials[0], "not retried: the run ended before its turn")

    def drain(self, session: pytest.Session) -> None:
        """Run what still waits once everything else has run."""
        self._inside = self._draining = True
        seconds = self.trials[-1].due - self.clock()
        if seconds > _LONGEST_NAP_S:
            count = f"{len(self.trials)} test{'s' if len(self.trials) != 1 else ''}"
            self._notice(f"{count} will be tried again within {seconds:.0f} s; nothing else is left to run")
        previous = self.trials[0].item
        while self.trials and not (session.shouldfail or session.shouldstop):
            self._give_up_hopeless()
            trial = self._first(session, self.trials)
            if trial is None:
                return
            self._wait_for(trial)
            if self._parts.recovery is not None and self._parts.recovery.refusal(trial.outage_key, self.clock()):
                continue
            private_pytest.tear_down_to(previous, trial.item)
            previous = trial.item
            self._run(trial, None)

    def _first(self, session: pytest.Session, trials: list[Trial]) -> Trial | None:
        """Return what to run next: what is due in the module that is set up, what is due, then the earliest."""
        now = self.clock()

        def order(trial: Trial) -> tuple[bool, bool, bool, float]:
            return trial.due > now, trial.alone, not private_pytest.is_up(session, trial.item.parent), trial.due

        return min(trials, key=order, default=None)

    def _run(self, trial: Trial, nextitem: pytest.Item | None) -> None:
        item = trial.item
        self._slot.take(item)
        if trial.alone:
            self._remove(trial)
            self._run_alone(trial)
        else:
            item.ihook.pytest_runtest_protocol(item=item, nextitem=nextitem)

    def _wait_for(self, trial: Trial) -> None:
        """Sleep until a trial is due, never longer than was planned: a clock may be wrong, a run must end."""
        seconds = min(trial.due - self.clock(), trial.delay_s)
        if seconds <= 0:
            return
        if self._parts.recovery is not None:
            self._parts.recovery.waited(seconds)
        while seconds > 0:
            nap = min(seconds, _LONGEST_NAP_S)
            self._sleep(nap)
            seconds = min(trial.due - self.clock(), seconds - nap)

    def _give_up_hopeless(self) -> None:
        recovery = self._parts.recovery
        if recovery is None:
            return
        now = self.clock()
        refused = {key: reason for key in self._keys if (reason := recovery.refusal(key, now))}
        for trial in list(self.trials) if refused else ():
            if trial.outage_key in refused:
                self._give_up(trial, refused[trial.outage_key])

    def _give_up(self, trial: Trial, reason: str) -> None:
        self._remove(trial)
        trial.reason = reason
        self._slot.take(trial.item)
        self._report(trial)
