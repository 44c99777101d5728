"""Compaction: many finished segments become one, old records become counts.

The log stays the only truth. The merged segment appears whole, by rename, and names what it stands for; from that
moment readers skip those segments, and only then are they deleted. So a crash at any point leaves the old state or the
new one, and nothing is counted twice.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import NamedTuple

from pytest_selfheal.errors import DataError
from pytest_selfheal.model.runs import RunRecord
from pytest_selfheal.model.value import Value
from pytest_selfheal.store import lock
from pytest_selfheal.store import retention
from pytest_selfheal.store.clock import DAY_S
from pytest_selfheal.store.files import read_lines
from pytest_selfheal.store.files import sync_directory
from pytest_selfheal.store.files import write_atomically
from pytest_selfheal.store.fold import TABLED
from pytest_selfheal.store.fold import Fold
from pytest_selfheal.store.fold import is_beaten
from pytest_selfheal.store.layout import folders
from pytest_selfheal.store.layout import this_host
from pytest_selfheal.store.lines import BadLineError
from pytest_selfheal.store.lines import FutureLineError
from pytest_selfheal.store.lines import Line
from pytest_selfheal.store.lines import chunked
from pytest_selfheal.store.lines import encode
from pytest_selfheal.store.lines import parse
from pytest_selfheal.store.notes import reason
from pytest_selfheal.store.tallies import Merged
from pytest_selfheal.store.view import View
from pytest_selfheal.store.view import merge_names
from pytest_selfheal.store.view import replaced_by

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_selfheal.store.clock import Clock
    from pytest_selfheal.store.layout import Layout
    from pytest_selfheal.store.layout import Segment
    from pytest_selfheal.store.notes import Notes
    from pytest_selfheal.store.quarantine import Quarantine

Key = tuple[str, str]


@dataclass(frozen=True)
class CompactReport(Value):
    """What a compaction did. `records` is what the merged segment holds, `dropped` counts by kind what grew too old."""

    done: bool
    reason: str
    segments_before: int = 0
    segments_after: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    records: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


class Content(NamedTuple):
    """A segment as read: its lines but those of failures and events, where it ends, and whether its run did.

    A million lines of failures and events are more than memory should hold: they are read once more when they are
    written.
    """

    lines: list[Line]
    end: int
    run_ended: bool


class Compaction:
    """One attempt at compacting; made, run once, thrown away.

    Args:
        layout: where the store lies.
        clock: decides what is old.
        notes: hears of what went wrong.
        quarantine: takes the bad lines, which the merged segment no longer holds.
        retention_days: records older than this become counts.
        own: name of the segment this process writes, which is left alone.
    """

    def __init__(
        self, layout: Layout, clock: Clock, notes: Notes, quarantine: Quarantine, *, retention_days: float, own: str
    ) -> None:
        self._layout = layout
        self._clock = clock
        self._notes = notes
        self._quarantine = quarantine
        self._retention_s = retention_days * DAY_S
        self._own = own
        self._fold = Fold()
        self._winners: dict[Key, Line] = {}
        self._kept_ids: set[Key] = set()
        self._future: list[bytes] = []
        self._written = 0

    def run(self) -> CompactReport:
        """Compact unless another process does; never raises, and says in the report what stood in the way."""
        try:
            with lock.held(self._layout.lock) as mine:
                if not mine:
                    return CompactReport(done=False, reason="another process is compacting this store")
                return self._locked()
        except (OSError, DataError) as error:
            self._notes.failed("compaction stopped", self._layout.root, error)
            return CompactReport(done=False, reason=reason(error))

    def _locked(self) -> CompactReport:
        self._remove_temporaries()
        segments = self._layout.segments(_raise)
        gone: dict[str, int] = {}
        for segment in segments.values():
            if segment.merged:
                merge_names(gone, replaced_by(segment))
        finished: dict[str, int] = {}
        leftovers: list[Segment] = []
        for name, segment in segments.items():
            if segment.size <= gone.get(name, -1):
                leftovers.append(segment)
                continue
            content = self._content(segment, gone.get(name, 0))
            if self._is_finished(segment, run_ended=content.run_ended):
                finished[name] = content.end
                self._take(content.lines)
            else:
                self._kept_ids.update(_ids_in(segment, gone.get(name, 0)))
        return self._merge(segments, gone, finished, leftovers)

    def _merge(
        self, segments: dict[str, Segment], gone: dict[str, int], finished: dict[str, int], leftovers: list[Segment]
    ) -> CompactReport:
        if self._fold.ambiguous:
            self._fold.settle(raw for segment in segments.values() for _, _, raw in read_lines(segment.path))
        cutoff = self._clock.iso(-self._retention_s)
        old = retention.outdated(self._winners.values(), self._fold, self._kept_ids.__contains__, cutoff)
        dropped = old.dropped
        done = len(finished) > 1 or bool(dropped)
        if done:
            name = self._layout.new_segment(self._clock.stamp(), "merged")
            parts = [(segments[part], gone.get(part, 0), end) for part, end in finished.items()]
            merge_names(finished, self._remembered(gone, segments))
            write_atomically(self._month_for(name), self._lines_of(name, finished, parts, old))
        self._fold = Fold()  # the snapshot is made of the new log, and memory should not hold both
        self._save_snapshot()
        replaced = [segment for segment in segments.values() if done and segment.name in finished]
        self._delete([*replaced, *leftovers])
        after = self._layout.segments(_raise)
        return CompactReport(
            done=done,
            reason="" if done else "fewer than two segments are finished and nothing is too old",
            segments_before=len(segments),
            segments_after=len(after),
            bytes_before=sum(segment.size for segment in segments.values()),
            bytes_after=sum(segment.size for segment in after.values()),
            records=self._written,
            dropped=dropped,
        )

    def _content(self, segment: Segment, start: int) -> Content:
        lines: list[Line] = []
        end = start
        run_ended = False
        latest = self._clock.iso(DAY_S)
        for offset, line_end, raw in read_lines(segment.path, start):
            end = line_end
            try:
                line = parse(raw, latest)
            except FutureLineError:
                self._future.append(raw)
                continue
            except BadLineError as error:
                self._quarantine.put(segment.name, offset, raw, error.what)
                continue
            if line.kind == Merged.kind:
                continue
            self._fold.add(line)
            if line.kind in TABLED:
                continue
            is_end = line.kind == RunRecord.kind and line.values is not None and line.values.get("complete") is True
            run_ended = run_ended or is_end
            lines.append(line._replace(values=None))
        return Content(lines, end, run_ended)

    def _is_finished(self, segment: Segment, *, run_ended: bool) -> bool:
        if segment.merged:
            return True
        if segment.name == self._own or lock.writer_holds(segment.path):
            return False
        dead = segment.host == this_host() and not _is_alive(segment.pid)
        return run_ended or dead or segment.stamp < self._clock.stamp(-DAY_S)

    def _take(self, lines: list[Line]) -> None:
        for line in lines:
            key = (line.kind, line.id)
            known = self._winners.get(key)
            if known is None or is_beaten(known, line):
                self._winners[key] = line

    def _lines_of(
        self, name: str, replaces: dict[str, int], parts: Sequence[tuple[Segment, int, int]], old: retention.Old
    ) -> Iterator[bytes]:
        now = self._clock.iso()
        for number, part in enumerate(chunked(replaces)):
            yield encode(Merged(f"{name}#{number}", now, part)) + b"\n"
        for tally in retention.tallies(old, self._fold, name, now):
            yield encode(tally) + b"\n"
        for line in sorted(self._winners.values(), key=lambda one: (one.updated_at, one.kind, one.id)):
            if (line.kind, line.id) not in old.keys:
                self._written += 1
                yield line.raw + b"\n"
        yield from self._rows_of(parts, old)
        # Skipped by readers until their time comes, and kept until then.
        yield from (raw + b"\n" for raw in self._future)

    def _rows_of(self, parts: Sequence[tuple[Segment, int, int]], old: retention.Old) -> Iterator[bytes]:
        """Yield the lines of failures and events that stay, each once, by reading the segments again."""
        done = {kind: bytearray(len(table)) for kind, table in self._fold.tables.items()}
        for segment, start, end in parts:
            for _, _, raw in read_lines(segment.path, start, end):
                try:
                    line = parse(raw)
                except BadLineError:
                    continue
                table = self._fold.tables.get(line.kind)
                place = None if table is None else table.place(line.id)
                if table is None or place is None or old.rows[line.kind][place] or done[line.kind][place]:
                    continue
                is_current = table.crc[place] == line.crc
                # Another segment, which stays, has a version too: which of them counts may change while it is written.
                if is_current or (line.kind, line.id) in self._kept_ids:
                    done[line.kind][place] = is_current
                    self._written += 1
                    yield raw + b"\n"

    def _remembered(self, gone: dict[str, int], segments: dict[str, Segment]) -> dict[str, int]:
        # A copy of a segment may still arrive late, for example from a cache, but not after the retention time.
        oldest = self._clock.stamp(-self._retention_s)
        return {name: size for name, size in gone.items() if name in segments or name.partition("/")[2] >= oldest}

    def _month_for(self, name: str) -> Path:
        path = self._layout.segment_path(name)
        path.parent.mkdir(0o700, exist_ok=True)
        return path

    def _save_snapshot(self) -> None:
        view = View(self._layout, self._clock, self._notes, self._quarantine, use_snapshot=False)
        view.refresh()
        if view.partial:
            return
        try:
            view.save()
        except OSError as error:
            self._notes.failed("cannot be written", self._layout.snapshot, error)

    def _delete(self, segments: list[Segment]) -> None:
        for segment in segments:
            if not segment.merged and (segment.name == self._own or lock.writer_holds(segment.path)):
                continue
            try:
                if os.lstat(segment.path).st_size == segment.size:
                    segment.path.unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                self._notes.failed("a merged segment cannot be deleted", segment.path, error)
        this_month = self._clock.stamp()
        for month in folders(self._layout.log, _raise):
            with contextlib.suppress(OSError):
                sync_directory(self._layout.log / month)
                if month != f"{this_month[:4]}-{this_month[4:6]}":
                    (self._layout.log / month).rmdir()

    def _remove_temporaries(self) -> None:
        # Only the holder of the lock writes temporary files into the log; a snapshot any session may be writing now.
        for month in folders(self._layout.log, _raise):
            for path in (self._layout.log / month).glob(".*.tmp"):
                with contextlib.suppress(OSError):
                    path.unlink()
        for path in (*self._layout.root.glob(".*.tmp"), *self._layout.blocks.glob(".*.tmp")):
            with contextlib.suppress(OSError):
                if os.lstat(path).st_mtime < self._clock.seconds() - DAY_S:
                    path.unlink()


def _ids_in(segment: Segment, start: int) -> Iterator[Key]:
    for _, _, raw in read_lines(segment.path, start):
        with contextlib.suppress(BadLineError):
            line = parse(raw)
            yield line.kind, line.id


def _is_alive(pid: int) -> bool:
    if os.name == "nt":
        # Signal 0 is no harmless question there.
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _raise(_where: str, error: Exception) -> None:
    # What is no part of the store (a refused link) does not stop a compaction; what cannot be read does.
    if isinstance(error, OSError):
        raise error
