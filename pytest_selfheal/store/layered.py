"""A snapshot and what was written since, answering as one fold of both would.

That is only right while the two do not meet: no record of a failure or an event stands in both, and no run has failures
in the one and its record or more failures in the other. `meets` tells; then both are made one fold.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from typing import TypeVar

from pytest_selfheal.model.records import FailureRecord
from pytest_selfheal.model.records import GeneratedTest
from pytest_selfheal.model.runs import Record
from pytest_selfheal.model.runs import RunRecord
from pytest_selfheal.store.fold import COUNTS
from pytest_selfheal.store.fold import KEPT
from pytest_selfheal.store.fold import MASS_FAILURES
from pytest_selfheal.store.fold import TABLED
from pytest_selfheal.store.fold import Fold
from pytest_selfheal.store.fold import executed_in
from pytest_selfheal.store.fold import mass_runs
from pytest_selfheal.store.lines import beats
from pytest_selfheal.store.snapshot import bucket_of
from pytest_selfheal.store.tallies import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_selfheal.store.lines import Line
    from pytest_selfheal.store.saved import Saved
    from pytest_selfheal.store.table import Row

R = TypeVar("R", bound=Record)


class Layered:
    """A fold as questions see it; see `Fold` for what the methods return.

    Args:
        base: the snapshot, left as it is.
    """

    def __init__(self, base: Saved) -> None:
        self.base = base
        self.new = Fold()
        self._merged: dict[str, tuple[int, dict[str, Record]]] = {}
        self._changes = 0
        self._looked_at: dict[str, int] = dict.fromkeys(TABLED, 0)
        self._runs_looked_at = 0
        self._mass: frozenset[str] | None = None

    @property
    def ambiguous(self) -> set[tuple[str, str]]:
        """See `Fold`."""
        return self.new.ambiguous

    def add(self, line: Line) -> None:
        """See `Fold`."""
        self.new.add(line)
        self._changes += 1
        self._mass = None

    def settle(self, raw_lines: Iterable[bytes]) -> None:
        """See `Fold`."""
        self.new.settle(raw_lines)

    def meets(self) -> bool:
        """Return whether what is new touches failures or events of the snapshot; what was looked at is not again."""
        known_runs: set[str] | None = None
        for kind in TABLED:
            table = self.new.tables[kind]
            fresh = table.rows_at(range(self._looked_at[kind], len(table)))
            self._looked_at[kind] = len(table)
            if fresh and self.base.holds_any(kind, [row.id for row in fresh]):
                return True
            if fresh and kind == FailureRecord.kind:
                known_runs = self._runs_with_rows()
                if not known_runs.isdisjoint(row.run_id for row in fresh):
                    return True
        runs = self.new.records[RunRecord.kind]
        if len(runs) > self._runs_looked_at:
            known_runs = self._runs_with_rows() if known_runs is None else known_runs
            self._runs_looked_at = len(runs)
            return not known_runs.isdisjoint(runs)
        return False

    def melted(self) -> Fold:
        """Return one fold in memory of both, which must not meet."""
        fold = self.base.load()
        for kind in TABLED:
            for row in self.new.tables[kind]:
                fold.tables[kind].put(row)
            fold.rewritten[kind] |= self.new.rewritten[kind]
        for cls in KEPT:
            fold.records[cls.kind] = dict(self.records(cls.kind))
        return fold

    def is_current(self, kind: str, record_id: str, crc: int) -> bool:
        """See `Fold`."""
        place = self.new.tables[kind].place(record_id)
        if place is not None:
            return self.new.tables[kind].crc[place] == crc
        return self.base.rewritten[kind].get(record_id, crc) == crc

    def of(self, cls: type[R]) -> list[R]:
        """See `Fold`."""
        return [record for record in self.records(cls.kind).values() if isinstance(record, cls)]

    def records(self, kind: str) -> dict[str, Record]:
        """Return the records of a kind that is kept whole, by id."""
        known = self._merged.get(kind)
        if known is None or known[0] != self._changes:
            found = dict(self.base.records(kind))
            for record_id, record in self.new.records[kind].items():
                if record_id not in found or beats(record, found[record_id]):
                    found[record_id] = record
            known = self._merged[kind] = (self._changes, found)
        return known[1]

    def generated(self, signature: str) -> bool:
        """See `Fold`."""
        return signature in self.records(GeneratedTest.kind)

    def rows(self, signature: str) -> list[Row]:
        """See `Fold`."""
        table = self.new.failures
        found = [*self.base.rows(FailureRecord.kind, signature), *table.rows_at(table.of_signature(signature))]
        return [row for row in found if row.flags & COUNTS and row.run_id not in self.mass_runs]

    def total(self, signature: str) -> int:
        """See `Fold`."""
        older = self.base.totals(bucket_of(signature, self.base.summary.buckets)).get(signature, 0)
        return older + self._newly(signature) + sum(tally.failures.get(signature, 0) for tally in self.of(Tally))

    def present(self) -> dict[str, int]:
        """See `Fold`; of the signatures that are new or were seen again since the snapshot."""
        return {name: self._newly(name) for name in self.new.failures.signatures.list}

    def count(self, kind: str) -> int:
        """See `Fold`."""
        older = self.base.summary.counts.get(kind, 0)
        if kind in TABLED:
            return older + len(self.new.tables[kind])
        return len(self.records(kind)) if self.new.records[kind] else older

    @property
    def mass_runs(self) -> frozenset[str]:
        """See `Fold`."""
        if self._mass is None:
            table = self.new.failures
            executed = executed_in(self.new.of(RunRecord))
            many = Counter(table.run)
            unknown = {
                table.runs.list[number]
                for number, count in many.items()
                if count >= MASS_FAILURES and table.runs.list[number] not in executed
            }
            if unknown:
                executed |= {
                    run_id: tests for run_id, tests in executed_in(self.of(RunRecord)).items() if run_id in unknown
                }
            self._mass = self.base.mass_runs.union(mass_runs(table, executed))
        return self._mass

    def started(self) -> tuple[str, str]:
        """See `Fold`."""
        starts = [run.started_at for run in self.new.of(RunRecord)]
        summary = self.base.summary
        if summary.counts.get(RunRecord.kind):
            starts += [summary.oldest, summary.newest]
        return min(starts, default=""), max(starts, default="")

    def _newly(self, signature: str) -> int:
        table = self.new.failures
        rows = table.rows_at(table.of_signature(signature))
        mass = self.mass_runs
        return len({(row.run_id, row.nodeid) for row in rows if row.flags & COUNTS and row.run_id not in mass})

    def _runs_with_rows(self) -> set[str]:
        return {run_id for span in self.base.spans for run_id in span.runs}
