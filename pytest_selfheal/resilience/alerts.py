"""What follows a timeout: everybody interested hears of it, it is logged, and a high rate raises an alert.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.gate_policy import GatePolicy

if TYPE_CHECKING:
    from collections.abc import Callable

LOG = logging.getLogger(__name__)

WINDOW_S = 3600.0
"""The hour that the architecture document's "Failure Rate Calculation" looks at, seconds."""


@dataclass(frozen=True)
class TimeoutEvent:
    """One block that was over its limit, or the news that this happens often.

    Attributes:
        kind: `timeout`, or `alert` when the rate rose to another level.
        name: what was limited.
        limit_s: the limit, seconds.
        elapsed_s: how long it took until it ended, seconds.
        where: `file:line in function` where it was interrupted, innermost first.
        level: of an alert: `warning` or `critical`.
        rate: of an alert: share of the limited blocks of the last hour that timed out, 0 to 1.
    """

    kind: str
    name: str
    limit_s: float
    elapsed_s: float
    where: tuple[str, ...] = ()
    level: str = ""
    rate: float = 0.0


class TimeoutWatch:
    """Counts limited blocks and those that timed out, and tells its listeners; safe to use from many threads.

    The alert levels and the number of samples they need are those of the gate (10 and 20 %, 20 samples).

    Args:
        policy: the levels.
        clock: seconds from any fixed point.
    """

    def __init__(self, policy: GatePolicy | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy or GatePolicy()
        self._clock = clock
        self._lock = threading.Lock()
        self._ended: deque[tuple[float, bool]] = deque()
        self._timeouts = 0
        self._level = ""
        self._listeners: list[Callable[[TimeoutEvent], object]] = []

    def listen(self, listener: Callable[[TimeoutEvent], object]) -> Callable[[], None]:
        """Call `listener` with every event from now on; return a function that ends it."""
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def passed(self) -> None:
        """Count a block that kept its limit."""
        self._count(timed_out=False)

    def timed_out(self, event: TimeoutEvent, listeners: tuple[Callable[[TimeoutEvent], object], ...] = ()) -> None:
        """Count a block that did not, log it, and tell the listeners, an alert as well when the rate has risen.

        Never raises for what a listener does.
        """
        LOG.warning(
            "%s timed out after %.1f s (limit %g s) at %s",
            event.name, event.elapsed_s, event.limit_s, " < ".join(event.where) or "?",
        )  # fmt: skip
        self._tell(event, listeners)
        risen, rate = self._count(timed_out=True)
        if risen:
            LOG.error("%s: %.0f %% of the limited calls of the last hour timed out", risen, 100 * rate)
            alert = TimeoutEvent("alert", event.name, event.limit_s, event.elapsed_s, level=risen, rate=rate)
            self._tell(alert, listeners)

    def _tell(self, event: TimeoutEvent, listeners: tuple[Callable[[TimeoutEvent], object], ...]) -> None:
        for listener in (*listeners, *self._listeners):
            quietly(listener, event)

    def _count(self, *, timed_out: bool) -> tuple[str, float]:
        with self._lock:
            now = self._clock()
            self._ended.append((now, timed_out))
            self._timeouts += timed_out
            while self._ended[0][0] < now - WINDOW_S:
                self._timeouts -= self._ended.popleft()[1]
            samples = len(self._ended)
            rate = self._timeouts / samples
            before, self._level = self._level, self._judge(rate, samples)
            risen = self._level if before not in {self._level, "critical"} else ""
            return risen, rate

    def _judge(self, rate: float, samples: int) -> str:
        limits = self._policy.timeout_rate
        if samples < self._policy.min_samples or rate < limits.warn:
            return ""
        return "critical" if rate >= limits.critical else "warning"


def quietly(step: Callable[..., object], *arguments: Any) -> None:
    """Call a listener or a clean-up; its error is logged, because it must not replace the one being reported."""
    try:
        step(*arguments)
    except Exception:
        LOG.exception("%r failed and is left out", step)


WATCH = TimeoutWatch()
"""Counts every time limit of this process that names no other watch."""
