"""Whether a failed test is tried again, when and where: by category, within budgets, and never into an outage.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_selfheal.model import Category
from pytest_selfheal.model import Phase
from pytest_selfheal.recover.backoff import backoff_s
from pytest_selfheal.recover.storm import FAILED
from pytest_selfheal.recover.storm import RECOVERED
from pytest_selfheal.recover.storm import RETRIED
from pytest_selfheal.recover.wish import NO_WISH
from pytest_selfheal.recover.wish import Wish
from pytest_selfheal.recover.wish import names

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_selfheal.config import Policy
    from pytest_selfheal.model import Diagnosis
    from pytest_selfheal.model import Failure
    from pytest_selfheal.recover.storm import Storm

ALWAYS_RETRIED = 100
"""So many tests of a run may be retried whatever share of it they are: a small suite may need all of them."""


@dataclass(frozen=True)
class Strategy:
    """How a category is recovered: `attempts` 0 takes the setting; `alone` means in a fresh process."""

    attempts: int = 0
    waits: bool = False
    alone: bool = False


STRATEGIES = {
    Category.TRANSIENT: Strategy(waits=True),
    Category.RATE_LIMIT: Strategy(waits=True),
    # A hang or a crash may come from what other tests left behind: the smallest chunk is the test by itself.
    Category.TIMEOUT: Strategy(attempts=2, alone=True),
    Category.CRASH: Strategy(attempts=2, alone=True),
    # An answer that cannot be read may be readable the next time; a document on disk will not be.
    Category.PARSE: Strategy(attempts=2),
}
"""The architecture document's "Recovery Strategies"; a category that is not here is reported as it is."""

_WISHED = Strategy(waits=True)
_RETRYABLE_PHASES = frozenset({Phase.SETUP, Phase.CALL})


@dataclass(frozen=True)
class Retry:
    """Try again once `delay_s` seconds have passed; `alone` asks for a fresh process."""

    delay_s: float
    alone: bool = False
    again: bool = True


@dataclass(frozen=True)
class Stop:
    """Do not try again; `reason` is empty when the category is simply not one to retry."""

    reason: str = ""
    delay_s: float = 0.0
    alone: bool = False
    again: bool = False


class Recovery:
    """The recovery decisions of one process and run.

    Args:
        policy: attempts, backoff, budgets and storm limit.
        draw: source of jitter, a number in [0, 1).
        storm: remembers outages that do not recover.
        tests: how many tests the run has; 0 when that is not known.
    """

    def __init__(self, policy: Policy, draw: Callable[[], float], storm: Storm, tests: int = 0) -> None:
        self._policy = policy
        self._draw = draw
        self._storm = storm
        self._most = max(ALWAYS_RETRIED, int(policy.retry_budget_share * tests))
        self._waited_s = 0.0

    def plan(
        self,
        failure: Failure,
        diagnosis: Diagnosis,
        failed: int,
        now: float,
        wish: Wish = NO_WISH,
        waiting: int = 0,
    ) -> Retry | Stop:
        """Decide after the `failed`-th failed try of a test.

        Only setup and call are retried. A failing teardown is reported: running the test once more could hide what it
        leaks. A `Retry` of an outage that is being probed is the probe, so it must be carried out.

        Args:
            failure: the last try.
            diagnosis: what it was found to be.
            failed: how many tries have failed, at least 1.
            now: a moment of the clock that the storm uses, seconds.
            wish: what the test's author asked for.
            waiting: how many tests wait already with the same outage key.
        """
        strategy = self._strategy(failure, diagnosis, wish)
        if strategy is None or failure.phase not in _RETRYABLE_PHASES:
            return Stop()
        if waiting >= ALWAYS_RETRIED and asked_delay_s(failure) is None:
            return Stop(f"not retried: {waiting} tests wait already to see whether the same outage ends")
        return self._plan(strategy, failure, diagnosis, failed, now, wish)

    def plan_collection(self, failure: Failure, diagnosis: Diagnosis, failed: int, now: float) -> Retry | Stop:
        """Decide after the `failed`-th failed try to collect a module: only outages are waited for."""
        if diagnosis.category not in (Category.TRANSIENT, Category.RATE_LIMIT):
            return Stop()
        return self._plan(STRATEGIES[diagnosis.category], failure, diagnosis, failed, now, NO_WISH)

    def _plan(
        self, strategy: Strategy, failure: Failure, diagnosis: Diagnosis, failed: int, now: float, wish: Wish
    ) -> Retry | Stop:
        attempts = wish.retries + 1 if wish.retries is not None else strategy.attempts or self._policy.attempts
        if failed >= attempts:
            return Stop(f"still failing after {failed} attempts" if failed > 1 else "")
        asked = asked_delay_s(failure)
        if asked is not None and asked > self._policy.retry_after_cap_s:
            return Stop(f"deferred beyond this run: it asks to wait {asked:g} s, more than retry_after_cap_s")
        delay_s = self._delay_s(strategy, failed, wish) if asked is None else asked
        return self._within_budgets(diagnosis, failed, delay_s, now) or Retry(delay_s, strategy.alone)

    def refusal(self, outage_key: str, now: float) -> str:
        """Return why a test that waits need not wait any longer; empty when it should."""
        return _STORM if self._storm.is_open(outage_key, now) else ""

    def begins(self, outage_key: str, now: float) -> None:
        """Count a test that is retried for the first time."""
        self._storm.note(RETRIED, outage_key, now)

    def waited(self, seconds: float) -> None:
        """Count time that was slept because nothing else could run."""
        self._waited_s += seconds

    def ended(self, outage_key: str, now: float, *, recovered: bool) -> None:
        """Note how a retry ended; one recovery ends the count of its outage."""
        self._storm.note(RECOVERED if recovered else FAILED, outage_key, now)

    @staticmethod
    def _strategy(failure: Failure, diagnosis: Diagnosis, wish: Wish) -> Strategy | None:
        if names(wish.never, failure, diagnosis):
            return None
        known = STRATEGIES.get(diagnosis.category)
        if wish.only:
            return (known or _WISHED) if names(wish.only, failure, diagnosis) else None
        return known

    def _delay_s(self, strategy: Strategy, failed: int, wish: Wish) -> float:
        if wish.delay_s is not None:
            return wish.delay_s
        return backoff_s(failed, self._policy, self._draw) if strategy.waits else 0.0

    def _within_budgets(self, diagnosis: Diagnosis, failed: int, delay_s: float, now: float) -> Stop | None:
        if self._waited_s + delay_s > self._policy.retry_budget_s:
            return Stop(f"not retried: the run's waiting budget of {self._policy.retry_budget_s:g} s is spent")
        if failed == 1 and self._storm.retried >= self._most:
            return Stop(f"not retried: {self._most} tests of this run have been retried already")
        if not self._storm.lets_through(diagnosis.outage_key, now):
            return Stop(_STORM)
        return None


def asked_delay_s(failure: Failure) -> float | None:
    """Return how long the service or the test itself asked to wait, seconds; None when neither did."""
    asked = [link.facts[name] for link in failure.chain for name in _ASKED if name in link.facts]
    return max(map(float, asked), default=None)


_ASKED = ("retry_at", "retry_after")
_STORM = "not retried: the same outage has not recovered for other tests"
