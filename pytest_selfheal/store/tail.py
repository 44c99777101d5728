"""Follows the log of a JSON store while runs write it.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.errors import DataError
from pytest_selfheal.errors import StoreError
from pytest_selfheal.store.files import read_lines
from pytest_selfheal.store.layout import Layout
from pytest_selfheal.store.lines import parse

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_selfheal.model import Record
    from pytest_selfheal.store.layout import Segment

_MOST_AT_ONCE = 500


class Tail:
    """Yields what was appended since it was made, across all processes that write; reads only, never raises.

    Args:
        root: the store's folder, which need not exist yet.
    """

    def __init__(self, root: Path) -> None:
        self._layout = Layout(root)
        self._read = self.position()

    def new(self) -> list[Record]:
        """Return the records appended since the last call, in order for each writer; at most 500, the rest follows."""
        found: list[Record] = []
        for name, segment in self._segments().items():
            # What a compaction writes was all read before, in the segments that it replaced.
            if segment.merged or segment.size <= self._read.get(name, 0):
                continue
            found += self._records(name, segment.path, _MOST_AT_ONCE - len(found))
            if len(found) >= _MOST_AT_ONCE:
                break
        return found

    def position(self) -> dict[str, int]:
        """Return how far the log reaches now: equal positions mean that nothing was written between."""
        return {name: segment.size for name, segment in self._segments().items()}

    def _segments(self) -> dict[str, Segment]:
        try:
            return self._layout.segments(lambda _where, _error: None) if self._layout.check() else {}
        except (OSError, StoreError):
            return {}

    def _records(self, name: str, path: Path, most: int) -> list[Record]:
        found: list[Record] = []
        try:
            for _offset, end, raw in read_lines(path, self._read.get(name, 0)):
                self._read[name] = end
                try:
                    record = parse(raw).record
                except DataError:
                    continue
                if record is not None:
                    found.append(record)
                if len(found) >= most:
                    break
        except OSError:
            pass  # replaced or taken away between the listing and now
        return found
