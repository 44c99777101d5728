"""Versioned steps of the schema; a database is only ever changed by `selfheal store init` and `upgrade`.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert
from sqlalchemy import inspect
from sqlalchemy import select
from sqlalchemy import text

from pytest_selfheal.errors import StoreError
from pytest_selfheal.errors import StoreVersionError
from pytest_selfheal.store.sql import schema

if TYPE_CHECKING:
    from sqlalchemy import Connection

_LOCK = 0x5E1F4EA1
"""Names the advisory lock under which PostgreSQL is upgraded, so that two upgrades at once are one after another."""


def _first(connection: Connection) -> None:
    schema.metadata.create_all(connection)
    connection.execute(text(schema.PATTERNS))


STEPS = (_first,)
"""Each brings a database from the version of its index to the next one; a released step never changes."""


def upgrade(connection: Connection, *, where: str) -> tuple[int, int]:
    """Bring a database to the present version within the caller's transaction; doing it twice changes nothing.

    Returns:
        The version found (0: no tables) and the version now.

    Raises:
        StoreVersionError: a newer version made the tables.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    found = version_of(connection)
    if found > len(STEPS):
        raise _too_new(found, where)
    for number, step in enumerate(STEPS[found:], start=found + 1):
        step(connection)
        connection.execute(insert(schema.versions).values(version=number))
    return found, len(STEPS)


def check(connection: Connection, *, where: str) -> None:
    """Make sure that a database can be used as it is.

    Raises:
        StoreVersionError: a newer version made the tables.
        StoreError: there are no tables, or older ones.
    """
    found = version_of(connection)
    if found > len(STEPS):
        raise _too_new(found, where)
    if found < len(STEPS):
        what = f"its tables have version {found}, this pytest-selfheal needs {len(STEPS)}" if found else "has no tables"
        raise StoreError(what, where=where, todo=f"run: selfheal store {'upgrade' if found else 'init'}")


def version_of(connection: Connection) -> int:
    """Return the version of the tables; 0 when there are none."""
    if not inspect(connection).has_table(schema.versions.name):
        return 0
    return max(connection.execute(select(schema.versions.c.version)).scalars(), default=0)


def _too_new(found: int, where: str) -> StoreVersionError:
    return StoreVersionError(
        f"its tables have version {found}, this pytest-selfheal knows {len(STEPS)}; nothing is read or written",
        where=where,
        todo="upgrade pytest-selfheal",
    )
