"""Calling again after a failure that may pass: growing waits, `Retry-After`, and a budget for all of it.

The loop and the waiting are tenacity's. Its defaults (for ever, at once, after anything) are not used: what is worth
another try comes from the caller as an advice, and attempts and time are limited.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable

    from pytest_selfheal.resilience.effects import Effects

    Advise = Callable[[Exception], "RetryAdvice"]

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetryAdvice:
    """What to do about one exception.

    Attributes:
        retry: whether another try may help.
        delay_s: seconds the service asked to be left alone (`Retry-After`); None when it did not say.
        category: what kind of trouble it is, for log lines.
    """

    retry: bool
    delay_s: float | None = None
    category: str = "unknown"


@dataclass(frozen=True)
class Pace:
    """How often and how slowly to call again.

    Attributes:
        attempts: calls in all, the first included ("Exponential Backoff" of the architecture document: 3).
        base_s: the wait after the n-th failed call is drawn between 0 and `min(base_s * 2**n, cap_s)` seconds.
        cap_s: upper limit of one drawn wait, seconds. A `Retry-After` is honoured beyond it.
        budget_s: seconds from the first call on after which no further call is started.

    Raises:
        UsageError: a number that makes no sense.
    """

    attempts: int = 3
    base_s: float = 1.0
    cap_s: float = 10.0
    budget_s: float = 300.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or min(self.base_s, self.cap_s, self.budget_s) < 0:
            raise UsageError(
                f"{self} cannot be kept", todo="attempts is at least 1, base_s, cap_s and budget_s at least 0"
            )

    def wait_s(self, failed: int, asked_s: float | None, draw: Callable[[], float]) -> float:
        """Return the seconds to wait after the `failed`-th failed call, counted from 1.

        The wait is drawn from the whole range ("full jitter"), so that callers which failed together do not come back
        together. A wait the service asked for is a lower limit, and the jitter comes on top of it.
        """
        ceiling = min(self.base_s * 2.0 ** min(failed, 64), self.cap_s)  # 2**64 is beyond any cap
        if asked_s is None:
            return ceiling * draw()
        return asked_s + min(ceiling, self.base_s) * draw()


class Attempts:
    """The calls of one use: counts them, asks for advice, decides about another one. Not for two uses.

    Args:
        advise: says of an exception whether another call may help; `BaseException`s are never asked about.
        pace: limits.
        effects: clock, sleep, chance.
        name: what is called, for log lines.
    """

    def __init__(self, advise: Advise, pace: Pace, effects: Effects, name: str) -> None:
        self._advise = advise
        self._pace = pace
        self._effects = effects
        self._name = name
        self._wait_s = 0.0
        self._started = effects.clock()

    def run(self, call: Callable[[], Any]) -> Any:
        """Return what `call()` returns in the first try that works.

        Raises:
            BaseException: what the last call raised, unchanged.
        """
        from tenacity import Retrying

        return Retrying(retry=self._again, wait=self._wait, sleep=self._sleep)(call)

    async def run_async(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """As `run`, for a function that returns an awaitable."""
        from tenacity import AsyncRetrying

        async def attempt() -> Any:
            return await call()

        return await AsyncRetrying(retry=self._again, wait=self._wait, sleep=self._sleep_async)(attempt)

    def _again(self, state: Any) -> bool:
        error = state.outcome.exception()
        if not isinstance(error, Exception):
            return False
        failed = state.attempt_number
        advice = self._advise(error)
        if not advice.retry or failed >= self._pace.attempts:
            return False
        self._wait_s = self._pace.wait_s(failed, advice.delay_s, self._effects.draw)
        spent_s = self._effects.clock() - self._started
        if spent_s + self._wait_s > self._pace.budget_s:
            LOG.warning(
                "%s: not called again, %.1f s spent and %.1f s to wait are more than the budget of %g s",
                self._name, spent_s, self._wait_s, self._pace.budget_s,
            )  # fmt: skip
            return False
        LOG.info(
            "%s: call %d failed (%s, %s); next one in %.2f s",
            self._name, failed, type(error).__name__, advice.category, self._wait_s,
        )  # fmt: skip
        return True

    def _wait(self, _state: Any) -> float:
        return self._wait_s

    def _sleep(self, seconds: float) -> None:
        self._effects.sleep(seconds)

    async def _sleep_async(self, seconds: float) -> None:
        await self._effects.async_sleep(seconds)


def with_retries(function: Callable[..., Any], advise: Advise, pace: Pace, effects: Effects) -> Callable[..., Any]:
    """Return a function like `function`, plain or async, that calls it again as `advise` and `pace` allow.

    Raises:
        UsageError: a generator; use `guard`, which knows that only the part before its `yield` can be repeated.
    """
    import functools
    import inspect

    name = getattr(function, "__qualname__", repr(function))
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise UsageError("a generator cannot be called again", where=name, todo="use `guard` for fixtures that yield")
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def wrapped_async(*args: Any, **kwargs: Any) -> Any:
            return await Attempts(advise, pace, effects, name).run_async(lambda: function(*args, **kwargs))

        return wrapped_async

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return Attempts(advise, pace, effects, name).run(lambda: function(*args, **kwargs))

    return wrapped
