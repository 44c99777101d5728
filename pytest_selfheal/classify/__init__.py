"""What a failure is: category, severity, confidence, and the stable key of its error.

Pure: everything comes from the Failure value and the names a project can import, so a diagnosis can be made again later
and in any process.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.classify.project import ProjectFacts

if TYPE_CHECKING:
    from pytest_selfheal.model import Diagnosis
    from pytest_selfheal.model import Failure

__all__ = ["ProjectFacts", "diagnose"]


def diagnose(failure: Failure, facts: ProjectFacts) -> Diagnosis:
    """Return category, severity, confidence and signature of a failure; the same input gives the same answer.

    The rule tables are loaded by the first call, so a run without failures does not pay for them.

    Args:
        failure: what was captured; nothing else about the error is needed.
        facts: the names the project can import.
    """
    from pytest_selfheal.classify.diagnosing import diagnosis_of

    return diagnosis_of(failure, facts)
