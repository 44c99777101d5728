"""What a page is made of.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_selfheal.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import GeneratedTest
    from pytest_selfheal.model import HealingEvent
    from pytest_selfheal.model import Health
    from pytest_selfheal.model import Pattern
    from pytest_selfheal.model import PatternResult
    from pytest_selfheal.model import ReviewEntry
    from pytest_selfheal.model import RunRecord


@dataclass(frozen=True)
class Material:
    """Records of some runs and what was derived from them.

    Attributes:
        project: its name.
        made_at: now, UTC, ISO 8601.
        version: of this package.
        runs: newest first, interrupted ones too.
        failures: those of the runs, newest first.
        newest_failures: when there are so many that only the newest were read, how many; else 0.
        events: those of the runs, and what people did meanwhile, newest first.
        reviews: the whole queue, newest first.
        patterns: with their posterior, best first.
        results: what the patterns' posteriors were made of; None when the store keeps sums only.
        generated: regression tests, newest first.
        health: over the complete ones of the runs.
        diffs: unified diffs by the id of a candidate, or by what an event refers to (a fix).
        apply_confidence: at and above it a learned pattern acts alone (0-1).
        notices: what of the store could not be read.
    """

    project: str
    made_at: str
    version: str
    health: Health
    runs: Sequence[RunRecord] = ()
    failures: Sequence[FailureRecord] = ()
    events: Sequence[HealingEvent] = ()
    reviews: Sequence[ReviewEntry] = ()
    patterns: Sequence[Pattern] = ()
    results: Sequence[PatternResult] | None = ()
    generated: Sequence[GeneratedTest] = ()
    diffs: Mapping[str, str] = field(default_factory=dict)
    apply_confidence: float = 0.75
    notices: Sequence[str] = ()
    newest_failures: int = 0

    @cached_property
    def complete(self) -> list[RunRecord]:
        """The runs that ended, oldest first."""
        return [run for run in reversed(self.runs) if run.complete]

    @cached_property
    def last(self) -> RunRecord | None:
        """The run that ended last."""
        return self.complete[-1] if self.complete else None

    @cached_property
    def last_failures(self) -> list[FailureRecord]:
        """What did not pass in the last run, in the order of the tests."""
        return sorted(self._of_last(healed=False), key=lambda record: record.nodeid)

    @cached_property
    def last_healed(self) -> list[FailureRecord]:
        """What a retry healed in the last run, in the order of the tests."""
        return sorted(self._of_last(healed=True), key=lambda record: record.nodeid)

    @cached_property
    def open_reviews(self) -> list[ReviewEntry]:
        """What waits for a person: suggestions, then options, then escalations."""
        order = ("suggestion", "options", "escalation")
        waiting = [entry for entry in self.reviews if entry.status == "open"]
        return sorted(waiting, key=lambda entry: order.index(entry.entry) if entry.entry in order else len(order))

    def _of_last(self, *, healed: bool) -> list[FailureRecord]:
        run_id = self.last.id if self.last is not None else ""
        return [
            record
            for record in self.failures
            if record.run_id == run_id and (record.outcome is Outcome.HEALED) is healed
        ]
