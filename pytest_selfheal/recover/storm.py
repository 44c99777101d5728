"""When an outage does not recover, trying on only costs time: a breaker for each outage key.

The state is the fold of a log of events, so that processes which share the log share the state: every xdist worker
reads what the others wrote before it decides.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from typing import Protocol

FAILED = "failed"
RECOVERED = "recovered"
PROBE = "probe"
RETRIED = "retried"


class Event(NamedTuple):
    """Something that happened to an outage: `at` is a moment of a clock that all processes share, seconds."""

    kind: str
    key: str
    at: float
    who: str


class Log(Protocol):
    """Where events are written and read in one order for everybody."""

    def append(self, event: Event) -> None:
        """Add an event."""

    def unread(self) -> list[Event]:
        """Return what was added, by whomever, since the last call."""


class MemoryLog:
    """The log of a run in one process."""

    def __init__(self) -> None:
        self._new: list[Event] = []

    def append(self, event: Event) -> None:
        """Add an event."""
        self._new.append(event)

    def unread(self) -> list[Event]:
        """Return what was added since the last call."""
        new, self._new = self._new, []
        return new


@dataclass
class _Outage:
    failures: int = 0
    open_until: float | None = None
    probe: str = ""
    probe_at: float = 0.0


class Storm:
    """Counts retries that failed in a row, by outage key.

    After `limit` of them without a recovery nothing with that key is retried for `pause_s`; then one probe is let
    through. A probe that fails closes the door for another `pause_s`, a recovery opens it.

    Args:
        limit: failed retries in a row, at least 1.
        pause_s: seconds without retries.
        log: the events; shared between processes or not.
        who: this process, unique among those that share the log.
    """

    def __init__(self, limit: int, pause_s: float, log: Log, who: str) -> None:
        self._limit = limit
        self._pause_s = pause_s
        self._log = log
        self._who = who
        self._outages: dict[str, _Outage] = {}
        self._retried = 0
        self._probes = 0

    @property
    def retried(self) -> int:
        """How many tests were retried at least once, in all processes."""
        self._catch_up()
        return self._retried

    def note(self, kind: str, key: str, now: float) -> None:
        """Tell everybody what happened."""
        self._log.append(Event(kind, key, now, self._who))

    def is_open(self, key: str, now: float) -> bool:
        """Return whether the outage is known not to recover; asking costs no probe."""
        self._catch_up()
        outage = self._outages.get(key)
        return outage is not None and outage.open_until is not None and now < outage.open_until

    def lets_through(self, key: str, now: float) -> bool:
        """Return whether a retry may be made; in the half-open state only the first one who asks gets it."""
        self._catch_up()
        outage = self._outages.get(key)
        if outage is None or outage.open_until is None:
            return True
        if now < outage.open_until or (outage.probe and now < outage.probe_at + self._pause_s):
            return False
        self._probes += 1
        mine = f"{self._who}/{self._probes}"
        self._log.append(Event(PROBE, key, now, mine))
        self._catch_up()
        return outage.probe == mine

    def _catch_up(self) -> None:
        for event in self._log.unread():
            self._apply(event)

    def _apply(self, event: Event) -> None:
        if event.kind == RETRIED:
            self._retried += 1
            return
        outage = self._outages.setdefault(event.key, _Outage())
        if event.kind == RECOVERED:
            self._outages[event.key] = _Outage()
        elif event.kind == PROBE:
            if not outage.probe or event.at >= outage.probe_at + self._pause_s:
                outage.probe, outage.probe_at = event.who, event.at
        else:
            outage.failures += 1
            if outage.probe or (outage.open_until is None and outage.failures >= self._limit):
                outage.open_until, outage.probe = event.at + self._pause_s, ""
