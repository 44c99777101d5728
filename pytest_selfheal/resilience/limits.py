"""`timeout_after`: a hard limit for a block or a function, plain or async.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import functools
import inspect
import sys
import time
from typing import TYPE_CHECKING
from typing import Any
from typing import NoReturn
from typing import TypeVar

from pytest_selfheal.errors import SelfHealError
from pytest_selfheal.errors import UsageError
from pytest_selfheal.resilience.alarms import Alarm
from pytest_selfheal.resilience.alarms import Hit
from pytest_selfheal.resilience.alarms import SignalAlarm
from pytest_selfheal.resilience.alarms import TaskAlarm
from pytest_selfheal.resilience.alarms import ThreadAlarm
from pytest_selfheal.resilience.alarms import shielded
from pytest_selfheal.resilience.alerts import WATCH
from pytest_selfheal.resilience.alerts import TimeoutEvent
from pytest_selfheal.resilience.alerts import TimeoutWatch
from pytest_selfheal.resilience.alerts import quietly

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

F = TypeVar("F", bound="Callable[..., Any]")
T = TypeVar("T", bound="TimeLimit")

DEFAULT_S = 300.0
"""The architecture document's "Hard 5-Minute Timeout", seconds."""


class TimeLimitError(SelfHealError, TimeoutError):
    """A block or function was over its limit and was stopped.

    Attributes:
        name: what was limited.
        limit_s: the limit, seconds.
        places: `file:line in function` where it was stopped, innermost first.
    """

    def __init__(self, name: str, limit_s: float, places: tuple[str, ...]) -> None:
        self.name = name
        self.limit_s = limit_s
        self.places = places
        super().__init__(
            f"stopped after its limit of {limit_s:g} s" + (f", at {places[0]}" if places else ""), where=name
        )


def timeout_after(
    seconds: float = DEFAULT_S,
    *,
    name: str = "",
    on_timeout: Callable[[TimeoutEvent], object] | None = None,
    cleanup: Callable[[], object] | None = None,
    watch: TimeoutWatch | None = None,
) -> TimeLimit:
    """Return a time limit, to be used as `with`, `async with` or decorator.

    When the limit is reached, five things happen ("Timeout Actions" of the architecture document): the code is stopped
    where it is, its `finally` blocks run and then `cleanup`, `on_timeout` and the listeners of `watch` get a
    `TimeoutEvent`, it is logged with the place, and an alert follows when many limited calls of the last hour timed
    out. The block then ends with `TimeLimitError`, also when it swallowed the interruption and returned something.

    How hard the limit is depends on the place, see `pytest_selfheal.resilience.alarms`: in the main thread of Linux and
    macOS it interrupts waiting calls; in other threads and on Windows the code is stopped at its next step of Python;
    async code is cancelled at its next `await`. A generator cannot be limited as a whole; `guard` limits the part
    before its first `yield`.

    Args:
        seconds: the limit, more than 0.
        name: what is limited, for messages; a decorated function's own name by default.
        on_timeout: is told of a timeout, and of an alert.
        cleanup: releases what the stopped code held; called once, after the code was stopped.
        watch: counts timeouts for the alert; that of this process by default.

    Raises:
        UsageError: `seconds` is not more than 0.
    """
    return TimeLimit(seconds, name=name, on_timeout=on_timeout, cleanup=cleanup, watch=watch)


class TimeLimit:
    """What `timeout_after` returns. One object limits one block at a time; as a decorator it limits each call."""

    def __init__(
        self,
        seconds: float,
        *,
        name: str = "",
        on_timeout: Callable[[TimeoutEvent], object] | None = None,
        cleanup: Callable[[], object] | None = None,
        watch: TimeoutWatch | None = None,
    ) -> None:
        if not seconds > 0:
            raise UsageError(f"a time limit of {seconds!r} s is none", todo="give seconds > 0, or leave the limit out")
        self._seconds = float(seconds)
        self._name = name
        self._listeners = (on_timeout,) if on_timeout is not None else ()
        self._cleanup = cleanup
        self._watch = watch if watch is not None else WATCH
        self._alarm: Alarm | None = None
        self._latest: Alarm | None = None
        self._started = 0.0

    def _again(self, name: str) -> TimeLimit:
        listener = self._listeners[0] if self._listeners else None
        return TimeLimit(
            self._seconds, name=self._name or name, on_timeout=listener, cleanup=self._cleanup, watch=self._watch
        )

    def __call__(self, function: F) -> F:
        """Return the function with this limit on each of its calls."""
        name = getattr(function, "__qualname__", repr(function))
        wrapped: Any
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise UsageError(
                "a generator has no end to wait for", where=name, todo="use `guard` for fixtures that yield"
            )
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def limited_async(*args: Any, **kwargs: Any) -> Any:
                async with self._again(name):
                    return await function(*args, **kwargs)

            wrapped = limited_async
        else:

            @functools.wraps(function)
            def limited(*args: Any, **kwargs: Any) -> Any:
                return self._again(name).run(lambda: function(*args, **kwargs))

            wrapped = limited
        return wrapped  # type: ignore[no-any-return]  # both take and return what the function does

    # ------------------------------------------------------------------------------------- plain code

    def run(self, call: Callable[[], Any]) -> Any:
        """Return `call()` under this limit.

        As `with`, and safe where that has a gap: an interruption that arrives between the end of the block and its
        closing, which is possible in threads, and for nested limits up to Python 3.10.
        """
        try:
            with self:
                return call()
        except Hit as hit:
            alarm, self._alarm = self._latest, None
            if alarm is not None:
                alarm.stop()
            if alarm is None or hit.alarm is not alarm:
                raise
            self._over(alarm, time.monotonic() - self._started, None, hit.__traceback__)

    @shielded
    def __enter__(self: T) -> T:
        caller = sys._getframe(1)  # noqa: SLF001 - the only way to see who opens the block
        if caller.f_code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
            raise UsageError("a plain `with` would stop whatever task happens to run", todo="write `async with`")
        self._open(SignalAlarm(self._seconds) if SignalAlarm.possible() else ThreadAlarm(self._seconds))
        return self

    @shielded
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        outer: Hit | None = None
        for _ in range(2):
            try:
                if self._alarm is not None:
                    self._alarm.stop()
            except Hit as hit:  # it arrived too late for the block
                outer = hit if hit.alarm is not self._alarm else None
        alarm, elapsed_s = self._close()
        if outer is not None:
            raise outer
        if isinstance(error, Hit) and error.alarm is not alarm:
            return  # an outer limit; its own block will say so
        stopped = isinstance(error, Hit)
        if not stopped and error is not None and not isinstance(error, Exception):
            return  # somebody wants to end the test or the program
        if stopped or alarm.hits or (error is None and elapsed_s >= self._seconds):
            self._over(alarm, elapsed_s, None if stopped else error, traceback)
        self._watch.passed()

    # ------------------------------------------------------------------------------------- async code

    async def __aenter__(self: T) -> T:
        self._open(TaskAlarm(self._seconds))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        import asyncio

        alarm, elapsed_s = self._close()
        wanted_by_others = alarm.stop()
        cancelled = isinstance(error, asyncio.CancelledError)
        if error is not None and not isinstance(error, Exception) and (wanted_by_others or not cancelled):
            return
        if alarm.hits or (error is None and elapsed_s >= self._seconds):
            self._over(alarm, elapsed_s, None if cancelled else error, traceback)
        if not cancelled:
            self._watch.passed()

    # ------------------------------------------------------------------------------------------- both

    @shielded
    def _open(self, alarm: Alarm) -> None:
        if self._alarm is not None:
            raise UsageError("this time limit is in use already", todo="call `timeout_after` for each block")
        self._alarm = self._latest = alarm
        self._started = time.monotonic()
        alarm.start()

    @shielded
    def _close(self) -> tuple[Alarm, float]:
        alarm, self._alarm = self._alarm, None
        if alarm is None:
            raise UsageError("this time limit was left without being entered")
        return alarm, time.monotonic() - self._started

    def _over(
        self, alarm: Alarm, elapsed_s: float, error: BaseException | None, traceback: TracebackType | None
    ) -> NoReturn:
        name = self._name or "block"
        if self._cleanup is not None:
            quietly(self._cleanup)
        self._watch.timed_out(TimeoutEvent("timeout", name, self._seconds, elapsed_s, alarm.where), self._listeners)
        # The traceback leads to the place that hung.
        raise TimeLimitError(name, self._seconds, alarm.where).with_traceback(traceback) from error
