"""From a Failure to its Diagnosis.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.classify.severity import severity_of
from pytest_selfheal.classify.signature import outage_key
from pytest_selfheal.classify.signature import signature_of
from pytest_selfheal.classify.signature import signature_parts
from pytest_selfheal.classify.walk import judge
from pytest_selfheal.model import Diagnosis

if TYPE_CHECKING:
    from pytest_selfheal.classify.project import ProjectFacts
    from pytest_selfheal.model import Failure


def diagnosis_of(failure: Failure, facts: ProjectFacts) -> Diagnosis:
    """Put together what the rules, the severity and the signature say of one failure."""
    finding = judge(failure, facts)
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
