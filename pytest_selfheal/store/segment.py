"""The writer of one segment: a file of its own for every process, one write per record.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from pytest_selfheal.store import lock
from pytest_selfheal.store.files import close
from pytest_selfheal.store.files import open_new
from pytest_selfheal.store.files import sync_directory
from pytest_selfheal.store.layout import refuse_other_than_folder

if TYPE_CHECKING:
    from pytest_selfheal.store.clock import Clock
    from pytest_selfheal.store.layout import Layout

_TRIES = 3


class SegmentWriter:
    """Appends lines to a segment that is created at the first of them; not for several threads at once."""

    def __init__(self, layout: Layout, clock: Clock) -> None:
        self._layout = layout
        self._clock = clock
        self._fd = -1
        self._pid = 0
        self._end = 0
        self._name_is_durable = False
        self.name = ""

    def write(self, line: bytes) -> None:
        """Append one line (without newline); when it fails nothing of it stays in the file.

        A segment that somebody deleted meanwhile is replaced by a new one, which then holds the line.

        Raises:
            OSError: the line was not written, or not in full.
            StoreError: the store's folder must not be used.
        """
        for _ in range(_TRIES):
            if self._pid != os.getpid():
                self._forget()
            if self._fd < 0:
                self._open()
            if self._write_whole(line + b"\n"):
                return
            self._forget()
        raise OSError(errno.ENOENT, "deleted again and again while it was being written", self.name)

    def sync(self) -> None:
        """Make what was written durable; without a segment there is nothing to do.

        Raises:
            OSError: the operating system could not.
        """
        if self._fd < 0 or self._pid != os.getpid():
            return
        os.fsync(self._fd)
        if not self._name_is_durable:
            month = self._layout.segment_path(self.name).parent
            for folder in (month, self._layout.log, self._layout.root):
                sync_directory(folder)
            self._name_is_durable = True

    def close(self) -> None:
        """Close the segment, which may then be compacted; closing twice is safe, a later write starts a new one."""
        self._forget()

    def _open(self) -> None:
        self._layout.create()
        for attempt in range(_TRIES):
            name = self._layout.new_segment(self._clock.stamp(), str(os.getpid()))
            path = self._layout.segment_path(name)
            with contextlib.suppress(FileExistsError):
                path.parent.mkdir(0o700)
            try:
                refuse_other_than_folder(path.parent)
                self._fd = open_new(path, append=True)
            except FileNotFoundError:
                # A compaction removes month folders it emptied.
                if attempt == _TRIES - 1:
                    raise
                continue
            break
        self.name = name
        self._pid = os.getpid()
        self._end = 0
        self._name_is_durable = False
        if os.name != "nt":
            # Windows locks would keep readers out, and there an open file cannot be deleted anyway.
            lock.hold(self._fd)

    def _write_whole(self, data: bytes) -> bool:
        try:
            written = os.write(self._fd, data)
        except OSError:
            self._cut_back()
            raise
        if written < len(data):
            self._cut_back()
            raise OSError(errno.ENOSPC, "only a part of the record could be written", self.name)
        status = os.fstat(self._fd)
        self._end = status.st_size
        return status.st_nlink > 0

    def _cut_back(self) -> None:
        # Safe because nobody else writes this file; if it fails readers ignore the torn line.
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, self._end)

    def _forget(self) -> None:
        if self._fd >= 0:
            close(self._fd)
        self._fd = -1
