"""Which records are too old to keep, and what is counted in their place.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections import Counter
from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_selfheal.model.records import FailureRecord
from pytest_selfheal.model.records import PatternResult
from pytest_selfheal.model.records import ReviewEntry
from pytest_selfheal.model.runs import RunRecord
from pytest_selfheal.store.fold import COUNTS
from pytest_selfheal.store.queries import tally_results
from pytest_selfheal.store.tallies import Tally

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Iterable
    from collections.abc import Iterator

    from pytest_selfheal.store.fold import Fold
    from pytest_selfheal.store.lines import Line
    from pytest_selfheal.store.tallies import PatternTally

Key = tuple[str, str]

_AGEING = frozenset(cls.kind for cls in (RunRecord, ReviewEntry, PatternResult))
_PER_LINE = 500


class Old:
    """What grew too old: of failures and events the places of their rows, of the rest kind and id."""

    def __init__(self) -> None:
        self.rows: dict[str, bytearray] = {}
        self.keys: set[Key] = set()

    @property
    def dropped(self) -> dict[str, int]:
        """Return how many records of each kind are dropped."""
        counts = {kind: sum(marks) for kind, marks in self.rows.items() if any(marks)}
        return dict(Counter(kind for kind, _ in self.keys)) | counts


def outdated(lines: Iterable[Line], fold: Fold, stays: Callable[[Key], bool], cutoff: str) -> Old:
    """Return what to drop: last touched before `cutoff` and in no segment that stays.

    Open reviews, generated tests, tallies and kinds unknown here never grow old. A failure is as young as its run, so
    that the failures of one run go together and its being a mass failure is judged on all of them.

    Args:
        lines: of the segments to merge, without failures and events.
        fold: of the whole log.
        stays: tells, of kind and id, whether a record is in a segment that is left alone.
        cutoff: the time that divides.
    """
    old = Old()
    open_reviews = {entry.id for entry in fold.of(ReviewEntry) if entry.status == "open"}
    for line in lines:
        key = (line.kind, line.id)
        is_open = line.kind == ReviewEntry.kind and line.id in open_reviews
        if line.kind in _AGEING and line.updated_at < cutoff and not stays(key) and not is_open:
            old.keys.add(key)
    young = {run.id for run in fold.of(RunRecord) if run.updated_at >= cutoff}
    for kind, table in fold.tables.items():
        marks = old.rows[kind] = bytearray(len(table))
        young_runs = {number for number, run_id in enumerate(table.runs.list) if run_id in young}
        for place in range(len(table)):
            if table.updated_at(place) < cutoff and not stays((kind, table.rows_at([place])[0].id)):
                marks[place] = kind != FailureRecord.kind or table.run[place] not in young_runs
    return old


def tallies(old: Old, fold: Fold, name: str, now: str) -> Iterator[Tally]:
    """Yield what the dropped records `old` leave behind, in parts that fit into a line each.

    Args:
        old: what is dropped.
        fold: of the whole log, the dropped records included.
        name: the merged segment, from which the ids are made; a copy of a tally is recognised by its id.
        now: the time the tallies carry.
    """
    failures = sorted(_lost_totals(old, fold).items())
    patterns = _lost_patterns(old.keys, fold)
    parts: list[Tally] = [
        Tally("", now, failures=dict(failures[start : start + _PER_LINE]))
        for start in range(0, len(failures), _PER_LINE)
    ]
    parts += [Tally("", now, patterns=(pattern,)) for pattern in patterns]
    if dropped := old.dropped:
        parts.append(Tally("", now, dropped=dropped))
    for number, part in enumerate(parts):
        yield Tally(f"{name}#tally{number}", now, part.failures, part.patterns, part.dropped)


def _lost_totals(old: Old, fold: Fold) -> dict[str, int]:
    table, marks = fold.failures, old.rows.get(FailureRecord.kind, bytearray())
    mass = {number for run_id in fold.mass_runs if (number := table.runs.find(run_id)) is not None}
    totals: dict[str, int] = {}
    for signature, places in table.by_signature() if any(marks) else ():
        gone: set[tuple[int, int]] = set()
        staying: set[tuple[int, int]] = set()
        for place in places:
            if table.flags[place] & COUNTS and table.run[place] not in mass:
                (gone if marks[place] else staying).add((table.run[place], table.nodeid[place]))
        if gone - staying:
            totals[table.signatures.list[signature]] = len(gone - staying)
    return totals


def _lost_patterns(old: Collection[Key], fold: Fold) -> list[PatternTally]:
    grouped: dict[tuple[str, str], list[PatternResult]] = defaultdict(list)
    for result in fold.of(PatternResult):
        if (result.kind, result.id) in old:
            grouped[result.pattern_name, result.error_signature].append(result)
    return [part for _, results in sorted(grouped.items()) for part in tally_results(results)]
