"""`snapshot.json`: the fold of the log and how far it reaches, so that a start need not read the whole log.

It is a cache: with its checksum wrong, or the log no longer what it covers, it is ignored and made again.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from pytest_selfheal.errors import DataError
from pytest_selfheal.store.files import read_capped
from pytest_selfheal.store.files import write_atomically
from pytest_selfheal.store.fold import Fold

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_selfheal.store.layout import Segment

CAP = 512 << 20
"""Longest snapshot that is read, in bytes."""

_HEAD = b'{"version":1,"sha256":"%s","body":'
_HEAD_LENGTH = len(_HEAD % (b"0" * 64))
_TAIL = b"}\n"


class Snapshot(NamedTuple):
    """A fold with its reach: `covers` bytes of each segment in it, `gone` bytes of each segment merged into another."""

    covers: dict[str, int]
    gone: dict[str, int]
    fold: Fold

    def fits(self, segments: Mapping[str, Segment]) -> bool:
        """Return whether the log still holds what was folded, and nothing merged since."""
        known = all(name in segments and segments[name].size >= size for name, size in self.covers.items())
        return known and all(
            name in self.covers or name in self.gone for name, segment in segments.items() if segment.merged
        )


def write(path: Path, snapshot: Snapshot) -> None:
    """Replace the snapshot at once.

    Raises:
        OSError: the old one is still in place, or the new one is and may not survive a power loss.
    """
    body = {"covers": snapshot.covers, "gone": snapshot.gone, "fold": snapshot.fold.to_dict()}
    text = json.dumps(body, separators=(",", ":")).encode("ascii")
    head = _HEAD % hashlib.sha256(text).hexdigest().encode("ascii")
    write_atomically(path, (head, text, _TAIL))


def read(path: Path) -> Snapshot:
    """Return the snapshot.

    Raises:
        FileNotFoundError: there is none.
        OSError: it cannot be read.
        DataError: it is damaged.
    """
    data = read_capped(path, CAP)
    text = data[_HEAD_LENGTH : -len(_TAIL)]
    head = _HEAD % hashlib.sha256(text).hexdigest().encode("ascii")
    if data[:_HEAD_LENGTH] != head or data[-len(_TAIL) :] != _TAIL:
        raise DataError("its checksum does not match", where=str(path))
    try:
        body = json.loads(text)
        return Snapshot(_sizes(body["covers"]), _sizes(body["gone"]), Fold.from_dict(body["fold"]))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"it has another shape: {error!r}", where=str(path)) from error


def _sizes(value: Any) -> dict[str, int]:
    return {str(name): int(size) for name, size in value.items()}
