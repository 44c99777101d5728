"""Lines that are no records, set aside once each with their reason and origin.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

from pytest_selfheal.store.files import close
from pytest_selfheal.store.files import open_new
from pytest_selfheal.store.files import write_all
from pytest_selfheal.store.layout import refuse_other_than_folder

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_selfheal.store.notes import Notes

CAP = 1 << 20
"""The most the quarantine may hold, in bytes."""

_LINE_CAP = 16 * 1024


class Quarantine:
    """A folder with one file per bad line, named after segment and offset so that a line is set aside once.

    Args:
        folder: created when the first line arrives.
        notes: hears, once per process, that lines were set aside.
        writable: False to judge lines without writing.
    """

    def __init__(self, folder: Path, notes: Notes, *, writable: bool = True) -> None:
        self._folder = folder
        self._notes = notes
        self._writable = writable

    def put(self, segment: str, offset: int, line: bytes, why: str) -> None:
        """Set a line aside and note it, unless that was done before; never raises."""
        origin = f"{segment}:{offset}"
        path = self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()[:24]}.json"
        if not self._writable or os.path.lexists(path):
            return
        told = f"log/{segment} holds a damaged line at byte {offset} ({why})"
        data = {"segment": segment, "offset": offset, "reason": why, "line": line[:_LINE_CAP].decode("latin-1")}
        content = json.dumps(data).encode("ascii") + b"\n"
        try:
            self._folder.mkdir(0o700, exist_ok=True)
            refuse_other_than_folder(self._folder)
            if self.usage()[1] + len(content) > CAP:
                self._notes.add(f"{told}; {self._folder} is full, so it was skipped", cause="quarantine full")
                return
            _write(path, content)
        except FileExistsError:
            return
        except OSError as error:
            self._notes.failed("a damaged line could not be set aside", self._folder, error)
        else:
            self._notes.add(f"{told}; it was set aside in {self._folder}", cause="quarantine")

    def usage(self) -> tuple[int, int]:
        """Return the number of lines set aside and their size in bytes."""
        try:
            with os.scandir(self._folder) as entries:
                sizes = [entry.stat(follow_symlinks=False).st_size for entry in entries if entry.name[0] != "."]
        except OSError:
            return 0, 0
        return len(sizes), sum(sizes)


def _write(path: Path, content: bytes) -> None:
    fd = open_new(path)
    try:
        write_all(fd, content)
    finally:
        close(fd)
