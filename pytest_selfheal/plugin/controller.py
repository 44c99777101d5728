"""The single writer: receives observations and keeps them at once.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.model import utc_text
from pytest_selfheal.plugin.counting import Collected
from pytest_selfheal.plugin.junit_facts import tell_junit
from pytest_selfheal.plugin.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from pytest_selfheal.config import Policy
    from pytest_selfheal.model import Alert
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import HealingEvent
    from pytest_selfheal.model import Observation
    from pytest_selfheal.model import RunRecord
    from pytest_selfheal.model import Severity
    from pytest_selfheal.model import Trust
    from pytest_selfheal.plugin.learning import Learning
    from pytest_selfheal.plugin.parts import Parts
    from pytest_selfheal.store.protocol import Store

_MAX_KEPT_IN_MEMORY = 5000
"""Failures beyond this many are stored but not repaired: a run that broken needs a person anyway."""

_ALIKE = 20
"""Observations with one signature that are kept each for itself."""


class Controller:
    """Lives in the one process that may write: the plain run, or the xdist controller.

    Args:
        config: pytest's configuration.
        policy: the settings.
        parts: hears of what goes wrong in the plugin.
        wall_clock: seconds since the epoch.
        monotonic: a clock for durations, seconds.
    """

    def __init__(
        self,
        config: pytest.Config,
        policy: Policy,
        parts: Parts,
        *,
        wall_clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self.config = config
        self.policy = policy
        self.parts = parts
        self.wall_clock = wall_clock
        self.monotonic = monotonic
        self.environ = dict(os.environ)
        self.began = monotonic()
        self.started_at = self.now()
        self.run_id = f"{self.started_at[:19].replace('-', '').replace(':', '')}Z-{os.urandom(4).hex()}"
        self.screen = Screen(config)
        self.collected = Collected()
        self.stopped = ""
        self.pairs: list[tuple[Observation, FailureRecord]] = []
        self._alike: dict[tuple[str, bool, bool, str], list[Observation]] = {}
        self.lost_workers = 0
        self.events: list[HealingEvent] = []
        self._opened: Store | None = None
        self._seen: set[str] = set()
        self._sharing: dict[str, list[int]] = {}
        self._mass: set[str] = set()
        self._held: dict[str, str] = {}

    @property
    def store(self) -> Store:
        """The store, opened when first needed."""
        if self._opened is None:
            from pytest_selfheal.store import open_store

            self._opened = open_store(
                self.store_path,
                url=self.policy.store_url,
                now=self.wall_clock,
                retention_days=self.policy.retention_days,
            )
        return self._opened

    @property
    def store_path(self) -> Path:
        """The store's folder."""
        return self.config.rootpath / self.policy.store

    @cached_property
    def learning(self) -> Learning:
        """This run's part in learning from people's edits."""
        from pytest_selfheal.plugin.learning import Learning

        return Learning(self)

    @cached_property
    def trust(self) -> Trust:
        """How far the run's origin is trusted."""
        from pytest_selfheal.plugin.origin import resolve_trust

        return resolve_trust(self.policy, self.environ)

    def now(self) -> str:
        """Return the time, UTC, ISO 8601."""
        return utc_text(self.wall_clock())

    # ------------------------------------------------------------------------------- during the run

    def receive(self, report: Any, observations: list[Observation]) -> None:
        """Keep what was observed, at once: a killed run loses nothing it has reported. Never raises."""
        self._let_go(observations)
        for observation in observations:
            try:
                self._keep(report, observation)
            except Exception as error:  # noqa: BLE001 - keeping a record must not change a test's outcome
                self.degrade(error)

    def hold(self, observations: list[Observation]) -> None:
        """Write what waits for another try, for the case that the run is killed; what becomes of it replaces that."""
        from pytest_selfheal.model import FailureRecord

        try:
            for observation in observations:
                nodeid = observation.failure.nodeid
                if nodeid not in self._held:
                    record = FailureRecord.of(observation, self.run_id, self.trust, detailed=False)
                    self._held[nodeid] = record.id
                    self.store.append(replace(record, updated_at=self.started_at))
        except Exception as error:  # noqa: BLE001 - keeping a record must not change a test's outcome
            self.degrade(error)

    def _let_go(self, observations: list[Observation]) -> None:
        """Forget the record that was held for a test where one of these is that very failure: it replaces it anyway.

        Else another failure of the test, as of one of its sub-tests, would take its place.
        """
        from pytest_selfheal.model import FailureRecord

        for observation in observations if self._held else ():
            nodeid = observation.failure.nodeid
            if nodeid in self._held and self._held[nodeid] == FailureRecord.id_of(observation, self.run_id):
                del self._held[nodeid]

    def degrade(self, error: Exception) -> None:
        """Note an error of our own; it is shown once, at the end."""
        self.parts.degrade(error)

    def worker_lost(self) -> None:
        """Count an xdist worker that died."""
        self.lost_workers += 1

    def announce(self, event: HealingEvent) -> None:
        """Remember what was done, and tell listeners of `pytest_selfheal_event`."""
        self.events.append(event)
        try:
            self.config.hook.pytest_selfheal_event(event=event)
        except Exception as error:  # noqa: BLE001 - a listener's error must not change the run
            self.degrade(error)

    def alert(self, alert: Alert) -> None:
        """Tell listeners of `pytest_selfheal_alert`, and the screen."""
        self.screen.tell("alert", alert.text)
        try:
            self.config.hook.pytest_selfheal_alert(alert=alert)
        except Exception as error:  # noqa: BLE001 - a listener's error must not change the run
            self.degrade(error)

    def run_record(self) -> RunRecord:
        """Return the record of this run as far as it is known at its start."""
        from pytest_selfheal import __version__
        from pytest_selfheal.model import RunRecord
        from pytest_selfheal.trust import ci_run

        group, shard = ci_run(os.environ)
        return RunRecord(
            id=self.run_id,
            updated_at=self.now(),
            started_at=self.started_at,
            mode=self.policy.mode,
            trust=self.trust,
            version=__version__,
            invocation_dir=os.path.relpath(self.config.invocation_params.dir, self.config.rootpath),
            commit=self.commit,
            group=group,
            shard=shard,
        )

    def ended_run(self, exitstatus: int) -> RunRecord:
        """Return the record of this run with all its counts."""
        from pytest_selfheal.plugin.selection import selection_of

        run = replace(
            self.screen.counted(self.run_record()),
            complete=True,
            exit_status=exitstatus,
            lost_workers=self.lost_workers,
            lost_records=self.store.lost,
            duration_s=self.monotonic() - self.began,
            collected=self.collected.collected,
            deselected=self.collected.deselected,
            selection=selection_of(self.config),
            stopped=self.stopped,
        )
        if not self.pairs:
            return run
        words = [(record.outcome.value, record.failure_category.value) for _observation, record in self.pairs]
        return replace(
            run,
            healed=sum(outcome == "healed" for outcome, _category in words),
            timeouts=sum(category == "timeout" for _outcome, category in words),
            child_args=self.child_args,
        )

    @cached_property
    def commit(self) -> str:
        """The commit checked out when the run began; empty outside git."""
        from pytest_selfheal.revision import head_commit

        return head_commit(self.config.rootpath)

    def begin(self) -> None:
        """Write that the run has begun, so that one that is killed is not taken for the one before it."""
        try:
            self.store.append(self.run_record())
        except Exception as error:  # noqa: BLE001 - keeping a record must not change a run
            self.degrade(error)

    @cached_property
    def child_args(self) -> tuple[str, ...]:
        """The options of this run that a validation run needs too."""
        from pytest_selfheal.safety.child_args import child_args

        return child_args(
            [str(argument) for argument in self.config.invocation_params.args],
            [str(argument) for argument in self.config.args],
            [str(argument) for argument in self.config.getini("addopts")],
            self.environ.get("PYTEST_ADDOPTS", ""),
        )

    def _keep(self, report: Any, observation: Observation) -> None:
        from pytest_selfheal.classify.severity import MASS
        from pytest_selfheal.model import FailureRecord
        from pytest_selfheal.model import Outcome

        signature = observation.diagnosis.signature
        shared_by = min(len(self._sharing.get(signature, ())) + 1, MASS)
        record = FailureRecord.of(
            observation,
            self.run_id,
            self.trust,
            detailed=shared_by == 1,
            severity=self._severity(observation, shared_by),
        )
        if record.nodeid in self._held:
            record = replace(record, id=self._held.pop(record.nodeid))
        if record.id in self._seen:  # every xdist worker collects: most collection errors come twice
            return
        self._seen.add(record.id)
        if self._opened is None:  # a conftest failed: no session has begun
            self.begin()
        sharing = self._sharing.setdefault(signature, [])
        if len(sharing) < MASS:
            sharing.append(len(self.pairs))
        if len(self.pairs) < _MAX_KEPT_IN_MEMORY:
            self.pairs.append((self._of_many(observation), record))
        self.store.append(record)
        if len(sharing) == MASS and signature not in self._mass:
            self._mass.add(signature)
            self._raise_earlier(sharing[:-1])
        if report is not None and self.config.getoption("xmlpath", None):
            tell_junit(self.config, report, record)
        if record.outcome is Outcome.HEALED:
            self.screen.healed(report, record)
            event = self._retry_event(record)
            self.store.append(event)
            self.announce(event)

    def _severity(self, observation: Observation, shared_by: int) -> Severity:
        """Return the severity that the rest of the run gives a failure."""
        from pytest_selfheal.classify.severity import in_context

        lasting = bool(observation.attempts) and observation.outcome.value == "failed"
        never_passed = lasting and self._is_new(observation.failure.nodeid)
        return in_context(observation.diagnosis.severity, shared_by=shared_by, new_and_always_failing=never_passed)

    def _of_many(self, observation: Observation) -> Observation:
        """Return what to keep of an observation in memory: of a mass failure one stands for all that are alike.

        What differs from test to test is in their records. Thousands of values more would cost the garbage collector
        as much as all the rest.
        """
        key = (observation.diagnosis.signature, observation.is_regression, observation.hands_off, observation.stopped)
        alike = self._alike.setdefault(key, [])
        if len(alike) < _ALIKE:
            alike.append(observation)
        return observation if len(alike) < _ALIKE else alike[0]

    def _raise_earlier(self, indexes: list[int]) -> None:
        """Raise the failures that came before the one that made it a mass failure."""
        for index in indexes:
            if index < len(self.pairs):
                observation, record = self.pairs[index]
                severity = observation.diagnosis.severity.raised()
                later = utc_text(self.wall_clock() + 0.001)  # of two equal times the store could keep either
                raised = replace(record, severity=severity, updated_at=later)
                self.pairs[index] = (observation, raised)
                self.store.append(raised)

    def _is_new(self, nodeid: str) -> bool:
        """Tell whether no earlier run on this machine knew the test; False where nothing was cached."""
        cache = getattr(self.config, "cache", None)
        known = cache.get("cache/nodeids", []) if cache is not None else []
        return bool(known) and "[redacted-" not in nodeid and nodeid not in known

    def _retry_event(self, record: FailureRecord) -> HealingEvent:
        from pytest_selfheal.model import HealingEvent
        from pytest_selfheal.model import stable_id

        now = self.now()
        return HealingEvent(
            id=stable_id(self.run_id, "retry", record.id),
            updated_at=now,
            run_id=self.run_id,
            action="retry",
            result="ok",
            signature=record.signature,
            nodeids=(record.nodeid,),
            detail=f"passed on attempt {len(record.attempts) + 1}",
            ref=record.id,
            duration_s=sum(attempt.duration_s + attempt.waited_s for attempt in record.attempts),
            created_at=now,
        )
