"""The public toolkit: robust JSON, time limits, backoff, circuit breaker, chunks, and a guard that composes them.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from pytest_selfheal.resilience.json_recovery.failure_log import JSONFailureLog
    from pytest_selfheal.resilience.json_recovery.ladder import parse_json
    from pytest_selfheal.resilience.json_recovery.ladder import parse_json_detailed
    from pytest_selfheal.resilience.json_recovery.result import JSONLimits
    from pytest_selfheal.resilience.json_recovery.result import JSONRecoveryError
    from pytest_selfheal.resilience.json_recovery.result import RecoveredJSON

__all__ = ["JSONFailureLog", "JSONLimits", "JSONRecoveryError", "RecoveredJSON", "parse_json", "parse_json_detailed"]

_JSON = "pytest_selfheal.resilience.json_recovery"
_HOMES = {
    "JSONFailureLog": f"{_JSON}.failure_log",
    "JSONRecoveryError": f"{_JSON}.result",
    "JSONLimits": f"{_JSON}.result",
    "RecoveredJSON": f"{_JSON}.result",
    "parse_json": f"{_JSON}.ladder",
    "parse_json_detailed": f"{_JSON}.ladder",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
