"""The connection to a database: short waits, repeated transactions, and no password in any message.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING
from typing import TypeVar

from pytest_selfheal.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection
    from sqlalchemy import Engine

T = TypeVar("T")

CONNECT_TIMEOUT_S = 3
_LOCK_TIMEOUT_S = 30
_TRIES = 8
_REPEATABLE = {"40001", "40P01", "55P03"}
"""SQLSTATEs after which the same transaction may well succeed: serialisation failure, deadlock, lock not available."""


class DatabaseAwayError(StoreError):
    """The database cannot be reached, or its answer makes no sense now; what was to be written must be kept."""


class Database:
    """A database by its connection string; making one connects to nothing.

    Raises:
        StoreError: the string cannot be used, or the extra `sql` is not installed.
    """

    def __init__(self, url: str) -> None:
        try:
            from sqlalchemy.engine import make_url
            from sqlalchemy.exc import ArgumentError
        except ImportError as error:
            raise StoreError(
                "a database needs SQLAlchemy, which is not installed", todo="pip install 'pytest-selfheal[sql]'"
            ) from error
        try:
            self._url = make_url(url)
        except (ArgumentError, ValueError):
            # The original names the string, and with it perhaps a password.
            raise StoreError("the connection string of the store cannot be read", todo=_FORM) from None
        self._engine: Engine | None = None
        port = f":{self._url.port}" if self._url.port else ""
        self.where = f"{self._url.get_backend_name()}://{self._url.host or ''}{port}/{self._url.database or ''}"
        """The database without user, password and options: fit for messages."""

    def transaction(self, work: Callable[[Connection], T], *, writes: bool = False) -> T:
        """Run `work` in one transaction and return what it returned; after a deadlock it is run again.

        Args:
            work: called with a connection, perhaps several times; must have no other effects.
            writes: take SQLite's write lock at the beginning, so that no later statement can fail for want of it.

        Raises:
            DatabaseAwayError: not reachable, or an error of the database.
            StoreError: raised by `work`.
        """
        from sqlalchemy.exc import DBAPIError

        for attempt in range(_TRIES):
            try:
                with self._made().connect() as connection:
                    if writes and connection.dialect.name == "sqlite":
                        connection.exec_driver_sql("BEGIN IMMEDIATE")
                    result = work(connection)
                    connection.commit()
                    return result
            except DBAPIError as error:
                if attempt == _TRIES - 1 or not _may_repeat(error):
                    raise DatabaseAwayError(self._told(error), where=self.where) from None
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - spreads writers, no secret
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Give back what is held; twice is safe, and a later transaction connects again."""
        if self._engine is not None:
            self._engine.dispose()
        self._engine = None

    def _made(self) -> Engine:
        if self._engine is None:
            from sqlalchemy import create_engine
            from sqlalchemy.exc import ArgumentError
            from sqlalchemy.exc import NoSuchModuleError
            from sqlalchemy.pool import NullPool

            is_sqlite = self._url.get_backend_name() == "sqlite"
            arguments = {"timeout": _LOCK_TIMEOUT_S} if is_sqlite else {"connect_timeout": CONNECT_TIMEOUT_S}
            try:
                # A connection for each transaction: the server may restart and this process may fork in between.
                self._engine = create_engine(
                    self._url, poolclass=NullPool, hide_parameters=True, connect_args=arguments
                )
            except (ArgumentError, NoSuchModuleError, ImportError) as error:
                raise StoreError(
                    f"no driver for this kind of database ({type(error).__name__})", where=self.where, todo=_FORM
                ) from None
        return self._engine

    def _told(self, error: Exception) -> str:
        """Return the first line of an error of the driver, without anything secret the connection string holds."""
        text = (str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__])[0]
        secrets = [self._url.password, *(str(value) for value in self._url.query.values())]
        for secret in secrets:
            text = text.replace(str(secret), "***") if secret else text
        return f"the database cannot be used: {text}"


_FORM = "write it as postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE or sqlite:///PATH"


def _may_repeat(error: Exception) -> bool:
    original = getattr(error, "orig", None)
    return getattr(original, "sqlstate", None) in _REPEATABLE or "database is locked" in str(original)
