"""Points in time as text.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from datetime import datetime
from datetime import timezone


def utc_text(seconds: float) -> str:
    """Return seconds since the epoch as UTC in ISO 8601 with milliseconds and a trailing `Z`."""
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
