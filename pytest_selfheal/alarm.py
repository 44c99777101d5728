"""The order of raising an alert: what is new, who is told, what is remembered; every effect comes in as a parameter.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_selfheal.alerting import post
from pytest_selfheal.alerting import run_command
from pytest_selfheal.health import new_alerts
from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import stable_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_selfheal.gate_policy import AlertPolicy
    from pytest_selfheal.model import Alert
    from pytest_selfheal.model import Health
    from pytest_selfheal.store.protocol import Store

WEBHOOK = "SELFHEAL_ALERT_WEBHOOK"
"""The environment variable for an address that holds a secret."""
_THRESHOLD = 3
_RESET_S = 900.0


def raise_alerts(
    health: Health,
    run_id: str,
    policy: AlertPolicy,
    *,
    store: Store,
    folder: Path,
    environ: Mapping[str, str],
    announce: Callable[[Alert], object],
    degrade: Callable[[Exception], object],
) -> list[Alert]:
    """Tell everybody about limits that were reached, once for each limit and window; return what was told.

    A command or address that fails three times in a row is left alone for a quarter of an hour. Nothing that goes wrong
    here is raised: it is handed to `degrade`.

    Args:
        health: metrics of the window.
        run_id: the run that ends.
        policy: whom to tell, and for how long to wait for them.
        store: remembers what was told.
        folder: where the states of breakers are kept.
        environ: environment variables.
        announce: tells listeners of the hook.
        degrade: hears what went wrong.
    """
    told = [event for event in store.events(since=health.since) if event.action == "alert"]
    alerts = new_alerts(health, run_id, {event.ref: event.detail for event in reversed(told)})
    address = environ.get(WEBHOOK) or policy.webhook
    for alert in alerts:
        store.append(_event(alert))
        announce(alert)
        if policy.command:
            _guarded("alert command", folder, degrade, partial(run_command, policy.command, alert, policy.timeout_s))
        if address:
            _guarded("alert webhook", folder, degrade, partial(post, address, alert, policy.timeout_s))
    return alerts


def _guarded(name: str, folder: Path, degrade: Callable[[Exception], object], deliver: Callable[[], None]) -> None:
    from pytest_selfheal.resilience import CircuitBreaker

    breaker = CircuitBreaker(name, threshold=_THRESHOLD, reset_s=_RESET_S, folder=folder)
    try:
        breaker.call(deliver)
    except Exception as error:  # noqa: BLE001 - an alert that is not delivered must not change a run
        degrade(error)


def _event(alert: Alert) -> HealingEvent:
    return HealingEvent(
        id=stable_id(alert.run_id, "alert", alert.metric.name),
        updated_at=alert.until,
        run_id=alert.run_id,
        action="alert",
        result="ok",
        signature="",
        detail=alert.level,
        ref=alert.metric.name,
        created_at=alert.until,
    )
