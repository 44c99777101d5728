"""Asking to be run again later: for fixtures and tests that know when a service will be there.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import NoReturn

from pytest_selfheal.errors import SelfHealError


class RetryLaterError(SelfHealError):
    """A fixture or test asked to be run again later.

    Any exception may ask in the same way, by an attribute `selfheal_retry_at`, seconds. An assertion may not.
    """

    def __init__(self, seconds: float, reason: str = "") -> None:
        self.selfheal_retry_at = seconds
        super().__init__(
            f"asked to be run again in {seconds:g} s{f': {reason}' if reason else ''}",
            todo="run with --selfheal to have it run again; with it, the attempts or the waiting budget are used up",
        )


def selfheal_retry_at(seconds: float, reason: str = "") -> NoReturn:
    """End this try of the test here and ask for another one after `seconds`.

    Other tests run meanwhile. How often and how long is limited by `attempts` and `retry_after_cap_s`; without
    `--selfheal` the test just fails.

    Args:
        seconds: at least 0.
        reason: for the report.

    Raises:
        RetryLaterError: always.
        ValueError: `seconds` is negative or no number.
    """
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"seconds must be a number of at least 0, not {seconds!r}")
    raise RetryLaterError(float(seconds), reason)
