"""Looking a store over without changing it.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING

from pytest_selfheal.errors import DataError
from pytest_selfheal.errors import StoreError
from pytest_selfheal.model.value import Value
from pytest_selfheal.store import snapshot as snapshots
from pytest_selfheal.store.clock import DAY_S
from pytest_selfheal.store.files import read_lines
from pytest_selfheal.store.fold import KEPT
from pytest_selfheal.store.fold import TABLED
from pytest_selfheal.store.fold import Fold
from pytest_selfheal.store.layout import KNOWN
from pytest_selfheal.store.lines import BadLineError
from pytest_selfheal.store.lines import parse
from pytest_selfheal.store.notes import reason
from pytest_selfheal.store.quarantine import Quarantine
from pytest_selfheal.store.saved import BrokenBlockError
from pytest_selfheal.store.saved import Saved
from pytest_selfheal.store.tallies import Tally
from pytest_selfheal.store.view import merge_names
from pytest_selfheal.store.view import replaced_by

if TYPE_CHECKING:
    from pytest_selfheal.store.clock import Clock
    from pytest_selfheal.store.layout import Layout
    from pytest_selfheal.store.layout import Segment
    from pytest_selfheal.store.notes import Notes


@dataclass(frozen=True)
class VerifyReport(Value):
    """The state of a store.

    Attributes:
        location: its folder.
        exists: whether there is one.
        version: number in `store.json`; None when missing or unreadable.
        segments: files of the log, merged ones included.
        merged: files written by compactions.
        superseded: files already merged into another one and not deleted yet.
        bytes: size of the log.
        records: distinct records by kind.
        torn_tails: segments ending in half a line; normal after a kill, nothing acknowledged is missing.
        bad_lines: complete lines that are no records, or whose checksum is wrong; reading sets them aside.
        altered: records of the snapshot whose line in the log is gone or no longer what it was; bad lines among them.
        snapshot: `ok`, `missing` (both fine), `stale` (does not fit the log) or `damaged`; the log is read instead.
        uncovered_bytes: bytes of the log that the snapshot does not hold yet.
        quarantined: bad lines set aside so far.
        unknown_files: entries of the folder that are not ours.
        problems: what a person should know, one sentence each; empty means the store is sound.
    """

    location: str
    exists: bool = False
    version: int | None = None
    segments: int = 0
    merged: int = 0
    superseded: int = 0
    bytes: int = 0
    records: dict[str, int] = field(default_factory=dict)
    torn_tails: int = 0
    bad_lines: int = 0
    altered: int = 0
    snapshot: str = "missing"
    uncovered_bytes: int = 0
    quarantined: int = 0
    unknown_files: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Return whether nothing needs attention."""
        return not self.problems


class Verification:
    """One look at a store; made, run once, thrown away."""

    def __init__(self, layout: Layout, clock: Clock, notes: Notes) -> None:
        self._layout = layout
        self._latest = clock.iso(DAY_S)
        self._notes = notes
        self._kinds: dict[str, set[str]] = defaultdict(set)
        self._torn = 0
        self._bad = 0
        self._altered = 0
        self._uncovered = 0
        self._fold = Fold()

    def run(self) -> VerifyReport:
        """Return the report; never raises and changes nothing."""
        location = str(self._layout.root)
        try:
            if not self._layout.check():
                return VerifyReport(location)
        except StoreError as error:
            return VerifyReport(location, exists=True, problems=(str(error),))
        except OSError as error:
            return VerifyReport(location, exists=True, problems=(f"{location}: {reason(error)}",))
        return self._report(self._layout.segments(self._complain))

    def _report(self, segments: dict[str, Segment]) -> VerifyReport:
        gone: dict[str, int] = {}
        for segment in segments.values():
            if segment.merged:
                try:
                    merge_names(gone, replaced_by(segment))
                except OSError as error:
                    self._complain(f"log/{segment.name}", error)
        status, base = self._snapshot(segments)
        covers = base.summary.covers if base else {}
        current = [segment for segment in segments.values() if segment.size > gone.get(segment.name, -1)]
        starts = {segment.name: gone.get(segment.name, 0) for segment in current}
        for segment in current:
            covered = covers.get(segment.name, 0)
            if covered > starts[segment.name]:
                starts[segment.name] = self._look_at(segment, starts[segment.name], covered)
        if base:
            status = self._compared(base, segments)
        for segment in current:
            end = self._look_at(segment, starts[segment.name], None)
            self._torn += segment.size > end
            self._uncovered += end - max(starts[segment.name], min(end, covers.get(segment.name, 0)))
        version = self._layout.version()
        return VerifyReport(
            str(self._layout.root),
            exists=True,
            version=version,
            segments=len(segments),
            merged=sum(segment.merged for segment in segments.values()),
            superseded=len(segments) - len(current),
            bytes=sum(segment.size for segment in segments.values()),
            records=self._records(),
            torn_tails=self._torn,
            bad_lines=self._bad,
            altered=self._altered,
            snapshot=status,
            uncovered_bytes=self._uncovered,
            quarantined=Quarantine(self._layout.quarantine, self._notes, writable=False).usage()[0],
            unknown_files=self._unknown(segments),
            problems=self._problems(version, status),
        )

    def _problems(self, version: int | None, status: str) -> tuple[str, ...]:
        if version is None:
            self._notes.add(f"{self._layout.root / 'store.json'} is missing or unreadable; format 1 is assumed")
        if status in {"stale", "damaged"}:
            self._notes.add(f"{self._layout.snapshot} is {status}; the log is read instead until it is written again")
        if self._bad:
            self._notes.add(f"{self._bad} damaged line(s) in the log; they are skipped and set aside when it is read")
        if self._altered:
            self._notes.add(f"{self._altered} record(s) of the snapshot are gone from the log, or not what they were")
        return self._notes.texts

    def _snapshot(self, segments: dict[str, Segment]) -> tuple[str, Saved | None]:
        try:
            summary = snapshots.read(self._layout.snapshot)
        except FileNotFoundError:
            return "missing", None
        except snapshots.OlderSnapshotError:
            return "older", None
        except (OSError, DataError):
            return "damaged", None
        return ("ok", Saved(self._layout.blocks, summary)) if summary.fits(segments) else ("stale", None)

    def _look_at(self, segment: Segment, start: int, stop: int | None) -> int:
        """Read a part of a segment and return where its last whole line ends."""
        end = start
        try:
            for _, line_end, raw in read_lines(segment.path, start, stop):
                end = line_end
                try:
                    line = parse(raw, self._latest)
                except BadLineError:
                    self._bad += 1
                    continue
                self._fold.add(line)
                if line.values is None:
                    self._kinds[line.kind].add(line.id)
        except OSError as error:
            self._complain(f"log/{segment.name}", error)
        return end

    def _records(self) -> dict[str, int]:
        kinds = (*TABLED, *(cls.kind for cls in KEPT if cls is not Tally))
        counts = {kind: count for kind in kinds if (count := self._fold.count(kind))}
        return dict(sorted({**counts, **{kind: len(ids) for kind, ids in self._kinds.items()}}.items()))

    def _compared(self, base: Saved, segments: dict[str, Segment]) -> str:
        """Hold the snapshot against the lines that it covers; return its state."""
        if self._fold.ambiguous:
            covers = base.summary.covers
            covered = [segment for segment in segments.values() if segment.name in covers]
            lines = (raw for one in covered for _, _, raw in read_lines(one.path, 0, covers[one.name]))
            self._fold.settle(lines)
        is_same = True
        try:
            for kind in TABLED:
                known = 0
                for row in base.all_rows(kind):
                    known += 1
                    self._altered += self._fold.tables[kind].find(row.id) != row
                is_same = is_same and known == self._fold.count(kind) == base.summary.counts.get(kind)
            for cls in KEPT:
                records = base.records(cls.kind)
                found = self._fold.records[cls.kind]
                self._altered += sum(found.get(record_id) != record for record_id, record in records.items())
                is_same = is_same and len(records) == len(found)
            present = self._fold.present()
            known_totals = {
                name: total for bucket in range(base.summary.buckets) for name, total in base.totals(bucket).items()
            }
            is_same = is_same and present == known_totals and base.mass_runs == self._fold.mass_runs
            base.check()
        except BrokenBlockError:
            return "damaged"
        return "ok" if is_same and not self._altered else "stale"

    def _unknown(self, segments: dict[str, Segment]) -> tuple[str, ...]:
        found: list[str] = []
        try:
            found += [name for name in os.listdir(self._layout.root) if name not in KNOWN]  # noqa: PTH208 - as layout
            for folder, _, names in os.walk(self._layout.log):
                relative = os.path.relpath(folder, self._layout.log).replace(os.sep, "/")
                found += [f"log/{name}" for name in (f"{relative}/{name}" for name in names) if name not in segments]
        except OSError as error:
            self._complain("", error)
        return tuple(sorted(found))

    def _complain(self, where: str, error: Exception) -> None:
        self._notes.failed("cannot be read", self._layout.root / where, error)
