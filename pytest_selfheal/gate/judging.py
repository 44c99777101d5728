"""All rules in order, and the verdict that follows from them.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.gate.answers import answer
from pytest_selfheal.gate.complete import complete_run
from pytest_selfheal.gate.complete import infrastructure
from pytest_selfheal.gate.failures import failures_of_the_base
from pytest_selfheal.gate.failures import known_flaky
from pytest_selfheal.gate.failures import new_failures
from pytest_selfheal.gate.failures import regression_tests
from pytest_selfheal.gate.failures import sorted_failures
from pytest_selfheal.gate.healing import healed_by_edit
from pytest_selfheal.gate.healing import new_flaky
from pytest_selfheal.gate.rates import goals
from pytest_selfheal.gate.rates import rates
from pytest_selfheal.gate.settings import changed_settings
from pytest_selfheal.model.judging import Verdict

if TYPE_CHECKING:
    from pytest_selfheal.gate.evidence import Evidence
    from pytest_selfheal.model import RuleResult


def judge_run(evidence: Evidence) -> Verdict:
    """Return the verdict: any `block` blocks, else any `warn` warns; without a run the gate cannot tell.

    A rule that lacks data is `neutral`: it neither passes nor blocks.
    """
    run = evidence.run
    if run is None or evidence.health is None:
        reason = answer(
            "G0",
            "a run to judge",
            "block",
            "; ".join(evidence.standing.problems) or "none recorded",
            advice="run `pytest --selfheal` first, in the same checkout and with the same store",
        )
        return Verdict("unknown", "", (reason,), evidence.source, head=evidence.standing.head)
    found = sorted_failures(run, evidence)
    rules = (
        complete_run(run, evidence),
        regression_tests(found),
        new_failures(run, found),
        failures_of_the_base(found, evidence),
        known_flaky(found, evidence),
        new_flaky(evidence),
        healed_by_edit(evidence.events, evidence.source),
        *rates(evidence.health, evidence.policy),
        *goals(evidence.trend, evidence.policy),
        infrastructure(run, tuple(evidence.failures)),
        changed_settings(evidence.change),
    )
    return Verdict(
        worst(rules),
        run.id,
        rules,
        evidence.source,
        started_at=run.started_at,
        commit=run.commit,
        head=evidence.standing.head,
        baseline=evidence.baseline.source,
    )


def worst(rules: tuple[RuleResult, ...]) -> str:
    """Return `block`, `warn` or `pass`, whatever is the worst of the rules' verdicts."""
    verdicts = {rule.verdict for rule in rules}
    return "block" if "block" in verdicts else "warn" if "warn" in verdicts else "pass"
