"""What a snapshot knows, read block by block when it is asked.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import base64
import json
import sys
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import DataError
from pytest_selfheal.store.blocks import read_block
from pytest_selfheal.store.fold import KEPT
from pytest_selfheal.store.fold import TABLED
from pytest_selfheal.store.fold import Fold
from pytest_selfheal.store.snapshot import bucket_of
from pytest_selfheal.store.spans import spans_from_json
from pytest_selfheal.store.table import Row
from pytest_selfheal.store.table import key_of
from pytest_selfheal.store.table import unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_selfheal.model.runs import Record
    from pytest_selfheal.store.blocks import Ref
    from pytest_selfheal.store.snapshot import Summary
    from pytest_selfheal.store.spans import Span

_LOW = (1 << 64) - 1


class BrokenBlockError(DataError):
    """A block of the snapshot cannot be used; `is_gone` when a newer snapshot replaced its file."""

    is_gone = False


class Saved:
    """A snapshot on the disk; nothing is read before it is asked for, and read blocks of records are kept.

    Every method raises BrokenBlockError when a block cannot be used.

    Args:
        folder: where the files of blocks lie.
        summary: what `snapshot.json` says.
    """

    def __init__(self, folder: Path, summary: Summary) -> None:
        self._folder = folder
        self.summary = summary
        self._records: dict[str, dict[str, Record]] = {}
        self._totals: dict[int, dict[str, int]] = {}
        self._others: dict[str, list[Any]] = {}
        self._spans: list[Span] | None = None

    def records(self, kind: str) -> dict[str, Record]:
        """Return the records of a kind that is kept whole, by id."""
        if kind not in self._records:
            cls = next(cls for cls in KEPT if cls.kind == kind)
            ref = self.summary.records.get(kind)
            lines = self._block(ref).splitlines() if ref is not None else ()
            try:
                found = [cls.from_dict(json.loads(line)) for line in lines]
            except (ValueError, RecursionError, DataError) as error:
                raise BrokenBlockError(f"a {kind} of the snapshot cannot be read: {error}") from error
            self._records[kind] = {record.id: record for record in found}
        return self._records[kind]

    def rows(self, kind: str, signature: str) -> list[Row]:
        """Return the rows of one signature."""
        head = json.dumps({"signature": signature}, separators=(",", ":"))[:-1].encode("ascii") + b","
        return [
            row
            for ref in self.summary.rows[kind][bucket_of(signature, self.summary.buckets)]
            for line in self._block(ref).splitlines()
            if line.startswith(head)
            for row in _rows(line)
        ]

    def all_rows(self, kind: str) -> Iterator[Row]:
        """Yield every row of a kind."""
        for refs in self.summary.rows[kind]:
            for ref in refs:
                for line in self._block(ref).splitlines():
                    yield from _rows(line)

    def totals(self, bucket: int) -> dict[str, int]:
        """Return how often the signatures of a bucket were seen, dropped records not included."""
        if bucket not in self._totals:
            ref = self.summary.totals[bucket]
            self._totals[bucket] = {} if ref is None else self._json(ref)
        return self._totals[bucket]

    def holds_any(self, kind: str, ids: Iterable[str]) -> bool:
        """Return whether one of the ids is known; wrong only for ids that agree in 64 bits of their hash."""
        by_bucket: dict[int, list[int]] = {}
        for record_id in ids:
            key = key_of(record_id)
            by_bucket.setdefault((key >> 64) % self.summary.buckets, []).append(key & _LOW)
        for bucket, wanted in by_bucket.items():
            for ref in self.summary.ids[kind][bucket]:
                known = _numbers(self._block(ref))
                for low in wanted:
                    place = bisect_left(known, low)
                    if place < len(known) and known[place] == low:
                        return True
        return False

    @property
    def spans(self) -> list[Span]:
        """What lies where in the log."""
        if self._spans is None:
            self._spans = [span for data in self._other("spans") for span in spans_from_json(data)]
        return self._spans

    @property
    def rewritten(self) -> dict[str, dict[str, int]]:
        """By kind, the ids written more than once with different text, and the checksum of the line that counts."""
        found: dict[str, dict[str, int]] = {kind: {} for kind in TABLED}
        for data in self._other("rewritten"):
            for kind in TABLED:
                found[kind].update(data[kind])
        return found

    @property
    def mass_runs(self) -> frozenset[str]:
        """See `Fold`."""
        return frozenset(run_id for data in self._other("mass") for run_id in data)

    def load(self) -> Fold:
        """Return all of it as a fold in memory."""
        fold = Fold()
        for cls in KEPT:
            fold.records[cls.kind] = dict(self.records(cls.kind))
        for kind in TABLED:
            for row in self.all_rows(kind):
                fold.tables[kind].put(row)
            fold.rewritten[kind] = set(self.rewritten[kind])
        return fold

    def check(self) -> None:
        """Read what no other question reads in full."""
        _ = self.spans, self.rewritten
        for kind in TABLED:
            for refs in self.summary.ids[kind]:
                for ref in refs:
                    _numbers(self._block(ref))

    def _other(self, name: str) -> list[Any]:
        if name not in self._others:
            self._others[name] = [self._json(ref) for ref in self.summary.others.get(name, ())]
        return self._others[name]

    def _json(self, ref: Ref) -> Any:
        try:
            return json.loads(self._block(ref))
        except (ValueError, RecursionError) as error:
            raise BrokenBlockError(f"a block of the snapshot cannot be read: {error}") from error

    def _block(self, ref: Ref) -> bytes:
        try:
            return read_block(self._folder / self.summary.files[ref.file], ref)
        except FileNotFoundError as error:
            gone = BrokenBlockError("a file of the snapshot is gone", where=str(error.filename))
            gone.is_gone = True
            raise gone from error
        except (OSError, DataError, LookupError) as error:
            raise BrokenBlockError(str(error), where=str(self._folder)) from error


def ids_block(keys: Iterable[int]) -> bytes:
    """Return the block that tells which ids there are, of the halves of their keys that `holds_any` looks for."""
    numbers = array("Q", sorted(keys))
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()) + b"\n"


def halves(key: int, buckets: int) -> tuple[int, int]:
    """Return the bucket of an id, and the half of its key that is kept there."""
    return (key >> 64) % buckets, key & _LOW


def _numbers(block: bytes) -> array[int]:
    numbers = array("Q")
    try:
        numbers.frombytes(base64.b64decode(block))
    except ValueError as error:
        raise BrokenBlockError("a block of ids has another shape") from error
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _rows(line: bytes) -> Iterator[Row]:
    try:
        data = json.loads(line)
        signature, runs, nodeids = data["signature"], data["runs"], data["nodeids"]
        for record_id, updated, crc, run, nodeid, created, flags in data["rows"]:
            moment = unpacked(updated)
            then = moment if created is None else unpacked(created)
            yield Row(record_id, moment, crc, signature, runs[run], nodeids[nodeid], then, flags)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise BrokenBlockError(f"rows of the snapshot cannot be read: {error!r}") from error
