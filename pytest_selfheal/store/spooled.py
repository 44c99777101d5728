"""A database behind a spool: a run writes to a folder at once, and to the database when it commits or asks.

Nothing is lost when the database is away, or this process is killed: what lies in the spool is delivered by the next
run. Delivering twice changes nothing.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeVar

from pytest_selfheal.errors import DataError
from pytest_selfheal.errors import StoreError
from pytest_selfheal.store.json_store import JsonStore
from pytest_selfheal.store.notes import Notes

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import GeneratedTest
    from pytest_selfheal.model import HealingEvent
    from pytest_selfheal.model import History
    from pytest_selfheal.model import Pattern
    from pytest_selfheal.model import Record
    from pytest_selfheal.model import ReviewEntry
    from pytest_selfheal.model import RunRecord
    from pytest_selfheal.store.lines import Line
    from pytest_selfheal.store.protocol import Store
    from pytest_selfheal.store.sql.sql_store import SqlStore

T = TypeVar("T")

_PART = 2000
"""Lines delivered in one transaction."""


class SpooledStore:
    """`Store` as a run uses a database; making one touches no file and connects to nothing.

    When the database cannot be used, one warning says so, questions are answered from the spool, and everything written
    stays there.

    Args:
        folder: `.selfheal`; the spool is a JSON store below it.
        url: the connection string.
        now: the clock.
        retention_days: `maintain` turns older records in the database into counts.
    """

    def __init__(
        self, folder: Path, url: str, *, now: Callable[[], datetime | float], retention_days: float = 90
    ) -> None:
        self._retention_days = retention_days
        self._url = url
        self._now = now
        self._notes = Notes()
        self._spool = JsonStore(folder / "spool", now=now)
        self._opened: SqlStore | None = None
        self._is_away = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """See `Store`."""
        more = self._opened.warnings if self._opened is not None else ()
        return (*self._notes.texts, *self._spool.warnings, *more)

    @property
    def lost(self) -> int:
        """See `Store`; what waits in the spool is not lost."""
        return self._spool.lost

    def append(self, record: Record) -> bool:
        """See `Store`; written to the spool, which survives a kill of this process."""
        return self._spool.append(record)

    def commit(self, records: Sequence[Record]) -> bool:
        """See `Store`; True as well when the records are safe in the spool."""
        kept = self._spool.commit(records)
        self._deliver()
        return kept

    def history(self, signatures: Iterable[str], *, since: str) -> dict[str, History]:
        """See `Store`."""
        names = list(signatures)
        return self._ask(lambda store: store.history(names, since=since))

    def runs(self, *, limit: int | None = None) -> list[RunRecord]:
        """See `Store`."""
        return self._ask(lambda store: store.runs(limit=limit))

    def failures(
        self, *, limit: int | None = None, run_id: str | None = None, since: str | None = None
    ) -> list[FailureRecord]:
        """See `Store`."""
        return self._ask(lambda store: store.failures(limit=limit, run_id=run_id, since=since))

    def events(
        self, *, limit: int | None = None, run_id: str | None = None, since: str | None = None
    ) -> list[HealingEvent]:
        """See `Store`."""
        return self._ask(lambda store: store.events(limit=limit, run_id=run_id, since=since))

    def reviews(self, *, status: str | None = None) -> list[ReviewEntry]:
        """See `Store`."""
        return self._ask(lambda store: store.reviews(status=status))

    def generated_tests(self) -> list[GeneratedTest]:
        """See `Store`."""
        return self._ask(lambda store: store.generated_tests())

    def patterns(self) -> list[Pattern]:
        """See `Store`."""
        return self._ask(lambda store: store.patterns())

    def stats(self) -> dict[str, Any]:
        """Return plain JSON: that of the database, and in `spooled` how many records wait for it."""
        answer = self._ask(lambda store: store.stats())
        return {**answer, "spooled": sum(self._spool.stats()["records"].values()) if self._waiting() else 0}

    def maintain(self) -> None:
        """See `Store`; the spool is emptied by delivering it, the database drops a part of what is too old."""
        if self._opened is not None and not self._is_away:
            self._opened.maintain()

    def close(self) -> None:
        """See `Store`."""
        self._spool.close()
        if self._opened is not None:
            self._opened.close()

    def _ask(self, question: Callable[[Store], T]) -> T:
        """Answer from the database, with everything written so far in it; from the spool when it is away."""
        if self._deliver():
            try:
                return question(self._database())
            except StoreError as error:
                self._give_up(error)
        return question(self._spool)

    def _deliver(self) -> bool:
        """Bring the spool into the database and return whether that can be used; the first failure is the last try."""
        if self._is_away:
            return False
        try:
            self._empty()
        except StoreError as error:
            self._give_up(error)
        except OSError as error:
            self._notes.failed("the spool cannot be read", self._spool.root, error)
        return not self._is_away

    def _give_up(self, error: StoreError) -> None:
        self._is_away = True
        todo = f" ({error.todo})" if error.todo else ""
        where = f"{error.where}: " if error.where else ""
        self._notes.add(
            f"{where}{error.what}{todo}; records wait in {self._spool.root} and are delivered by the next run",
            cause="away",
        )

    def _database(self) -> SqlStore:
        if self._opened is None:
            from pytest_selfheal.store.sql.sql_store import SqlStore

            self._opened = SqlStore(self._url, now=self._now, retention_days=self._retention_days)
        return self._opened

    def _waiting(self) -> bool:
        return (self._spool.root / "log").is_dir()

    def _empty(self) -> None:
        from pytest_selfheal.store import lock
        from pytest_selfheal.store.layout import Layout

        if not self._waiting():
            return
        self._spool.close()  # what this process writes next goes into another segment
        layout = Layout(self._spool.root)
        layout.check()
        with lock.held(layout.lock) as mine:
            if not mine:
                return  # another process is delivering this spool
            for segment in layout.segments(
                lambda where, error: self._notes.failed("is left alone", where, error)
            ).values():
                if not lock.writer_holds(segment.path) and self._send(segment.path):
                    with contextlib.suppress(FileNotFoundError):
                        segment.path.unlink()

    def _send(self, path: Path) -> bool:
        """Deliver a segment and return whether it may go; records dated in the future wait in it for their time."""
        from pytest_selfheal.store.clock import DAY_S
        from pytest_selfheal.store.clock import Clock
        from pytest_selfheal.store.files import read_lines
        from pytest_selfheal.store.lines import FutureLineError
        from pytest_selfheal.store.lines import parse

        latest = Clock(self._now).iso(DAY_S)
        part: list[Line] = []
        done = True
        for _, _, raw in read_lines(path):
            try:
                part.append(parse(raw, latest))
            except FutureLineError:
                done = False
            except DataError as error:
                self._notes.add(f"a damaged record in {path} was skipped: {error}", cause=str(path))
            if len(part) >= _PART:
                self._database().write(part)
                part = []
        self._database().write(part)
        return done
