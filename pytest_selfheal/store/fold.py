"""The fold: everything the store knows, without the bulk of its failures, independent of the order of its lines.

Runs, reviews, pattern results and generated tests are kept whole; of a failure only what the repetition rule needs.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple
from typing import TypeVar

from pytest_selfheal.errors import DataError
from pytest_selfheal.model.records import FailureRecord
from pytest_selfheal.model.records import GeneratedTest
from pytest_selfheal.model.records import PatternResult
from pytest_selfheal.model.records import ReviewEntry
from pytest_selfheal.model.runs import Record
from pytest_selfheal.model.runs import RunRecord
from pytest_selfheal.model.words import Outcome
from pytest_selfheal.model.words import Trust
from pytest_selfheal.store.lines import Line
from pytest_selfheal.store.lines import beats
from pytest_selfheal.store.lines import parse
from pytest_selfheal.store.tallies import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable

R = TypeVar("R", bound=Record)

COUNTS = 1
"""Flag of a failure that may count: no regression test, and its run is trusted."""
BROKE = 2
"""Flag of a failure that was not healed."""

_KEPT: tuple[type[Record], ...] = (RunRecord, ReviewEntry, PatternResult, GeneratedTest, Tally)
MASS_FAILURES = 10
MASS_SHARE = 0.8


class Row(NamedTuple):
    """A failure as the fold keeps it; `crc` is the checksum of its line."""

    updated_at: str
    crc: int
    signature: str
    run_id: str
    nodeid: str
    created_at: str
    flags: int


class Fold:
    """Records by kind and id, where the winner of `lines.beats` stays; adding a line twice changes nothing."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Record]] = {cls.kind: {} for cls in _KEPT}
        self.failures: dict[str, Row] = {}
        self.ambiguous: set[str] = set()
        """Ids of failures written twice with one time and different text; `settle` finds their winner."""
        self._by_signature: dict[str, list[str]] | None = None
        self._mass: frozenset[str] | None = None

    def add(self, line: Line) -> None:
        """Take in one line; kinds that are not folded are ignored."""
        record = line.record
        if isinstance(record, FailureRecord):
            self._add_failure(record, line.crc)
        elif record is not None and line.kind in self.records:
            known = self.records[line.kind]
            if line.id not in known or beats(record, known[line.id]):
                known[line.id] = record
                self._mass = None

    def _add_failure(self, record: FailureRecord, crc: int) -> None:
        known = self.failures.get(record.id)
        if known is not None:
            if record.updated_at == known.updated_at and crc != known.crc:
                self.ambiguous.add(record.id)
            if record.updated_at <= known.updated_at:
                return
        self._put(record, crc)

    def _put(self, record: FailureRecord, crc: int) -> None:
        self.failures[record.id] = _row(record, crc)
        self._by_signature = None
        self._mass = None

    def settle(self, raw_lines: Iterable[bytes]) -> None:
        """Find the winners among the ambiguous failures by reading the lines once more."""
        winners: dict[str, Line] = {}
        for raw in raw_lines:
            if b'"failure"' not in raw:
                continue
            try:
                line = parse(raw)
            except DataError:
                continue
            if line.id in self.ambiguous and line.kind == FailureRecord.kind and line.record is not None:
                old = winners.get(line.id)
                if old is None or old.record is None or beats(line.record, old.record):
                    winners[line.id] = line
        for line in winners.values():
            if isinstance(line.record, FailureRecord):
                self._put(line.record, line.crc)
        self.ambiguous.clear()

    def of(self, cls: type[R]) -> list[R]:
        """Return the kept records of one class, in no particular order."""
        return [record for record in self.records[cls.kind].values() if isinstance(record, cls)]

    def generated(self, signature: str) -> bool:
        """Return whether a regression test was written for a signature."""
        return signature in self.records[GeneratedTest.kind]

    def rows(self, signature: str) -> list[tuple[str, Row]]:
        """Return `(id, row)` of each failure with this signature that counts: trusted, no regression, no mass run."""
        if self._by_signature is None:
            grouped: dict[str, list[str]] = defaultdict(list)
            for failure_id, row in self.failures.items():
                grouped[row.signature].append(failure_id)
            self._by_signature = dict(grouped)
        return [
            (failure_id, row)
            for failure_id in self._by_signature.get(signature, ())
            if (row := self.failures[failure_id]).flags & COUNTS and row.run_id not in self.mass_runs
        ]

    def total(self, signature: str) -> int:
        """Return how often a signature was seen, as distinct run and test, dropped records included."""
        present = len({(row.run_id, row.nodeid) for _, row in self.rows(signature)})
        return present + sum(tally.failures.get(signature, 0) for tally in self.of(Tally))

    @property
    def mass_runs(self) -> frozenset[str]:
        """Return ids of ended runs in which one signature broke at least 10 tests and more than 80 % of those executed.

        Such a run teaches nothing about single tests (design, section 4).
        """
        if self._mass is None:
            executed = {
                run.id: run.passed + run.failed + run.errors
                for run in self.of(RunRecord)
                if run.complete and run.failed + run.errors >= MASS_FAILURES
            }
            broken: dict[tuple[str, str], set[str]] = defaultdict(set)
            for row in self.failures.values():
                if row.run_id in executed and row.flags & BROKE:
                    broken[row.run_id, row.signature].add(row.nodeid)
            self._mass = frozenset(
                run_id
                for (run_id, _), nodeids in broken.items()
                if len(nodeids) >= MASS_FAILURES and len(nodeids) > MASS_SHARE * executed[run_id]
            )
        return self._mass

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON, equal for equal folds; long texts that repeat are numbered."""
        nodeids: dict[str, int] = {}
        signatures: dict[str, int] = {}
        failures: dict[str, list[list[Any]]] = {}
        for failure_id, row in sorted(self.failures.items()):
            packed = [
                failure_id,
                row.updated_at,
                row.crc,
                signatures.setdefault(row.signature, len(signatures)),
                nodeids.setdefault(row.nodeid, len(nodeids)),
                "" if row.created_at == row.updated_at else row.created_at,
                row.flags,
            ]
            failures.setdefault(row.run_id, []).append(packed)
        return {
            "records": {
                kind: [record.to_dict() for _, record in sorted(known.items())] for kind, known in self.records.items()
            },
            "nodeids": list(nodeids),
            "signatures": list(signatures),
            "failures": dict(sorted(failures.items())),
        }

    @classmethod
    def from_dict(cls, data: Any) -> Fold:
        """Return the fold that `to_dict` described.

        Raises:
            DataError: the data has another shape.
        """
        fold = cls()
        try:
            for kept in _KEPT:
                for item in data["records"][kept.kind]:
                    record = kept.from_dict(item)
                    fold.records[kept.kind][record.id] = record
            nodeids, signatures = data["nodeids"], data["signatures"]
            for run_id, rows in data["failures"].items():
                for failure_id, updated_at, crc, signature, nodeid, created_at, flags in rows:
                    fold.failures[failure_id] = Row(
                        updated_at, crc, signatures[signature], run_id, nodeids[nodeid], created_at or updated_at, flags
                    )
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"not a fold: {error!r}") from error
        return fold


def _row(record: FailureRecord, crc: int) -> Row:
    return Row(
        record.updated_at,
        crc,
        record.signature,
        record.run_id,
        record.nodeid,
        record.created_at,
        flags_of(record),
    )


def flags_of(record: FailureRecord) -> int:
    """Return `COUNTS` and `BROKE` as they hold for a failure."""
    counts = not record.is_regression and record.trust is not Trust.UNTRUSTED
    broke = record.outcome in (Outcome.FAILED, Outcome.ESCALATED)
    return COUNTS * counts | BROKE * broke
