"""The tolerant reader: one pass, an explicit stack, bounded look-aheads; it reads what is there or gives up.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.resilience.json_recovery.cursor import Cursor
from pytest_selfheal.resilience.json_recovery.cursor import Frame
from pytest_selfheal.resilience.json_recovery.cursor import TooDeep
from pytest_selfheal.resilience.json_recovery.cursor import Unreadable
from pytest_selfheal.resilience.json_recovery.grammar import DIGITS
from pytest_selfheal.resilience.json_recovery.grammar import ELLIPSIS_NOTE
from pytest_selfheal.resilience.json_recovery.grammar import KEY_WITHOUT_OPENING
from pytest_selfheal.resilience.json_recovery.grammar import QUOTES
from pytest_selfheal.resilience.json_recovery.grammar import VALUE_START
from pytest_selfheal.resilience.json_recovery.grammar import WORD
from pytest_selfheal.resilience.json_recovery.scalars import DROPPED
from pytest_selfheal.resilience.json_recovery.scalars import read_scalar
from pytest_selfheal.resilience.json_recovery.strings import read_string

if TYPE_CHECKING:
    from collections.abc import Callable

_DECODER = json.JSONDecoder()
_FOLLOWS_CONTAINER = ',}])`/#"{[\\'


class Reader(Cursor):
    """Reads the container that starts at `text[at]`, never beyond `end`.

    Args:
        text: the whole text.
        at: place of the `{` or `[`.
        end: where the reading must stop.
        depth: deepest nesting that is followed.
    """

    def __init__(self, text: str, at: int, end: int, depth: int) -> None:
        super().__init__(text, at, end)
        self.depth = depth
        self.closed = False
        self.progress = False
        self._root: Any = None
        self._step: Callable[[str], None] = self._entry
        self._after_comma = False
        self._colon_owed = False

    def run(self) -> Any:
        """Return the value; what was repaired stands in `repairs`, whether the text ended too early in `cut`.

        Raises:
            Unreadable: the text cannot be read without inventing something.
            TooDeep: it is nested deeper than allowed.
        """
        self._open(self.text[self.at])
        while not self.closed:
            char = self.text[self.at] if self.at < self.end else ""
            if not "!" <= char <= "~" or char in "#/\\":
                self.skip_blanks()
                char = self.text[self.at] if self.at < self.end else ""
            if not char:
                self._close_everything()
            elif char == "`" and self.text.startswith("```", self.at) and self._step != self._value:
                # The fence around the value ends here, so whatever is open was left open.
                self.end = self.at
            else:
                self._step(char)
        return self._root

    def _open(self, opener: str) -> None:
        self.stack.append(Frame(opener))
        if len(self.stack) > self.depth:
            raise TooDeep(f"nested deeper than {self.depth}", self.at)
        self.at += 1
        self._step, self._after_comma = self._entry, False

    def _put(self, value: Any) -> None:
        frame = self.stack[-1]
        self.progress = True
        frame.nested = frame.nested or isinstance(value, (dict, list))
        if not frame.is_object:
            frame.container.append(value)
        elif frame.key is not None:
            if frame.key in frame.container:
                self.note("duplicate_key")
            frame.container[frame.key] = value
            frame.key = None

    def _close(self) -> None:
        frame = self.stack.pop()
        if self.stack:
            self._put(frame.container)
        else:
            self._root, self.closed = frame.container, True
        self._step = self._after

    def _close_everything(self) -> None:
        self.cut = True
        self.note("cut_end", self.end, self.end)
        while not self.closed:
            self._close()

    def _entry(self, char: str) -> None:
        """A member, an element or a closer is due."""
        frame = self.stack[-1]
        if char == frame.closer:
            if self._after_comma:
                self.note("trailing_comma")
            self.at += 1
            self._close()
        elif char in "}])":
            self._wrong_closer(char)
        elif char == ",":
            self.note("double_comma")
            self.at += 1
            self._after_comma = True
        elif char == "\u2026" or self.text.startswith("...", self.at):
            self._ellipsis(char)
        elif frame.is_object:
            self._key(frame)
        else:
            self._step = self._value

    def _ellipsis(self, char: str) -> None:
        place = self.at + (1 if char == "\u2026" else 3)
        said = ELLIPSIS_NOTE.match(self.text, place, self.end)
        if said and self.peek(said.end())[0] in (",", "]", "}", ""):
            place = said.end()
        self.note("ellipsis", self.at, place)
        self.at = place
        self._step = self._after

    def _key(self, frame: Frame) -> None:
        start = self.at
        if self.text[start] in QUOTES and self.text[start] != "`":
            before = len(self.repairs)
            key = read_string(self, "key")
            self._colon_owed = any(kind == "missing_colon" for kind, *_ in self.repairs[before:])
            frame.key = None if self.at >= self.end and self.cut else key
            self._step = self._colon
            return
        self._colon_owed = False
        found = WORD.match(self.text, start, self.end) or DIGITS.match(self.text, start, self.end)
        if found is None:
            raise Unreadable("no key where one is due", start)
        following = self.peek(found.end())[0]
        if following in (":", "="):
            self.note("unquoted_key", start, found.end())
            frame.key, self.at = found.group(), found.end()
        elif KEY_WITHOUT_OPENING.match(self.text, start, self.end):
            stop = self.text.index('"', start)
            self.note("missing_quote", start, stop)
            frame.key, self.at = self.text[start:stop], stop + 1
        elif not following:
            self.at = self.end
        else:
            raise Unreadable("no key where one is due", start)
        self._step = self._colon

    def _colon(self, char: str) -> None:
        if char == ":":
            self.at += 1
        elif char == "=":
            self.note("alt_colon")
            self.at += 2 if self.text.startswith("=>", self.at) else 1
        elif not self._colon_owed:
            raise Unreadable("no colon after a key", self.at)
        self._step = self._value

    def _value(self, char: str) -> None:
        frame = self.stack[-1]
        self._step = self._after
        if char in "{[":
            if not self._quick_container():
                self._open(char)
        elif char == "(":
            self.note("tuple")
            self._open(char)
        elif char in QUOTES:
            self._string(frame)
        elif frame.is_object and char in ",}":
            self.note("missing_value")
            self._put(None)
        else:
            value = read_scalar(self, "member" if frame.is_object else "element")
            if value is DROPPED:
                frame.key = None
            else:
                self._put(value)

    def _quick_container(self) -> bool:
        """Read an undamaged container at the speed of C; False when that did not work."""
        if self.quick_budget < 0:
            return False
        try:
            value, end = _DECODER.raw_decode(self.text, self.at)
        except RecursionError:
            self.quick_budget = -1
            return False
        except ValueError as error:
            self.charge(getattr(error, "pos", self.at))
            return False
        following = self.peek(end)[0] if end <= self.end else "?"
        if following and following not in _FOLLOWS_CONTAINER:
            return False
        self.at = end
        self._put(value)
        return True

    def _string(self, frame: Frame) -> None:
        value = read_string(self, "member" if frame.is_object else "element")
        while True:
            char, spot = self.peek(self.at)
            following, place = self.peek(spot + 1)
            if char != "+" or following not in ('"', "'"):
                break
            self.note("string_concat", spot)
            self.at = place
            value += read_string(self, "member" if frame.is_object else "element")
        if char == ":" and not frame.is_object and len(self.stack) > 1 and self.stack[-2].is_object:
            self.note("array_unclosed_before_key")
            self._close()
            self.stack[-1].key = value
            self.at, self._step, self._colon_owed = spot, self._colon, False
            return
        self._put(value)
        self._step = self._after

    def _after(self, char: str) -> None:
        """A comma or a closer is due."""
        frame = self.stack[-1]
        if char == ",":
            self.at += 1
            self._step, self._after_comma = self._entry, True
        elif char == frame.closer:
            self.at += 1
            self._close()
        elif char in "}])":
            self._wrong_closer(char)
        elif self._comma_missing(frame):
            self.note("missing_comma")
            self._step, self._after_comma = self._entry, True
        elif char == "\u2026" or self.text.startswith("...", self.at):
            self._step, self._after_comma = self._entry, False
        elif char == ";":
            self.note("double_comma")
            self.at += 1
            self._step, self._after_comma = self._entry, True
        else:
            raise Unreadable("something else than a comma or a closing bracket", self.at)

    def _comma_missing(self, frame: Frame) -> bool:
        if frame.is_object:
            return self.key_ahead(self.at)
        return VALUE_START.match(self.text, self.at) is not None

    def _wrong_closer(self, char: str) -> None:
        """A closer of the wrong kind: the right one was forgotten, or this one was mistyped."""
        following, spot = self.peek(self.at + 1)
        parent = self.stack[-2] if len(self.stack) > 1 else None
        grandparent = self.stack[-3] if len(self.stack) > 2 else None
        key_follows = following == "," and self.key_ahead(spot + 1)
        fits_parent = parent is not None and parent.closer == char
        if fits_parent and not (key_follows and not (grandparent and grandparent.is_object)):
            frame = self.stack[-1]
            # What stands in a flat list inside an object (or the reverse) can belong nowhere else.
            sure = not frame.nested and parent is not None and parent.is_object is not frame.is_object
            self.note("owed_closer" if sure else "missing_closer")
            self._close()
            return
        if parent is None and following in (",", "]", "}", '"'):
            raise Unreadable("a closing bracket of the wrong kind", self.at)
        if parent is None or fits_parent or key_follows or following in (",", "]", "}"):
            self.note("mismatched_closer")
            self.at += 1
            self._close()
            return
        raise Unreadable("a closing bracket of the wrong kind", self.at)
