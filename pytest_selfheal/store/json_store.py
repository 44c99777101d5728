"""The JSON store: an append-only log of segments, a snapshot of it, and nothing that a crash could break.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeVar

from pytest_selfheal.errors import DataError
from pytest_selfheal.errors import StoreError
from pytest_selfheal.store.clock import DAY_S
from pytest_selfheal.store.clock import Clock
from pytest_selfheal.store.layout import Layout
from pytest_selfheal.store.lines import checked_raw
from pytest_selfheal.store.lines import line_of
from pytest_selfheal.store.notes import Notes
from pytest_selfheal.store.notes import reason
from pytest_selfheal.store.segment import SegmentWriter

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
    from pytest_selfheal.model import PatternResult
    from pytest_selfheal.model import Record
    from pytest_selfheal.model import ReviewEntry
    from pytest_selfheal.model import RunRecord
    from pytest_selfheal.store.compact import CompactReport
    from pytest_selfheal.store.fold import Fold
    from pytest_selfheal.store.layered import Layered
    from pytest_selfheal.store.quarantine import Quarantine
    from pytest_selfheal.store.queries import Piece
    from pytest_selfheal.store.verify import VerifyReport
    from pytest_selfheal.store.view import View

COMPACT_SEGMENTS = 200
COMPACT_BYTES = 20 << 20
SNAPSHOT_SEGMENTS = 20
SNAPSHOT_BYTES = 1 << 20


_READ_BACK = 200
_TRIES = 6

T = TypeVar("T")


class JsonStore:
    """`Store` in a folder. Making one touches no file, nor does reading.

    Whatever goes wrong becomes a warning: a record that cannot be written is counted as lost and stays readable in this
    process. Safe for any number of processes at once, each with its own object; not for several threads.

    Args:
        root: the folder, created at the first append.
        now: the clock, seconds since the epoch or a datetime.
        retention_days: compaction turns older records into counts.
        read_only: write nothing at all; appended records stay in memory and count as lost.
    """

    def __init__(
        self,
        root: Path,
        *,
        now: Callable[[], datetime | float],
        retention_days: float = 90,
        read_only: bool = False,
    ) -> None:
        self.root = root
        self.error: StoreError | None = None
        """Why nothing of the store may be read or written (a newer version, a link); None when it may."""
        self._retention_days = retention_days
        self._read_only = read_only
        self._memory_only = read_only
        self._lost = 0
        self._checked: dict[str, int] = {}
        self._notes = Notes()
        self._clock = Clock(now)
        self._layout = Layout(root)
        self._writer = SegmentWriter(self._layout, self._clock)

    # Reading is most of the code and none of what a green run needs: it is loaded when something is read.

    @cached_property
    def _quarantine(self) -> Quarantine:
        from pytest_selfheal.store.quarantine import Quarantine

        return Quarantine(self._layout.quarantine, self._notes, writable=not self._read_only)

    @cached_property
    def _view(self) -> View:
        from pytest_selfheal.store.view import View

        return View(self._layout, self._clock, self._notes, self._quarantine)

    @property
    def warnings(self) -> tuple[str, ...]:
        """See `Store`."""
        return self._notes.texts

    @property
    def lost(self) -> int:
        """See `Store`."""
        return self._lost

    def append(self, record: Record) -> bool:
        """See `Store`. A record that could not be read back is refused instead of written."""
        try:
            seen = self._checked[record.kind] = self._checked.get(record.kind, 0) + 1
            # After so many good ones of a kind the next is good as well; a bad one would be set aside when it is read.
            raw = checked_raw(record, self._clock.iso(DAY_S), read_back=seen <= _READ_BACK)
        except DataError as error:
            self._lost += 1
            self._notes.add(f"a {record.kind} record was not kept: {error}", cause="record")
            return False
        if not self._memory_only:
            try:
                self._writer.write(raw)
            except (OSError, StoreError) as error:
                self._give_up(error)
            else:
                return True
        self._lost += 1
        self._view.keep(line_of(record, raw))
        return False

    def commit(self, records: Sequence[Record]) -> bool:
        """See `Store`."""
        kept = [self.append(record) for record in records]
        if self._memory_only:
            return False
        try:
            self._writer.sync()
        except OSError as error:
            self._notes.failed("what was written may not survive a power loss", self.root, error)
            return False
        return all(kept)

    def history(self, signatures: Iterable[str], *, since: str) -> dict[str, History]:
        """See `Store`."""
        from pytest_selfheal.store import queries

        names = list(signatures)
        return self._ask(lambda fold: queries.history(fold, names, since))

    def runs(self, *, limit: int | None = None) -> list[RunRecord]:
        """See `Store`."""
        from pytest_selfheal.store import queries

        return self._ask(lambda fold: queries.runs(fold, limit))

    def failures(
        self, *, limit: int | None = None, run_id: str | None = None, since: str | None = None
    ) -> list[FailureRecord]:
        """See `Store`."""
        from pytest_selfheal.store import queries

        return self._ask(
            lambda fold: queries.failures(
                fold,
                self._pieces("failure", run_id, since),
                limit=limit,
                run_id=run_id,
                since=since,
                latest=self._view.latest(),
            )
        )

    def events(
        self, *, limit: int | None = None, run_id: str | None = None, since: str | None = None
    ) -> list[HealingEvent]:
        """See `Store`."""
        from pytest_selfheal.store import queries

        return self._ask(
            lambda fold: queries.events(
                fold,
                self._pieces("event", run_id, since),
                limit=limit,
                run_id=run_id,
                since=since,
                latest=self._view.latest(),
            )
        )

    def reviews(self, *, status: str | None = None) -> list[ReviewEntry]:
        """See `Store`."""
        from pytest_selfheal.store import queries

        return self._ask(lambda fold: queries.reviews(fold, status))

    def generated_tests(self) -> list[GeneratedTest]:
        """See `Store`."""
        from pytest_selfheal.store import queries

        return self._ask(queries.generated_tests)

    def patterns(self) -> list[Pattern]:
        """See `Store`."""
        from pytest_selfheal.store import queries

        return self._ask(queries.patterns)

    def pattern_results(self) -> list[PatternResult]:
        """See `KeepsResults`."""
        from pytest_selfheal.store import queries

        return self._ask(queries.pattern_results)

    def stats(self) -> dict[str, Any]:
        """Return plain JSON.

        `records` and `dropped` count by kind, `segments`, `merged`, `bytes` and `snapshot_bytes` describe the log,
        `quarantined` and `quarantine_bytes` the lines set aside, `oldest` and `newest` are run starts or "".
        """
        segments = self._view.segments() if self._usable() else {}
        quarantined, quarantine_bytes = self._quarantine.usage()
        return {
            "location": str(self.root),
            "version": self._layout.version(),
            **self._ask(_counted),
            "segments": len(segments),
            "merged": sum(segment.merged for segment in segments.values()),
            "bytes": sum(segment.size for segment in segments.values()),
            "snapshot_bytes": self._layout.snapshot_bytes(),
            "quarantined": quarantined,
            "quarantine_bytes": quarantine_bytes,
            "lost": self._lost,
        }

    def maintain(self) -> None:
        """Keep the next start fast; called at the end of a session, never raises, twice is safe.

        Compacts above 200 segments or 20 MB outside merged ones, else renews the snapshot above 20 segments or 1 MB
        that it does not cover.
        """
        if self._memory_only or not self._usable() or not self._layout.root.exists():
            return
        if self._few_are_newer_than_the_snapshot():
            return
        if not self._is_read():
            return
        segments = self._view.segments()
        plain = [segment.size for name, segment in segments.items() if not segment.merged and name in self._view.covers]
        if len(plain) > COMPACT_SEGMENTS or sum(plain) > COMPACT_BYTES:
            self.compact()
            return
        count, size = self._view.uncovered()
        due = count > SNAPSHOT_SEGMENTS or size > SNAPSHOT_BYTES or self._view.is_costly
        if due and not self._view.partial:
            try:
                self._view.save()
            except (OSError, DataError) as error:
                self._notes.failed("cannot be written", self._layout.snapshot, error)

    def compact(self) -> CompactReport:
        """Merge finished segments into one and turn records past the retention time into counts; never raises.

        Does not wait: when another process compacts, or nothing can be done, the report says so.
        """
        from pytest_selfheal.store.compact import Compaction
        from pytest_selfheal.store.compact import CompactReport

        if self._read_only:
            return CompactReport(done=False, reason="the store was opened for reading only")
        if not self._usable():
            return CompactReport(done=False, reason=self.error.what if self.error else "the store cannot be used")
        if not self._layout.root.exists():
            return CompactReport(done=False, reason="there is no store yet")
        report = Compaction(
            self._layout,
            self._clock,
            self._notes,
            self._quarantine,
            retention_days=self._retention_days,
            own=self._writer.name,
        ).run()
        self._view.restart()
        return report

    def verify(self) -> VerifyReport:
        """Look the store over without changing anything; never raises."""
        from pytest_selfheal.store.verify import Verification

        return Verification(self._layout, self._clock, Notes()).run()

    def close(self) -> None:
        """See `Store`; everything stays readable, and a later append starts a new segment."""
        self._writer.close()

    def _ask(self, question: Callable[[Fold | Layered], T]) -> T:
        """Answer a question; when a block of the snapshot cannot be used, or a file went away meanwhile, once more."""
        from pytest_selfheal.store.saved import BrokenBlockError

        for _ in range(_TRIES):
            try:
                return question(self._view.refresh() if self._usable() else self._view.fold)
            except BrokenBlockError as error:
                self._view.distrust(error)
            except FileNotFoundError:
                self._view.restart()
        raise StoreError("its files changed so often that it could not be read", where=str(self.root))

    def _is_read(self) -> bool:
        try:
            self._ask(lambda _fold: None)
        except StoreError as error:
            self._notes.add(str(error), cause="changing")
            return False
        return True

    def _pieces(self, kind: str, run_id: str | None, since: str | None) -> Iterable[Piece]:
        from pytest_selfheal.store.clock import normalised

        return self._view.pieces(kind, run_id, normalised(since) if since else None)

    def _few_are_newer_than_the_snapshot(self) -> bool:
        """Tell from times and sizes alone that maintenance cannot be due: most runs end here."""
        try:
            renewed_ns = self._layout.snapshot.lstat().st_mtime_ns if self._layout.snapshot.exists() else 0
            files = [path.lstat() for path in self._layout.log.rglob("*.jsonl")]
        except OSError:
            return False
        if "_view" in self.__dict__ and self._view.is_costly:
            return False
        newer = [file.st_size for file in files if file.st_mtime_ns >= renewed_ns]
        is_small = len(files) <= COMPACT_SEGMENTS and sum(file.st_size for file in files) <= COMPACT_BYTES
        return is_small and len(newer) <= SNAPSHOT_SEGMENTS and sum(newer) <= SNAPSHOT_BYTES

    def _usable(self) -> bool:
        try:
            self._layout.check()
        except StoreError as error:
            self._refuse(error)
            return False
        except OSError as error:
            self._notes.failed("the store cannot be read", self.root, error)
            return False
        return True

    def _refuse(self, error: StoreError) -> None:
        self.error = error
        self._memory_only = True
        self._notes.add(str(error), cause="refused")

    def _give_up(self, error: OSError | StoreError) -> None:
        self._memory_only = True
        if isinstance(error, StoreError):
            self._refuse(error)
        else:
            self._notes.add(
                f"{self.root}: records cannot be written ({reason(error)}); from here on they are lost with this run",
                cause="write",
            )


def _counted(fold: Fold | Layered) -> dict[str, Any]:
    from pytest_selfheal.store.fold import KEPT
    from pytest_selfheal.store.fold import TABLED
    from pytest_selfheal.store.tallies import Tally

    dropped: dict[str, int] = {}
    for tally in fold.of(Tally):
        for kind, count in tally.dropped.items():
            dropped[kind] = dropped.get(kind, 0) + count
    kinds = sorted([*TABLED, *(cls.kind for cls in KEPT if cls is not Tally)])
    oldest, newest = fold.started()
    return {
        "records": {kind: fold.count(kind) for kind in kinds},
        "dropped": dict(sorted(dropped.items())),
        "oldest": oldest,
        "newest": newest,
    }
