"""The answers of every store, computed from its fold and its lines.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple
from typing import TypeVar

from pytest_selfheal.errors import DataError
from pytest_selfheal.model.records import FailureRecord
from pytest_selfheal.model.records import GeneratedTest
from pytest_selfheal.model.records import HealingEvent
from pytest_selfheal.model.records import History
from pytest_selfheal.model.records import Occurrence
from pytest_selfheal.model.records import Pattern
from pytest_selfheal.model.records import PatternResult
from pytest_selfheal.model.records import ReviewEntry
from pytest_selfheal.model.runs import Record
from pytest_selfheal.model.runs import RunRecord
from pytest_selfheal.model.words import Origin
from pytest_selfheal.store.clock import normalised
from pytest_selfheal.store.fold import BROKE
from pytest_selfheal.store.lines import parse
from pytest_selfheal.store.spans import time_of
from pytest_selfheal.store.tallies import PatternTally
from pytest_selfheal.store.tallies import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_selfheal.store.fold import Fold
    from pytest_selfheal.store.layered import Layered
    from pytest_selfheal.store.lines import Line

R = TypeVar("R", bound=Record)


class Piece(NamedTuple):
    """A part of the log, not read yet: nothing in it is later than `newest`."""

    newest: str
    lines: Iterable[bytes]


def history(fold: Fold | Layered, signatures: Iterable[str], since: str) -> dict[str, History]:
    """Return the history of each signature; unknown ones get an empty history."""
    start = normalised(since)
    return {signature: _history(fold, signature, start) for signature in signatures}


def _history(fold: Fold | Layered, signature: str, start: str) -> History:
    first: dict[tuple[str, str], tuple[str, str]] = {}
    for row in fold.rows(signature):
        if row.flags & BROKE and row.created_at >= start:
            seen = (row.created_at, row.id)
            key = (row.run_id, row.nodeid)
            first[key] = min(seen, first.get(key, seen))
    occurrences = [Occurrence(run, nodeid, created, found) for (run, nodeid), (created, found) in first.items()]
    occurrences.sort(key=lambda one: (one.created_at, one.run_id, one.nodeid))
    return History(signature, tuple(occurrences), fold.total(signature), fold.generated(signature))


def runs(fold: Fold | Layered, limit: int | None) -> list[RunRecord]:
    """Return runs, newest first."""
    return sorted(fold.of(RunRecord), key=lambda run: (run.started_at, run.id), reverse=True)[:limit]


def reviews(fold: Fold | Layered, status: str | None) -> list[ReviewEntry]:
    """Return review entries, those touched last first."""
    wanted = [entry for entry in fold.of(ReviewEntry) if status in (None, entry.status)]
    return sorted(wanted, key=lambda entry: (entry.updated_at, entry.id), reverse=True)


def generated_tests(fold: Fold | Layered) -> list[GeneratedTest]:
    """Return generated tests, newest first."""
    return sorted(fold.of(GeneratedTest), key=lambda test: (test.created_at, test.id), reverse=True)


def failures(
    fold: Fold | Layered,
    pieces: Iterable[Piece],
    *,
    limit: int | None,
    run_id: str | None,
    since: str | None,
    latest: str | None = None,
) -> list[FailureRecord]:
    """Return failures, newest first; no more pieces are read than it takes."""
    found = _newest(FailureRecord, fold, pieces, limit=limit, run_id=run_id, since=since, latest=latest)
    totals = {signature: fold.total(signature) for signature in {one.signature for one in found}}
    tested = {signature for signature in totals if fold.generated(signature)}
    return [
        replace(one, occurrence_count=totals[one.signature], test_generated=one.signature in tested) for one in found
    ]


def events(
    fold: Fold | Layered,
    pieces: Iterable[Piece],
    *,
    limit: int | None,
    run_id: str | None,
    since: str | None,
    latest: str | None = None,
) -> list[HealingEvent]:
    """Return healing events, newest first; lines dated after `latest` do not count."""
    return _newest(HealingEvent, fold, pieces, limit=limit, run_id=run_id, since=since, latest=latest)


def _newest(
    cls: type[R],
    fold: Fold | Layered,
    pieces: Iterable[Piece],
    *,
    limit: int | None,
    run_id: str | None,
    since: str | None,
    latest: str | None,
) -> list[R]:
    start = normalised(since) if since else ""
    mark = b'"%s"' % cls.kind.encode()
    found: dict[str, tuple[tuple[str, str], Line]] = {}
    for piece in pieces:
        if limit is not None and len(found) >= limit:
            found = dict(sorted(found.items(), key=lambda pair: pair[1][0], reverse=True)[:limit])
            if not found or piece.newest < min(place for place, _ in found.values())[0]:
                break
        for raw in piece.lines:
            if mark not in raw:
                continue
            try:
                line = parse(raw, latest)
            except DataError:
                continue
            if line.kind != cls.kind or line.values is None or run_id not in (None, line.values["run_id"]):
                continue
            moment = time_of(line)
            if moment >= start and fold.is_current(cls.kind, line.id, line.crc):
                found[line.id] = ((moment, line.id), line)
    ordered = sorted(found.values(), key=lambda pair: pair[0], reverse=True)[:limit]
    return [record for _, line in ordered if isinstance(record := line.record, cls)]


def patterns(fold: Fold | Layered) -> list[Pattern]:
    """Return patterns folded from their results, the most certain first."""
    grouped: dict[tuple[str, str], list[PatternResult]] = defaultdict(list)
    for result in fold.of(PatternResult):
        grouped[result.pattern_name, result.error_signature].append(result)
    tallied: dict[tuple[str, str], list[PatternTally]] = defaultdict(list)
    for tally in fold.of(Tally):
        for part in tally.patterns:
            tallied[part.pattern_name, part.error_signature].append(part)
    found = [pattern_of(tally_results(grouped[key]), tallied[key]) for key in {**grouped, **tallied}]
    return sorted(
        found,
        key=lambda one: (-one.confidence_score, -one.success_count, one.pattern_name, one.error_signature),
    )


def pattern_results(fold: Fold | Layered) -> list[PatternResult]:
    """Return the single results that patterns are folded from, oldest first; those dropped with age are gone."""
    return sorted(fold.of(PatternResult), key=lambda result: (result.created_at, result.id))


def tally_results(results: list[PatternResult]) -> list[PatternTally]:
    """Return the sum of results of one pattern, as a list of one; of none, an empty list."""
    if not results:
        return []
    last = max(results, key=lambda result: (result.created_at, result.updated_at, result.id))
    good = sum(result.ok for result in results)
    created = [result.created_at for result in results]
    return [
        PatternTally(
            last.pattern_name,
            last.error_signature,
            last.fix_strategy,
            successes=good,
            failures=len(results) - good,
            created_at=min(created),
            last_used_at=max(created),
        )
    ]


def pattern_of(recent: list[PatternTally], older: list[PatternTally]) -> Pattern:
    """Return a pattern from the sums of its results."""
    parts = [*older, *recent]
    strategy = max(parts, key=lambda part: part.last_used_at).fix_strategy
    successes = sum(part.successes for part in parts)
    failed = sum(part.failures for part in parts)
    a, b = prior_of(strategy.get("prior"))
    return Pattern(
        parts[0].pattern_name,
        parts[0].error_signature,
        strategy,
        success_count=successes,
        failure_count=failed,
        confidence_score=(a + successes) / (a + b + successes + failed),
        last_used_at=max(part.last_used_at for part in parts),
        created_at=min(part.created_at for part in parts),
        origin=_origin(strategy.get("origin")),
        learned=strategy.get("learned") is True,
    )


def prior_of(value: Any) -> tuple[float, float]:
    """Return the parameters of a pattern's Beta prior as its strategy states them."""
    # A damaged prior must not make a pattern look certain: fall back to knowing nothing, Beta(1, 1).
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        return 1.0, 1.0
    if not all(isinstance(part, (int, float)) and math.isfinite(part) and part > 0 for part in value):
        return 1.0, 1.0
    return float(value[0]), float(value[1])


def _origin(value: Any) -> Origin:
    try:
        return Origin(value)
    except ValueError:
        return Origin.BUILTIN
