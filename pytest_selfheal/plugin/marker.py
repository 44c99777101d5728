"""The `selfheal` marker: what the author of a test asks for.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import UsageError
from pytest_selfheal.recover import Wish

if TYPE_CHECKING:
    import pytest

MARKER = "selfheal"
_KNOWN = ("retries", "delay", "only", "never", "timeout", "defer")


def wish_of(item: pytest.Item) -> Wish:
    """Return what a test's marker asks for.

    Raises:
        UsageError: an argument is unknown or has the wrong type; the message names the test.
    """
    marks = {mark.name for mark in item.iter_markers()}
    is_ordered = not _ORDERED.isdisjoint(marks)
    marker = item.get_closest_marker(MARKER) if MARKER in marks else None
    if marker is None:
        return Wish(defer=not is_ordered)
    given = _checked(item, marker)
    return Wish(
        retries=given.get("retries"),
        delay_s=None if given.get("delay") is None else float(given["delay"]),
        only=_words(given.get("only", ())),
        never=_words(given.get("never", ())),
        defer=given.get("defer", not is_ordered),
    )


_ORDERED = frozenset({"dependency", "depends", "order", "run", "incremental", "steps"})
"""Marks of plugins (and of pytest's own guide) by which tests build on those before them.

Such a test is tried again at once: those after it would be skipped while it waits.
"""


def timeout_of(item: pytest.Item) -> float | None:
    """Return the time limit of a test's marker, seconds; None when it names none.

    Raises:
        UsageError: as `wish_of`.
    """
    marker = item.get_closest_marker(MARKER)
    value = _checked(item, marker).get("timeout") if marker is not None else None
    return None if value is None else float(value)


def _checked(item: pytest.Item, marker: pytest.Mark) -> dict[str, Any]:
    where = f"{item.nodeid}: @pytest.mark.{MARKER}"
    if marker.args:
        raise UsageError("takes named arguments only", where=where, todo=f"known are {', '.join(_KNOWN)}")
    for name, value in marker.kwargs.items():
        if name not in _KNOWN:
            import difflib

            close = difflib.get_close_matches(name, _KNOWN, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(_KNOWN)}"
            raise UsageError(f"unknown argument {name!r}", where=where, todo=hint)
        if not _fits(name, value):
            raise UsageError(f"{name} = {value!r} cannot be used", where=where, todo=_EXPECTED[name])
    return dict(marker.kwargs)


def _fits(name: str, value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf")
    if name == "retries":
        return isinstance(value, int) and is_number
    if name in {"delay", "timeout"}:
        return is_number
    if name == "defer":
        return isinstance(value, bool)
    entries = value if isinstance(value, (list, tuple, set, frozenset)) else (value,)
    return all(isinstance(entry, (str, type)) for entry in entries)


_EXPECTED = {
    "retries": "a whole number of further tries, 0 for none",
    "delay": "seconds",
    "timeout": "seconds",
    "defer": "True or False",
    "only": "categories or exception classes",
    "never": "categories or exception classes",
}


def _words(value: Any) -> tuple[str, ...]:
    entries = value if isinstance(value, (list, tuple, set, frozenset)) else (value,)
    return tuple(entry if isinstance(entry, str) else f"{entry.__module__}.{entry.__qualname__}" for entry in entries)
