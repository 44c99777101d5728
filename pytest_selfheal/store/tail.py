"""Follows a store while runs write it: the log of a folder, or a database.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import DataError
from pytest_selfheal.errors import StoreError
from pytest_selfheal.store.files import read_lines
from pytest_selfheal.store.layout import Layout
from pytest_selfheal.store.lines import parse

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_selfheal.model import Record
    from pytest_selfheal.store.layout import Segment
    from pytest_selfheal.store.sql.sql_store import SqlStore

_MOST_AT_ONCE = 500
_WINDOW_S = 3600.0
"""A runner delivers to a database what it wrote at most so long before, in seconds; later arrivals are no news."""


def follow(root: Path, *, url: str = "") -> Tail | DatabaseTail:
    """Return what follows the store in a folder, or in a database.

    Args:
        root: the store's folder, which need not exist yet.
        url: connection string of a database; empty for a store in the folder alone.

    Raises:
        StoreError: the connection string cannot be used, or the extra `sql` is not installed.
    """
    if not url:
        return Tail(root)
    from pytest_selfheal.store import open_database

    return DatabaseTail(open_database(url), Tail(root / "spool"))


class Tail:
    """Yields what was appended since it was made, across all processes that write; reads only, never raises.

    Args:
        root: the store's folder, which need not exist yet.
    """

    looks_every_s = 0.5

    def __init__(self, root: Path) -> None:
        self._layout = Layout(root)
        self._read = self.position()

    def new(self) -> list[Record]:
        """Return the records appended since the last call, in order for each writer; at most 500, the rest follows."""
        found: list[Record] = []
        for name, segment in self._segments().items():
            # What a compaction writes was all read before, in the segments that it replaced.
            if segment.merged or segment.size <= self._read.get(name, 0):
                continue
            found += self._records(name, segment.path, _MOST_AT_ONCE - len(found))
            if len(found) >= _MOST_AT_ONCE:
                break
        return found

    def position(self) -> dict[str, int]:
        """Return how far the log reaches now: equal positions mean that nothing was written between."""
        return {name: segment.size for name, segment in self._segments().items()}

    def _segments(self) -> dict[str, Segment]:
        try:
            return self._layout.segments(lambda _where, _error: None) if self._layout.check() else {}
        except (OSError, StoreError):
            return {}

    def _records(self, name: str, path: Path, most: int) -> list[Record]:
        found: list[Record] = []
        try:
            for _offset, end, raw in read_lines(path, self._read.get(name, 0)):
                self._read[name] = end
                try:
                    record = parse(raw).record
                except DataError:
                    continue
                if record is not None:
                    found.append(record)
                if len(found) >= most:
                    break
        except OSError:
            pass  # replaced or taken away between the listing and now
        return found


class DatabaseTail:
    """The same for a database: yields what any runner brought there, and what runs on this host are about to bring.

    Asks little while nothing happens; a database that is away is asked again at the next call.

    Args:
        store: the database.
        spool: follows the folder where runs on this host write first.
    """

    looks_every_s = 2.0

    def __init__(self, store: SqlStore, spool: Tail) -> None:
        self._store = store
        self._spool = spool
        self._pulse: tuple[Any, ...] = ()
        self._seen: dict[tuple[str, str, str], None] = {}
        self.new()  # what is there already is no news

    def new(self) -> list[Record]:
        """Return the records that came since the last call, each once; at most 500 of each kind."""
        found = self._spool.new()
        try:
            pulse = self._store.pulse(_WINDOW_S)
            if pulse != self._pulse:
                found += self._store.news(_WINDOW_S, _MOST_AT_ONCE)
                self._pulse = pulse
        except StoreError:
            pass
        fresh = {_key(record): record for record in found if _key(record) not in self._seen}
        self._seen.update(dict.fromkeys(fresh))
        for key in list(self._seen)[: max(0, len(self._seen) - 20 * _MOST_AT_ONCE)]:
            del self._seen[key]
        return list(fresh.values())

    def position(self) -> dict[str, Any]:
        """Return what is equal as long as nothing was written."""
        try:
            return {**self._spool.position(), "pulse": self._store.pulse(_WINDOW_S)}
        except StoreError as error:
            return {"away": error.what}


def _key(record: Record) -> tuple[str, str, str]:
    return record.kind, record.id, record.updated_at
