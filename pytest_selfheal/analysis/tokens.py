"""Counting tokens without the model's own table.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

_BYTES_EACH = 3
"""English is near 4 bytes a token, source code near 3: rather too many are counted than too few."""


def tokens_in(text: str) -> int:
    """Return how many tokens `text` takes, rather too many than too few."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_EACH)


def cut(text: str, tokens: int) -> str:
    """Return `text` within `tokens`: two thirds from its beginning, the rest from its end, with a note between."""
    if tokens_in(text) <= tokens:
        return text
    note = "\n[... left out ...]\n"
    room = max(0, tokens * _BYTES_EACH - len(note))
    data = text.encode("utf-8", "replace")
    tail = room // 3
    first = data[: room - tail].decode("utf-8", "ignore")
    return first + note + (data[len(data) - tail :].decode("utf-8", "ignore") if tail else "")
