"""What may be done with validated candidates: the confidence bands, and the context that lowers them.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_selfheal.model import Apply
from pytest_selfheal.model import Ask
from pytest_selfheal.model import Escalate
from pytest_selfheal.model import Origin
from pytest_selfheal.model import Suggest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.config import Policy
    from pytest_selfheal.model import Action
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Fix

EPSILON = 1e-9
"""2 successes of 2 and 5 of 6 are exactly 0.75 in theory; rounding must not decide."""


@dataclass(frozen=True)
class Context:
    """What stands against writing code right now; each entry is one reason in plain words.

    Attributes:
        against: reasons that lower every `Apply` of this run to a `Suggest` (mode, trust, merge in progress, ...).
    """

    against: tuple[str, ...] = ()


def decide(
    fixes: Sequence[Fix], unproved: Sequence[Candidate], policy: Policy, context: Context, why_none: str = ""
) -> Action:
    """Choose the action for one group of failures (design, section 5).

    Args:
        fixes: candidates that passed the screen, best first.
        unproved: candidates that could not be validated but are worth showing.
        policy: the two confidence bounds.
        context: reasons not to write code.
        why_none: what to tell a person when there is nothing to offer.

    Returns:
        `Apply` only for one single, learned, validated fix at or above `apply_confidence` with nothing against it;
        never for one that a model or an agent thought of.
    """
    if not fixes:
        if unproved:
            return Ask(tuple(unproved), why_none or "no candidate passed validation")
        return Escalate(why_none or "no fixer knows this error")
    best = fixes[0]
    rivals = [fix for fix in fixes[1:] if _rivals(best.candidate, fix.candidate)]
    if rivals:
        return Ask(
            tuple(fix.candidate for fix in (best, *rivals)),
            f"{len(rivals) + 1} different fixes pass the tests; only a person knows which one is meant",
        )
    confidence, from_outside = best.candidate.confidence, best.candidate.origin is Origin.AI
    if confidence < policy.suggest_confidence - EPSILON and not from_outside:
        return Ask((best.candidate,), f"confidence {confidence:.2f} is below {policy.suggest_confidence:.2f}")
    doubt = _doubt(best.candidate, policy, context)
    return Suggest(best, doubt) if doubt else Apply(best, f"confidence {confidence:.2f}, learned, validated")


def _doubt(candidate: Candidate, policy: Policy, context: Context) -> str:
    """Return why a validated fix is not applied; empty when nothing stands against it."""
    if candidate.origin is Origin.AI:
        return "the tests pass with it, but a model thought of it: only a person can tell whether it is right"
    if candidate.confidence < policy.apply_confidence - EPSILON:
        return f"confidence {candidate.confidence:.2f} is below {policy.apply_confidence:.2f}"
    if not candidate.learned:
        return f"confidence {candidate.confidence:.2f}, but this kind of fix has not been learned yet"
    return "; ".join(context.against)


def _rivals(best: Candidate, other: Candidate) -> bool:
    """Tell whether a second fix makes the first doubtful; what a person of this project taught outweighs a built-in."""
    taught = best.origin is Origin.LEARNED and best.learned and other.origin is Origin.BUILTIN
    return other.patch != best.patch and not taught
