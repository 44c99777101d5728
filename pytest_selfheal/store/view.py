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
from pytest_selfheal.store.layered import Layered
from pytest_selfheal.store.lines import BadLineError
from pytest_selfheal.store.lines import Line
from pytest_selfheal.store.lines import parse
from pytest_selfheal.store.notes import reason
from pytest_selfheal.store.queries import Piece
from pytest_selfheal.store.saved import BrokenBlockError
from pytest_selfheal.store.saved import Saved
from pytest_selfheal.store.snapshot import fits
from pytest_selfheal.store.spans import Measuring
from pytest_selfheal.store.tallies import Merged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping

    from pytest_selfheal.store.clock import Clock
    from pytest_selfheal.store.layout import Layout
    from pytest_selfheal.store.layout import Segment
    from pytest_selfheal.store.notes import Notes
    from pytest_selfheal.store.quarantine import Quarantine
    from pytest_selfheal.store.snapshot import Summary
    from pytest_selfheal.store.spans import Span

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
        self._was_gone = False
        self._started = False
        self._snapshot_covers: dict[str, int] = {}
        self._spans: list[Span] = []
        self.fold: Fold | Layered = Fold()
        self.covers: dict[str, int] = {}
        self.gone: dict[str, int] = {}
        self.partial = False
        """Whether something could not be read, so that nothing may be derived from what is missing."""
        self.is_costly = False
        """Whether reading would be cheaper with a new snapshot: the present one is damaged, of an earlier version, or
        had to be read whole, since a run began before it and ended after it."""

    def keep(self, line: Line) -> None:
        """Add a line that is on no disk."""
        self._unsaved.append(line)
        self.fold.add(line)

    def restart(self) -> None:
        """Forget what was read; the next `refresh` starts from the snapshot again."""
        self._started = False

    def distrust(self, error: BrokenBlockError) -> None:
        """Start again after a block of the snapshot could not be used: from a newer snapshot, or from the log."""
        self.restart()
        # A file that is gone was replaced by that of a newer snapshot; one that is gone from that as well was removed.
        if not error.is_gone or self._was_gone:
            self._damaged(error)
            self._use_snapshot = False
        self._was_gone = error.is_gone

    def refresh(self) -> Fold | Layered:
        """Read what is new and return the fold.

        Raises:
            BrokenBlockError: see `distrust`.
        """
        for _ in range(_TRIES):
            segments = self.segments()
            if not (self._started and fits(self.covers, self.gone, segments)):
                self._start(segments)
            try:
                for segment in segments.values():
                    self._read(segment)
            except FileNotFoundError:
                # A compaction replaced it since the listing; what it put in its place shows in the next one.
                self.restart()
                continue
            if isinstance(self.fold, Layered) and self.fold.meets():
                self._melt(self.fold.base)
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
            BrokenBlockError: the present one cannot be read, so that nothing can be added to it.
        """
        from pytest_selfheal.store.saving import save

        save(self._layout, self._clock, self.fold, covers=self.covers, gone=self.gone, spans=self.spans())
        self._snapshot_covers = dict(self.covers)
        self.is_costly = False
        self.restart()

    def spans(self) -> list[Span]:
        """Return what lies where in the log, as far as it was read."""
        return [*(self.fold.base.spans if isinstance(self.fold, Layered) else ()), *self._spans]

    def pieces(self, kind: str, run_id: str | None, since: str | None) -> Iterator[Piece]:
        """Yield the parts of the log that may hold wanted records of a kind, those with the newest first.

        Raises:
            FileNotFoundError: while a piece is read, when a compaction replaced its segment.
        """
        if self._unsaved:
            yield Piece("~", self.unsaved_lines())  # after every time
        wanted = [span for span in self.spans() if span.may_hold(kind, run_id, since)]
        for span in sorted(wanted, key=lambda one: one.newest[kind], reverse=True):
            yield Piece(span.newest[kind], self._lines_of(span))

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

    def _start(self, segments: Mapping[str, Segment]) -> None:
        self._started = True
        self.partial = False
        self._spans = []
        summary = self._load() if self._use_snapshot else None
        if summary is None or not summary.fits(segments):
            self.covers, self.gone, self.fold = {}, self._replaced(segments), Fold()
        else:
            self.covers, self.gone = dict(summary.covers), dict(summary.gone)
            self.fold = Layered(Saved(self._layout.blocks, summary))
        self._snapshot_covers = dict(self.covers)
        self._add_unsaved()

    def _melt(self, base: Saved) -> None:
        self.fold, self._spans = base.load(), list(base.spans)
        self.covers, self.gone = dict(base.summary.covers), dict(base.summary.gone)
        self.is_costly = True
        self._add_unsaved()

    def _add_unsaved(self) -> None:
        for line in self._unsaved:
            self.fold.add(line)

    def _load(self) -> Summary | None:
        try:
            return snapshots.read(self._layout.snapshot)
        except FileNotFoundError:
            return None
        except snapshots.OlderSnapshotError:
            self.is_costly = True
            return None
        except (OSError, DataError) as error:
            self._damaged(error)
            return None

    def _damaged(self, error: Exception) -> None:
        self.is_costly = True
        self._notes.add(
            f"{self._layout.snapshot} cannot be used ({reason(error)}); the log was read instead", cause="snapshot"
        )

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
        measuring = Measuring(segment.name, start)
        try:
            for offset, end, raw in read_lines(segment.path, start):
                line: Line | None = None
                try:
                    line = parse(raw, latest)
                except BadLineError as error:
                    self._quarantine.put(segment.name, offset, raw, error.what)
                else:
                    self.fold.add(line)
                self.covers[segment.name] = end
                self._note(measuring.add(line, end))
        except FileNotFoundError:
            raise
        except OSError as error:
            self._failed(f"log/{segment.name}", error)
        self._note(measuring.rest())

    def _note(self, span: Span | None) -> None:
        if span is not None:
            self._spans.append(span)

    def _lines_of(self, span: Span) -> Iterator[bytes]:
        path = self._layout.segment_path(span.segment)
        try:
            for _, _, raw in read_lines(path, span.start, span.end):
                yield raw
        except FileNotFoundError:
            raise
        except OSError as error:
            self._failed(f"log/{span.segment}", error)

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
            line = parse(raw)
        except BadLineError:
            continue
        record = line.record if line.kind == Merged.kind else None
        if not isinstance(record, Merged):
            break
        merge_names(gone, record.replaces)
    return gone


def merge_names(into: dict[str, int], more: Mapping[str, int]) -> None:
    """Add sizes by name to `into`; of two sizes of one name the greater stays."""
    for name, size in more.items():
        into[name] = max(size, into.get(name, 0))
