"""Files of checked blocks beside the snapshot: each is read alone, and believed only while its hash is right.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING
from typing import NamedTuple

from pytest_selfheal.errors import DataError
from pytest_selfheal.store.files import close
from pytest_selfheal.store.files import open_regular

if TYPE_CHECKING:
    from pathlib import Path

MOST = 256 << 20
"""Longest block that is read, in bytes."""


class Ref(NamedTuple):
    """Where a block lies: number of its file, first byte, length, and the hash of its bytes."""

    file: int
    start: int
    length: int
    hash: str


class Blocks:
    """Counts the blocks that go into one new file.

    Args:
        file: the number of the file among those of the snapshot.
    """

    def __init__(self, file: int) -> None:
        self._file = file
        self._at = 0

    def ref(self, block: bytes) -> Ref:
        """Return where the next block will lie."""
        found = Ref(self._file, self._at, len(block), _hash(block))
        self._at += len(block)
        return found


def read_block(path: Path, ref: Ref) -> bytes:
    """Return a block of the file `path`.

    Raises:
        FileNotFoundError: a newer snapshot replaced the file.
        OSError: it cannot be read.
        DataError: its hash does not match.
    """
    if ref.length > MOST:
        raise DataError(f"a block of {ref.length} bytes", where=str(path))
    fd = open_regular(path)
    try:
        os.lseek(fd, ref.start, os.SEEK_SET)
        parts: list[bytes] = []
        left = ref.length
        while left and (part := os.read(fd, left)):
            parts.append(part)
            left -= len(part)
    finally:
        close(fd)
    block = b"".join(parts)
    if left or _hash(block) != ref.hash:
        raise DataError("a block does not match its hash", where=str(path))
    return block


def _hash(block: bytes) -> str:
    return hashlib.sha256(block).hexdigest()[:32]
