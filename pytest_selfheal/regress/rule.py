"""When a repeated failure becomes a regression test.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.regress.lifecycle import moment

if TYPE_CHECKING:
    from pytest_selfheal.config import Policy
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import History


def is_due(record: FailureRecord, history: History, policy: Policy) -> bool:
    """Tell whether `record`'s error has been seen often enough within the window and has no test yet.

    The rule is the architecture document's "3+ times in 7 days"; `history` must hold the occurrences of that window. A
    flaky network or a missing package says nothing about the code, and a test for it could only be flaky too: the
    categories of `no_regression_for` get none.
    """
    return (
        not record.is_regression
        and record.failure_category.value not in policy.no_regression_for
        and not history.test_generated
        and times_seen(history, policy.occurrence_gap_s) >= policy.occurrences
    )


def times_seen(history: History, gap_s: float) -> int:
    """Return how often an error has come up: runs that failed with it, of which near ones count once.

    Runs are counted, not tests: one mistake that breaks ten parametrised tests at once has been seen once. A person
    who runs a red test again and again while writing the code for it has one error in hand, not a repeating one: a run
    counts only when it came at least `gap_s` seconds after the one that was counted last.
    """
    starts: dict[str, float] = {}
    for occurrence in history.occurrences:
        at = moment(occurrence.created_at).timestamp()
        starts[occurrence.run_id] = min(at, starts.get(occurrence.run_id, at))
    count, last = 0, float("-inf")
    for at in sorted(starts.values()):
        if at - last >= gap_s:
            count, last = count + 1, at
    return count
