"""Whether a failed test is tried again: by category, within budgets, and never into an outage.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_selfheal.model import Category
from pytest_selfheal.model import Phase
from pytest_selfheal.recover.backoff import backoff_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_selfheal.config import Policy
    from pytest_selfheal.model import Diagnosis

RETRYABLE = frozenset({Category.TRANSIENT})
_RETRYABLE_PHASES = frozenset({Phase.SETUP, Phase.CALL})


@dataclass(frozen=True)
class Retry:
    """Try again after `delay_s` seconds."""

    delay_s: float
    again: bool = True


@dataclass(frozen=True)
class Stop:
    """Do not try again; `reason` is empty when the category is simply not one to retry."""

    reason: str = ""
    delay_s: float = 0.0
    again: bool = False


class Recovery:
    """The recovery decisions of one process and run: remembers what was spent and which outages do not recover.

    Args:
        policy: attempts, backoff, budget and storm limit.
        draw: source of jitter, a number in [0, 1).
    """

    def __init__(self, policy: Policy, draw: Callable[[], float]) -> None:
        self._policy = policy
        self._draw = draw
        self._waited_s = 0.0
        self._in_a_row: dict[str, int] = {}

    def plan(self, diagnosis: Diagnosis, phase: Phase, failed: int) -> Retry | Stop:
        """Decide after the `failed`-th failed try of a test; call `waited` when a `Retry` was carried out.

        Only transient failures of setup and call are retried. A failing teardown is reported: running the test once
        more could hide what it leaks.
        """
        if diagnosis.category not in RETRYABLE or phase not in _RETRYABLE_PHASES:
            return Stop()
        if failed >= self._policy.attempts:
            return Stop(f"still failing after {failed} attempts")
        if self._in_a_row.get(diagnosis.outage_key, 0) >= self._policy.storm_failures:
            return Stop("not retried: the same outage has not recovered for other tests")
        delay_s = backoff_s(failed, self._policy, self._draw)
        if self._waited_s + delay_s > self._policy.retry_budget_s:
            return Stop(f"not retried: the run's waiting budget of {self._policy.retry_budget_s:g} s is spent")
        return Retry(delay_s)

    def waited(self, seconds: float) -> None:
        """Count time spent waiting against the run's budget."""
        self._waited_s += seconds

    def ended(self, outage_key: str, *, recovered: bool) -> None:
        """Note how the last try of a retryable test ended; one recovery ends the count of its outage."""
        if recovered:
            self._in_a_row.pop(outage_key, None)
        else:
            self._in_a_row[outage_key] = self._in_a_row.get(outage_key, 0) + 1
