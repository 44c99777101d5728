"""The snapshot: the fold of the log and how far it reaches, so that a start need not read the log.

`snapshot.json` is a short summary: what is covered, counts, and where the blocks lie that hold the rest, in files below
`snapshot/`. A question reads the blocks it needs: those of a few signatures, of one kind of record. Saving what is new
adds a file and leaves the older ones alone, until there are so many that all is written anew.

It is a cache: with a checksum wrong, or the log no longer what it covers, it is ignored and made again.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import DataError
from pytest_selfheal.store.blocks import Ref
from pytest_selfheal.store.files import read_capped
from pytest_selfheal.store.files import write_atomically
from pytest_selfheal.store.fold import KEPT
from pytest_selfheal.store.fold import TABLED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_selfheal.store.layout import Segment

CAP = 256 << 20
"""Longest summary that is read, in bytes."""

MOST_FILES = 12
"""With so many files of blocks the next snapshot is written whole."""

_HEAD = b'{"version":2,"sha256":"%s","body":'
_HEAD_LENGTH = len(_HEAD % (b"0" * 64))
_TAIL = b"}\n"
_OLDER = b'{"version":1,"sha256":"'


class OlderSnapshotError(DataError):
    """A snapshot of an earlier version of this package, which is replaced without a word."""


@dataclass
class Summary:
    """What `snapshot.json` says.

    Attributes:
        covers: bytes of each segment that are in the snapshot.
        gone: bytes of each segment that were merged into another one.
        counts: records by kind.
        oldest: first start of a run, or "".
        newest: last start of a run, or "".
        files: names of the files that hold the blocks.
        buckets: into how many parts rows and ids are divided.
        records: by kind, the block with the records that are kept whole.
        rows: by kind and bucket of the signature, the blocks with the rows.
        ids: by kind and bucket of the id, the blocks that tell which ids there are.
        totals: by bucket, the block that tells how often each signature was seen.
        others: blocks by what they hold: `spans`, `rewritten`, `mass`.
    """

    covers: dict[str, int] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    oldest: str = ""
    newest: str = ""
    files: list[str] = field(default_factory=list)
    buckets: int = 1
    records: dict[str, Ref] = field(default_factory=dict)
    rows: dict[str, list[list[Ref]]] = field(default_factory=dict)
    ids: dict[str, list[list[Ref]]] = field(default_factory=dict)
    totals: list[Ref | None] = field(default_factory=list)
    others: dict[str, list[Ref]] = field(default_factory=dict)

    def fits(self, segments: Mapping[str, Segment]) -> bool:
        """Return whether the log still holds what was folded, and nothing merged since."""
        return fits(self.covers, self.gone, segments)


def fits(covers: Mapping[str, int], gone: Mapping[str, int], segments: Mapping[str, Segment]) -> bool:
    """Return whether a log still holds what it held when it was read so far, and nothing merged since."""
    known = all(name in segments and segments[name].size >= size for name, size in covers.items())
    return known and all(name in covers or name in gone for name, segment in segments.items() if segment.merged)


def bucket_of(signature: str, buckets: int) -> int:
    """Return the bucket in which the rows of a signature lie."""
    return zlib.crc32(signature.encode("utf-8", "surrogatepass")) % buckets


def write(path: Path, summary: Summary) -> None:
    """Replace the summary at once; its blocks must be on the disk already.

    Raises:
        OSError: the old one is still in place, or the new one is and may not survive a power loss.
    """
    text = json.dumps(vars(summary), separators=(",", ":")).encode("ascii")
    head = _HEAD % hashlib.sha256(text).hexdigest().encode("ascii")
    write_atomically(path, (head, text, _TAIL))


def read(path: Path) -> Summary:
    """Return the summary.

    Raises:
        FileNotFoundError: there is none.
        OSError: it cannot be read.
        OlderSnapshotError: an earlier version wrote it.
        DataError: it is damaged.
    """
    data = read_capped(path, CAP)
    if data.startswith(_OLDER):
        raise OlderSnapshotError("an earlier version wrote it", where=str(path))
    text = data[_HEAD_LENGTH : -len(_TAIL)]
    head = _HEAD % hashlib.sha256(text).hexdigest().encode("ascii")
    if data[:_HEAD_LENGTH] != head or data[-len(_TAIL) :] != _TAIL:
        raise DataError("its checksum does not match", where=str(path))
    try:
        return _summary(json.loads(text))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"it has another shape: {error!r}", where=str(path)) from error


def _summary(body: Any) -> Summary:
    names = [str(name) for name in body["files"]]
    if any("/" in name or "\\" in name or name.startswith(".") for name in names):
        raise ValueError("a file outside of the folder")
    buckets = int(body["buckets"])
    return Summary(
        covers=_sizes(body["covers"]),
        gone=_sizes(body["gone"]),
        counts=_sizes(body["counts"]),
        oldest=str(body["oldest"]),
        newest=str(body["newest"]),
        files=names,
        buckets=buckets,
        records={cls.kind: _ref(body["records"][cls.kind]) for cls in KEPT if cls.kind in body["records"]},
        rows={kind: _buckets(body["rows"][kind], buckets) for kind in TABLED},
        ids={kind: _buckets(body["ids"][kind], buckets) for kind in TABLED},
        totals=[None if ref is None else _ref(ref) for ref in body["totals"]],
        others={str(name): [_ref(ref) for ref in refs] for name, refs in body["others"].items()},
    )


def _buckets(value: Any, count: int) -> list[list[Ref]]:
    if len(value) != count:
        raise ValueError("another number of buckets")
    return [[_ref(ref) for ref in refs] for refs in value]


def _ref(value: Any) -> Ref:
    file, start, length, digest = value
    return Ref(int(file), int(start), int(length), str(digest))


def _sizes(value: Any) -> dict[str, int]:
    return {str(name): int(size) for name, size in value.items()}
