"""The rules of a circuit breaker, as values: no clock, no lock, no file.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Permit(Enum):
    """What a caller may do now."""

    CALL = "call"
    PROBE = "probe"
    REFUSED = "refused"


@dataclass(frozen=True)
class Circuit:
    """Where a breaker stands.

    Attributes:
        failures: failed calls in a row.
        opened_at: when it opened or its last probe failed, seconds; None while closed.
        updated_at: when something last changed, seconds.
        error: the last counted error as text.
    """

    failures: int = 0
    opened_at: float | None = None
    updated_at: float = 0.0
    error: str = ""


CLOSED = Circuit()


@dataclass(frozen=True)
class Rules:
    """Limits of a breaker ("Circuit Breaker" of the architecture document: 5 failures, 60 s).

    Attributes:
        threshold: failures in a row that open it.
        reset_s: seconds after which one probe is let through.
        forget_s: a row of failures that nobody added to for so many seconds is forgotten: another run left it.
    """

    threshold: int = 5
    reset_s: float = 60.0
    forget_s: float = 3600.0

    def permit(self, circuit: Circuit, now: float) -> Permit:
        """Return what a caller may do; whether a probe is already under way is not known here."""
        if circuit.opened_at is None:
            return Permit.CALL
        return Permit.PROBE if self.wait_s(circuit, now) <= 0 else Permit.REFUSED

    def wait_s(self, circuit: Circuit, now: float) -> float:
        """Return the seconds until a probe is allowed; 0 or less when it is."""
        if circuit.opened_at is None:
            return 0.0
        # A clock that was set back must not keep the breaker open for as long as it jumped.
        elapsed_s = now - circuit.opened_at
        return self.reset_s - elapsed_s if elapsed_s >= 0 else 0.0

    def failed(self, circuit: Circuit, now: float, error: str, *, probe: bool) -> Circuit:
        """Return the circuit after a counted failure.

        A call that began before the breaker opened and fails afterwards changes nothing: its outage is known.
        """
        if circuit.opened_at is not None:
            if not probe:
                return circuit
            return Circuit(circuit.failures + 1, now, now, error)
        fresh = 0 <= now - circuit.updated_at <= self.forget_s
        failures = (circuit.failures if fresh else 0) + 1
        return Circuit(failures, now if failures >= self.threshold else None, now, error)

    @staticmethod
    def succeeded(circuit: Circuit, *, probe: bool) -> Circuit:
        """Return the circuit after a success; only that of a probe closes an open one."""
        return circuit if circuit.opened_at is not None and not probe else CLOSED
