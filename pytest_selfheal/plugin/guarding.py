"""The fixture `selfheal_guard`: `guard` with the settings of this run.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.plugin.activate import policy_of
from pytest_selfheal.resilience import CircuitBreaker
from pytest_selfheal.resilience import Pace
from pytest_selfheal.toolkit import guard

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


def guard_of(config: pytest.Config) -> Callable[..., Any]:
    """Return `guard` with attempts, waits and budget of `[tool.selfheal]`, and breakers in the store of this run.

    Raises:
        pytest.UsageError: the settings cannot be used.
    """
    policy = policy_of(config)
    folder = config.rootpath / policy.store / "breakers"
    usual = Pace(policy.attempts, policy.retry_base_s, policy.retry_cap_s, policy.retry_budget_s)

    def selfheal_guard(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        options = {"pace": usual, "retries": policy.attempts - 1, **options}
        if isinstance(options.get("breaker"), str):
            options["breaker"] = CircuitBreaker.shared(options["breaker"], folder=folder)
        made = guard(**options)
        return made if function is None else made(function)

    return selfheal_guard
