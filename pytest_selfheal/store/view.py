"""What one process has read of a store: the fold, kept up to date with the growing log.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.errors import DataError
from pytest_selfheal.store import snapshot as snapshots
from pytest_selfheal.store.clock import DAY_S
from pytest_selfheal.store.files import read_lines
from pytest_selfheal.store.fold import Fold
from pytest_selfheal.store.lines import BadLineError
from pytest_selfheal.store.lines import Line
from pytest_selfheal.store.lines import parse
from pytest_selfheal.store.notes import reason
from pytest_selfheal.store.snapshot import Snapshot
from pytest_selfheal.store.tallies import Merged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping

    from pytest_selfheal.store.clock import Clock
    from pytest_selfheal.store.layout import Layout
    from pytest_selfheal.store.layout import Segment
    from pytest_selfheal.store.notes import Notes
    from pytest_selfheal.store.quarantine import Quarantine

_TRIES = 6


class View:
    """Reads a store; never raises for what it finds there, but notes it.

    Args:
        layout: where the store lies.
        clock: decides what is in the future.
        notes: hears of everything that could not be read.
        quarantine: takes the bad lines.
        use_snapshot: False to read the whole log.
    """

    def __init__(
        self, layout: Layout, clock: Clock, notes: Notes, quarantine: Quarantine, *, use_snapshot: bool = True
    ) -> None:
        self._layout = layout
        self._clock = clock
        self._notes = notes
        self._quarantine = quarantine
        self._use_snapshot = use_snapshot
        self._unsaved: list[Line] = []
        self._started = False
        self._snapshot_covers: dict[str, int] = {}
        self.fold = Fold()
        self.covers: dict[str, int] = {}
        self.gone: dict[str, int] = {}
        self.partial = False
        """Whether something could not be read, so that nothing may be derived from what is missing."""
        self.snapshot_damaged = False

    def keep(self, line: Line) -> None:
        """Add a line that is on no disk."""
        self._unsaved.append(line)
        self.fold.add(line)

    def restart(self) -> None:
        """Forget what was read; the next `refresh` starts from the snapshot again."""
        self._started = False

    def refresh(self) -> Fold:
        """Read what is new and return the fold."""
        for _ in range(_TRIES):
            segments = self.segments()
            if not (self._started and self._reached().fits(segments)):
                self._start(segments)
            try:
                for segment in segments.values():
                    self._read(segment)
            except FileNotFoundError:
                # A compaction replaced it since the listing; what it put in its place shows in the next one.
                self.restart()
                continue
            break
        else:
            self.partial = True
            self._notes.add(f"{self._layout.log}: its files changed so often that it could not be read in full")
        if self.fold.ambiguous:
            self.fold.settle(self.raw_lines())
        return self.fold

    def segments(self) -> dict[str, Segment]:
        """Return the segments there are now."""
        return self._layout.segments(self._failed)

    def uncovered(self) -> tuple[int, int]:
        """Return how many segments, and how many bytes, a start from the present snapshot has to read."""
        missing = [size - self._snapshot_covers.get(name, 0) for name, size in self.covers.items()]
        return sum(size > 0 for size in missing), sum(missing)

    def save(self) -> None:
        """Write the snapshot of what was read.

        Raises:
            OSError: it could not be written.
        """
        snapshots.write(self._layout.snapshot, self._reached())
        self._snapshot_covers = dict(self.covers)
        self.snapshot_damaged = False

    def raw_lines(self) -> Iterator[bytes]:
        """Yield the lines of the log, unjudged, and those that are on no disk; some may come twice."""
        yield from self.unsaved_lines()
        for _ in range(_TRIES):
            try:
                for segment in self.segments().values():
                    try:
                        for _, _, raw in read_lines(segment.path, self.gone.get(segment.name, 0)):
                            yield raw
                    except FileNotFoundError:
                        raise
                    except OSError as error:
                        self._failed(f"log/{segment.name}", error)
            except FileNotFoundError:
                continue
            return

    def unsaved_lines(self) -> Iterator[bytes]:
        """Yield the lines that are on no disk."""
        return (line.raw for line in self._unsaved)

    def latest(self) -> str:
        """Return the greatest time a record may carry."""
        return self._clock.iso(DAY_S)

    def _reached(self) -> Snapshot:
        return Snapshot(self.covers, self.gone, self.fold)

    def _start(self, segments: Mapping[str, Segment]) -> None:
        self._started = True
        self.partial = False
        found = self._load() if self._use_snapshot else None
        if found is None or not found.fits(segments):
            found = Snapshot({}, self._replaced(segments), Fold())
        self.covers, self.gone, self.fold = found
        self._snapshot_covers = dict(self.covers)
        for line in self._unsaved:
            self.fold.add(line)

    def _load(self) -> Snapshot | None:
        try:
            return snapshots.read(self._layout.snapshot)
        except FileNotFoundError:
            return None
        except (OSError, DataError) as error:
            self.snapshot_damaged = True
            self._notes.add(
                f"{self._layout.snapshot} cannot be used ({reason(error)}); the log was read instead", cause="snapshot"
            )
            return None

    def _replaced(self, segments: Mapping[str, Segment]) -> dict[str, int]:
        gone: dict[str, int] = {}
        for segment in segments.values():
            if segment.merged:
                try:
                    merge_names(gone, replaced_by(segment))
                except OSError as error:
                    self._failed(f"log/{segment.name}", error)
        return gone

    def _read(self, segment: Segment) -> None:
        start = max(self.covers.get(segment.name, 0), self.gone.get(segment.name, 0))
        if segment.size <= start:
            return
        latest = self.latest()
        try:
            for offset, end, raw in read_lines(segment.path, start):
                try:
                    line = parse(raw, latest)
                except BadLineError as error:
                    self._quarantine.put(segment.name, offset, raw, error.what)
                else:
                    self.fold.add(line)
                self.covers[segment.name] = end
        except FileNotFoundError:
            raise
        except OSError as error:
            self._failed(f"log/{segment.name}", error)

    def _failed(self, where: str, error: Exception) -> None:
        # A refused link is no part of the store; only what could not be read of it makes the view partial.
        self.partial = self.partial or isinstance(error, OSError)
        self._notes.failed("cannot be read", self._layout.root / where, error)


def replaced_by(segment: Segment) -> dict[str, int]:
    """Return the segments, and their bytes, that a merged segment stands for: its leading lines say so.

    Raises:
        OSError: the segment cannot be read.
    """
    gone: dict[str, int] = {}
    for _, _, raw in read_lines(segment.path):
        try:
            record = parse(raw).record
        except BadLineError:
            continue
        if not isinstance(record, Merged):
            break
        merge_names(gone, record.replaces)
    return gone


def merge_names(into: dict[str, int], more: Mapping[str, int]) -> None:
    """Add sizes by name to `into`; of two sizes of one name the greater stays."""
    for name, size in more.items():
        into[name] = max(size, into.get(name, 0))
