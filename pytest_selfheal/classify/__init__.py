"""What a failure is: category, severity, confidence, and the stable key of its error.

Pure: everything comes from the Failure value, the names a project can import and its own rules, so a diagnosis can be
made again later and in any process.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from pytest_selfheal.classify.diagnosing import Explanation
    from pytest_selfheal.classify.rules import Rule
    from pytest_selfheal.config import RuleSetting
    from pytest_selfheal.model import Diagnosis
    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import ProjectFacts
    from pytest_selfheal.model import Ruling

__all__ = ["compile_rules", "diagnose", "explain"]


def diagnose(
    failure: Failure, facts: ProjectFacts, own: Sequence[Rule] = (), ruling: Ruling | None = None
) -> Diagnosis:
    """Return category, severity, confidence and signature of a failure; the same input gives the same answer.

    The rule tables are loaded by the first call, so a run without failures does not pay for them.

    Args:
        failure: what was captured; nothing else about the error is needed.
        facts: the names the project can import.
        own: the project's own rules, from `compile_rules`; they are asked before all others.
        ruling: what a hook said; it replaces the rules, the signature stays.
    """
    from pytest_selfheal.classify.diagnosing import diagnosis_of

    return diagnosis_of(failure, facts, own, ruling)


def explain(failure: Failure, facts: ProjectFacts, own: Sequence[Rule] = ()) -> Explanation:
    """Return the diagnosis together with every question asked of every exception, in order."""
    from pytest_selfheal.classify.diagnosing import explanation_of

    return explanation_of(failure, facts, own)


def compile_rules(settings: Mapping[str, RuleSetting]) -> tuple[Rule, ...]:
    """Return the rules of `[tool.selfheal.rules]` in the order of the file."""
    if not settings:
        return ()
    from pytest_selfheal.classify.own_rules import own_rules

    return own_rules(settings)
