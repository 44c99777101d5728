"""Which records are too old to keep, and what is counted in their place.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections import Counter
from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_selfheal.model.records import FailureRecord
from pytest_selfheal.model.records import HealingEvent
from pytest_selfheal.model.records import PatternResult
from pytest_selfheal.model.records import ReviewEntry
from pytest_selfheal.model.runs import RunRecord
from pytest_selfheal.store.queries import tally_results
from pytest_selfheal.store.tallies import Tally

if TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Iterable
    from collections.abc import Iterator

    from pytest_selfheal.store.fold import Fold
    from pytest_selfheal.store.lines import Line
    from pytest_selfheal.store.tallies import PatternTally

Key = tuple[str, str]

_AGEING = frozenset(cls.kind for cls in (RunRecord, FailureRecord, HealingEvent, ReviewEntry, PatternResult))
_PER_LINE = 500


def outdated(lines: Iterable[Line], kept: Collection[Key], fold: Fold, cutoff: str) -> set[Key]:
    """Return kind and id of each line to drop: last touched before `cutoff` and in no segment that stays (`kept`).

    Open reviews, generated tests, tallies and kinds unknown here never grow old. A failure is as young as its run, so
    that the failures of one run go together and its being a mass failure is judged on all of them.
    """
    runs = {run.id: run.updated_at for run in fold.of(RunRecord)}
    open_reviews = {entry.id for entry in fold.of(ReviewEntry) if entry.status == "open"}
    found: set[Key] = set()
    for line in lines:
        key = (line.kind, line.id)
        if line.kind not in _AGEING or line.updated_at >= cutoff or key in kept:
            continue
        if line.kind == ReviewEntry.kind and line.id in open_reviews:
            continue
        if line.kind == FailureRecord.kind and runs.get(fold.failures[line.id].run_id, "") >= cutoff:
            continue
        found.add(key)
    return found


def tallies(old: Collection[Key], fold: Fold, name: str, now: str) -> Iterator[Tally]:
    """Yield what the dropped records `old` leave behind, in parts that fit into a line each.

    Args:
        old: kind and id of the dropped records.
        fold: of the whole log, the dropped records included.
        name: the merged segment, from which the ids are made; a copy of a tally is recognised by its id.
        now: the time the tallies carry.
    """
    failures = sorted(_lost_totals(old, fold).items())
    patterns = _lost_patterns(old, fold)
    parts: list[Tally] = [
        Tally("", now, failures=dict(failures[start : start + _PER_LINE]))
        for start in range(0, len(failures), _PER_LINE)
    ]
    parts += [Tally("", now, patterns=(pattern,)) for pattern in patterns]
    if old:
        parts.append(Tally("", now, dropped=dict(Counter(kind for kind, _ in old))))
    for number, part in enumerate(parts):
        yield Tally(f"{name}#tally{number}", now, part.failures, part.patterns, part.dropped)


def _lost_totals(old: Collection[Key], fold: Fold) -> dict[str, int]:
    dropped = {record_id for kind, record_id in old if kind == FailureRecord.kind}
    totals: dict[str, int] = {}
    for signature in {fold.failures[failure_id].signature for failure_id in dropped}:
        gone: set[tuple[str, str]] = set()
        staying: set[tuple[str, str]] = set()
        for failure_id, row in fold.rows(signature):
            (gone if failure_id in dropped else staying).add((row.run_id, row.nodeid))
        if gone - staying:
            totals[signature] = len(gone - staying)
    return totals


def _lost_patterns(old: Collection[Key], fold: Fold) -> list[PatternTally]:
    grouped: dict[tuple[str, str], list[PatternResult]] = defaultdict(list)
    for result in fold.of(PatternResult):
        if (result.kind, result.id) in old:
            grouped[result.pattern_name, result.error_signature].append(result)
    return [part for _, results in sorted(grouped.items()) for part in tally_results(results)]
