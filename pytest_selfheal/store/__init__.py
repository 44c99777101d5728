"""Records kept between runs: the JSON store by default, one protocol for every kind.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_selfheal.store.json_store import JsonStore


def open_store(location: Path, **options: Any) -> JsonStore:
    """Return the store in the folder `location`; touches no file and never fails.

    Args:
        location: the folder, which need not exist.
        options: `now` (a clock, by default that of the system), `retention_days`, `read_only`; see `JsonStore`.
    """
    import time

    from pytest_selfheal.store.json_store import JsonStore

    return JsonStore(location, **{"now": time.time, **options})
