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
from pytest_selfheal.store.fold import Fold
from pytest_selfheal.store.layout import KNOWN
from pytest_selfheal.store.lines import BadLineError
from pytest_selfheal.store.lines import parse
from pytest_selfheal.store.notes import reason
from pytest_selfheal.store.quarantine import Quarantine
from pytest_selfheal.store.tallies import Merged
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
        bad_lines: complete lines that are no records; reading sets them aside.
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
        self._ids: dict[str, set[str]] = defaultdict(set)
        self._torn = 0
        self._bad = 0
        self._uncovered = 0
        self._covered = Fold()
        self._covered_lines: list[bytes] = []

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
        status, snapshot = self._snapshot(segments)
        covers = snapshot.covers if snapshot else {}
        current = [segment for segment in segments.values() if segment.size > gone.get(segment.name, -1)]
        for segment in current:
            self._look_at(segment, gone.get(segment.name, 0), covers.get(segment.name, 0))
        if snapshot and self._differs(snapshot.fold):
            status = "stale"
        version = self._layout.version()
        return VerifyReport(
            str(self._layout.root),
            exists=True,
            version=version,
            segments=len(segments),
            merged=sum(segment.merged for segment in segments.values()),
            superseded=len(segments) - len(current),
            bytes=sum(segment.size for segment in segments.values()),
            records={kind: len(ids) for kind, ids in sorted(self._ids.items())},
            torn_tails=self._torn,
            bad_lines=self._bad,
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
        return self._notes.texts

    def _snapshot(self, segments: dict[str, Segment]) -> tuple[str, snapshots.Snapshot | None]:
        try:
            snapshot = snapshots.read(self._layout.snapshot)
        except FileNotFoundError:
            return "missing", None
        except (OSError, DataError):
            return "damaged", None
        return ("ok", snapshot) if snapshot.fits(segments) else ("stale", None)

    def _look_at(self, segment: Segment, start: int, covered: int) -> None:
        end = start
        try:
            for _, line_end, raw in read_lines(segment.path, start):
                end = line_end
                try:
                    line = parse(raw, self._latest)
                except BadLineError:
                    self._bad += 1
                    continue
                if line.kind not in (Merged.kind, Tally.kind):
                    self._ids[line.kind].add(line.id)
                if line_end <= covered:
                    self._covered.add(line)
                    self._covered_lines.append(raw)
        except OSError as error:
            self._complain(f"log/{segment.name}", error)
        self._torn += segment.size > end
        self._uncovered += max(0, end - max(start, covered))

    def _differs(self, fold: Fold) -> bool:
        if self._covered.ambiguous:
            self._covered.settle(self._covered_lines)
        return self._covered.to_dict() != fold.to_dict()

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
