"""Whether a quote ends its string, judged by what follows: the question that unescaped quotes make hard.

Valid JSON always passes: whatever may legally follow a string in its place is accepted.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Literal

from pytest_selfheal.resilience.json_recovery.grammar import ESCAPED_BLANKS
from pytest_selfheal.resilience.json_recovery.grammar import KEY_WITHOUT_CLOSING
from pytest_selfheal.resilience.json_recovery.grammar import KEY_WITHOUT_OPENING
from pytest_selfheal.resilience.json_recovery.grammar import PLAIN_ELEMENT
from pytest_selfheal.resilience.json_recovery.grammar import UNFINISHED_KEY
from pytest_selfheal.resilience.json_recovery.grammar import VALUE_START

if TYPE_CHECKING:
    from pytest_selfheal.resilience.json_recovery.cursor import Cursor

Role = Literal["key", "member", "element"]
Verdict = Literal["yes", "no", "yes_missing_colon"]


def ends_string(cursor: Cursor, quote: int, role: Role, open_braces: int) -> Verdict:
    """Return whether the quote at `quote` ends a string of this role; `open_braces` counts `{` left open inside it."""
    char, spot = cursor.peek(quote + 1)
    apart = spot > quote + 1
    if role == "key":
        if char in (":", "=", ""):
            return "yes"
        return "yes_missing_colon" if apart and VALUE_START.match(cursor.text, spot) else "no"
    if char == "\\":
        # Escaped line breaks may stand between tokens, but mostly a quote before one belongs to code in the string.
        found = ESCAPED_BLANKS.match(cursor.text, spot, cursor.end)
        if found is None:
            return "no"
        char, spot = cursor.peek(found.end())
    if char == "" or _is_aside(cursor, char, spot, apart):
        return "yes"
    if char == "+":
        following = cursor.peek(spot + 1)[0]
        return "yes" if following in ('"', "'") else "no"
    judge = _ends_member if role == "member" else _ends_element
    return "yes" if judge(cursor, quote, char, spot, open_braces) else "no"


def _is_aside(cursor: Cursor, char: str, spot: int, apart: bool) -> bool:
    """A comment or a closing fence follows."""
    text = cursor.text
    if char == "/":
        return text[spot : spot + 2] in ("//", "/*")
    return (char == "#" and apart) or (char == "`" and text.startswith("```", spot))


def _ends_member(cursor: Cursor, quote: int, char: str, spot: int, open_braces: int) -> bool:
    if char == "}":
        return open_braces <= 0 and cursor.parent_accepts(spot + 1)
    if char == "]":
        return cursor.open_anywhere(objects=False)
    if char == ",":
        return _comma_continues_object(cursor, spot + 1)
    if char in "\"'\u201c":
        return spot > quote + 1 and cursor.key_ahead(spot)
    if char.isalpha() or char == "_":
        return "\n" in cursor.text[quote + 1 : spot] and cursor.key_ahead(spot)
    return False


def _comma_continues_object(cursor: Cursor, place: int) -> bool:
    char, spot = cursor.peek(place)
    text = cursor.text
    if char in ("", "}", ",", "/", "#") or text.startswith("...", spot):
        return True
    if char in "]{":
        return cursor.open_anywhere(objects=False)
    if KEY_WITHOUT_OPENING.match(text, spot) or KEY_WITHOUT_CLOSING.match(text, spot):
        return True
    near_end = cursor.end - spot < 300
    return cursor.key_ahead(spot) or (near_end and UNFINISHED_KEY.match(text, spot, cursor.end) is not None)


def _ends_element(cursor: Cursor, quote: int, char: str, spot: int, _open_braces: int) -> bool:
    text, apart = cursor.text, spot > quote + 1
    if char == "]":
        return cursor.parent_accepts(spot + 1)
    if char == ",":
        following, place = cursor.peek(spot + 1)
        return following in ("", "]", "}", ",", "/", "#") or VALUE_START.match(text, place) is not None
    if char == "}":
        return cursor.open_anywhere(objects=True)
    if char == ":":
        return len(cursor.stack) > 1 and cursor.stack[-2].is_object
    if char == ")":
        return cursor.stack[-1].closer == ")"
    if char == '"':
        return apart
    return apart and PLAIN_ELEMENT.match(text, spot, cursor.end) is not None
