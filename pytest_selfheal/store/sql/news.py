"""What was written to a database lately, for pages that follow it.

A record says when it was made, not when it arrived: a runner delivers at its end what it noted minutes before. So a
follower looks at a stretch of time and remembers what it has seen.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from sqlalchemy import func
from sqlalchemy import select

from pytest_selfheal.store.sql.schema import TABLES

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy import Select

_BEGAN = {"run": "started_at", "failure": "created_at", "event": "created_at"}
"""The indexed column that tells when a record of a kind began."""


def pulse(connection: Connection, since: str) -> tuple[Any, ...]:
    """Return number and last time of writing of each table, of what began at `since` or later where that is told."""
    found: list[Any] = []
    for kind, table in sorted(TABLES.items()):
        query = select(func.count(), func.max(table.c.updated_at)).select_from(table)
        if kind in _BEGAN:
            query = query.where(table.c[_BEGAN[kind]] >= since)
        found.append(tuple(connection.execute(query).one()))
    return tuple(found)


def query(kind: str, since: str, limit: int) -> Select[Any]:
    """Return the query for the lines of those records of a kind that were written last."""
    table = TABLES[kind]
    wanted = select(table.c.raw).where(table.c[_BEGAN[kind]] >= since)
    return wanted.order_by(table.c.updated_at.desc(), table.c.id.desc()).limit(limit)
