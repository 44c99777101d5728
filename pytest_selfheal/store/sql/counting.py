"""What is counted in the database, across all runners: the repetition rule and the evidence for patterns.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from typing import Any

from sqlalchemy import distinct
from sqlalchemy import func
from sqlalchemy import select

from pytest_selfheal.model.records import History
from pytest_selfheal.model.records import Occurrence
from pytest_selfheal.store.fold import MASS_FAILURES
from pytest_selfheal.store.fold import MASS_SHARE
from pytest_selfheal.store.lines import parse
from pytest_selfheal.store.sql.schema import failures
from pytest_selfheal.store.sql.schema import generated
from pytest_selfheal.store.sql.schema import runs
from pytest_selfheal.store.sql.schema import tallies
from pytest_selfheal.store.tallies import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy import Connection
    from sqlalchemy import Select

_PART = 500
"""Values in one `IN (...)`: databases limit the parameters of a statement."""


def histories(connection: Connection, signatures: Sequence[str], since: str) -> dict[str, History]:
    """Return the history of each signature; see `Store.history`."""
    found: dict[str, list[Occurrence]] = defaultdict(list)
    for part in parts(signatures):
        for row in connection.execute(_occurrences(part, since)):
            found[row.signature].append(Occurrence(row.run_id, row.nodeid, row.created_at, row.id))
    totals = count(connection, signatures)
    tested = with_test(connection, signatures)
    return {
        name: History(name, tuple(found[name]), totals.get(name, 0), name in tested)
        for name in dict.fromkeys(signatures)
    }


def count(connection: Connection, signatures: Sequence[str]) -> dict[str, int]:
    """Return how often each signature was seen, as distinct run and test, dropped records included."""
    totals: dict[str, int] = {}
    for part in parts(signatures):
        seen = select(failures.c.signature, failures.c.run_id, failures.c.nodeid).where(_may_count(part)).distinct()
        pairs = seen.subquery()
        counted = select(pairs.c.signature, func.count().label("seen")).group_by(pairs.c.signature)
        totals |= {row.signature: row.seen for row in connection.execute(counted)}
    for tally in all_tallies(connection):
        for name in set(signatures).intersection(tally.failures):
            totals[name] = totals.get(name, 0) + tally.failures[name]
    return totals


def with_test(connection: Connection, signatures: Sequence[str]) -> set[str]:
    """Return those signatures for which a regression test was written."""
    found: set[str] = set()
    for part in parts(signatures):
        found.update(connection.execute(select(generated.c.id).where(generated.c.id.in_(part))).scalars())
    return found


def all_tallies(connection: Connection) -> list[Tally]:
    """Return what records dropped by compactions of imported stores left behind."""
    lines = (parse(raw.encode("ascii")).record for raw in connection.execute(select(tallies.c.raw)).scalars())
    return [record for record in lines if isinstance(record, Tally)]


def parts(values: Sequence[str]) -> Iterator[list[str]]:
    """Yield distinct values in parts that fit into a statement."""
    distinct_values = sorted(set(values))
    for start in range(0, len(distinct_values), _PART):
        yield distinct_values[start : start + _PART]


def _occurrences(signatures: Sequence[str], since: str) -> Select[Any]:
    place = func.row_number().over(
        partition_by=(failures.c.signature, failures.c.run_id, failures.c.nodeid),
        order_by=(failures.c.created_at, failures.c.id),
    )
    columns = (failures.c.id, failures.c.signature, failures.c.run_id, failures.c.nodeid, failures.c.created_at)
    ranked = (
        select(*columns, place.label("place"))
        .where(_may_count(signatures), failures.c.broke, failures.c.created_at >= since)
        .subquery()
    )
    first = select(ranked).where(ranked.c.place == 1)
    return first.order_by(ranked.c.created_at, ranked.c.run_id, ranked.c.nodeid)


def _may_count(signatures: Sequence[str]) -> ColumnElement[bool]:
    named = failures.c.signature.in_(signatures)
    return named & failures.c.counts & failures.c.run_id.not_in(_mass_runs(signatures))


def _mass_runs(signatures: Sequence[str]) -> Select[Any]:
    """Return the runs that failed as a whole, among those in which one of the signatures was seen; see `Fold`."""
    other = failures.alias()
    concerned = select(other.c.run_id).where(other.c.signature.in_(signatures)).distinct()
    broken = failures.alias()
    ended = runs.alias()
    executed = ended.c.passed + ended.c.failed + ended.c.errors
    tests = func.count(distinct(broken.c.nodeid))
    return (
        select(broken.c.run_id)
        .join(ended, ended.c.id == broken.c.run_id)
        .where(broken.c.broke, broken.c.run_id.in_(concerned), ended.c.complete)
        .where(ended.c.failed + ended.c.errors >= MASS_FAILURES)
        .group_by(broken.c.run_id, broken.c.signature, executed)
        .having((tests >= MASS_FAILURES) & (tests > MASS_SHARE * executed))
    )
