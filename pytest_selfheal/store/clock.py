"""Times as the store writes them: UTC, ISO 8601, milliseconds, trailing `Z`, so that text order is time order.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from datetime import datetime
from datetime import timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

DAY_S = 86_400.0


class Clock:
    """The injected "now" in the three forms the store needs.

    Args:
        now: returns seconds since the epoch, or a datetime (a naive one is taken as UTC).
    """

    def __init__(self, now: Callable[[], datetime | float]) -> None:
        self._now = now

    def seconds(self) -> float:
        """Return seconds since the epoch."""
        value = self._now()
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).timestamp()
        return float(value)

    def iso(self, shift_s: float = 0.0) -> str:
        """Return now plus `shift_s` seconds."""
        return iso(self.seconds() + shift_s)

    def stamp(self, shift_s: float = 0.0) -> str:
        """Return now plus `shift_s` seconds in the form used in file names, such as `20261123T150352Z`."""
        return datetime.fromtimestamp(self.seconds() + shift_s, timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def iso(seconds: float) -> str:
    """Return seconds since the epoch as the store writes times."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")[:23] + "Z"


def normalised(text: str) -> str:
    """Return an ISO 8601 time in the store's form; text that is no time comes back unchanged.

    Without it `...:00Z` would sort after `...:00.114Z`.
    """
    try:
        value = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    except ValueError:
        return text
    value = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    return value.astimezone(timezone.utc).isoformat(timespec="milliseconds")[:23] + "Z"
