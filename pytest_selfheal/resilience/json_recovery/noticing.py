"""Oddities of a value that parsed: accepted by every parser in silence, yet often a sign of damage.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
import math
from typing import Any

_ASKABLE = frozenset({"strict", "extract"})


def notice(text: str, value: Any, level: str) -> tuple[str, ...]:
    """Return the names of what is odd about `value`, in a fixed order; `text` is what it was read from."""
    found: set[str] = set()
    if level in _ASKABLE:
        _duplicates(text, found)
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, float) and not math.isfinite(item):
            found.add("float_overflow" if math.isinf(item) and "Infinity" not in text else "nonfinite")
        elif isinstance(item, str):
            _characters(item, found)
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        found.add("double_encoded")
    return tuple(sorted(found))


def _duplicates(text: str, found: set[str]) -> None:
    def pairs(items: list[tuple[str, Any]]) -> None:
        if len(items) != len({key for key, _ in items}):
            found.add("duplicate_key")

    try:
        json.loads(text.strip("\ufeff\u200b\u2060 \t\r\n"), object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return


def _characters(item: str, found: set[str]) -> None:
    # `\frac`, `\beta` and `C:\folder` hold valid JSON escapes; the control character is all that is left to see.
    if "\b" in item or "\f" in item:
        found.add("suspicious_control_char")
    if not item.isascii() and any("\ud800" <= char <= "\udfff" for char in item):
        found.add("lone_surrogate")
