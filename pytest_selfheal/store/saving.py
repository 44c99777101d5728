"""Writing the snapshot: whole, or what is new as a further file of blocks.

The blocks go to a file of a new name first, and the summary that names it is replaced at once: a crash at any byte
leaves the old snapshot in force.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import DataError
from pytest_selfheal.store import snapshot as snapshots
from pytest_selfheal.store.blocks import Blocks
from pytest_selfheal.store.clock import DAY_S
from pytest_selfheal.store.files import write_atomically
from pytest_selfheal.store.fold import KEPT
from pytest_selfheal.store.fold import TABLED
from pytest_selfheal.store.layered import Layered
from pytest_selfheal.store.layout import refuse_other_than_folder
from pytest_selfheal.store.saved import halves
from pytest_selfheal.store.saved import ids_block
from pytest_selfheal.store.snapshot import Summary
from pytest_selfheal.store.snapshot import bucket_of
from pytest_selfheal.store.spans import spans_to_json
from pytest_selfheal.store.table import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from pytest_selfheal.store.blocks import Ref
    from pytest_selfheal.store.clock import Clock
    from pytest_selfheal.store.fold import Fold
    from pytest_selfheal.store.layout import Layout
    from pytest_selfheal.store.spans import Span
    from pytest_selfheal.store.table import Table

_ROWS_PER_BUCKET = 2000
_MOST_BUCKETS = 512


def save(
    layout: Layout,
    clock: Clock,
    fold: Fold | Layered,
    *,
    covers: Mapping[str, int],
    gone: Mapping[str, int],
    spans: Sequence[Span],
) -> None:
    """Write the snapshot of a fold.

    Args:
        layout: where the store lies.
        clock: names the file, and tells which files nobody can be writing any more.
        fold: what was read; of a layered one only what is new is written, as long as few files hold the rest.
        covers: bytes of each segment that are in the fold.
        gone: bytes of each segment that were merged into another one.
        spans: what lies where, of the whole log.

    Raises:
        OSError: the old snapshot is still in place, or the new one is and may not survive a power loss.
        BrokenBlockError: the old snapshot cannot be read; the new one was not written.
    """
    before = _files_named(layout)
    layout.blocks.mkdir(0o700, exist_ok=True)
    refuse_other_than_folder(layout.blocks)
    if isinstance(fold, Layered) and _may_be_continued(fold.base.summary.files, before):
        summary = _copy(fold.base.summary)
        new, spans = fold.new, spans[len(fold.base.spans) :]
    else:
        new = fold.melted() if isinstance(fold, Layered) else fold
        count = _bucket_count(len(new.failures))
        summary = Summary(
            buckets=count,
            rows={kind: [[] for _ in range(count)] for kind in TABLED},
            ids={kind: [[] for _ in range(count)] for kind in TABLED},
            totals=[None] * count,
        )
        fold = new
    summary.covers, summary.gone = dict(covers), dict(gone)
    summary.counts = {kind: fold.count(kind) for kind in (*TABLED, *(cls.kind for cls in KEPT))}
    summary.oldest, summary.newest = fold.started()
    name = f"{clock.stamp()}-{os.getpid()}-{os.urandom(4).hex()}.jsonl"
    summary.files.append(name)
    write_atomically(layout.blocks / name, _Saving(summary, fold, new, spans).blocks())
    snapshots.write(layout.snapshot, summary)
    _remove(layout, clock, before - set(summary.files), set(summary.files))


def _may_be_continued(files: Sequence[str], named: AbstractSet[str]) -> bool:
    """Tell whether a further file may follow: few hold the rest, and nobody has replaced one of them meanwhile."""
    return len(files) < snapshots.MOST_FILES and named >= set(files)


class _Saving:
    """Yields the blocks of a snapshot and notes in the summary where they lie."""

    def __init__(self, summary: Summary, fold: Fold | Layered, new: Fold, spans: Sequence[Span]) -> None:
        self._summary = summary
        self._fold = fold
        self._new = new
        self._spans = spans
        self._file = Blocks(len(summary.files) - 1)

    def blocks(self) -> Iterator[bytes]:
        """Yield every block."""
        for cls in KEPT:
            if self._new.records[cls.kind]:
                layers = self._fold
                records = layers.records(cls.kind) if isinstance(layers, Layered) else layers.records[cls.kind]
                block = b"".join(_line(record.to_dict()) for _, record in sorted(records.items()))
                self._summary.records[cls.kind] = self._file.ref(block)
                yield block
        yield from self._totals()
        yield from self._others()
        for kind in TABLED:
            yield from self._rows(self._new.tables[kind], self._summary.rows[kind])
            yield from self._ids(self._new.tables[kind], self._summary.ids[kind])

    def _rows(self, table: Table, refs: list[list[Ref]]) -> Iterator[bytes]:
        by_bucket: dict[int, list[int]] = {}
        for number, signature in enumerate(table.signatures.list):
            by_bucket.setdefault(bucket_of(signature, self._summary.buckets), []).append(number)
        for bucket, numbers in sorted(by_bucket.items()):
            block = b"".join(self._rows_of(table, table.signatures.list[number]) for number in numbers)
            if block:
                refs[bucket].append(self._file.ref(block))
                yield block

    def _rows_of(self, table: Table, signature: str) -> bytes:
        runs, nodeids = Texts(), Texts()
        rows = list(table.shortened(table.of_signature(signature), runs, nodeids))
        data = {"signature": signature, "runs": runs.list, "nodeids": nodeids.list, "rows": rows}
        return _line(data) if rows else b""

    def _ids(self, table: Table, refs: list[list[Ref]]) -> Iterator[bytes]:
        by_bucket: dict[int, list[int]] = {}
        for key in table.places:
            bucket, half = halves(key, self._summary.buckets)
            by_bucket.setdefault(bucket, []).append(half)
        for bucket in sorted(by_bucket):
            block = ids_block(by_bucket.pop(bucket))
            refs[bucket].append(self._file.ref(block))
            yield block

    def _totals(self) -> Iterator[bytes]:
        seen: dict[int, dict[str, int]] = {}
        for signature, total in self._fold.present().items():
            seen.setdefault(bucket_of(signature, self._summary.buckets), {})[signature] = total
        for bucket, totals in sorted(seen.items()):
            known = dict(self._fold.base.totals(bucket)) if isinstance(self._fold, Layered) else {}
            for signature, total in totals.items():
                known[signature] = known.get(signature, 0) + total
            block = _line(known)
            self._summary.totals[bucket] = self._file.ref(block)
            yield block

    def _others(self) -> Iterator[bytes]:
        rewritten: dict[str, dict[str, int]] = {kind: {} for kind in TABLED}
        for kind in TABLED:
            for record_id in self._new.rewritten[kind]:
                row = self._new.tables[kind].find(record_id)
                if row is not None:
                    rewritten[kind][record_id] = row.crc
        others: dict[str, Any] = {
            "spans": spans_to_json(self._spans) if self._spans else None,
            "rewritten": rewritten if any(rewritten.values()) else None,
        }
        self._summary.others["mass"] = []
        others["mass"] = sorted(self._fold.mass_runs) or None
        for name, data in others.items():
            if data is not None:
                block = _line(data)
                self._summary.others.setdefault(name, []).append(self._file.ref(block))
                yield block


def _bucket_count(rows: int) -> int:
    count = 1
    while count < _MOST_BUCKETS and count * _ROWS_PER_BUCKET < rows:
        count *= 2
    return count


def _copy(summary: Summary) -> Summary:
    return replace(
        summary,
        files=list(summary.files),
        records=dict(summary.records),
        rows={kind: [list(refs) for refs in buckets] for kind, buckets in summary.rows.items()},
        ids={kind: [list(refs) for refs in buckets] for kind, buckets in summary.ids.items()},
        totals=list(summary.totals),
        others={name: list(refs) for name, refs in summary.others.items()},
    )


def _line(data: Any) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode("ascii") + b"\n"


def _files_named(layout: Layout) -> set[str]:
    try:
        return set(snapshots.read(layout.snapshot).files)
    except (OSError, DataError):
        return set()


def _remove(layout: Layout, clock: Clock, replaced: set[str], needed: set[str]) -> None:
    # A file that no summary names may be one that another process is about to name; after a day it is not.
    long_ago = clock.seconds() - DAY_S
    with contextlib.suppress(OSError):
        for path in layout.blocks.iterdir():
            if path.name not in needed and (path.name in replaced or os.lstat(path).st_mtime < long_ago):
                with contextlib.suppress(OSError):
                    path.unlink()
