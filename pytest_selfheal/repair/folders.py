"""Reading and replacing files in a folder that stays the same one, whatever happens to its name meanwhile.

A path that was checked may lead elsewhere a moment later: somebody swaps a folder for a symbolic link. So each folder
on the way is opened without following links, and files are named relative to the open folder. Where the system has no
such calls (Windows), paths are used.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from pytest_selfheal.errors import ConfinementError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence
    from pathlib import Path

_PINNED = sys.platform != "win32" and {os.open, os.rename, os.unlink, os.stat, os.utime} <= os.supports_dir_fd
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)


class Folder:
    """One open folder; names are those of files directly in it.

    Args:
        path: where it was when it was opened.
        handle: the open folder; None where names are joined to `path`.
    """

    def __init__(self, path: Path, handle: int | None) -> None:
        self._path = path
        self._handle = handle

    def read(self, name: str) -> bytes:
        """Return what is in a file, which must be no symbolic link.

        Raises:
            OSError: it cannot be read.
        """
        handle = os.open(self._at(name), os.O_RDONLY | _NO_LINK | _BINARY, dir_fd=self._handle)
        with os.fdopen(handle, "rb") as file:
            return file.read()

    def status(self, name: str) -> os.stat_result:
        """Return the status of a file or link, as `os.lstat`."""
        return os.stat(self._at(name), dir_fd=self._handle, follow_symlinks=False)

    def replace(self, name: str, data: bytes, mode: int, temporary: str) -> None:
        """Replace a file by one rename; the data is on the disk before, the owner stays as far as allowed.

        Raises:
            OSError: it cannot be written; then it is as before.
        """
        self.remove(temporary)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | _BINARY
        handle = os.open(self._at(temporary), flags, 0o600, dir_fd=self._handle)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            self._take_over_owner(name, temporary)
            os.chmod(self._at(temporary), mode, dir_fd=self._handle)
            os.replace(self._at(temporary), self._at(name), src_dir_fd=self._handle, dst_dir_fd=self._handle)
        except OSError:
            self.remove(temporary)
            raise
        if self._handle is not None:
            os.fsync(self._handle)

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._at(name), dir_fd=self._handle)

    def date(self, name: str, mtime_ns: int) -> None:
        """Set when a file was modified, nanoseconds since the epoch."""
        os.utime(self._at(name), ns=(mtime_ns, mtime_ns), dir_fd=self._handle)

    def _at(self, name: str) -> str:
        return name if self._handle is not None else str(self._path / name)

    def _take_over_owner(self, name: str, temporary: str) -> None:
        if sys.platform == "win32":
            return
        try:
            status, mine = self.status(name), self.status(temporary)
            if (status.st_uid, status.st_gid) != (mine.st_uid, mine.st_gid):
                os.chown(self._at(temporary), status.st_uid, status.st_gid, dir_fd=self._handle)
        except OSError:
            pass  # a new file, or not ours to give away


@contextlib.contextmanager
def opened(root: Path, parts: Sequence[str] = ()) -> Iterator[Folder]:
    """Open the folder that `parts` name below `root`.

    Args:
        root: an existing folder; may itself be reached through a link.
        parts: names of folders, each in the one before.

    Raises:
        ConfinementError: one of them is a symbolic link or no folder.
        OSError: one of them cannot be opened.
    """
    path = root.joinpath(*parts)
    if not _PINNED:
        if parts and os.path.realpath(path) != os.path.join(os.path.realpath(root), *parts):  # noqa: PTH118 - as text
            raise _led_out(path)
        yield Folder(path, None)
        return
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts:
            try:
                inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | _NO_LINK, dir_fd=handle)
            except FileNotFoundError:
                raise
            except OSError as error:
                raise _led_out(path) from error
            os.close(handle)
            handle = inner
        yield Folder(path, handle)
    finally:
        os.close(handle)


def _led_out(path: Path) -> ConfinementError:
    return ConfinementError(
        "the path leaves the root directory or goes through a symbolic link", where=str(path), todo="edit it by hand"
    )
