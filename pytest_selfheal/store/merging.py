"""Bringing the records of other stores into one: shards of a test run, artifacts of other machines.

What comes in may have been made by anybody. It is read within limits, without following links; a line that is no
record, of an unknown kind, or dated in the future is left out and counted. Records are a set in which the later write
of an id wins, so merging is idempotent, commutative and associative.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_selfheal.errors import StoreError
from pytest_selfheal.model.value import Value
from pytest_selfheal.store.clock import DAY_S
from pytest_selfheal.store.files import read_lines
from pytest_selfheal.store.files import write_atomically
from pytest_selfheal.store.layout import Layout
from pytest_selfheal.store.lines import BadLineError
from pytest_selfheal.store.lines import parse
from pytest_selfheal.store.notes import reason
from pytest_selfheal.store.tallies import Merged

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from pytest_selfheal.store.clock import Clock
    from pytest_selfheal.store.lines import Line

MOST_BYTES = 2 << 30
"""The most one source may hold, in bytes."""
MOST_FILES = 100_000
_DEEPEST = 8
_PART = 2000


@dataclass(frozen=True)
class MergeReport(Value):
    """What a merge did: `read` lines were good, `written` of them new to the destination; `refused` says what was not
    taken, with how often.
    """

    sources: int
    read: int
    written: int
    refused: dict[str, int] = field(default_factory=dict)


class Reading:
    """Reads the records of sources, each once, and counts what it refuses.

    Args:
        clock: decides what is in the future.
    """

    def __init__(self, clock: Clock) -> None:
        self._latest = clock.iso(DAY_S)
        self.read = 0
        self.refused: dict[str, int] = {}

    def lines(self, source: Path) -> Iterator[Line]:
        """Yield the good lines of a store, of a folder with segments anywhere in it, or of one segment.

        Raises:
            StoreError: the source does not exist, is a link, or is larger than any store.
        """
        replaced = _replaced(source) if (source / "log").is_dir() else {}
        bytes_left = MOST_BYTES
        for path in _segments(source, self._refuse):
            name = "/".join(path.parts[-2:])
            try:
                size = os.lstat(path).st_size
                bytes_left -= size
                if bytes_left < 0:
                    raise StoreError(f"holds more than {MOST_BYTES} bytes", where=str(source))
                for _, _, raw in read_lines(path, replaced.get(name, 0)):
                    line = self._good(raw)
                    if line is not None:
                        yield line
            except OSError as error:
                self._refuse(f"unreadable file ({reason(error)})")

    def _good(self, raw: bytes) -> Line | None:
        try:
            line = parse(raw, self._latest)
        except BadLineError as error:
            self._refuse(error.what.partition(":")[0])
            return None
        if line.kind == Merged.kind:
            return None  # speaks of the source's own files
        if line.values is None:
            self._refuse("unknown kind")
            return None
        self.read += 1
        return line

    def _refuse(self, why: str) -> None:
        self.refused[why] = self.refused.get(why, 0) + 1


def merge_into_folder(reading: Reading, sources: Sequence[Path], destination: Path, clock: Clock) -> MergeReport:
    """Add the records of `sources` to the store in the folder `destination`, which is made when missing.

    Only what the destination lacks, or has in an earlier version, is written: one new segment, which appears whole.

    Raises:
        StoreError: a source or the destination must not be used.
        OSError: the destination cannot be written.
    """
    known = Reading(clock)
    layout = Layout(destination)
    present = _winners(known.lines(destination)) if layout.check() else {}
    incoming = _winners(line for source in sources for line in reading.lines(source))
    new = [line for key, line in sorted(incoming.items()) if _beats(line, present.get(key))]
    if new:
        layout.create()
        path = layout.segment_path(layout.new_segment(clock.stamp(), str(os.getpid())))
        path.parent.mkdir(0o700, exist_ok=True)
        write_atomically(path, (line.raw + b"\n" for line in new))
    return MergeReport(len(sources), reading.read, len(new), dict(sorted(reading.refused.items())))


def merge_into_database(
    reading: Reading, sources: Sequence[Path], write: Callable[[Iterable[Line]], int]
) -> MergeReport:
    """Add the records of `sources` through `write`, a database's; `written` counts those handed over.

    Raises:
        StoreError: a source must not be used, or the database cannot be.
    """
    written = 0
    for source in sources:
        part: list[Line] = []
        for line in reading.lines(source):
            part.append(line)
            if len(part) >= _PART:
                written += write(part)
                part = []
        written += write(part)
    return MergeReport(len(sources), reading.read, written, dict(sorted(reading.refused.items())))


def _winners(lines: Iterable[Line]) -> dict[tuple[str, str], Line]:
    found: dict[tuple[str, str], Line] = {}
    for line in lines:
        key = (line.kind, line.id)
        if _beats(line, found.get(key)):
            found[key] = line._replace(values=None)
    return found


def _beats(new: Line, old: Line | None) -> bool:
    return old is None or (new.updated_at, new.raw) > (old.updated_at, old.raw)


def _replaced(root: Path) -> dict[str, int]:
    from pytest_selfheal.store.view import merge_names
    from pytest_selfheal.store.view import replaced_by

    gone: dict[str, int] = {}
    for segment in Layout(root).segments(lambda _where, _error: None).values():
        if segment.merged:
            merge_names(gone, replaced_by(segment))
    return gone


def _segments(source: Path, refuse: Callable[[str], None]) -> list[Path]:
    """Return the `.jsonl` files of a source, in order; links and what lies too deep are refused."""
    try:
        mode = os.lstat(source).st_mode
    except FileNotFoundError:
        raise StoreError("does not exist", where=str(source)) from None
    if stat.S_ISLNK(mode):
        raise StoreError("is a symbolic link, which is never followed", where=str(source))
    if stat.S_ISREG(mode):
        return [source]
    has_log = (source / "log").is_dir() and not (source / "log").is_symlink()
    found = sorted(_walk(source / "log" if has_log else source, refuse, 0))
    if len(found) > MOST_FILES:
        raise StoreError(f"holds more than {MOST_FILES} files", where=str(source))
    return found


def _walk(folder: Path, refuse: Callable[[str], None], depth: int) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                refuse("symbolic link")
            elif entry.is_dir(follow_symlinks=False):
                if depth < _DEEPEST:
                    yield from _walk(Path(entry.path), refuse, depth + 1)
                else:
                    refuse("folder too deep")
            elif entry.name.endswith(".jsonl"):
                yield Path(entry.path)
