"""Retention in a database: old records go in small batches, and what they counted for stays as tallies.

The rules are those of `store.retention`. One process at a time prunes: a second one, wherever it runs, finds the lock
taken and leaves. Each batch is one transaction that deletes the rows it has read and locked and writes what they leave
behind, so that no count is ever wrong, whenever the process or the server dies.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from sqlalchemy import delete
from sqlalchemy import exists
from sqlalchemy import select
from sqlalchemy import text

from pytest_selfheal.errors import DataError
from pytest_selfheal.model.records import PatternResult
from pytest_selfheal.store.fold import MASS_FAILURES
from pytest_selfheal.store.fold import MASS_SHARE
from pytest_selfheal.store.lines import encode
from pytest_selfheal.store.lines import parse
from pytest_selfheal.store.queries import tally_results
from pytest_selfheal.store.sql.counting import parts
from pytest_selfheal.store.sql.schema import events
from pytest_selfheal.store.sql.schema import failures
from pytest_selfheal.store.sql.schema import results
from pytest_selfheal.store.sql.schema import reviews
from pytest_selfheal.store.sql.schema import runs
from pytest_selfheal.store.sql.writing import rows_by_kind
from pytest_selfheal.store.sql.writing import upsert
from pytest_selfheal.store.tallies import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy import Connection
    from sqlalchemy import Table

    from pytest_selfheal.store.tallies import PatternTally

_LOCK = 0x5E1F4EA2
"""Names the advisory lock under which PostgreSQL is pruned."""

_RUNS = 20
"""Runs whose failures go in one batch."""

_ROWS = 1000
"""Other records in one batch."""


class Moment(NamedTuple):
    """When records count as old, and now, both as the store writes times."""

    cutoff: str
    now: str


def is_due(connection: Connection, cutoff: str) -> bool:
    """Return whether something is old; a look into the indexes."""
    oldest = (select(failures.c.id).where(failures.c.created_at < cutoff), select(runs.c.id).where(_old_runs(cutoff)))
    return any(connection.execute(query.limit(1)).first() is not None for query in oldest)


def prune_batch(connection: Connection, moment: Moment) -> dict[str, int]:
    """Drop one batch within the caller's transaction and return by kind how many; nothing when no more is old, or when
    another process is at it.
    """
    if connection.dialect.name == "postgresql":
        mine = connection.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}).scalar_one()
        if not mine:
            return {}
    tallies: list[Tally] = []
    dropped = _failures(connection, moment, tallies) or _others(connection, moment, tallies)
    if dropped:
        tallies.append(Tally("", moment.now, dropped=dropped))
        mark = os.urandom(8).hex()
        lines = [
            parse(encode(Tally(f"{mark}#{number}", moment.now, one.failures, one.patterns, one.dropped)))
            for number, one in enumerate(tallies)
        ]
        upsert(connection, rows_by_kind(lines), _ROWS)
    return dropped


def _failures(connection: Connection, moment: Moment, tallies: list[Tally]) -> dict[str, int]:
    """Drop the failures of some runs; a failure is as young as its run."""
    is_young = exists().where(runs.c.id == failures.c.run_id, runs.c.updated_at >= moment.cutoff)
    is_old = (failures.c.created_at < moment.cutoff) & (failures.c.updated_at < moment.cutoff) & ~is_young
    named = select(failures.c.run_id).where(is_old).distinct().order_by(failures.c.run_id).limit(_RUNS)
    run_ids = list(connection.execute(named).scalars())
    columns = (
        failures.c.id,
        failures.c.signature,
        failures.c.run_id,
        failures.c.nodeid,
        failures.c.updated_at,
        failures.c.counts,
        failures.c.broke,
    )
    query = select(*columns).where(failures.c.run_id.in_(run_ids)).order_by(failures.c.id).with_for_update()
    rows = connection.execute(query).all() if run_ids else []
    old = [row for row in rows if row.updated_at < moment.cutoff]
    totals = _lost(connection, rows, moment.cutoff)
    tallies += [Tally("", moment.now, failures=part) for part in _divided(totals)]
    return _delete(connection, failures, "failure", [row.id for row in old])


def _lost(connection: Connection, rows: Sequence[Any], cutoff: str) -> dict[str, int]:
    """Return how often each signature was seen, as distinct run and test, in rows that go and in none that stays."""
    mass = _mass_runs(connection, rows)
    gone: dict[str, set[tuple[str, str]]] = defaultdict(set)
    staying: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in rows:
        if row.counts and row.run_id not in mass:
            (gone if row.updated_at < cutoff else staying)[row.signature].add((row.run_id, row.nodeid))
    return {name: len(pairs - staying[name]) for name, pairs in sorted(gone.items()) if pairs - staying[name]}


def _mass_runs(connection: Connection, rows: Sequence[Any]) -> set[str]:
    """Return the runs that failed as a whole, by all their failures; see `Fold.mass_runs`."""
    broken: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        if row.broke:
            broken[row.run_id, row.signature].add(row.nodeid)
    many: dict[str, int] = {}
    for (run_id, _), nodeids in broken.items():
        many[run_id] = max(len(nodeids), many.get(run_id, 0))
    suspects = [run_id for run_id, count in many.items() if count >= MASS_FAILURES]
    executed = (runs.c.passed + runs.c.failed + runs.c.errors).label("executed")
    query = select(runs.c.id, executed).where(runs.c.id.in_(suspects), runs.c.complete)
    query = query.where(runs.c.failed + runs.c.errors >= MASS_FAILURES)
    found = connection.execute(query) if suspects else ()
    return {row.id for row in found if many[row.id] > MASS_SHARE * row.executed}


def _others(connection: Connection, moment: Moment, tallies: list[Tally]) -> dict[str, int]:
    dropped: dict[str, int] = {}
    is_closed = (reviews.c.updated_at < moment.cutoff) & (reviews.c.status != "open")
    dropped |= _drop(connection, events, "event", events.c.updated_at < moment.cutoff)
    dropped |= _drop(connection, reviews, "review", is_closed)
    dropped |= _drop_results(connection, moment, tallies)
    # A run stays while failures of it do: whether it failed as a whole is judged by both.
    has_failures = exists().where(failures.c.run_id == runs.c.id)
    dropped |= _drop(connection, runs, "run", _old_runs(moment.cutoff) & ~has_failures)
    return dropped


def _drop_results(connection: Connection, moment: Moment, tallies: list[Tally]) -> dict[str, int]:
    query = select(results.c.id, results.c.raw).where(results.c.updated_at < moment.cutoff)
    rows = connection.execute(query.order_by(results.c.id).limit(_ROWS).with_for_update()).all()
    tallies += [Tally("", moment.now, patterns=(part,)) for part in _lost_patterns([row.raw for row in rows])]
    return _delete(connection, results, "pattern_result", [row.id for row in rows])


def _lost_patterns(lines: Sequence[str]) -> list[PatternTally]:
    by_pattern: dict[tuple[str, str], list[PatternResult]] = defaultdict(list)
    for raw in lines:
        try:
            record = parse(raw.encode("ascii")).record
        except (DataError, UnicodeEncodeError):  # a damaged row counts for nothing, and goes like the others
            continue
        if isinstance(record, PatternResult):
            by_pattern[record.pattern_name, record.error_signature].append(record)
    return [part for _, found in sorted(by_pattern.items()) for part in tally_results(found)]


def _drop(connection: Connection, table: Table, kind: str, is_old: ColumnElement[bool]) -> dict[str, int]:
    query = select(table.c.id).where(is_old).order_by(table.c.id).limit(_ROWS).with_for_update()
    return _delete(connection, table, kind, list(connection.execute(query).scalars()))


def _delete(connection: Connection, table: Table, kind: str, ids: Sequence[str]) -> dict[str, int]:
    for part in parts(ids):
        connection.execute(delete(table).where(table.c.id.in_(part)))
    return {kind: len(ids)} if ids else {}


def _old_runs(cutoff: str) -> ColumnElement[bool]:
    return (runs.c.started_at < cutoff) & (runs.c.updated_at < cutoff)


def _divided(totals: dict[str, int]) -> list[dict[str, int]]:
    items = list(totals.items())
    return [dict(items[start : start + _ROWS // 2]) for start in range(0, len(items), _ROWS // 2)]
