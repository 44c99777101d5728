"""pytest-selfheal: a pytest plugin and CI gate that observes, recovers, repairs and remembers failures.

The public toolkit for programs, tests and fixtures is loaded when one of its names is first used.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_selfheal.resilience import BatchError
    from pytest_selfheal.resilience import BatchResult
    from pytest_selfheal.resilience import BreakerEvent
    from pytest_selfheal.resilience import CircuitBreaker
    from pytest_selfheal.resilience import CircuitOpenError
    from pytest_selfheal.resilience import Effects
    from pytest_selfheal.resilience import JSONFailureLog
    from pytest_selfheal.resilience import JSONLimits
    from pytest_selfheal.resilience import JSONRecoveryError
    from pytest_selfheal.resilience import Pace
    from pytest_selfheal.resilience import RecoveredJSON
    from pytest_selfheal.resilience import RetryAdvice
    from pytest_selfheal.resilience import RetryLaterError
    from pytest_selfheal.resilience import TimeLimitError
    from pytest_selfheal.resilience import TimeoutEvent
    from pytest_selfheal.resilience import TimeoutWatch
    from pytest_selfheal.resilience import parse_json
    from pytest_selfheal.resilience import parse_json_detailed
    from pytest_selfheal.resilience import selfheal_retry_at
    from pytest_selfheal.resilience import timeout_after
    from pytest_selfheal.toolkit import guard
    from pytest_selfheal.toolkit import retry_with_backoff
    from pytest_selfheal.toolkit import split_on_timeout

__version__ = "0.1.0"

_HOMES = {
    "resilience": "BatchError BatchResult BreakerEvent CircuitBreaker CircuitOpenError Effects JSONFailureLog "
    "JSONLimits JSONRecoveryError Pace RecoveredJSON RetryAdvice RetryLaterError TimeLimitError TimeoutEvent "
    "TimeoutWatch parse_json parse_json_detailed selfheal_retry_at timeout_after",
    "toolkit": "guard retry_with_backoff split_on_timeout",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value


__all__ = [
    "BatchError",
    "BatchResult",
    "BreakerEvent",
    "CircuitBreaker",
    "CircuitOpenError",
    "Effects",
    "JSONFailureLog",
    "JSONLimits",
    "JSONRecoveryError",
    "Pace",
    "RecoveredJSON",
    "RetryAdvice",
    "RetryLaterError",
    "TimeLimitError",
    "TimeoutEvent",
    "TimeoutWatch",
    "guard",
    "parse_json",
    "parse_json_detailed",
    "retry_with_backoff",
    "selfheal_retry_at",
    "split_on_timeout",
    "timeout_after",
]
