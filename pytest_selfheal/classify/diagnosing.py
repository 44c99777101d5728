"""From a Failure to its Diagnosis, and to the account of how it came about.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_selfheal.classify.rules import Finding
from pytest_selfheal.classify.severity import severity_of
from pytest_selfheal.classify.signature import outage_key
from pytest_selfheal.classify.signature import signature_of
from pytest_selfheal.classify.signature import signature_parts
from pytest_selfheal.classify.walk import Step
from pytest_selfheal.classify.walk import judge
from pytest_selfheal.model import Diagnosis

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence

    from pytest_selfheal.classify.rules import Rule
    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import ProjectFacts
    from pytest_selfheal.model import Ruling


@dataclass(frozen=True)
class Explanation:
    """A diagnosis with every question that was asked on the way to it."""

    diagnosis: Diagnosis
    steps: tuple[Step, ...]


def diagnosis_of(
    failure: Failure,
    facts: ProjectFacts,
    own: Sequence[Rule] = (),
    ruling: Ruling | None = None,
    trace: Callable[[Step], None] | None = None,
) -> Diagnosis:
    """Put together what the rules, the severity and the signature say of one failure."""
    if ruling is None:
        finding = judge(failure, facts, own, trace)
    else:
        reason = (ruling.reason,) if ruling.reason else ()
        finding = Finding(ruling.category, ruling.confidence, "hook", reason, ruling.severity)
    parts = signature_parts(failure)
    return Diagnosis(
        category=finding.category,
        severity=severity_of(failure, finding),
        confidence=round(finding.confidence, 4),
        signature=signature_of(parts),
        outage_key=outage_key(failure, finding.category),
        rule=finding.rule,
        evidence=finding.evidence,
        signature_parts=parts,
    )


def explanation_of(failure: Failure, facts: ProjectFacts, own: Sequence[Rule] = ()) -> Explanation:
    """Diagnose and keep the questions."""
    steps: list[Step] = []
    diagnosis = diagnosis_of(failure, facts, own, trace=steps.append)
    return Explanation(diagnosis, tuple(steps))
