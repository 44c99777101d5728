"""What healing may not hide: G5 new tests that pass only on a retry, G6 fixes that are not in the branch.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.gate.answers import answer
from pytest_selfheal.gate.answers import nodeids
from pytest_selfheal.gate.answers import reproduce
from pytest_selfheal.gate.matching import is_in
from pytest_selfheal.gate.matching import test_key
from pytest_selfheal.model.words import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.gate.evidence import Evidence
    from pytest_selfheal.model import HealingEvent
    from pytest_selfheal.model import RuleResult


def new_flaky(evidence: Evidence) -> RuleResult:
    """G5: a test of a new or changed file that passed only on a retry; without a diff nobody can tell, so it warns."""
    healed = [record for record in evidence.failures if record.outcome is Outcome.HEALED]
    count = len(nodeids(healed))
    if evidence.change.files is None:
        return answer(
            "G5",
            "new flaky tests",
            "warn" if count else "ok",
            f"{count} healed, new ones unknown" if count else "0",
            threshold="0",
            n=count,
            tests=nodeids(healed),
            advice="name the branch to compare with (--base), so that new tests can be told from old ones",
        )
    files = evidence.change.files
    new = nodeids(record for record in healed if is_in(test_key(record.nodeid), files))
    return answer(
        "G5",
        "new flaky tests",
        evidence.policy.new_flaky if new else "ok",
        f"{len(new)} of {count} healed",
        threshold="0",
        n=count,
        tests=new,
        advice=f"this change brings tests that pass only on a retry: make them reliable; {reproduce(new)}",
    )


def healed_by_edit(events: Sequence[HealingEvent], source: str) -> RuleResult:
    """G6: green on code that nobody has is no green; an edit that was taken back does not count."""
    undone = {event.ref for event in events if event.action == "undo" and event.result == "ok"}
    fixed = [event for event in events if event.action == "fix" and event.result == "ok" and event.ref not in undone]
    if source == "junit" and not fixed:
        return answer("G6", "healed by an edit", "neutral", "not told by JUnit files")
    told = "; ".join(dict.fromkeys(event.detail for event in fixed if event.detail))
    return answer(
        "G6",
        "healed by an edit",
        "block" if fixed else "ok",
        str(len(fixed)),
        threshold="0",
        n=len(fixed),
        tests=(nodeid for event in fixed for nodeid in event.nodeids),
        advice=f"commit the applied fix (or `selfheal undo` it) and run the tests again{f': {told}' if told else ''}",
    )
