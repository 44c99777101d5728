"""The public toolkit with our classifier inside: what is worth another try, what comes in too big a batch.

The rooms know nothing of each other; here a live exception goes through capture and classify, and the verdict into
resilience. Works without pytest.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeVar
from typing import cast
from typing import overload

from pytest_selfheal.capture.chain import ChainReader
from pytest_selfheal.classify import diagnose
from pytest_selfheal.errors import UsageError
from pytest_selfheal.model import Category
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Phase
from pytest_selfheal.model import ProjectFacts
from pytest_selfheal.resilience.backoff import Pace
from pytest_selfheal.resilience.backoff import RetryAdvice
from pytest_selfheal.resilience.backoff import with_retries
from pytest_selfheal.resilience.batches import split
from pytest_selfheal.resilience.batches import split_async
from pytest_selfheal.resilience.effects import REAL
from pytest_selfheal.resilience.guarding import Guard
from pytest_selfheal.resilience.limits import DEFAULT_S
from pytest_selfheal.safety.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable
    from collections.abc import Sequence

    from pytest_selfheal.model import Diagnosis
    from pytest_selfheal.resilience.backoff import Advise
    from pytest_selfheal.resilience.batches import BatchResult
    from pytest_selfheal.resilience.breaker import CircuitBreaker
    from pytest_selfheal.resilience.effects import Effects

    On = type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool | RetryAdvice]

F = TypeVar("F", bound="Callable[..., Any]")

RETRIED = frozenset({Category.TRANSIENT, Category.RATE_LIMIT, Category.TIMEOUT})
"""Categories in which calling a service once more may help."""

ASKED_AGAIN = RETRIED | {Category.PARSE}
"""As `RETRIED`, for a guard: the next answer of a service may be whole."""

_REFUSED_STATUSES = frozenset({401, 403})
_REFUSED_RULES = frozenset({"api.quota_exhausted", "aws.credentials", "grpc.credentials"})
_SIZE_STATUSES = frozenset({408, 413, 504})
_SIZE_CODES = frozenset({"context_length_exceeded", "request_too_large", "string_above_max_length"})
_SIZE_WORDS = ("prompt is too long", "maximum context length", "request too large", "payload too large")


@overload
def guard(function: F) -> F: ...
@overload
def guard(
    *,
    breaker: CircuitBreaker | str | None = None,
    retries: int = 2,
    timeout: float | None = DEFAULT_S,
    parse: Any = None,
    on_open: str = "fail",
    on: On | None = None,
    pace: Pace | None = None,
    effects: Effects = REAL,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...
def guard(  # noqa: PLR0913 - one call that says everything about a service; all are keywords
    function: Callable[..., Any] | None = None,
    *,
    breaker: CircuitBreaker | str | None = None,
    retries: int = 2,
    timeout: float | None = DEFAULT_S,
    parse: Any = None,
    on_open: str = "fail",
    on: On | None = None,
    pace: Pace | None = None,
    effects: Effects = REAL,
) -> Callable[..., Any]:
    """Guard a function that calls a service: time limit, circuit breaker, backoff and parsing around each try.

    For functions, async functions, generators and async generators; of the latter two the part before the first
    `yield` is guarded, and what was begun in vain is closed. For a fixture write `@pytest.fixture` above it. The client
    in it should not retry by itself (`max_retries=0` for openai and anthropic): tries would multiply, and the breaker
    would see few of them.

    Args:
        function: what to guard, when used without parentheses.
        breaker: a `CircuitBreaker`, or the name of one that all processes of the project share, or None.
        retries: further calls after the first.
        timeout: limit of one call, seconds; None for none.
        parse: what the answer must be: None takes it as it is, True any JSON; a class, JSON schema, keys, pydantic
            model or TypeAdapter goes to `parse_json` as `expect`; a function is the step itself and raises ValueError
            for an answer to be asked for again. With a predicate: `functools.partial(parse_json, expect=...)`.
        on_open: what a test gets when the breaker is open: `fail`, `skip` or `xfail`, each with the reason.
        on: what is worth another try instead of what our classifier says; see `retry_with_backoff`.
        pace: waits and budget; its `attempts` gives way to `retries`.
        effects: clock, sleep and chance, for tests.

    Returns:
        The guarded function, of the same kind and signature; without `function` a decorator. The guarded function
        raises the error of the last try unchanged, `TimeLimitError` when that was over its limit, and
        `CircuitOpenError` (or pytest's skip or xfail) when nothing was called.

    Raises:
        UsageError: an argument that makes no sense, or a finished fixture.
    """
    from dataclasses import replace

    made = Guard(
        advice(on, ASKED_AGAIN),
        breaker=breaker,
        timeout_s=timeout,
        pace=replace(pace or Pace(), attempts=_attempts(retries)),
        parse=parse,
        on_open=on_open,
        effects=effects,
    )
    return made if function is None else made(function)


def retry_with_backoff(
    function: F | None = None,
    *,
    on: On | None = None,
    pace: Pace | None = None,
    effects: Effects = REAL,
) -> Any:
    """Call a function again after failures that may pass, with growing, randomly shortened waits.

    `Retry-After` is a lower limit of the wait. HTTP 401 and 403, refused credentials and an exhausted quota are never
    retried, whatever `on` says: waiting does not help. When attempts or budget are used up, the last error is raised
    unchanged.

    Args:
        function: plain or async, when used without parentheses.
        on: exception classes, or a function that takes an exception and returns a bool or a `RetryAdvice`. By default
            our classifier decides: transient, rate limited and timed out calls are retried.
        pace: attempts, waits and budget.
        effects: clock, sleep and chance, for tests.

    Returns:
        The function with retries; without `function` a decorator.

    Raises:
        UsageError: a generator, which cannot be called again.
    """
    advise = advice(on, RETRIED)

    def decorate(decorated: F) -> F:
        return cast("F", with_retries(decorated, advise, pace or Pace(), effects))

    return decorate if function is None else decorate(function)


@overload
def split_on_timeout(
    function: Callable[[list[Any]], Awaitable[Sequence[Any]]],
    items: Sequence[Any],
    *,
    on: type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool] | None = None,
) -> Awaitable[BatchResult]: ...
@overload
def split_on_timeout(
    function: Callable[[list[Any]], Sequence[Any]],
    items: Sequence[Any],
    *,
    on: type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool] | None = None,
) -> BatchResult: ...
def split_on_timeout(
    function: Callable[[list[Any]], Any],
    items: Sequence[Any],
    *,
    on: type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool] | None = None,
) -> BatchResult | Awaitable[BatchResult]:
    """Call a function with a list of items, with halves of it when that takes too long or is too much, down to one.

    Args:
        function: takes a list of items, returns one value for each in their order; plain or async.
        items: what to work on; may be empty.
        on: exceptions that fewer items may cure. By default timeouts, HTTP 408, 413 and 504, and answers that say the
            prompt is too long.

    Returns:
        A `BatchResult` in the order of the items, awaitable for an async function. Its `values` raises `BatchError`
        when an item failed even alone; `done` and `failed` hold both kinds.

    Raises:
        BaseException: any other error of `function`; it is no matter of size.
    """
    divides = _is_of_size if on is None else _matches(on)
    if inspect.iscoroutinefunction(function):
        return split_async(function, items, divides)
    return split(function, items, divides)


def advice(on: On | None, categories: frozenset[Category]) -> Advise:
    """Return what says of a live exception whether another call may help.

    Args:
        on: what the user wants retried; None leaves it to the classifier.
        categories: what to retry when it is left to the classifier.
    """
    wanted = None if on is None else _matches(on)

    def advise(error: Exception) -> RetryAdvice:
        failure, diagnosis = examine(error)
        facts = [link.facts for link in failure.chain]
        told = next((found["retry_after"] for found in facts if "retry_after" in found), None)
        category = diagnosis.category.value
        if _is_refused(diagnosis, facts):
            return RetryAdvice(retry=False, category=category)
        answer = diagnosis.category in categories if wanted is None else wanted(error)
        if isinstance(answer, RetryAdvice):
            return answer
        return RetryAdvice(retry=bool(answer), delay_s=told, category=category)

    return advise


def examine(error: BaseException) -> tuple[Failure, Diagnosis]:
    """Return a live exception as plain facts, and what it is; no pytest needed, never raises for what it does."""
    chain = ChainReader(Path.cwd(), Redactor(os.environ)).chain(error, error.__traceback__)
    failure = Failure(
        nodeid="",
        phase=Phase.CALL,
        error_type=chain[0].type_name.removeprefix("builtins."),
        error_message=chain[0].message,
        chain=chain,
    )
    return failure, diagnose(failure, ProjectFacts())


def _is_refused(diagnosis: Diagnosis, facts: list[dict[str, Any]]) -> bool:
    if diagnosis.rule in _REFUSED_RULES:
        return True
    # GitHub, for one, answers 403 to clients that are only too fast.
    limited = diagnosis.category is Category.RATE_LIMIT
    return not limited and any(found.get("http_status") in _REFUSED_STATUSES for found in facts)


def _is_of_size(error: Exception) -> bool:
    failure, diagnosis = examine(error)
    if diagnosis.category is Category.TIMEOUT:
        return True
    return any(
        link.facts.get("http_status") in _SIZE_STATUSES
        or link.facts.get("error_code") in _SIZE_CODES
        or any(words in link.message.lower() for words in _SIZE_WORDS)
        for link in failure.chain
    )


def _matches(on: Any) -> Callable[[Exception], Any]:
    if isinstance(on, (type, tuple)):
        kinds = on if isinstance(on, tuple) else (on,)
        if kinds and all(isinstance(kind, type) and issubclass(kind, Exception) for kind in kinds):
            return lambda error: isinstance(error, kinds)
    elif callable(on):
        return cast("Callable[[Exception], Any]", on)
    raise UsageError(
        f"on = {on!r} does not say which exceptions are meant",
        todo="give an exception class, a tuple of them, or a function that takes an exception",
    )


def _attempts(retries: int) -> int:
    if retries < 0:
        raise UsageError(f"retries = {retries} is less than none", todo="give 0 or more")
    return retries + 1
