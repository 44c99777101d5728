"""Writing and counting rows.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from typing import Any

from sqlalchemy import and_
from sqlalchemy import func
from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite

from pytest_selfheal.errors import DataError
from pytest_selfheal.store.lines import parse
from pytest_selfheal.store.sql.counting import all_tallies
from pytest_selfheal.store.sql.migrations import version_of
from pytest_selfheal.store.sql.schema import TABLES
from pytest_selfheal.store.sql.schema import row_of
from pytest_selfheal.store.sql.schema import runs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from pytest_selfheal.store.lines import Line

Rows = dict[str, list[dict[str, Any]]]


def rows_by_kind(lines: Iterable[Line]) -> Rows:
    """Return the rows to write by kind, one for each id and in order of id; kinds without a table are left out.

    Every writer visits tables and rows in the same order, so that two of them cannot wait for each other.
    """
    winners: dict[tuple[str, str], Line] = {}
    for line in lines:
        known = winners.get((line.kind, line.id))
        if known is None or (line.updated_at, line.raw) > (known.updated_at, known.raw):
            winners[line.kind, line.id] = line
    found: Rows = {}
    for kind in TABLES:
        rows = [row_of(line) for (of_kind, _), line in sorted(winners.items()) if of_kind == kind]
        if rows:
            found[kind] = rows
    return found


def upsert(connection: Connection, rows: Mapping[str, Sequence[Mapping[str, Any]]], batch: int) -> None:
    """Write rows; of two writes of one record the later stays, at equal times the greater line. Twice is safe."""
    for kind, of_kind in rows.items():
        statement = _statement(connection.dialect.name, kind)
        for start in range(0, len(of_kind), batch):
            connection.execute(statement, list(of_kind[start : start + batch]))


def _statement(dialect: str, kind: str) -> Any:
    table = TABLES[kind]
    statement = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    new = statement.excluded
    is_later = or_(
        new.updated_at > table.c.updated_at, and_(new.updated_at == table.c.updated_at, new.raw > table.c.raw)
    )
    changed = {column.name: new[column.name] for column in table.columns if column.name != "id"}
    return statement.on_conflict_do_update(index_elements=[table.c.id], set_=changed, where=is_later)


def census(connection: Connection) -> dict[str, Any]:
    """Return the number of records by kind, and the first and last start of a run ("" without runs)."""
    counts = {
        kind: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for kind, table in sorted(TABLES.items())
        if kind != "tally"
    }
    dropped: Counter[str] = Counter()
    for tally in all_tallies(connection):
        dropped.update(tally.dropped)
    oldest, newest = connection.execute(select(func.min(runs.c.started_at), func.max(runs.c.started_at))).one()
    return {
        "records": counts,
        "dropped": dict(sorted(dropped.items())),
        "oldest": oldest or "",
        "newest": newest or "",
    }


def examined(connection: Connection) -> dict[str, Any]:
    """Return the version of the tables, the number of records by kind, and of the rows that are damaged."""
    counts: dict[str, int] = {}
    bad: dict[str, int] = {}
    for kind, table in sorted(TABLES.items()):
        counts[kind] = 0
        for row in connection.execution_options(yield_per=500).execute(select(table)).mappings():
            counts[kind] += 1
            bad[kind] = bad.get(kind, 0) + (not _is_sound(kind, dict(row)))
    return {
        "version": version_of(connection),
        "records": counts,
        "bad_rows": {kind: count for kind, count in bad.items() if count},
    }


def _is_sound(kind: str, row: dict[str, Any]) -> bool:
    try:
        line = parse(row["raw"].encode("ascii"))
        return line.kind == kind and line.values is not None and row_of(line) == row
    except (DataError, UnicodeEncodeError):
        return False
