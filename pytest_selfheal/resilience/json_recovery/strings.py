"""Reading a string that may hold raw line breaks, unknown escapes or unescaped quotes, losing nothing of it.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # public by use, missing in typeshed
from typing import TYPE_CHECKING

from pytest_selfheal.resilience.json_recovery.closing import Role
from pytest_selfheal.resilience.json_recovery.closing import ends_string
from pytest_selfheal.resilience.json_recovery.cursor import Unreadable
from pytest_selfheal.resilience.json_recovery.grammar import BLANK
from pytest_selfheal.resilience.json_recovery.grammar import DRIVE
from pytest_selfheal.resilience.json_recovery.grammar import ELEMENT_AHEAD
from pytest_selfheal.resilience.json_recovery.grammar import ESCAPES
from pytest_selfheal.resilience.json_recovery.grammar import HEX2
from pytest_selfheal.resilience.json_recovery.grammar import HEX4
from pytest_selfheal.resilience.json_recovery.grammar import KEY_ON_NEXT_LINE
from pytest_selfheal.resilience.json_recovery.grammar import KEY_WITHOUT_CLOSING
from pytest_selfheal.resilience.json_recovery.grammar import QUOTES
from pytest_selfheal.resilience.json_recovery.grammar import SWALLOWED
from pytest_selfheal.resilience.json_recovery.grammar import Quote

if TYPE_CHECKING:
    from pytest_selfheal.resilience.json_recovery.cursor import Cursor

MOST_INNER_QUOTES = 400
_SLASHES = re.compile(r"\\+")


def read_string(cursor: Cursor, role: Role) -> str:
    """Read the string that starts at the cursor and move behind it.

    A string that the end of the text cuts sets `cursor.cut`; a cut key is returned as "".

    Raises:
        Unreadable: no reading is more likely than the others.
    """
    mark = cursor.text[cursor.at]
    quote = QUOTES[mark]
    if quote.repair:
        cursor.note(quote.repair)
    if (clean := _clean(cursor, quote, role)) is not None:
        return clean
    if mark == '"':
        clean = _escaped(cursor, role) if role == "key" else _doubled(cursor) or _escaped(cursor, role)
        if clean is not None:
            return clean
    return _Scan(cursor, role).run()


def _clean(cursor: Cursor, quote: Quote, role: Role) -> str | None:
    """Read a string that holds nothing special; None when it does."""
    start = cursor.at + 1
    found = quote.special.search(cursor.text, start, cursor.end)
    if found is None or found.group() not in quote.closers:
        return None
    place = found.start()
    if place == start and cursor.text[place + 1 : place + 2] not in (*",:}] \t\r\n", ""):
        return None
    plain_key = role == "key" and cursor.text.startswith(":", place + 1, cursor.end)
    if not plain_key and ends_string(cursor, place, role, 0) != "yes":
        return None
    cursor.at = place + 1
    return cursor.text[start:place]


def _escaped(cursor: Cursor, role: Role) -> str | None:
    """Read a string with valid escapes at the speed of C; None when it has damage."""
    text, start = cursor.text, cursor.at + 1
    found = QUOTES['"'].special.search(text, start, cursor.end)
    if (
        found is None
        or found.group() != "\\"
        or cursor.quick_budget < 0
        or (role != "key" and DRIVE.match(text, start))
    ):
        return None
    try:
        value, end = scanstring(text, start, True)
    except ValueError as error:
        cursor.charge(getattr(error, "pos", start))
        return None
    if end > cursor.end or ends_string(cursor, end - 1, role, 0) != "yes":
        return None
    cursor.at = end
    return str(value)


def _doubled(cursor: Cursor) -> str | None:
    """Read `""like this""` as one string."""
    text, start = cursor.text, cursor.at + 1
    if not text.startswith('"', start) or not text[start + 1 : start + 2].isalnum():
        return None
    stop = text.find('""', start + 1, min(cursor.end, start + 400))
    body = text[start + 1 : stop]
    if stop < 0 or '"' in body or "\n" in body:
        return None
    cursor.note("adjacent_quote")
    cursor.at = stop + 2
    return body


class _Scan:
    """One careful pass over a string; every step moves forward."""

    def __init__(self, cursor: Cursor, role: Role) -> None:
        self.cursor, self.role = cursor, role
        self.text, self.end = cursor.text, cursor.end
        self.start = cursor.at
        self.mark = self.text[cursor.at]
        self.quote = QUOTES[self.mark]
        self.at = self.counted = cursor.at + 1
        self.parts: list[str] = []
        self.inner = self.braces = self.lines = 0
        self.raw = False
        self.is_path = self._looks_like_path()

    def _looks_like_path(self) -> bool:
        if self.role == "key" or not DRIVE.match(self.text, self.at):
            return False
        stop = self.text.find(self.mark, self.at, min(self.end, self.at + 1000))
        return "\\\\" not in self.text[self.at : stop if stop >= 0 else min(self.end, self.at + 1000)]

    def run(self) -> str:
        while True:
            found = self.quote.special.search(self.text, self.at, self.end)
            if found is None:
                return self._cut(self.text[self.at : self.end])
            place = found.start()
            self.parts.append(self.text[self.at : place])
            char = self.text[place]
            if char == "\\":
                done = self._escape(place)
            elif char in self.quote.closers:
                done = self._quote(place)
            else:
                done = self._control(place)
            if done is not None:
                return done

    def _finish(self, place: int, value: str | None = None) -> str:
        self.cursor.at = place
        return "".join(self.parts) if value is None else value

    def _cut(self, rest: str = "") -> str:
        self.parts.append(rest)
        self.cursor.cut = True
        if self.role == "key":
            return self._finish(self.end, "")
        self.cursor.note("truncated_string", self.start, self.end)
        return self._finish(self.end)

    def _keep(self, kept: str, place: int, repair: str = "", at: int = 0) -> None:
        self.parts.append(kept)
        self.at = place
        if repair:
            self.cursor.note(repair, at, place)

    def _escape(self, place: int) -> str | None:
        if self.is_path:
            self._path_slash(place)
            return None
        if place + 1 >= self.end:
            return self._cut()
        char = self.text[place + 1]
        if char == "\\":
            run = _SLASHES.match(self.text, place, self.end)
            pairs = (run.end() - place) // 2 if run else 1
            self._keep("\\" * pairs, place + 2 * pairs)
        elif char in ESCAPES:
            self._keep(ESCAPES[char], place + 2)
        elif char == "u":
            return self._unicode(place)
        else:
            self._odd_escape(place, char)
        return None

    def _path_slash(self, place: int) -> None:
        if self.text[place + 1 : place + 2] == '"':
            self._keep('"', place + 2)
        else:
            self._keep("\\", place + 1, "windows_path", place)

    def _odd_escape(self, place: int, char: str) -> None:
        two = HEX2.match(self.text, place + 2, self.end) if char == "x" else None
        if two:
            self._keep(chr(int(two.group(), 16)), place + 4, "bad_escape", place)
        elif char == "'":
            self._keep("'", place + 2, "escaped_quote", place)
        elif char == "`" and self.mark == "`":
            self._keep("`", place + 2)
        elif char == "\n":
            self._keep("\n", place + 2, "bad_escape", place)
        else:
            self._keep("\\", place + 1, "bad_escape", place)

    def _unicode(self, place: int) -> str | None:
        four = HEX4.match(self.text, place + 2, self.end)
        if four is None:
            if place + 6 > self.end:
                return self._cut()
            self._keep("\\u", place + 2, "bad_escape", place)
            return None
        code, after = int(four.group(), 16), place + 6
        low = HEX4.match(self.text, after + 2, self.end) if self.text.startswith("\\u", after) else None
        if 0xD800 <= code < 0xDC00 and low and 0xDC00 <= int(low.group(), 16) < 0xE000:
            code = 0x10000 + ((code - 0xD800) << 10) + (int(low.group(), 16) - 0xDC00)
            after += 6
        self._keep(chr(code), after)
        return None

    def _quote(self, place: int) -> str | None:
        if self.mark == "`":
            return self._finish(place + 1)
        verdict = ends_string(self.cursor, place, self.role, self.braces)
        if verdict != "no":
            if verdict == "yes_missing_colon":
                self.cursor.note("missing_colon", place)
            value = self._finish(place + 1)
            if self.inner and SWALLOWED.search(value):
                self.cursor.note("swallowed", self.start, place)
            return value
        if self.role == "key":
            return self._key_without_closing(place)
        return self._inner_quote(place)

    def _inner_quote(self, place: int) -> str | None:
        if self.mark == '"':
            self.braces += self.text.count("{", self.counted, place) - self.text.count("}", self.counted, place)
            self.counted = place
            if (done := self._forgotten_end(place)) is not None:
                return done
        self.inner += 1
        if self.inner > MOST_INNER_QUOTES:
            raise Unreadable("too many quotes inside one string", place)
        around = self.text[place - 1 : place] + self.text[place + 1 : place + 2]
        apostrophe = self.mark == "'" and len(around) == 2 and around.isalnum()
        self._keep(self.text[place], place + 1, "escaped_quote" if apostrophe else "inner_quote", place)
        return None

    def _forgotten_end(self, place: int) -> str | None:
        """A quote right after a comma may open the next token: the end quote was forgotten before the comma."""
        if self.inner:
            return None
        spot, lowest = place - 1, max(self.start, place - 64)
        while spot > lowest and self.text[spot] in BLANK:
            spot -= 1
        if self.text[spot] != ",":
            return None
        if self.role == "member":
            opens = self.cursor.key_ahead(place)
        else:
            opens = ELEMENT_AHEAD.match(self.text, place, self.end) is not None
        if not opens:
            return None
        self.cursor.note("missing_quote", spot)
        return self._finish(spot, "".join(self.parts).rstrip()[:-1])

    def _key_without_closing(self, place: int) -> str:
        found = KEY_WITHOUT_CLOSING.match(self.text, self.start, self.end)
        if found is None:
            raise Unreadable("a key does not end", place)
        self.cursor.note("missing_quote", self.start)
        return self._finish(found.end(1), found.group(1))

    def _control(self, place: int) -> str | None:
        if self.role == "key":
            return self._key_without_closing(place)
        if self.text[place] == "\n":
            if not self.lines and KEY_ON_NEXT_LINE.match(self.text, place, min(self.end, place + 200)):
                before = "".join(self.parts).rstrip()
                if before.endswith(","):
                    self.cursor.note("missing_quote", place)
                    return self._finish(self.text.rfind(",", self.start, place), before[:-1])
            self.lines += 1
        if not self.raw:
            self.raw = True
            self.cursor.note("raw_control", place)
        self.parts.append(self.text[place])
        self.at = place + 1
        return None
