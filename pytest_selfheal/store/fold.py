"""The fold: everything the store knows, without the bulk of its failures, independent of the order of its lines.

Runs, reviews, pattern results and generated tests are kept whole; of a failure only what the repetition rule needs, of
an event only that there is one.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeVar

from pytest_selfheal.errors import DataError
from pytest_selfheal.model.records import FailureRecord
from pytest_selfheal.model.records import GeneratedTest
from pytest_selfheal.model.records import HealingEvent
from pytest_selfheal.model.records import PatternResult
from pytest_selfheal.model.records import ReviewEntry
from pytest_selfheal.model.runs import Record
from pytest_selfheal.model.runs import RunRecord
from pytest_selfheal.model.words import Outcome
from pytest_selfheal.model.words import Trust
from pytest_selfheal.store.lines import Line
from pytest_selfheal.store.lines import beats
from pytest_selfheal.store.lines import parse
from pytest_selfheal.store.table import Row
from pytest_selfheal.store.table import Table
from pytest_selfheal.store.table import grouped
from pytest_selfheal.store.tallies import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping

R = TypeVar("R", bound=Record)

COUNTS = 1
"""Flag of a failure that may count: no regression test, and its run is trusted."""
BROKE = 2
"""Flag of a failure that was not healed."""

KEPT: tuple[type[Record], ...] = (RunRecord, ReviewEntry, PatternResult, GeneratedTest, Tally)
"""Records that are kept whole."""
TABLED = (FailureRecord.kind, HealingEvent.kind)
"""Kinds of which only rows are kept; there may be a million of them."""
_HEAD = re.compile(rb'\{"v":1,"kind":"\w+","id":"(?P<id>[^"\\]*)",')
"""The beginning of a line as we write it, where its id needs no escaping; other lines are read in full."""
MASS_FAILURES = 10
MASS_SHARE = 0.8


class Fold:
    """Records by kind and id, where the winner of `lines.beats` stays; adding a line twice changes nothing."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Record]] = {cls.kind: {} for cls in KEPT}
        self.tables: dict[str, Table] = {kind: Table() for kind in TABLED}
        self.rewritten: dict[str, set[str]] = {kind: set() for kind in TABLED}
        """Ids of rows written more than once with different text: of their lines only the row's counts."""
        self.ambiguous: set[tuple[str, str]] = set()
        """Kind and id of rows written twice at one time with different text; `settle` finds their winner."""
        self._mass: frozenset[str] | None = None

    @property
    def failures(self) -> Table:
        """Return the rows of the failures."""
        return self.tables[FailureRecord.kind]

    def add(self, line: Line) -> None:
        """Take in one line; kinds that are not folded are ignored."""
        if line.values is None:
            return
        table = self.tables.get(line.kind)
        if table is not None:
            self._add_row(table, line)
        elif line.kind in self.records:
            record = line.record
            known = self.records[line.kind]
            if record is not None and (line.id not in known or beats(record, known[line.id])):
                known[line.id] = record
                self._mass = None

    def _add_row(self, table: Table, line: Line) -> None:
        place = table.place(line.id)
        if place is not None:
            known = table.updated_at(place)
            if line.crc != table.crc[place]:
                self.rewritten[line.kind].add(line.id)
                if line.updated_at == known:
                    self.ambiguous.add((line.kind, line.id))
            if line.updated_at <= known:
                return
        self._put(table, line)

    def _put(self, table: Table, line: Line) -> None:
        table.put(row_of(line))
        self._mass = None

    def settle(self, raw_lines: Iterable[bytes]) -> None:
        """Find the winners among the ambiguous rows by reading the lines once more."""
        winners: dict[tuple[str, str], Line] = {}
        ids = {record_id.encode("ascii", "replace") for _kind, record_id in self.ambiguous}
        for raw in raw_lines:
            head = _HEAD.match(raw)
            if head is not None and head["id"] not in ids:
                continue
            try:
                line = parse(raw)
            except DataError:
                continue
            key = (line.kind, line.id)
            if key in self.ambiguous and (key not in winners or is_beaten(winners[key], line)):
                winners[key] = line
        for line in winners.values():
            self._put(self.tables[line.kind], line)
        self.ambiguous.clear()

    def is_current(self, kind: str, record_id: str, crc: int) -> bool:
        """Return whether a line of a failure or an event is the one that counts among those with its id."""
        place = self.tables[kind].place(record_id)
        return place is None or self.tables[kind].crc[place] == crc

    def of(self, cls: type[R]) -> list[R]:
        """Return the kept records of one class, in no particular order."""
        return [record for record in self.records[cls.kind].values() if isinstance(record, cls)]

    def generated(self, signature: str) -> bool:
        """Return whether a regression test was written for a signature."""
        return signature in self.records[GeneratedTest.kind]

    def rows(self, signature: str) -> list[Row]:
        """Return each failure with this signature that counts: trusted, no regression, no mass run."""
        mass = self.mass_runs
        found = self.failures.rows_at(self.failures.of_signature(signature))
        return [row for row in found if row.flags & COUNTS and row.run_id not in mass]

    def total(self, signature: str) -> int:
        """Return how often a signature was seen, as distinct run and test, dropped records included."""
        present = len({(row.run_id, row.nodeid) for row in self.rows(signature)})
        return present + sum(tally.failures.get(signature, 0) for tally in self.of(Tally))

    def present(self) -> dict[str, int]:
        """Return how often each signature was seen, as `total` does but without dropped records."""
        table = self.failures
        mass = {number for run_id in self.mass_runs if (number := table.runs.find(run_id)) is not None}
        return {
            table.signatures.list[number]: len(
                {
                    table.run[place] << 32 | table.nodeid[place]
                    for place in places
                    if table.flags[place] & COUNTS and table.run[place] not in mass
                }
            )
            for number, places in table.by_signature()
        }

    def count(self, kind: str) -> int:
        """Return how many records of a kind there are."""
        return len(self.tables[kind]) if kind in self.tables else len(self.records[kind])

    def started(self) -> tuple[str, str]:
        """Return the first and the last start of a run, or "" twice."""
        starts = [run.started_at for run in self.of(RunRecord)]
        return min(starts, default=""), max(starts, default="")

    @property
    def mass_runs(self) -> frozenset[str]:
        """Return ids of ended runs in which one signature broke at least 10 tests and more than 80 % of those executed.

        Such a run teaches nothing about single tests (design, section 4).
        """
        if self._mass is None:
            self._mass = frozenset(mass_runs(self.failures, executed_in(self.of(RunRecord))))
        return self._mass

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON, equal for equal folds."""
        return {
            "records": {
                kind: [record.to_dict() for _, record in sorted(known.items())] for kind, known in self.records.items()
            },
            "rows": {kind: [list(row) for row in sorted(table)] for kind, table in self.tables.items()},
        }


def executed_in(runs: Iterable[RunRecord]) -> dict[str, int]:
    """Return how many tests were executed, by id, in those ended runs that may have failed as a whole."""
    return {
        run.id: run.passed + run.failed + run.errors
        for run in runs
        if run.complete and run.failed + run.errors >= MASS_FAILURES
    }


def mass_runs(table: Table, executed: Mapping[str, int]) -> Iterator[str]:
    """Yield those of the runs that failed as a whole, by the failures in a table."""
    if not executed:
        return
    order, starts = grouped(table.run, len(table.runs.list))
    for number, run_id in enumerate(table.runs.list):
        if run_id not in executed:
            continue
        broken: dict[int, set[int]] = defaultdict(set)
        for place in order[starts[number] : starts[number + 1]]:
            if table.flags[place] & BROKE:
                broken[table.signature[place]].add(table.nodeid[place])
        most = max(map(len, broken.values()), default=0)
        if most >= MASS_FAILURES and most > MASS_SHARE * executed[run_id]:
            yield run_id


def is_beaten(old: Line, new: Line) -> bool:
    """Return whether the line `new` replaces the line `old` of the same record."""
    if new.updated_at != old.updated_at or new.raw == old.raw:
        return new.updated_at > old.updated_at
    one, other = parse(new.raw).record, parse(old.raw).record
    return new.raw > old.raw if one is None or other is None else beats(one, other)


def row_of(line: Line) -> Row:
    """Return the row of a failure or an event."""
    values = line.values or {}
    is_failure = line.kind == FailureRecord.kind
    return Row(
        line.id,
        line.updated_at,
        line.crc,
        values["signature"],
        values["run_id"],
        values["nodeid"] if is_failure else "",
        values.get("created_at", ""),
        flags_of(values) if is_failure else 0,
    )


def flags_of(values: Mapping[str, Any]) -> int:
    """Return `COUNTS` and `BROKE` as they hold for the fields of a failure."""
    counts = not values.get("is_regression") and values.get("trust") is not Trust.UNTRUSTED
    broke = values["outcome"] in (Outcome.FAILED, Outcome.ESCALATED)
    return COUNTS * counts | BROKE * broke
