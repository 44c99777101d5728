"""`Guard`: time limit, breaker, backoff and parsing around a function, in the order that works.

One try is: the breaker lets it through, the time limit watches it, and both see how the call itself ends. Only then the
answer is parsed: a malformed answer comes from a service that is up, so it must not open the breaker, but it is worth
asking again. Backoff stands outside: it repeats whole tries, and stops at once when the breaker has opened.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import UsageError
from pytest_selfheal.resilience.backoff import Attempts
from pytest_selfheal.resilience.backoff import Pace
from pytest_selfheal.resilience.backoff import RetryAdvice
from pytest_selfheal.resilience.breaker import CircuitBreaker
from pytest_selfheal.resilience.breaker import CircuitOpenError
from pytest_selfheal.resilience.effects import REAL
from pytest_selfheal.resilience.limits import DEFAULT_S
from pytest_selfheal.resilience.limits import timeout_after
from pytest_selfheal.resilience.on_open import checked
from pytest_selfheal.resilience.on_open import unavailable
from pytest_selfheal.resilience.parse_step import parse_step
from pytest_selfheal.resilience.starts import AsyncStart
from pytest_selfheal.resilience.starts import Start

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable

    from pytest_selfheal.resilience.backoff import Advise
    from pytest_selfheal.resilience.effects import Effects

_STOP = RetryAdvice(retry=False)
_ASK_AGAIN = RetryAdvice(retry=True, category="parse")


class Guard:
    """Guards functions, async functions, generators and async generators; one object may guard many.

    Args:
        advise: says which errors of the call are worth another try.
        breaker: a breaker, the name of one that all processes of the project share, or None.
        timeout_s: limit of one call, seconds; None for none.
        pace: how often and how slowly to call again.
        parse: see `parse_step`. A `ValueError` of this step, `JSONRecoveryError` included, asks the service again.
        on_open: what a test gets when the breaker is open: `fail`, `skip` or `xfail`.
        effects: clock, sleep, chance.

    Raises:
        UsageError: an argument that makes no sense.
    """

    def __init__(
        self,
        advise: Advise,
        *,
        breaker: CircuitBreaker | str | None = None,
        timeout_s: float | None = DEFAULT_S,
        pace: Pace | None = None,
        parse: Any = None,
        on_open: str = "fail",
        effects: Effects = REAL,
    ) -> None:
        if timeout_s is not None:
            timeout_after(timeout_s)  # says now what would be wrong later
        self.advise = advise
        self.breaker = breaker
        self.timeout_s = timeout_s
        self.pace = pace or Pace()
        self.parse = parse_step(parse)
        self.on_open = checked(on_open)
        self.effects = effects

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of the same kind and signature, guarded.

        Raises:
            UsageError: a pytest fixture was given instead of the function it is made of.
        """
        if type(function).__name__ == "FixtureFunctionDefinition" or hasattr(function, "__pytest_wrapped__"):
            raise UsageError("a finished fixture cannot be guarded", todo="write @pytest.fixture above @guard(...)")
        if inspect.isasyncgenfunction(function):
            return self._async_generator(function)
        if inspect.isgeneratorfunction(function):
            return self._generator(function)
        if inspect.iscoroutinefunction(function):
            return self._async_function(function)

        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            return _Use(self, function).run(lambda: function(*args, **kwargs))

        return guarded

    def _async_function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def guarded(*args: Any, **kwargs: Any) -> Any:
            return await _Use(self, function).run_async(lambda: function(*args, **kwargs))

        return guarded

    def _generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            start = Start(lambda: function(*args, **kwargs))
            start.value = _Use(self, function).run(start.first, start.abandon)
            return (yield from start)

        return guarded

    def _async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def guarded(*args: Any, **kwargs: Any) -> Any:
            start = AsyncStart(lambda: function(*args, **kwargs))
            value = await _Use(self, function).run_async(start.first, start.abandon)
            while True:
                try:
                    sent = yield value
                except GeneratorExit:
                    await start.close()
                    raise
                except BaseException as error:  # noqa: BLE001 - belongs to the guarded generator, whatever it is
                    step = start.throw(error)
                else:
                    step = start.send(sent)
                try:
                    value = await step
                except StopAsyncIteration:
                    return

        return guarded


class _Use:
    """One use of a guarded function: the tries it takes and what is known between them."""

    def __init__(self, guard: Guard, function: Callable[..., Any]) -> None:
        self._guard = guard
        self._name = getattr(function, "__qualname__", repr(function))
        self._breaker = guard.breaker
        if isinstance(guard.breaker, str):
            code = getattr(inspect.unwrap(function), "__code__", None)
            self._breaker = CircuitBreaker.shared(guard.breaker, near=getattr(code, "co_filename", None))
        self._parsing = False

    def run(self, call: Callable[[], Any], abandon: Callable[[], None] | None = None) -> Any:
        """Return the parsed answer; `abandon` undoes a call whose try failed afterwards."""

        def attempt() -> Any:
            self._parsing = False
            try:
                with self._passage():
                    answer = call() if self._guard.timeout_s is None else self._limit().run(call)
                return self._parsed(answer)
            except BaseException:
                if abandon is not None:
                    abandon()
                raise

        try:
            return self._attempts().run(attempt)
        except CircuitOpenError as refusal:
            unavailable(refusal, self._guard.on_open)

    async def run_async(
        self, call: Callable[[], Awaitable[Any]], abandon: Callable[[], Awaitable[None]] | None = None
    ) -> Any:
        """As `run`, for awaitables."""

        async def attempt() -> Any:
            self._parsing = False
            try:
                with self._passage():
                    async with self._limit():
                        answer = await call()
                return self._parsed(answer)
            except BaseException:
                if abandon is not None:
                    await abandon()
                raise

        try:
            return await self._attempts().run_async(attempt)
        except CircuitOpenError as refusal:
            unavailable(refusal, self._guard.on_open)

    def _attempts(self) -> Attempts:
        return Attempts(self._advise, self._guard.pace, self._guard.effects, self._name)

    def _passage(self) -> Any:
        return self._breaker.passage() if isinstance(self._breaker, CircuitBreaker) else contextlib.nullcontext()

    def _limit(self) -> Any:
        seconds = self._guard.timeout_s
        return contextlib.nullcontext() if seconds is None else timeout_after(seconds, name=self._name)

    def _parsed(self, answer: Any) -> Any:
        self._parsing = True
        return answer if self._guard.parse is None else self._guard.parse(answer)

    def _advise(self, error: Exception) -> RetryAdvice:
        if isinstance(error, (CircuitOpenError, UsageError)):
            return _STOP
        if isinstance(self._breaker, CircuitBreaker) and self._breaker.state == "open":
            # This call, or one elsewhere, opened it: its own error says more than a refusal would.
            return _STOP
        if self._parsing:
            return _ASK_AGAIN if isinstance(error, ValueError) else _STOP
        return self._guard.advise(error)
