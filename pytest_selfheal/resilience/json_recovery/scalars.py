"""Reading numbers and bare words, strict ones first and then what other dialects write.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.resilience.json_recovery.closing import Role
from pytest_selfheal.resilience.json_recovery.closing import ends_string
from pytest_selfheal.resilience.json_recovery.cursor import Unreadable
from pytest_selfheal.resilience.json_recovery.grammar import BLANK
from pytest_selfheal.resilience.json_recovery.grammar import CALL
from pytest_selfheal.resilience.json_recovery.grammar import JSON_WORDS
from pytest_selfheal.resilience.json_recovery.grammar import KEY_AHEAD
from pytest_selfheal.resilience.json_recovery.grammar import LENIENT_NUMBER
from pytest_selfheal.resilience.json_recovery.grammar import NONFINITE
from pytest_selfheal.resilience.json_recovery.grammar import NUMBER
from pytest_selfheal.resilience.json_recovery.grammar import OTHER_WORDS
from pytest_selfheal.resilience.json_recovery.grammar import UNQUOTED
from pytest_selfheal.resilience.json_recovery.grammar import WORD

if TYPE_CHECKING:
    from pytest_selfheal.resilience.json_recovery.cursor import Cursor

DROPPED = object()
"""Stands for a scalar that the end of the text cut: it is not known what it was."""

_ENDS = ",}])" + BLANK
_LEADING_ZERO = re.compile(r"[+-]?0\d", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_CODE_START = re.compile(r"[+*/=;<>|&-]")
_CODE = re.compile(r"[;=(){}]")


def read_scalar(cursor: Cursor, role: Role) -> Any:
    """Read a number or a bare word at the cursor and move behind it; DROPPED when the end of the text cut it.

    Raises:
        Unreadable: what stands there is neither.
    """
    for read in (_number, _lenient_number, _word, _call):
        value, known = read(cursor)
        if known:
            return value
    value, known = _unquoted(cursor) if role == "member" else _bare_element(cursor)
    if known:
        return value
    raise Unreadable("neither a number nor a word that JSON knows", cursor.at)


_NO = (None, False)


def _cut(cursor: Cursor, end: int) -> tuple[Any, bool]:
    cursor.note("dropped_tail", cursor.at, end)
    cursor.at, cursor.cut = end, True
    return DROPPED, True


def _next(cursor: Cursor, place: int) -> str:
    if place >= cursor.end:
        # A blank before a closing fence ends a number as well as any other: the writer went on after it.
        beyond = cursor.text[place : place + 1]
        return beyond if beyond in BLANK else ""
    return cursor.text[place]


def _number(cursor: Cursor) -> tuple[Any, bool]:
    found = NUMBER.match(cursor.text, cursor.at, cursor.end)
    if found is None:
        return _NO
    following = _next(cursor, found.end())
    if not following:
        return _cut(cursor, found.end())
    if following not in _ENDS and following not in ":\\#/`":
        return _NO
    try:
        value: Any = float(found.group()) if found.group(1) or found.group(2) else int(found.group())
    except ValueError:
        raise Unreadable("a number has more digits than Python converts", cursor.at) from None
    cursor.at = found.end()
    return value, True


def _lenient_number(cursor: Cursor) -> tuple[Any, bool]:
    found = LENIENT_NUMBER.match(cursor.text, cursor.at, cursor.end)
    if found is None:
        return _NO
    following = _next(cursor, found.end())
    if not following:
        return _cut(cursor, found.end())
    if following not in _ENDS:
        return _NO
    plain = found.group().replace("_", "")
    if _LEADING_ZERO.match(plain):
        # `05` may be a number or a code whose zero counts; the text keeps both possible.
        cursor.note("leading_zero", cursor.at, found.end())
        value: Any = found.group()
    else:
        cursor.note("lenient_number", cursor.at, found.end())
        value = _converted(plain, cursor.at)
    cursor.at = found.end()
    return value, True


def _converted(plain: str, at: int) -> Any:
    try:
        if "x" in plain.lower():
            return int(plain, 16)
        return int(plain) if _WHOLE.fullmatch(plain) else float(plain)
    except ValueError:
        raise Unreadable("a number that cannot be converted", at) from None


def _word(cursor: Cursor) -> tuple[Any, bool]:
    if cursor.text.startswith("-Infinity", cursor.at):
        cursor.note("nonfinite", cursor.at, cursor.at + 9)
        cursor.at += 9
        return float("-inf"), True
    found = WORD.match(cursor.text, cursor.at, cursor.end)
    if found is None:
        return _NO
    word, end = found.group(), found.end()
    following = _next(cursor, end)
    if not following:
        return _cut_word(cursor, word)
    aside = following in _ENDS or following in "#/\\`"
    if word in JSON_WORDS and aside:
        cursor.at = end
        return JSON_WORDS[word], True
    for table, kind in ((OTHER_WORDS, "python_literal"), (NONFINITE, "nonfinite"), ({"undefined": None}, "undefined")):
        if word in table and aside:
            cursor.note(kind, cursor.at, end)
            cursor.at = end
            return table[word], True
    return _NO


def _cut_word(cursor: Cursor, word: str) -> tuple[Any, bool]:
    # Only one word of JSON starts like this, so the missing letters are owed, not guessed.
    owed = [whole for whole in JSON_WORDS if whole.startswith(word)]
    if not owed or len(word) < 2:
        return _cut(cursor, cursor.end)
    cursor.note("owed_literal", cursor.at, cursor.end)
    cursor.at, cursor.cut = cursor.end, True
    return JSON_WORDS[owed[0]], True


def _call(cursor: Cursor) -> tuple[Any, bool]:
    found = CALL.match(cursor.text, cursor.at, min(cursor.end, cursor.at + 260))
    if found is None:
        return _NO
    inner = found.group(1).strip()
    cursor.note("call_wrapper", cursor.at, found.end())
    cursor.at = found.end()
    if len(inner) > 1 and inner[0] in "\"'" and inner[-1] == inner[0]:
        return inner[1:-1], True
    if len(inner) < 20 and _WHOLE.fullmatch(inner):
        return int(inner), True
    raise Unreadable("a call around something that is no plain value", cursor.at)


def _unquoted(cursor: Cursor) -> tuple[Any, bool]:
    found = UNQUOTED.match(cursor.text, cursor.at, cursor.end)
    if found is None:
        return _NO
    end, words = found.end(), found.group().strip()
    following = _next(cursor, end)
    if not following:
        return _cut(cursor, cursor.end)
    if following == '"':
        if KEY_AHEAD.match(cursor.text, end, end + 1) is None and ends_string(cursor, end, "member", 0) == "yes":
            cursor.note("missing_quote")
            cursor.at = end + 1
            return found.group(), True
        return _NO
    if following not in ",}\n" or not words or ":" in words or words[0].isdigit():
        return _NO
    if _CODE_START.match(words) or _CODE.search(words):
        return _NO
    if following == ",":
        char, spot = cursor.peek(end + 1)
        if char not in ("", "}") and not cursor.key_ahead(spot):
            return _NO
    cursor.note("unquoted_value", cursor.at, end)
    cursor.at = end
    return words, True


def _bare_element(cursor: Cursor) -> tuple[Any, bool]:
    found = WORD.match(cursor.text, cursor.at, cursor.end)
    if found is None or len(cursor.stack) < 2 or cursor.peek(found.end())[0] not in (",", "]"):
        return _NO
    cursor.note("unquoted_value", cursor.at, found.end())
    cursor.at = found.end()
    return found.group(), True
