"""The file operations the store is built from: no links followed, no unbounded reads, no half-written files.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from pathlib import Path

LINE_CAP = 256 * 1024
"""Longest line, in bytes without its newline, that is written or read."""

_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_CHUNK = 1 << 20
_NEW_FILE = os.O_CREAT | os.O_EXCL | os.O_WRONLY | _SAFE


def open_new(path: Path, *, append: bool = False) -> int:
    """Create `path` for writing, readable by its owner only; an existing file or link is an error.

    Raises:
        OSError: `path` exists (FileExistsError) or cannot be created.
    """
    return os.open(path, _NEW_FILE | (os.O_APPEND if append else 0), 0o600)


def open_lasting(path: Path) -> int:
    """Open `path` for reading and writing, creating it when missing.

    Raises:
        OSError: also when `path` is a symbolic link.
    """
    refuse_link(path)
    return os.open(path, os.O_CREAT | os.O_RDWR | _SAFE, 0o600)


def open_regular(path: Path) -> int:
    """Open an existing regular file for reading; links, pipes and devices are refused.

    Raises:
        OSError: missing, a link, not a regular file, or not readable.
    """
    refuse_link(path)
    # Without O_NONBLOCK a planted pipe would block the open for ever.
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _SAFE)
    try:
        regular = stat.S_ISREG(os.fstat(fd).st_mode)
    except OSError:
        close(fd)
        raise
    if not regular:
        close(fd)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return fd


def refuse_link(path: Path) -> None:
    """Raise OSError when `path` itself is a symbolic link; parents may be links, a missing path is fine."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISLNK(os.lstat(path).st_mode):
            raise OSError(errno.ELOOP, "is a symbolic link, which the store never follows", str(path))


def close(fd: int) -> None:
    """Close `fd`; an error is of no use to anybody, since durability is asked of fsync."""
    with contextlib.suppress(OSError):
        os.close(fd)


def read_capped(path: Path, cap: int) -> bytes:
    """Return the content of a regular file.

    Raises:
        OSError: also when it is longer than `cap` bytes.
    """
    fd = open_regular(path)
    try:
        parts = []
        size = 0
        while chunk := os.read(fd, min(_CHUNK, cap + 1 - size)):
            parts.append(chunk)
            size += len(chunk)
            if size > cap:
                raise OSError(errno.EFBIG, f"longer than {cap} bytes", str(path))
        return b"".join(parts)
    finally:
        close(fd)


def read_lines(path: Path, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, int, bytes]]:
    """Yield `(offset, end, line)` for each complete line from byte `start` on.

    `offset` is that of the line's first byte, `end` that behind its newline. Lines come without their newline; of one
    longer than `LINE_CAP` only the first `LINE_CAP + 1` bytes are kept, so that the caller can tell. A last line
    without newline is not yielded: its writer died or is still at it.

    Args:
        path: a regular file.
        start: offset of the first byte to read, in bytes.
        stop: offset behind the last byte to read; the end of the file when None.

    Raises:
        OSError: the file cannot be opened or read.
    """
    fd = open_regular(path)
    try:
        if start:
            os.lseek(fd, start, os.SEEK_SET)
        position = offset = start
        pending = b""
        while chunk := os.read(fd, _CHUNK if stop is None else max(0, min(_CHUNK, stop - position))):
            at = 0
            while (newline := chunk.find(b"\n", at)) >= 0:
                end = position + newline + 1
                yield offset, end, (pending + chunk[at : min(newline, at + LINE_CAP + 1)])[: LINE_CAP + 1]
                pending = b""
                offset = end
                at = newline + 1
            pending = (pending + chunk[at : at + LINE_CAP + 1])[: LINE_CAP + 1]
            position += len(chunk)
    finally:
        close(fd)


def write_all(fd: int, data: bytes) -> None:
    """Write every byte.

    Raises:
        OSError: the device took only a part.
    """
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def write_atomically(path: Path, chunks: Iterable[bytes]) -> None:
    """Put a new file in the place of `path`: readers see the old content or the new, also after a power loss.

    Raises:
        OSError: the old content is still in place, unless only the last step (making the name durable) failed.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    fd = open_new(temporary)
    try:
        try:
            for chunk in chunks:
                write_all(fd, chunk)
            os.fsync(fd)
        finally:
            close(fd)
        _replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_directory(path.parent)


def _replace(source: Path, target: Path) -> None:
    # Windows refuses while another process has the target open, which readers do only for moments.
    for _ in range(10 if os.name == "nt" else 0):
        try:
            source.replace(target)
        except PermissionError:
            time.sleep(0.05)
        else:
            return
    source.replace(target)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable, where the platform can.

    Raises:
        OSError: the directory cannot be opened or synchronised.
    """
    if os.name == "nt":
        return
    fd = os.open(path, os.O_RDONLY | _SAFE)
    try:
        os.fsync(fd)
    finally:
        close(fd)
