"""What went wrong in a store, one sentence per cause, collected instead of raised.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from pytest_selfheal.errors import SelfHealError


class Notes:
    """Warnings without repetition, in the order of their first appearance."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def add(self, text: str, *, cause: str = "") -> None:
        """Keep `text`; of several texts with one `cause` only the first is kept."""
        self._texts.setdefault(cause or text, text)

    def failed(self, what: str, where: object, error: Exception) -> None:
        """Keep that `what` could not be done with the file `where`."""
        self.add(f"{where}: {what} ({reason(error)})", cause=f"{what} {where}")

    @property
    def texts(self) -> tuple[str, ...]:
        """Return the sentences."""
        return tuple(self._texts.values())


def reason(error: Exception) -> str:
    """Return the shortest true description of an error."""
    if isinstance(error, SelfHealError):
        return error.what
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
