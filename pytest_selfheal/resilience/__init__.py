"""The public toolkit: robust JSON, time limits, backoff, circuit breaker, chunks, and a guard that composes them.

Needs no pytest, and knows no classifier: the callers say what is worth another try. `pytest_selfheal.toolkit` puts the
two together; users take its names from `pytest_selfheal` itself. Names are loaded when they are first used.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_selfheal.resilience.alerts import TimeoutEvent
    from pytest_selfheal.resilience.alerts import TimeoutWatch
    from pytest_selfheal.resilience.backoff import Pace
    from pytest_selfheal.resilience.backoff import RetryAdvice
    from pytest_selfheal.resilience.batches import BatchError
    from pytest_selfheal.resilience.batches import BatchResult
    from pytest_selfheal.resilience.breaker import BreakerEvent
    from pytest_selfheal.resilience.breaker import CircuitBreaker
    from pytest_selfheal.resilience.breaker import CircuitOpenError
    from pytest_selfheal.resilience.effects import Effects
    from pytest_selfheal.resilience.guarding import Guard
    from pytest_selfheal.resilience.json_recovery.failure_log import JSONFailureLog
    from pytest_selfheal.resilience.json_recovery.ladder import parse_json
    from pytest_selfheal.resilience.json_recovery.ladder import parse_json_detailed
    from pytest_selfheal.resilience.json_recovery.result import JSONLimits
    from pytest_selfheal.resilience.json_recovery.result import JSONRecoveryError
    from pytest_selfheal.resilience.json_recovery.result import RecoveredJSON
    from pytest_selfheal.resilience.later import RetryLaterError
    from pytest_selfheal.resilience.later import selfheal_retry_at
    from pytest_selfheal.resilience.limits import TimeLimitError
    from pytest_selfheal.resilience.limits import timeout_after

_HOMES = {
    "alerts": "TimeoutEvent TimeoutWatch",
    "backoff": "Pace RetryAdvice",
    "batches": "BatchError BatchResult",
    "breaker": "BreakerEvent CircuitBreaker CircuitOpenError",
    "effects": "Effects",
    "guarding": "Guard",
    "json_recovery.failure_log": "JSONFailureLog",
    "json_recovery.ladder": "parse_json parse_json_detailed",
    "json_recovery.result": "JSONLimits JSONRecoveryError RecoveredJSON",
    "later": "RetryLaterError selfheal_retry_at",
    "limits": "TimeLimitError timeout_after",
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
    "Guard",
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
    "parse_json",
    "parse_json_detailed",
    "selfheal_retry_at",
    "timeout_after",
]
