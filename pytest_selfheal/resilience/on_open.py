"""What a test gets when the breaker before its service is open.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from typing import Any
from typing import NoReturn

from pytest_selfheal.errors import UsageError

if TYPE_CHECKING:
    from pytest_selfheal.resilience.breaker import CircuitOpenError

OUTCOMES = ("fail", "skip", "xfail")


def checked(on_open: str) -> str:
    """Return `on_open`.

    Raises:
        UsageError: it is none of `OUTCOMES`.
    """
    if on_open not in OUTCOMES:
        raise UsageError(f"on_open = {on_open!r} is unknown", todo=f"choose one of {', '.join(OUTCOMES)}")
    return on_open


def unavailable(refusal: CircuitOpenError, on_open: str) -> NoReturn:
    """End the test as its author chose; every choice is visible in the report, with the reason.

    Raises:
        CircuitOpenError: for `fail`, and outside of pytest, where nothing can be skipped.
        BaseException: pytest's own, for `skip` and `xfail`.
    """
    # Looked up, not imported: the toolkit works without pytest, and a skip means something only where pytest runs.
    pytest: Any = sys.modules.get("pytest")
    if on_open == "fail" or pytest is None:
        raise refusal
    kind = pytest.skip.Exception if on_open == "skip" else pytest.xfail.Exception
    raise kind(f"selfheal: {refusal}") from refusal
