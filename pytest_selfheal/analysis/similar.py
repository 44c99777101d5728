"""Earlier failures like this one that were repaired.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_selfheal.analysis.evidence import Resolved

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import HealingEvent
    from pytest_selfheal.model import ReviewEntry

_WORD = re.compile(r"[A-Za-z_]{2,}")
_LEAST_ALIKE = 0.3
_SAME_TYPE = 0.4
_MOST_CHANGE = 1200


def similar(
    failure: Failure,
    entries: Iterable[ReviewEntry],
    events: Iterable[HealingEvent],
    records: Iterable[FailureRecord],
    *,
    most: int = 3,
) -> tuple[Resolved, ...]:
    """Return the repaired failures that are most like `failure`, the most similar first.

    Args:
        failure: the failure in question.
        entries: the review queue; accepted entries tell what a person agreed to, with its edits.
        events: what the plugin did; applied fixes tell what worked, without edits.
        records: failures, to tell what the error of an applied fix was.
        most: how many to return.
    """
    found: dict[tuple[str, str], Resolved] = {}
    for entry in entries:
        if entry.status == "accepted" and len(entry.candidates) == 1:
            one = entry.candidates[0]
            known = Resolved(entry.error_type, entry.error_message, one.title, change_of(one))
            found.setdefault((known.error_type, known.title), known)
    errors = {record.signature: record for record in records}
    for event in events:
        record = errors.get(event.signature)
        if record is not None and (event.action, event.result) == ("fix", "ok"):
            known = Resolved(record.error_type, record.error_message, event.detail)
            found.setdefault((known.error_type, known.title), known)
    ranked = sorted(((_likeness(failure, one), one) for one in found.values()), key=lambda pair: -pair[0])
    return tuple(one for likeness, one in ranked if likeness >= _LEAST_ALIKE)[:most]


def change_of(candidate: Candidate) -> str:
    """Return the edits of a candidate as lines that begin with `-` or `+`."""
    lines: list[str] = []
    for edit in candidate.patch.edits:
        lines.append(f"in {edit.path}:")
        lines += [f"-{row}" for row in edit.old.splitlines()]
        lines += [f"+{row}" for row in edit.new.splitlines()]
    return "\n".join(lines)[:_MOST_CHANGE]


def _likeness(failure: Failure, one: Resolved) -> float:
    """Return 0 to 1: the type of the error counts for 0.4, the words of the message for the rest."""
    mine, other = _words(failure.error_message), _words(one.error_message)
    together = mine | other
    shared = len(mine & other) / len(together) if together else 0.0
    same = failure.error_type.rpartition(".")[2] == one.error_type.rpartition(".")[2]
    return _SAME_TYPE * same + (1 - _SAME_TYPE) * shared


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))
