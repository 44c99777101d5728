"""A store without files, for tests and where nothing can be written.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import DataError
from pytest_selfheal.store import queries
from pytest_selfheal.store.fold import Fold
from pytest_selfheal.store.lines import encode
from pytest_selfheal.store.lines import parse
from pytest_selfheal.store.notes import Notes

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


class MemoryStore:
    """`Store` in memory; records go through the same line format as in the JSON store."""

    def __init__(self) -> None:
        self._fold = Fold()
        self._lines: list[bytes] = []
        self._kinds: dict[str, set[str]] = {}
        self._notes = Notes()
        self._lost = 0

    @property
    def warnings(self) -> tuple[str, ...]:
        """See `Store`."""
        return self._notes.texts

    @property
    def lost(self) -> int:
        """See `Store`."""
        return self._lost

    def append(self, record: Record) -> bool:
        """See `Store`; gone with the process."""
        try:
            raw = encode(record)
            self._fold.add(parse(raw))
        except DataError as error:
            self._lost += 1
            self._notes.add(f"a record was not kept: {error}", cause="record")
            return False
        self._lines.append(raw)
        self._kinds.setdefault(record.kind, set()).add(record.id)
        return True

    def commit(self, records: Sequence[Record]) -> bool:
        """See `Store`."""
        kept = [self.append(record) for record in records]
        return all(kept)

    def history(self, signatures: Iterable[str], *, since: str) -> dict[str, History]:
        """See `Store`."""
        return queries.history(self._settled(), signatures, since)

    def runs(self, *, limit: int | None = None) -> list[RunRecord]:
        """See `Store`."""
        return queries.runs(self._fold, limit)

    def failures(
        self, *, limit: int | None = None, run_id: str | None = None, since: str | None = None
    ) -> list[FailureRecord]:
        """See `Store`."""
        return queries.failures(
            self._settled(), [queries.Piece("~", self._lines)], limit=limit, run_id=run_id, since=since
        )

    def events(
        self, *, limit: int | None = None, run_id: str | None = None, since: str | None = None
    ) -> list[HealingEvent]:
        """See `Store`."""
        return queries.events(
            self._settled(), [queries.Piece("~", self._lines)], limit=limit, run_id=run_id, since=since
        )

    def reviews(self, *, status: str | None = None) -> list[ReviewEntry]:
        """See `Store`."""
        return queries.reviews(self._fold, status)

    def generated_tests(self) -> list[GeneratedTest]:
        """See `Store`."""
        return queries.generated_tests(self._fold)

    def patterns(self) -> list[Pattern]:
        """See `Store`."""
        return queries.patterns(self._fold)

    def pattern_results(self) -> list[PatternResult]:
        """See `KeepsResults`."""
        return queries.pattern_results(self._fold)

    def stats(self) -> dict[str, Any]:
        """See `Store`."""
        return {
            "location": "memory",
            "records": {kind: len(ids) for kind, ids in sorted(self._kinds.items())},
            "segments": 0,
            "bytes": sum(map(len, self._lines)),
            "quarantined": 0,
            "lost": self._lost,
        }

    def maintain(self) -> None:
        """See `Store`; there is nothing to do."""

    def close(self) -> None:
        """See `Store`; the records stay readable."""

    def _settled(self) -> Fold:
        if self._fold.ambiguous:
            self._fold.settle(self._lines)
        return self._fold
