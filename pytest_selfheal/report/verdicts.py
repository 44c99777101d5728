"""What every form of a verdict shares: where the run comes from, in words, and nothing secret.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from datetime import timezone
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.safety.redact import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_selfheal.model import Verdict

OUTCOME_WORDS = {"block": "blocked", "warn": "passed with warnings", "pass": "passed", "unknown": "cannot tell"}
_SHORT = 10
_UNITS = ((86_400.0, "day"), (3600.0, "hour"), (60.0, "minute"))


def without_secrets(verdict: Verdict, environ: Mapping[str, str]) -> Verdict:
    """Return the verdict with secrets taken out of every text; names of parametrised tests can hold some."""

    def clean(text: str) -> str:
        return redact(text, environ)

    rules = tuple(
        replace(rule, value=clean(rule.value), tests=tuple(map(clean, rule.tests)), advice=clean(rule.advice))
        for rule in verdict.rules
    )
    return replace(verdict, rules=rules, notes=tuple(map(clean, verdict.notes)))


def cleaned(value: Any, environ: Mapping[str, str]) -> Any:
    """Return plain JSON data with secrets taken out of every string in it."""
    if isinstance(value, str):
        return redact(value, environ)
    if isinstance(value, list):
        return [cleaned(item, environ) for item in value]
    if isinstance(value, dict):
        return {key: cleaned(item, environ) for key, item in value.items()}
    return value


def origin_lines(verdict: Verdict, now: float) -> list[str]:
    """Return which run was judged, how old it is, of which commit, and against what."""
    age = age_of(verdict.started_at, now)
    commit = f" of commit {verdict.commit[:_SHORT]}" if verdict.commit else ""
    run = "JUnit files" if verdict.source == "junit" else f"run {verdict.run_id or '(none)'}"
    lines = [f"selfheal gate: {run}{commit}{f', {age}' if age else ''}"]
    if verdict.base:
        lines.append(f"compared with {verdict.base}; settings of the {verdict.settings}")
    if verdict.baseline:
        lines.append(f"baseline: {verdict.baseline}")
    return [*lines, *(f"note: {note}" for note in verdict.notes)]


def age_of(started_at: str, now: float) -> str:
    """Return how long ago something was, in words; empty when nobody knows."""
    try:
        moment = datetime.fromisoformat(started_at.replace("Z", "+00:00"))
    except ValueError:
        return ""
    if moment.tzinfo is None:  # a runner that tells its local time, of wherever it ran
        return ""
    seconds = (datetime.fromtimestamp(now, timezone.utc) - moment).total_seconds()
    for size, unit in _UNITS:
        if seconds >= size:
            count = int(seconds // size)
            return f"started {count} {unit}{'s' if count > 1 else ''} ago"
    return "started less than a minute ago"
