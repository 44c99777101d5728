"""A circuit breaker: after some failures in a row nobody calls a service any more, until one probe finds it well again.

Why neither of the libraries for it was taken (both were run): pybreaker holds its lock while the call runs, so five
threads take turns; never counts a failing `async def`; counts KeyboardInterrupt and puts its own error in the place of
the one that tripped it. purgatory lets every waiting call through when half open, and raises one exception object over
and over, whose traceback grows. Neither shares its state with other processes without a server.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import functools
import inspect
import logging
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeVar

from pytest_selfheal.errors import SelfHealError
from pytest_selfheal.errors import UsageError
from pytest_selfheal.resilience.alerts import quietly
from pytest_selfheal.resilience.circuit import CLOSED
from pytest_selfheal.resilience.circuit import Circuit
from pytest_selfheal.resilience.circuit import Permit
from pytest_selfheal.resilience.circuit import Rules
from pytest_selfheal.resilience.circuit_homes import Home
from pytest_selfheal.resilience.circuit_homes import ProcessHome
from pytest_selfheal.resilience.circuit_homes import SharedHome

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

F = TypeVar("F", bound="Callable[..., Any]")

LOG = logging.getLogger(__name__)

_ERROR_LIMIT = 400


class CircuitOpenError(SelfHealError):
    """A call that was not made, because the service failed too often just before.

    `__cause__` is the last error of the service: the exception itself when it happened in this process.

    Attributes:
        name: of the breaker.
        failures: calls that failed in a row.
        retry_in_s: seconds until a probe is allowed; 0 while one is under way.
    """

    def __init__(self, name: str, failures: int, retry_in_s: float, error: str) -> None:
        self.name = name
        self.failures = failures
        self.retry_in_s = retry_in_s
        when = f"the next call is tried in {retry_in_s:.0f} s" if retry_in_s > 0 else "one call is trying it right now"
        super().__init__(
            f"not called: it failed {failures} times in a row, the last time with {error}; {when}",
            where=f"circuit breaker {name!r}",
        )


class ElsewhereError(SelfHealError):
    """The last error of a service, as another process saw it."""


@dataclass(frozen=True)
class BreakerEvent:
    """Something happened to a breaker.

    Attributes:
        kind: `opened` (time for an alert), `probing` or `closed`.
        name: of the breaker.
        failures: calls that failed in a row.
        error: the last error as text, without secrets.
    """

    kind: str
    name: str
    failures: int
    error: str


class CircuitBreaker:
    """Lets calls through while a service works, and refuses them for a while after it failed too often in a row.

    Use it as a decorator, plain or async; by `call` and `call_async`; or around any block with
    `with breaker.passage():`, which is right in async code as well. Safe for any number of threads and tasks: no lock
    is held while a call runs. While half open exactly one call is let through; however that ends, its place becomes
    free again.

    Counted is every `Exception` but those in `ignore`. Not counted, neither as failure nor as success: AssertionErrors,
    refusals by another breaker, and what is no `Exception`, such as KeyboardInterrupt, a cancelled task and pytest's
    skip. The error of a call is never replaced, also not by the call that opens the breaker.

    Args:
        name: says whose breaker it is; processes share the state of one name in one `folder`.
        threshold: failures in a row that open it, at least 1.
        reset_s: seconds until one probe is let through.
        ignore: further exceptions that say nothing about the service.
        folder: where the state is shared with other processes; None keeps it in this process. See also `shared`.
        clock: seconds. By default the wall clock for a shared state, since that outlives a reboot, else the monotonic.
        on_event: is told when it opens, probes and closes; its errors are logged and left out.

    Raises:
        UsageError: a number that makes no sense, or a folder without a name.
    """

    def __init__(
        self,
        name: str = "",
        *,
        threshold: int = 5,
        reset_s: float = 60.0,
        ignore: tuple[type[Exception], ...] = (),
        folder: str | Path | None = None,
        clock: Callable[[], float] | None = None,
        on_event: Callable[[BreakerEvent], object] | None = None,
    ) -> None:
        if threshold < 1 or not reset_s > 0:
            raise UsageError(
                f"a breaker with threshold {threshold!r} and reset_s {reset_s!r} cannot work",
                todo="threshold is at least 1, reset_s more than 0",
            )
        if folder is not None and not name:
            raise UsageError("a shared breaker needs a name", todo="name the service it stands before")
        self.name = name or "(unnamed)"
        self._rules = Rules(threshold, reset_s)
        self._ignore = (AssertionError, CircuitOpenError, *ignore)
        self._home: Home = ProcessHome() if folder is None else SharedHome(Path(folder), name)
        self._clock = clock or (time.monotonic if folder is None else time.time)
        self._listeners = [on_event] if on_event is not None else []
        self._cause: Exception | None = None

    @classmethod
    def shared(cls, name: str, *, near: str | Path | None = None, folder: str | Path | None = None) -> CircuitBreaker:
        """Return the breaker of this name that all processes of a project share, with the usual limits.

        One name gives one object. Its state is kept in `breakers/` of the project's store (`[tool.selfheal] store`).

        Args:
            name: the service it stands before.
            near: a file or folder of the project; the working directory by default.
            folder: where the states are kept, for those who know better.
        """
        from pytest_selfheal.resilience.project import breaker_folder

        place = Path(folder) if folder is not None else breaker_folder(Path(near) if near is not None else Path.cwd())
        with _SHARED_LOCK:
            found = _SHARED.get((place, name))
            if found is None:
                found = _SHARED[place, name] = cls(name, folder=place)
            return found

    # ------------------------------------------------------------------------------------------ looking

    @property
    def state(self) -> str:
        """Return `closed`, `open`, or `half-open` when the next call would be the probe, or one is under way."""
        permit = self._rules.permit(self._home.read(), self._clock())
        return {Permit.CALL: "closed", Permit.PROBE: "half-open", Permit.REFUSED: "open"}[permit]

    @property
    def failures(self) -> int:
        """Return how many calls failed in a row."""
        return self._home.read().failures

    def listen(self, listener: Callable[[BreakerEvent], object]) -> None:
        """Tell `listener` of every event from now on."""
        self._listeners.append(listener)

    def reset(self) -> None:
        """Close it, whatever happened before."""
        self._changed(lambda _circuit: CLOSED)

    # ------------------------------------------------------------------------------------------ calling

    def passage(self) -> Passage:
        """Return a context for one call: entering may refuse, leaving counts how the call ended."""
        return Passage(self)

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Return `function(*args, **kwargs)`.

        Raises:
            CircuitOpenError: the breaker is open and nothing was called.
            BaseException: what `function` raised, unchanged.
        """
        with self.passage():
            return function(*args, **kwargs)

    async def call_async(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """As `call`, for a function that returns an awaitable."""
        with self.passage():
            return await function(*args, **kwargs)

    def __call__(self, function: F) -> F:
        """Return the function behind this breaker."""
        wrapped: Any
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise UsageError(
                "a generator does nothing when it is called, so nothing would be counted",
                where=getattr(function, "__qualname__", repr(function)),
                todo="use `guard`, which counts the part before its first `yield`",
            )
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def behind_async(*args: Any, **kwargs: Any) -> Any:
                return await self.call_async(function, *args, **kwargs)

            wrapped = behind_async
        else:

            @functools.wraps(function)
            def behind(*args: Any, **kwargs: Any) -> Any:
                return self.call(function, *args, **kwargs)

            wrapped = behind
        return wrapped  # type: ignore[no-any-return]  # it takes and returns what the function does

    # ------------------------------------------------------------------------- what a passage does to it

    def _enter(self) -> Callable[[], None] | None:
        """Return None for an ordinary call, what gives its place back for a probe; or refuse."""
        circuit = self._home.read()
        permit = self._rules.permit(circuit, self._clock())
        if permit is Permit.CALL:
            return None
        give_back = self._home.take_probe() if permit is Permit.PROBE else None
        if give_back is not None:
            # Between the look and the taking another probe may have come to its end.
            circuit = self._home.read()
            permit = self._rules.permit(circuit, self._clock())
            if permit is Permit.PROBE:
                self._tell("probing", circuit)
                return give_back
            give_back()
            if permit is Permit.CALL:
                return None
        raise self._refusal(circuit) from self._last_error(circuit)

    def _leave(self, error: BaseException | None, *, probe: bool) -> None:
        if error is None:
            circuit = self._home.read()
            if circuit == CLOSED:
                self._cause = None
            else:
                self._changed(lambda found: self._rules.succeeded(found, probe=probe))
        elif isinstance(error, Exception) and not isinstance(error, self._ignore):
            text = _text(error)
            self._cause = error
            self._changed(lambda found: self._rules.failed(found, self._clock(), text, probe=probe))

    def _changed(self, step: Callable[[Circuit], Circuit]) -> None:
        before, after = self._home.change(step)
        if before.opened_at is None and after.opened_at is not None:
            LOG.error("circuit breaker %r opened after %d failures: %s", self.name, after.failures, after.error)
            self._tell("opened", after)
        elif after == CLOSED:
            self._cause = None
            if before.opened_at is not None:
                LOG.info("circuit breaker %r closed", self.name)
                self._tell("closed", after)

    def _tell(self, kind: str, circuit: Circuit) -> None:
        for listener in tuple(self._listeners):
            quietly(listener, BreakerEvent(kind, self.name, circuit.failures, circuit.error))

    def _refusal(self, circuit: Circuit) -> CircuitOpenError:
        wait_s = max(self._rules.wait_s(circuit, self._clock()), 0.0)
        return CircuitOpenError(self.name, circuit.failures, wait_s, circuit.error or "an unknown error")

    def _last_error(self, circuit: Circuit) -> Exception:
        return self._cause or ElsewhereError(circuit.error or "unknown", where="another process")


class Passage:
    """One call through a breaker; made by `CircuitBreaker.passage`, for one use."""

    def __init__(self, breaker: CircuitBreaker) -> None:
        self._breaker = breaker
        self._give_back: Callable[[], None] | None = None

    def __enter__(self) -> None:
        self._give_back = self._breaker._enter()  # noqa: SLF001 - the two are one thing

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._breaker._leave(error, probe=self._give_back is not None)  # noqa: SLF001 - as above
        finally:
            if self._give_back is not None:
                self._give_back()


_SHARED: dict[tuple[Path, str], CircuitBreaker] = {}
_SHARED_LOCK = threading.Lock()


def _text(error: Exception) -> str:
    from pytest_selfheal.safety.redact import Redactor

    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - an exception whose text cannot be read is still counted
        said = ""
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return Redactor(os.environ).clean(text, _ERROR_LIMIT)
