"""What one use of a candidate says about its kind, and what its kind's record says about a candidate.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_selfheal.learn.belief import posterior_mean
from pytest_selfheal.learn.belief import prior_from
from pytest_selfheal.model import PatternResult
from pytest_selfheal.model import stable_id

if TYPE_CHECKING:
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Pattern


def pattern_name(candidate: Candidate) -> str:
    """Return the name under which results of this kind of candidate are counted.

    Every tier of a built-in fixer is a kind of its own: successes of its sure answers must not lift its guesses.
    """
    return f"{candidate.fixer}@{candidate.prior:.2f}"


def pattern_result(candidate: Candidate, error_type: str, run_id: str, now: str, *, ok: bool) -> PatternResult:
    """Return the evidence of one validated success or failure; the same result of one run counts once."""
    return PatternResult(
        id=stable_id(run_id, candidate.id, candidate.fixer),
        updated_at=now,
        pattern_name=pattern_name(candidate),
        error_signature=f"{candidate.error_class.value}:{error_type}",
        fix_strategy={
            "fixer": candidate.fixer,
            "origin": candidate.origin.value,
            "error_class": candidate.error_class.value,
            "prior": list(prior_from(candidate.prior)),
            "learned": candidate.learned,
            "fix": candidate.id,
            "site": ", ".join(sorted({edit.path for edit in candidate.patch.edits})),
        },
        ok=ok,
        run_id=run_id,
        created_at=now,
    )


def believe(candidate: Candidate, seen: Pattern) -> Candidate:
    """Return the candidate with the posterior mean of its kind in this project as confidence."""
    mean = posterior_mean(seen.success_count, seen.failure_count, prior_from(candidate.prior))
    return replace(candidate, confidence=mean, base_confidence=candidate.prior)
