"""What lies where in the log, so that a question reads a few stretches of it and not all.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from pytest_selfheal.store.fold import TABLED
from pytest_selfheal.store.table import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

    from pytest_selfheal.store.lines import Line

SPAN = 256 * 1024
"""A stretch ends with the line that makes it this long, in bytes."""


class Span(NamedTuple):
    """A stretch of a segment.

    Attributes:
        segment: its name.
        start: the first byte.
        end: the byte behind the last one.
        newest: by kind, the latest time of its failures and of its events; a kind that it does not hold is missing.
        runs: the runs these belong to.
    """

    segment: str
    start: int
    end: int
    newest: dict[str, str]
    runs: frozenset[str]

    def may_hold(self, kind: str, run_id: str | None, since: str | None) -> bool:
        """Return whether a record of a kind, of a run, not older than `since`, may lie here."""
        return kind in self.newest and run_id in (None, *self.runs) and (since is None or self.newest[kind] >= since)


class Measuring:
    """Makes the spans of one segment while its lines are read in order.

    Args:
        segment: its name.
        start: where the reading starts.
    """

    def __init__(self, segment: str, start: int) -> None:
        self._segment = segment
        self._start = self._end = start
        self._newest: dict[str, str] = {}
        self._runs: set[str] = set()

    def add(self, line: Line | None, end: int) -> Span | None:
        """Take in a line (None: one that is no record) that ends before `end`; return the span it completes."""
        self._end = end
        if line is not None and line.values is not None and line.kind in TABLED:
            self._newest[line.kind] = max(time_of(line), self._newest.get(line.kind, ""))
            self._runs.add(line.values["run_id"])
        return self.rest() if end - self._start >= SPAN else None

    def rest(self) -> Span | None:
        """Return the span of what was read since the last one; None when nothing was, or nothing to look for."""
        found = Span(self._segment, self._start, self._end, self._newest, frozenset(self._runs))
        self._start, self._newest, self._runs = self._end, {}, set()
        return found if found.newest else None


def time_of(line: Line) -> str:
    """Return the time by which a failure or an event is found."""
    created: str = (line.values or {}).get("created_at", "")
    return created or line.updated_at


def spans_to_json(spans: Iterable[Span]) -> dict[str, Any]:
    """Return spans as plain JSON."""
    segments, runs = Texts(), Texts()
    listed = [
        [segments.number(one.segment), one.start, one.end, one.newest, [runs.number(run) for run in sorted(one.runs)]]
        for one in spans
    ]
    return {"segments": segments.list, "runs": runs.list, "spans": listed}


def spans_from_json(data: Any) -> Iterator[Span]:
    """Yield the spans that `spans_to_json` described."""
    segments, runs = data["segments"], data["runs"]
    for segment, start, end, newest, numbers in data["spans"]:
        yield Span(segments[segment], start, end, newest, frozenset(runs[number] for number in numbers))
