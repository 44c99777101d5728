"""What just happened, for everybody who has the page open (server-sent events).

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from typing import TYPE_CHECKING

from pytest_selfheal.model import FailureRecord
from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import RunRecord

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from collections.abc import Callable
    from collections.abc import Iterable

    from pytest_selfheal.model import Record

_KEPT = 200
_LOOK_S = 0.5
_BEAT_S = 10.0
MOST_LISTENERS = 16

_EVENTS = {
    ("fix", "ok"): ("good", "fixed"),
    ("fix", "failed"): ("bad", "a fix was taken back"),
    ("suggest", "ok"): ("warn", "a fix is suggested"),
    ("ask", "ok"): ("warn", "there are options to choose from"),
    ("escalate", "ok"): ("bad", "escalated"),
    ("regression", "ok"): ("good", "a regression test was written"),
    ("regression", "refused"): ("warn", "no regression test was written"),
    ("undo", "ok"): ("warn", "a fix was undone"),
    ("flaky", "ok"): ("warn", "found flaky"),
    ("accept", "ok"): ("good", "accepted and applied"),
    ("accept", "failed"): ("bad", "accepted, but taken back"),
    ("accept", "refused"): ("warn", "rejected"),
}


def item_of(record: Record) -> dict[str, str] | None:
    """Return what the feed says about a record: `time`, `kind`, `title`, `text`; None when nothing.

    Entries of the queue and generated tests say nothing, since an event comes with each of them; nor do retries, since
    the test they healed is a record.
    """
    if isinstance(record, RunRecord):
        return _run(record)
    if isinstance(record, FailureRecord):
        return _failure(record)
    if isinstance(record, HealingEvent) and record.action != "retry":
        kind, title = _EVENTS.get((record.action, record.result), ("", f"{record.action} {record.result}"))
        where = record.nodeids[0] if record.nodeids else ""
        if len(record.nodeids) > 1:
            where += f" and {len(record.nodeids) - 1} more"
        text = ": ".join(part for part in (where, record.detail) if part)
        return _item(record.created_at or record.updated_at, kind, title, text)
    return None


def _run(run: RunRecord) -> dict[str, str]:
    if not run.complete:
        return _item(run.started_at, "", "a run started", f"mode {run.mode}")
    failed = run.failed + run.errors
    counts = ((run.passed, "passed"), (failed, "failed"), (run.healed, "healed by a retry"), (run.skipped, "skipped"))
    words = ", ".join(f"{count} {word}" for count, word in counts if count) or "nothing was executed"
    return _item(run.updated_at, "bad" if failed else "good", "a run ended", words)


def _failure(record: FailureRecord) -> dict[str, str] | None:
    if record.outcome is Outcome.ESCALATED:
        return None  # its event says so
    healed = record.outcome is Outcome.HEALED
    error = f"{record.error_type.rpartition('.')[2]}: {record.error_message.partition(chr(10))[0][:200]}"
    title = f"healed on try {len(record.attempts) + 1}" if healed else "failed"
    return _item(record.created_at, "warn" if healed else "bad", title, f"{record.nodeid}: {error}")


def _item(time: str, kind: str, title: str, text: str) -> dict[str, str]:
    return {"time": time, "kind": kind, "title": title, "text": text}


class Feed:
    """Keeps the newest items and hands them to any number of listeners.

    Args:
        read: gives new records, called in a thread.
        is_closing: tells when the server stops, so that no open stream holds it up.
        look_s: seconds between two readings.
    """

    def __init__(
        self, read: Callable[[], Iterable[Record]], is_closing: Callable[[], bool], *, look_s: float = _LOOK_S
    ) -> None:
        self._look_s = look_s
        self._read = read
        self._is_closing = is_closing
        self._items: deque[tuple[int, dict[str, str]]] = deque(maxlen=_KEPT)
        self._count = 0
        self._started = os.urandom(6).hex()
        self.listeners = 0

    async def watch(self) -> None:
        """Look for new records until cancelled."""
        while True:
            for record in await asyncio.to_thread(self._read):
                item = item_of(record)
                if item is not None:
                    self._count += 1
                    self._items.append((self._count, item))
            await asyncio.sleep(self._look_s)

    async def stream(self, last_seen: str) -> AsyncIterator[bytes]:
        """Yield server-sent events from the one after `last_seen` (an event id, or empty) on.

        The first event names this process: a page that was made by another one has to load itself again.
        """
        self.listeners += 1
        try:
            started, _, number = last_seen.partition(".")
            seen = int(number) if started == self._started and number.isdigit() else self._count
            yield _event("hello", json.dumps(self._started))
            silent = 0.0
            while not self._is_closing():
                fresh = [(number, item) for number, item in list(self._items) if number > seen]
                for seen, item in fresh:
                    yield _event("record", json.dumps(item), f"{self._started}.{seen}")
                silent = 0.0 if fresh else silent + _LOOK_S
                if silent >= _BEAT_S:
                    silent = 0.0
                    yield b": still here\n\n"
                await asyncio.sleep(_LOOK_S)
        finally:
            self.listeners -= 1


def _event(name: str, data: str, number: str = "") -> bytes:
    # JSON has no raw newline, so one data line is enough.
    head = f"id: {number}\n" if number else ""
    return f"{head}event: {name}\ndata: {data}\n\n".encode()
