"""The store in a database.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeVar

from pytest_selfheal.errors import DataError
from pytest_selfheal.errors import StoreError
from pytest_selfheal.model.records import FailureRecord
from pytest_selfheal.model.records import GeneratedTest
from pytest_selfheal.model.records import HealingEvent
from pytest_selfheal.model.records import ReviewEntry
from pytest_selfheal.model.runs import RunRecord
from pytest_selfheal.store.clock import DAY_S
from pytest_selfheal.store.clock import Clock
from pytest_selfheal.store.clock import normalised
from pytest_selfheal.store.lines import checked
from pytest_selfheal.store.lines import parse
from pytest_selfheal.store.notes import Notes
from pytest_selfheal.store.sql.connecting import Database

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy import Select

    from pytest_selfheal.model import History
    from pytest_selfheal.model import Pattern
    from pytest_selfheal.model import Record
    from pytest_selfheal.store.lines import Line

T = TypeVar("T")
R = TypeVar("R")

BATCH = 500
"""Records in one statement."""

_BATCHES_PER_RUN = 10
"""Batches of old records that the end of one run drops at most."""


class SqlStore:
    """`Store` in PostgreSQL or SQLite; any number of processes may write at once, each with its own object.

    Reading raises StoreError when the database cannot be reached or has no tables; writing notes it. A run uses it
    through `SpooledStore`, which keeps what cannot be written.

    Args:
        url: the connection string; no part of it that could be secret is ever told.
        now: the clock, seconds since the epoch or a datetime.
        retention_days: `prune` and `maintain` turn older records into counts.

    Raises:
        StoreError: the string cannot be used, or the extra `sql` is not installed.
    """

    def __init__(self, url: str, *, now: Callable[[], datetime | float], retention_days: float = 90) -> None:
        self._database = Database(url)
        self._retention_days = retention_days
        self._clock = Clock(now)
        self._notes = Notes()
        self._lost = 0
        self._is_checked = False

    @property
    def where(self) -> str:
        """The database as messages name it: without user, password and options."""
        return self._database.where

    @property
    def warnings(self) -> tuple[str, ...]:
        """See `Store`."""
        return self._notes.texts

    @property
    def lost(self) -> int:
        """See `Store`."""
        return self._lost

    def upgrade(self) -> tuple[int, int]:
        """Make or renew the tables; return the version found and the version now. Twice is safe.

        Raises:
            StoreError: not reachable, or made by a newer version.
        """
        from pytest_selfheal.store.sql import migrations

        return self._database.transaction(
            lambda connection: migrations.upgrade(connection, where=self.where), writes=True
        )

    def append(self, record: Record) -> bool:
        """See `Store`."""
        return self.commit([record])

    def commit(self, records: Sequence[Record]) -> bool:
        """See `Store`."""
        lines: list[Line] = []
        for record in records:
            try:
                lines.append(checked(record, self._clock.iso(DAY_S)))
            except DataError as error:
                self._lost += 1
                self._notes.add(f"a {record.kind} record was not kept: {error}", cause="record")
        try:
            self.write(lines)
        except StoreError as error:
            self._lost += len(lines)
            self._notes.add(str(error), cause="write")
            return False
        return len(lines) == len(records)

    def write(self, lines: Iterable[Line]) -> int:
        """Write lines in one transaction, as if each were written alone; return how many kinds could be kept.

        Raises:
            StoreError: nothing was written.
        """
        from pytest_selfheal.store.sql.writing import rows_by_kind
        from pytest_selfheal.store.sql.writing import upsert

        rows = rows_by_kind(lines)
        if rows:
            self._do(lambda connection: upsert(connection, rows, BATCH), writes=True)
        return sum(map(len, rows.values()))

    def history(self, signatures: Iterable[str], *, since: str) -> dict[str, History]:
        """See `Store`; counted in the database."""
        from pytest_selfheal.store.sql import counting

        names = list(signatures)
        return self._do(lambda connection: counting.histories(connection, names, normalised(since)))

    def runs(self, *, limit: int | None = None) -> list[RunRecord]:
        """See `Store`."""
        return self._read(RunRecord, "started_at", limit=limit)

    def failures(
        self, *, limit: int | None = None, run_id: str | None = None, since: str | None = None
    ) -> list[FailureRecord]:
        """See `Store`."""
        return self._do(lambda connection: self._failures(connection, limit, run_id, since))

    def _failures(
        self, connection: Connection, limit: int | None, run_id: str | None, since: str | None
    ) -> list[FailureRecord]:
        from pytest_selfheal.store.sql import counting

        query = self._query(FailureRecord, "created_at", limit, run_id=run_id)
        if since:
            from pytest_selfheal.store.sql.schema import failures

            query = query.where(failures.c.created_at >= normalised(since))
        found = self._records(connection, query, FailureRecord)
        signatures = list({record.signature for record in found})
        totals = counting.count(connection, signatures)
        tested = counting.with_test(connection, signatures)
        return [
            replace(one, occurrence_count=totals.get(one.signature, 0), test_generated=one.signature in tested)
            for one in found
        ]

    def events(
        self, *, limit: int | None = None, run_id: str | None = None, since: str | None = None
    ) -> list[HealingEvent]:
        """See `Store`."""
        from sqlalchemy import case

        from pytest_selfheal.store.sql.schema import events

        query = self._query(HealingEvent, "created_at", limit, run_id=run_id)
        if since:
            happened = case((events.c.created_at == "", events.c.updated_at), else_=events.c.created_at)
            query = query.where(happened >= normalised(since))
        return self._do(lambda connection: self._records(connection, query, HealingEvent))

    def reviews(self, *, status: str | None = None) -> list[ReviewEntry]:
        """See `Store`."""
        return self._read(ReviewEntry, "updated_at", status=status)

    def generated_tests(self) -> list[GeneratedTest]:
        """See `Store`."""
        return self._read(GeneratedTest, "created_at")

    def patterns(self) -> list[Pattern]:
        """See `Store`; counted in the database."""
        from pytest_selfheal.store.sql.patterns import read_patterns

        return self._do(read_patterns)

    def stats(self) -> dict[str, Any]:
        """Return plain JSON: `records` and `dropped` by kind, `oldest` and `newest` run starts or ""."""
        from pytest_selfheal.store.sql.writing import census

        return {"location": self.where, **self._do(census), "lost": self._lost}

    def raw_lines(self) -> list[bytes]:
        """Return the line of every record, ordered by kind and id."""
        from sqlalchemy import select

        from pytest_selfheal.store.sql.schema import TABLES

        def read(connection: Connection) -> list[bytes]:
            found: list[bytes] = []
            for table in TABLES.values():
                query = select(table.c.raw).order_by(table.c.id)
                found += [raw.encode("ascii") for raw in connection.execute(query).scalars()]
            return found

        return self._do(read)

    def maintain(self) -> None:
        """See `Store`: drop a part of what is past the retention time, so that no run waits long for it."""
        try:
            self.prune(most_batches=_BATCHES_PER_RUN)
        except StoreError as error:
            self._notes.add(str(error), cause="prune")

    def prune(self, *, most_batches: int | None = None) -> dict[str, int]:
        """Turn records past the retention time into counts; return by kind how many were dropped.

        Safe while others write, and in any number of processes at once, of which one does it.

        Raises:
            StoreError: the database cannot be used; what was dropped so far is counted.
        """
        from pytest_selfheal.store.sql import pruning

        moment = pruning.Moment(self._clock.iso(-self._retention_days * DAY_S), self._clock.iso())
        dropped: dict[str, int] = {}
        if most_batches is not None and not self._do(lambda connection: pruning.is_due(connection, moment.cutoff)):
            return dropped
        done = 0
        while most_batches is None or done < most_batches:
            batch = self._do(lambda connection: pruning.prune_batch(connection, moment), writes=True)
            if not batch:
                break
            done += 1
            for kind, count in batch.items():
                dropped[kind] = dropped.get(kind, 0) + count
        return dropped

    def verify(self) -> dict[str, Any]:
        """Return plain JSON: `records` by kind, `bad_rows`, whose line is no record or contradicts their columns, and
        `problems`, empty when the store is sound. Changes nothing.
        """
        from pytest_selfheal.store.sql.writing import examined

        found = self._do(examined)
        bad = sum(found["bad_rows"].values())
        problems = [f"{bad} damaged row(s); those without a readable record are skipped"] if bad else []
        return {"location": self.where, **found, "problems": problems}

    def pulse(self, window_s: float) -> tuple[Any, ...]:
        """Return values that are equal as long as nothing was written; of failures, events and runs only those count
        that began within the last `window_s` seconds.

        Raises:
            StoreError: the database cannot be used.
        """
        from pytest_selfheal.store.sql import news

        return self._do(lambda connection: news.pulse(connection, self._clock.iso(-window_s)))

    def news(self, window_s: float, limit: int) -> list[Record]:
        """Return runs, failures and events that began within the last `window_s` seconds, the last written last.

        Args:
            window_s: seconds.
            limit: the most of each kind, those written last.

        Raises:
            StoreError: the database cannot be used.
        """
        from pytest_selfheal.store.sql import news

        since = self._clock.iso(-window_s)
        classes: tuple[type[Record], ...] = (RunRecord, FailureRecord, HealingEvent)

        def read(connection: Connection) -> list[Record]:
            return [
                record
                for cls in classes
                for record in self._records(connection, news.query(cls.kind, since, limit), cls)
            ]

        return sorted(self._do(read), key=lambda record: record.updated_at)

    def close(self) -> None:
        """See `Store`."""
        self._database.close()

    def _do(self, work: Callable[[Connection], T], *, writes: bool = False) -> T:
        from pytest_selfheal.store.sql import migrations

        if not self._is_checked:
            self._database.transaction(lambda connection: migrations.check(connection, where=self.where))
            self._is_checked = True
        return self._database.transaction(work, writes=writes)

    def _read(self, cls: type[R], order: str, *, limit: int | None = None, **wanted: str | None) -> list[R]:
        query = self._query(cls, order, limit, **wanted)
        return self._do(lambda connection: self._records(connection, query, cls))

    def _query(self, cls: Any, order: str, limit: int | None, **wanted: str | None) -> Select[Any]:
        from sqlalchemy import select

        from pytest_selfheal.store.sql.schema import TABLES

        table = TABLES[cls.kind]
        query = select(table.c.raw).order_by(table.c[order].desc(), table.c.id.desc()).limit(limit)
        for name, value in wanted.items():
            if value is not None:
                query = query.where(table.c[name] == value)
        return query

    def _records(self, connection: Connection, query: Select[Any], cls: type[R]) -> list[R]:
        latest = self._clock.iso(DAY_S)
        found: list[R] = []
        for raw in connection.execute(query).scalars():
            try:
                record = parse(raw.encode("ascii"), latest).record
            except (DataError, UnicodeEncodeError) as error:
                self._notes.add(f"{self.where} holds a damaged record ({error}); it was skipped", cause="damaged")
                continue
            if isinstance(record, cls):
                found.append(record)
        return found
