"""How far a learned pattern may go, from everything that has happened to it.

API class: edits replayed from one example were 97.6 % right (727 of 745, reference on program repair), so a person's
one red-to-green that was validated again is enough to act alone. Value class: nothing is known, and about 15 % of the
patches that turn such tests green are wrong; it starts at 0.5 and has to earn every step.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from pytest_selfheal.learn.belief import convinces
from pytest_selfheal.learn.belief import decayed
from pytest_selfheal.learn.belief import lower_bound
from pytest_selfheal.learn.belief import posterior_mean
from pytest_selfheal.model import ErrorClass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.model import Evidence
    from pytest_selfheal.model import LearnedPattern

HALF_LIFE_DAYS = 90.0
"""After so long a piece of evidence counts half: code and libraries move on."""

UNUSED_DAYS = 360.0
"""A pattern to which nothing has happened for four half-lives is retired: nearly all of its evidence is gone."""

API_PRIOR = (4.5, 0.5)
"""Mean 0.9, worth five observations: the measured 0.976 shrunk, because it was measured on four projects.

Heavier, it would take too long to find out about a project whose patterns are worse than the measured ones.
"""

VALUE_PRIOR = (1.0, 1.0)

NEEDED_SUCCESSES = 3
NEEDED_SITES = 2
CLEAN_AFTER_FAILURE = 5
"""So many successes accepted by a person in a row give a pattern back what one failure took."""

MOST_FAILURES = 2
"""After so many it acts alone no more, until its record convinces or a person repairs such a place by hand again."""

TRIAL_USES = 10
"""So many uses long a pattern lives on what is known of its class; from then on its own record has to convince."""

_RETIRED_MEAN = 0.35
_RETIRED_TRIALS = 3
_WEIGHTS = {"taught": 1.0, "success": 1.0, "failure": 1.0, "rejected": 1.0, "reverted": 2.0}
_GOOD = frozenset({"taught", "success"})
_EPSILON = 1e-9
_SECONDS_A_DAY = 86400.0


@dataclass(frozen=True)
class Standing:
    """What a pattern is worth now.

    Attributes:
        confidence: posterior mean, the probability (0-1) that it works the next time.
        lower80: the bound above which 80 % of the belief lies.
        successes: decayed weight of what went well.
        failures: decayed weight of what went wrong.
        learned: whether it has the evidence to act alone.
        retired: whether it is not to be used at all.
        reason: why it may not act alone, or why it may, in a sentence.
    """

    confidence: float
    lower80: float
    successes: float
    failures: float
    learned: bool
    retired: bool
    reason: str


def standing(pattern: LearnedPattern, now: str, *, strict: bool = False, least: float = 0.75) -> Standing:
    """Judge a pattern.

    Args:
        pattern: with its evidence, in any order.
        now: UTC, ISO 8601.
        strict: compare the lower 80 % bound, not the mean, with `least`.
        least: the confidence from which on something may act alone.
    """
    events = _telling(pattern)
    good, bad = _weights(_counted(events), now)
    prior = API_PRIOR if pattern.error.error_class is ErrorClass.API else VALUE_PRIOR
    mean, lower = posterior_mean(good, bad, prior), lower_bound(good, bad, prior)
    retired = _why_retired(pattern, events, mean, now)
    against = retired or _why_not_alone(pattern, events, lower if strict else mean, least)
    reason = against or ("taught by a person, validated again" if prior == API_PRIOR else "earned")
    return Standing(mean, lower, good, bad, not against, bool(retired), reason)


def history(pattern: LearnedPattern) -> list[tuple[str, str, float, float]]:
    """Return when what happened, and the posterior mean and lower bound it led to, oldest first."""
    events = _telling(pattern)
    prior = API_PRIOR if pattern.error.error_class is ErrorClass.API else VALUE_PRIOR
    rows = []
    for number, event in enumerate(events, 1):
        good, bad = _weights(_counted(events[:number]), event.at)
        rows.append((event.at, event.result, posterior_mean(good, bad, prior), lower_bound(good, bad, prior)))
    return rows


def _telling(pattern: LearnedPattern) -> list[Evidence]:
    """Return the events that can say something, oldest first; a sweep that held is part of the use it followed."""
    known = [event for event in pattern.evidence if event.result in _WEIGHTS]
    return sorted(known, key=lambda event: (event.at, event.id))


def _counted(events: Sequence[Evidence]) -> list[Evidence]:
    """Return the events that say something about the next use: the first lesson itself was no use."""
    first = next((event for event in events if event.result == "taught"), None)
    return [event for event in events if event is not first]


def _weights(events: Sequence[Evidence], now: str) -> tuple[float, float]:
    good = bad = 0.0
    for event in events:
        weight = _WEIGHTS[event.result] * decayed(_days(event.at, now), HALF_LIFE_DAYS)
        if event.result in _GOOD:
            good += weight
        else:
            bad += weight
    return good, bad


def _why_retired(pattern: LearnedPattern, events: Sequence[Evidence], mean: float, now: str) -> str:
    if pattern.status == "retired":
        return "retired"
    trials = len(_counted(events))
    if trials >= _RETIRED_TRIALS and mean < _RETIRED_MEAN:
        return f"it failed too often: {mean:.2f} after {trials} uses"
    last = max((event.at for event in events), default=pattern.created_at)
    if last and _days(last, now) > UNUSED_DAYS:
        return f"not used since {last[:10]}"
    return ""


def _why_not_alone(pattern: LearnedPattern, events: Sequence[Evidence], confidence: float, least: float) -> str:
    if pattern.status == "suggest":
        return "only to be suggested"
    if confidence < least - _EPSILON:
        return f"{confidence:.2f} is below {least:.2f}"
    if not _has_convincing_record(events):
        if _failures_since_taught(events) >= MOST_FAILURES:
            return "it failed twice since a person last taught it"
        used = _counted(events)
        if len(used) >= TRIAL_USES:
            good = sum(event.result in _GOOD for event in used)
            return f"{good} of {len(used)} uses went well: not enough yet to rule out that 4 in 10 go wrong"
    after = _since_failure(events)
    if after is not None and sum(event.by == "person" for event in after) < CLEAN_AFTER_FAILURE:
        return "it once broke a test, or was taken back"
    if pattern.error.error_class is ErrorClass.API:
        taught = any(event.result == "taught" and event.by == "person" for event in events)
        return "" if taught or _is_earned(events) else "nobody in this project taught it"
    return "" if _is_earned(events) else "it has not worked often enough yet"


def _has_convincing_record(events: Sequence[Evidence]) -> bool:
    """Tell whether all uses so far rule out a bad pattern; age does not matter here, the mean sees to that."""
    weights = {True: 0.0, False: 0.0}
    for event in _counted(events):
        weights[event.result in _GOOD] += _WEIGHTS[event.result]
    return convinces(weights[True], weights[False])


def _failures_since_taught(events: Sequence[Evidence]) -> int:
    taught = max((number for number, event in enumerate(events) if event.result == "taught"), default=0)
    return sum(event.result not in _GOOD for event in events[taught:])


def _since_failure(events: Sequence[Evidence]) -> list[Evidence] | None:
    """Return what went well after the last failure; None when nothing ever failed."""
    failed = [number for number, event in enumerate(events) if event.result not in _GOOD]
    return [event for event in events[failed[-1] + 1 :] if event.result in _GOOD] if failed else None


def _is_earned(events: Sequence[Evidence]) -> bool:
    good = [event for event in _counted(events) if event.result in _GOOD]
    sites = {event.site for event in good}
    enough = len(good) >= NEEDED_SUCCESSES and len(sites) >= NEEDED_SITES
    clean = all(event.result in _GOOD for event in _counted(events)[-NEEDED_SUCCESSES:])
    return enough and clean and any(event.by == "person" for event in good)


def _days(earlier: str, later: str) -> float:
    try:
        return (_moment(later) - _moment(earlier)).total_seconds() / _SECONDS_A_DAY
    except (ValueError, TypeError):
        return 0.0  # a time written by hand that nobody can read: as good as now


@lru_cache(maxsize=1024)
def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
