"""When a repeated failure becomes a regression test.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_selfheal.config import Policy
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import History


def is_due(record: FailureRecord, history: History, policy: Policy) -> bool:
    """Tell whether `record`'s error has been seen often enough within the window and has no test yet.

    The rule is the architecture document's "3+ times in 7 days"; `history` must hold the occurrences of that window.
    Runs are counted, not tests: one mistake that breaks ten parametrised tests at once has been seen once. A flaky
    network or a missing package says nothing about the code, and a test for it could only be flaky too: the categories
    of `no_regression_for` get none.
    """
    return (
        not record.is_regression
        and record.failure_category.value not in policy.no_regression_for
        and not history.test_generated
        and len({occurrence.run_id for occurrence in history.occurrences}) >= policy.occurrences
    )
