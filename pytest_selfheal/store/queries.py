"""The answers of every store, computed from its fold and its lines.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any
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
from pytest_selfheal.store.lines import beats
from pytest_selfheal.store.lines import parse
from pytest_selfheal.store.tallies import PatternTally
from pytest_selfheal.store.tallies import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_selfheal.store.fold import Fold
    from pytest_selfheal.store.fold import Row

R = TypeVar("R", bound=Record)


def history(fold: Fold, signatures: Iterable[str], since: str) -> dict[str, History]:
    """Return the history of each signature; unknown ones get an empty history."""
    start = normalised(since)
    return {signature: _history(fold, signature, start) for signature in signatures}


def _history(fold: Fold, signature: str, start: str) -> History:
    first: dict[tuple[str, str], tuple[str, str]] = {}
    for failure_id, row in fold.rows(signature):
        if row.flags & BROKE and row.created_at >= start:
            seen = (row.created_at, failure_id)
            key = (row.run_id, row.nodeid)
            first[key] = min(seen, first.get(key, seen))
    occurrences = [Occurrence(run, nodeid, created, found) for (run, nodeid), (created, found) in first.items()]
    occurrences.sort(key=lambda one: (one.created_at, one.run_id, one.nodeid))
    return History(signature, tuple(occurrences), fold.total(signature), fold.generated(signature))


def runs(fold: Fold, limit: int | None) -> list[RunRecord]:
    """Return runs, newest first."""
    return sorted(fold.of(RunRecord), key=lambda run: (run.started_at, run.id), reverse=True)[:limit]


def reviews(fold: Fold, status: str | None) -> list[ReviewEntry]:
    """Return review entries, those touched last first."""
    wanted = [entry for entry in fold.of(ReviewEntry) if status in (None, entry.status)]
    return sorted(wanted, key=lambda entry: (entry.updated_at, entry.id), reverse=True)


def generated_tests(fold: Fold) -> list[GeneratedTest]:
    """Return generated tests, newest first."""
    return sorted(fold.of(GeneratedTest), key=lambda test: (test.created_at, test.id), reverse=True)


def failures(
    fold: Fold, lines: Iterable[bytes], *, limit: int | None, run_id: str | None, since: str | None
) -> list[FailureRecord]:
    """Return failures, newest first; the fold chooses, only the chosen ones are read from `lines`."""
    start = normalised(since) if since else ""
    chosen = [
        (failure_id, row)
        for failure_id, row in fold.failures.items()
        if run_id in (None, row.run_id) and row.created_at >= start
    ]
    chosen.sort(key=lambda pair: (pair[1].created_at, pair[0]), reverse=True)
    del chosen[len(chosen) if limit is None else limit :]
    found = _found(dict(chosen), lines)
    totals = {signature: fold.total(signature) for signature in {row.signature for _, row in chosen}}
    return [
        replace(
            found[failure_id],
            occurrence_count=totals[row.signature],
            test_generated=fold.generated(row.signature),
        )
        for failure_id, row in chosen
        if failure_id in found
    ]


def _found(wanted: dict[str, Row], lines: Iterable[bytes]) -> dict[str, FailureRecord]:
    import zlib

    found: dict[str, FailureRecord] = {}
    checksums = {row.crc for row in wanted.values()}
    for raw in lines if wanted else ():
        crc = zlib.crc32(raw)
        if crc not in checksums:
            continue
        try:
            record = parse(raw).record
        except DataError:
            continue
        if isinstance(record, FailureRecord) and record.id in wanted and wanted[record.id].crc == crc:
            found[record.id] = record
            if len(found) == len(wanted):
                break
    return found


def events(lines: Iterable[bytes], latest: str | None, *, limit: int | None, run_id: str | None) -> list[HealingEvent]:
    """Return healing events, newest first; lines dated after `latest` do not count."""
    known: dict[str, HealingEvent] = {}
    for raw in lines:
        if b'"event"' not in raw:
            continue
        try:
            record = parse(raw, latest).record
        except DataError:
            continue
        if isinstance(record, HealingEvent) and (record.id not in known or beats(record, known[record.id])):
            known[record.id] = record
    wanted = [event for event in known.values() if run_id in (None, event.run_id)]
    return sorted(wanted, key=lambda event: (event.created_at or event.updated_at, event.id), reverse=True)[:limit]


def patterns(fold: Fold) -> list[Pattern]:
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


def pattern_results(fold: Fold) -> list[PatternResult]:
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
