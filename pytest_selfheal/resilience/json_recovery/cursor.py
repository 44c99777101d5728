"""The place a tolerant reading has reached, the containers still open there, and the repairs so far.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from typing import Any

from pytest_selfheal.resilience.json_recovery.grammar import BLANKS
from pytest_selfheal.resilience.json_recovery.grammar import CLOSER_AFTER_TEXT
from pytest_selfheal.resilience.json_recovery.grammar import KEY_AHEAD
from pytest_selfheal.resilience.json_recovery.grammar import KEY_REACH
from pytest_selfheal.resilience.json_recovery.grammar import LOSSLESS

_CLOSER = re.compile(r"[}\]]")
MOST_ASSUMPTIONS = 2000
"""Repairs that assume something; a text that needs more is not a slightly damaged one."""
MOST_PLACES = 5000
"""Places of repairs that are remembered, so that a big text in another dialect does not fill the memory."""
CLOSERS = {"{": "}", "[": "]", "(": ")"}


class Unreadable(Exception):  # noqa: N818 - a step of the search, never seen by callers
    """The tolerant reader cannot go on without inventing something."""

    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.why = why
        self.at = at


class TooDeep(Unreadable):
    """The nesting is deeper than the limit."""


class Frame:
    """One open container; `key` is the member whose value is being read."""

    __slots__ = ("closer", "container", "key", "nested")

    def __init__(self, opener: str) -> None:
        self.container: Any = {} if opener == "{" else []
        self.closer = CLOSERS[opener]
        self.key: str | None = None
        self.nested = False

    @property
    def is_object(self) -> bool:
        """Whether members (not elements) are read."""
        return self.closer == "}"


class Cursor:
    """A forward-only place in `text[at:end]`; look-aheads never move it."""

    def __init__(self, text: str, at: int, end: int) -> None:
        self.text = text
        self.at = at
        self.end = end
        self.cut = False
        self.stack: list[Frame] = []
        self.repairs: list[tuple[str, int, int]] = []
        self._kinds: set[str] = set()
        self._assumed = 0
        # Failed attempts of the C parser are charged here: each counts the newlines before its place.
        self.quick_budget = 20 * (end - at) + 10_000

    def note(self, kind: str, start: int | None = None, end: int | None = None) -> None:
        """Remember a repair at `start` (default: here)."""
        start = self.at if start is None else start
        if kind not in LOSSLESS:
            self._assumed += 1
            if self._assumed > MOST_ASSUMPTIONS:
                raise Unreadable("too much of it is damaged", start)
        if len(self.repairs) < MOST_PLACES or kind not in self._kinds:
            self._kinds.add(kind)
            self.repairs.append((kind, start, start + 1 if end is None else end))

    def charge(self, place: int) -> None:
        """Pay for a failed attempt of the C parser that got to `place`."""
        self.quick_budget -= max(0, place - self.at) + place // 64 + 20

    def peek(self, place: int) -> tuple[str, int]:
        """Return the first character at or after `place` that is not blank ("" at the end), and where it is."""
        if place < self.end and " " < (char := self.text[place]) < "\x7f":
            return char, place
        found = BLANKS.match(self.text, place, self.end)
        spot = found.end() if found else self.end
        return (self.text[spot] if spot < self.end else ""), spot

    def key_ahead(self, place: int) -> bool:
        """Whether a key and its colon stand at `place`."""
        return KEY_AHEAD.match(self.text, place, min(self.end, place + KEY_REACH)) is not None

    def open_anywhere(self, *, objects: bool) -> bool:
        """Whether some open container is an object (or a list)."""
        return any(frame.is_object is objects for frame in self.stack)

    def skip_blanks(self) -> None:
        """Move over blanks, comments and escaped line breaks between tokens."""
        while True:
            char, self.at = self.peek(self.at)
            if char not in ("#", "/", "\\"):
                return
            following = self.text[self.at + 1 : self.at + 2] if self.at + 1 < self.end else ""
            if char == "#" or (char == "/" and following == "/"):
                self._line_comment()
            elif char == "/" and following == "*":
                self._block_comment()
            elif char == "\\" and following and following in "nrt":
                self.note("escaped_blank")
                self.at += 2
            else:
                return

    def _line_comment(self) -> None:
        stop = self.text.find("\n", self.at, self.end)
        if stop < 0:
            stop = self.end
            closer = _CLOSER.search(self.text, self.at, self.end)
            if closer and self.stack:
                # On a document of one line the comment would swallow the closers.
                self.note("comment_inline")
                self.at = closer.start()
                return
        self.note("comment", self.at, stop)
        self.at = stop

    def _block_comment(self) -> None:
        stop = self.text.find("*/", self.at + 2, self.end)
        if stop < 0:
            self.at, self.cut = self.end, True
            return
        self.note("comment", self.at, stop + 2)
        self.at = stop + 2

    def parent_accepts(self, place: int) -> bool:
        """Whether what follows `place`, just after a closer of the innermost container, fits the one around it."""
        char, spot = self.peek(place)
        if len(self.stack) < 2:
            return self._world_accepts(char, place, spot)
        if not char:
            return True
        if self.stack[-2].is_object:
            return char in ",}])#/" or self.key_ahead(spot)
        return char in ",])}#/" or (spot > place and char in '{["')

    def _world_accepts(self, char: str, place: int, spot: int) -> bool:
        if char == ",":
            following = self.peek(spot + 1)[0]
            return following in "{["
        if char and char in "\"'":
            return False
        if char.isalpha() and "\n" not in self.text[place:spot]:
            stop = self.text.find("\n", spot, min(self.end, spot + 2000))
            stop = min(self.end, spot + 2000) if stop < 0 else stop
            return CLOSER_AFTER_TEXT.search(self.text, spot, stop) is None
        return True
