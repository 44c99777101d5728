"""Advisory locks: one for compaction, and one on each segment while its writer lives.

The kernel gives them back when the holder dies, however it dies. `flock` belongs to the open file, so a second open in
the same process is refused as well.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from pytest_selfheal.store.files import close
from pytest_selfheal.store.files import open_lasting
from pytest_selfheal.store.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def hold(fd: int) -> bool:
    """Lock an open file without waiting and return whether that worked; closing `fd` gives the lock back."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold the lock file `path` inside the block; yields False when somebody else has it.

    The file stays: removing a lock file lets two processes lock two different files of one name.

    Raises:
        OSError: the file cannot be opened, for example because it is a symbolic link.
    """
    fd = open_lasting(path)
    try:
        yield hold(fd)
    finally:
        close(fd)


def writer_holds(path: Path) -> bool:
    """Return whether a living writer has the segment `path` open; True as well when that cannot be found out."""
    if sys.platform == "win32":
        # An open file cannot be removed there, which protects its writer just as well.
        return False
    try:
        fd = open_regular(path)
    except OSError:
        return True
    try:
        return not hold(fd)
    finally:
        close(fd)
