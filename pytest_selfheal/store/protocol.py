"""What the rest of the package asks of a store; every implementation passes the same contract tests.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol
from typing import runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import GeneratedTest
    from pytest_selfheal.model import HealingEvent
    from pytest_selfheal.model import History
    from pytest_selfheal.model import Pattern
    from pytest_selfheal.model import PatternResult
    from pytest_selfheal.model import Record
    from pytest_selfheal.model import ReviewEntry
    from pytest_selfheal.model import RunRecord


class Store(Protocol):
    """Keeps records. Writing never raises; reading raises `StoreError` only when nothing can be read at all.

    Records with the same kind and id replace each other: the later `updated_at` wins (ties: the greater JSON text), so
    writing a record twice changes nothing and merging stores in any order gives the same result.
    """

    @property
    def warnings(self) -> tuple[str, ...]:
        """What went wrong so far, one sentence each, without repetition; empty when healthy."""

    @property
    def lost(self) -> int:
        """How many records could not be written in this process."""

    def append(self, record: Record) -> bool:
        """Write one record at once and return whether it is kept; survives a kill of this process, not a power loss."""

    def commit(self, records: Sequence[Record]) -> bool:
        """Write a batch and make everything written so far durable; return whether all of it is kept."""

    def history(self, signatures: Iterable[str], *, since: str) -> dict[str, History]:
        """Return what is known of each signature, with its occurrences at or after `since` (UTC, ISO 8601)."""

    def runs(self, *, limit: int | None = None) -> list[RunRecord]:
        """Return runs, newest first."""

    def failures(
        self, *, limit: int | None = None, run_id: str | None = None, since: str | None = None
    ) -> list[FailureRecord]:
        """Return failures, newest first, each with its current `occurrence_count` and `test_generated`."""

    def events(
        self, *, limit: int | None = None, run_id: str | None = None, since: str | None = None
    ) -> list[HealingEvent]:
        """Return healing events, newest first; with `since` (UTC, ISO 8601) those that happened then or later."""

    def reviews(self, *, status: str | None = None) -> list[ReviewEntry]:
        """Return entries of the review queue, newest first; only those with `status` when it is given."""

    def generated_tests(self) -> list[GeneratedTest]:
        """Return the regression tests this package wrote, newest first."""

    def patterns(self) -> list[Pattern]:
        """Return patterns with their posterior, folded from the recorded results, best first."""

    def stats(self) -> dict[str, Any]:
        """Return counts and sizes as plain JSON: `records` by kind, `segments`, `bytes`, `quarantined`, ..."""

    def maintain(self) -> None:
        """Do what keeps reading fast, at the end of a run; does nothing most of the time and never raises."""

    def close(self) -> None:
        """Give back what is held; closing twice is safe."""


@runtime_checkable
class KeepsResults(Protocol):
    """A store that also knows the single results behind its patterns; pages draw the confidence over time from them."""

    def pattern_results(self) -> list[PatternResult]:
        """Return the results not dropped with age, oldest first."""
