"""Records kept between runs: the JSON store by default, one protocol for every kind.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_selfheal.store.json_store import JsonStore
    from pytest_selfheal.store.spooled import SpooledStore
    from pytest_selfheal.store.sql.sql_store import SqlStore


def open_store(location: Path, *, url: str = "", **options: Any) -> JsonStore | SpooledStore:
    """Return the store in the folder `location`, or in a database; touches no file and never fails.

    Args:
        location: the folder, which need not exist; with a database it holds what could not be delivered yet.
        url: connection string of a database; empty for a store in the folder alone.
        options: `now` (a clock, by default that of the system), `retention_days`, `read_only`; see `JsonStore`.
    """
    import time

    options = {"now": time.time, **options}
    if url:
        from pytest_selfheal.store.spooled import SpooledStore

        kept = {"retention_days": options["retention_days"]} if "retention_days" in options else {}
        return SpooledStore(location, url, now=options["now"], **kept)
    from pytest_selfheal.store.json_store import JsonStore

    return JsonStore(location, **options)


def open_database(url: str, *, retention_days: float = 90) -> SqlStore:
    """Return the store in a database itself, without a spool; connects to nothing.

    Raises:
        StoreError: the connection string cannot be used, or the extra `sql` is not installed.
    """
    import time

    from pytest_selfheal.store.sql.sql_store import SqlStore

    return SqlStore(url, now=time.time, retention_days=retention_days)
