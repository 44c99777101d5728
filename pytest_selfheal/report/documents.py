"""JSON documents with a versioned schema; docs/json-schemas.md describes them, the tests validate them.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import HealingEvent
    from pytest_selfheal.model import Health
    from pytest_selfheal.model import LearnedPattern
    from pytest_selfheal.model import Pattern
    from pytest_selfheal.model import ReviewEntry
    from pytest_selfheal.model import Verdict


def failures_document(failures: Sequence[FailureRecord]) -> dict[str, Any]:
    """Return `selfheal-failures/1`, newest first."""
    return {"schema": "selfheal-failures/1", "failures": [record.to_dict() for record in failures]}


def patterns_document(
    patterns: Sequence[Pattern], learned: Sequence[tuple[LearnedPattern, float, bool, bool]] = ()
) -> dict[str, Any]:
    """Return `selfheal-patterns/1`, best first; what was learned comes with confidence, learned and retired."""
    return {
        "schema": "selfheal-patterns/1",
        "patterns": [pattern.to_dict() for pattern in patterns],
        "learned": [
            {**pattern.to_dict(), "confidence": confidence, "learned": is_learned, "retired": is_retired}
            for pattern, confidence, is_learned, is_retired in learned
        ],
    }


def health_document(health: Health) -> dict[str, Any]:
    """Return `selfheal-health/1`."""
    return {"schema": "selfheal-health/1", **health.to_dict()}


def review_document(entries: Sequence[ReviewEntry]) -> dict[str, Any]:
    """Return `selfheal-review/1`, newest first."""
    return {"schema": "selfheal-review/1", "reviews": [entry.to_dict() for entry in entries]}


def verdict_document(verdict: Verdict, exit_status: int) -> dict[str, Any]:
    """Return `selfheal-gate/1`; `exit_status` is what the command ends with."""
    return {"schema": "selfheal-gate/1", "exit_status": exit_status, **verdict.to_dict()}


def badge_document(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as an endpoint of shields.io (schema version 1)."""
    messages = {"pass": ("passing", "brightgreen"), "warn": ("warnings", "yellow"), "block": ("blocked", "red")}
    message, colour = messages.get(verdict.status, ("unknown", "lightgrey"))
    return {"schemaVersion": 1, "label": "selfheal gate", "message": message, "color": colour}


def report_document(
    verdict: Verdict,
    exit_status: int,
    health: Health | None,
    failures: Sequence[FailureRecord],
    events: Sequence[HealingEvent],
    reviews: Sequence[ReviewEntry],
) -> dict[str, Any]:
    """Return `selfheal-report/1`: one run with its verdict, health, failures, what was done, and what is left to do."""
    return {
        "schema": "selfheal-report/1",
        "gate": verdict_document(verdict, exit_status),
        "health": health_document(health) if health is not None else None,
        "failures": [record.to_dict() for record in failures],
        "events": [event.to_dict() for event in events],
        "reviews": [entry.to_dict() for entry in reviews],
    }


def store_document(answer: str, content: dict[str, Any]) -> dict[str, Any]:
    """Return `selfheal-store-ANSWER/1` with the store's own figures."""
    return {"schema": f"selfheal-store-{answer}/1", **content}


def to_text(document: dict[str, Any]) -> str:
    """Return the document as ASCII JSON, which no terminal or pipe can spoil."""
    return json.dumps(document, indent=2, ensure_ascii=True, sort_keys=False)
