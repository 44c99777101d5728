"""The words, shapes and repair classes that the tolerant reader knows; every look-ahead is bounded.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from typing import Any
from typing import Literal
from typing import NamedTuple

RepairClass = Literal["lossless", "guess", "lossy"]

BLANK = " \t\r\n\u00a0\ufeff\u200b\u200c\u200d\u2060\u2028\u2029\u3000\u2002\u2003\u2009\u202f"
_B = f"[{BLANK}]*"
KEY_REACH = 700

LOSSLESS = frozenset(
    [
        "trailing_comma",
        "comment",
        "single_quotes",
        "smart_quotes",
        "unquoted_key",
        "python_literal",
        "raw_control",
        "bad_escape",
        "nonfinite",
        "escaped_blank",
        "missing_comma",
        "windows_path",
        "extra_closer",
        "lenient_number",
        "escaped_quote",
        "duplicate_key",
        "html_entities",
        "quoted_lines",
        "escaped_whole",
        "draft_dropped",
        "sequence",
        "owed_literal",
    ]
)
LOSSY = frozenset({"ellipsis", "dropped_tail", "truncated_string", "cut_end"})


def class_of(kind: str) -> RepairClass:
    """Return how much a repair of this kind assumes: nothing, a reading, or a loss."""
    if kind in LOSSLESS:
        return "lossless"
    return "lossy" if kind in LOSSY else "guess"


class Quote(NamedTuple):
    """One way to quote a string: where its scan stops, what may end it, and the repair it stands for."""

    special: re.Pattern[str]
    closers: str
    repair: str


_SMART = Quote(re.compile('[“”„"\\\\\x00-\x1f]'), '“”„"', "smart_quotes")
_SMART_SINGLE = Quote(re.compile("[‘’'\\\\\x00-\x1f]"), "‘’'", "smart_quotes")  # noqa: RUF001 - the quotes meant
QUOTES = {
    '"': Quote(re.compile(r'["\\\x00-\x1f]'), '"', ""),
    "'": Quote(re.compile(r"['\\\x00-\x1f]"), "'", "single_quotes"),
    "\u201c": _SMART,
    "\u201d": _SMART,
    "\u201e": _SMART,
    "\u2018": _SMART_SINGLE,
    "\u2019": _SMART_SINGLE,
    "`": Quote(re.compile(r"[`\\]"), "`", "backtick"),
}
ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
JSON_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
OTHER_WORDS: dict[str, Any] = {
    "True": True,
    "False": False,
    "None": None,
    "TRUE": True,
    "FALSE": False,
    "NULL": None,
    "Null": None,
    "nil": None,
}
NONFINITE = {"NaN": float("nan"), "nan": float("nan"), "Infinity": float("inf"), "inf": float("inf")}

BLANKS = re.compile(_B)
ESCAPED_BLANKS = re.compile(r"(?:[ \t\r\n]{0,80}\\[nrt]){1,80}")
NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
LENIENT_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F]+|\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)", re.ASCII
)
WORD = re.compile(r"[A-Za-z_$\u00c0-\uffff][\w$\u00c0-\uffff-]{0,200}")
DIGITS = re.compile(r"\d{1,20}", re.ASCII)
KEY_AHEAD = re.compile(
    f'{_B}(?:"(?:[^"\\\\\n]|\\\\.){{0,300}}"{_B}:'
    f"|'(?:[^'\\\\\n]|\\\\.){{0,300}}'{_B}:"
    f"|[\u201c\u201d][^\u201c\u201d\n]{{0,300}}[\u201c\u201d]{_B}:"
    f"|[A-Za-z_$][\\w$.-]{{0,100}}{_B}:(?!//)"
    f"|\\d{{1,20}}{_B}:)"
)
UNFINISHED_KEY = re.compile(r"\"[^\"\n:{}\[\]]{0,100}$")
VALUE_START = re.compile(
    r"[\"'\u201c\u2018`{\[\d+.-]|true\b|false\b|null\b|True\b|False\b|None\b|NaN\b|Infinity\b|undefined\b"
)
PLAIN_ELEMENT = re.compile(r"(?:-?\d+(?:\.\d+)?|true|false|null)[ \t\r\n]*(?:[,\]]|$)", re.ASCII)
ELEMENT_AHEAD = re.compile(r'"[^"\n]{0,200}"[ \t\r\n]*[,\]]')
KEY_WITHOUT_OPENING = re.compile(r"[A-Za-z_][\w .-]{0,80}\"[ \t]*:")
KEY_WITHOUT_CLOSING = re.compile(r"\"([A-Za-z_][\w-]{0,60}):[ \t]*(?=[\"\d\[{]|true|false|null)")
KEY_ON_NEXT_LINE = re.compile(r"\n[ \t]*\"[^\"\n\\]{1,100}\"[ \t]*:")
DRIVE = re.compile(r"[A-Za-z]:\\(?![\\/\"])[^\"\n\\]")
HEX4 = re.compile(r"[0-9a-fA-F]{4}")
HEX2 = re.compile(r"[0-9a-fA-F]{2}")
CALL = re.compile(r"(?:new\s{1,5})?[A-Z][A-Za-z]{1,20}\(([^()\n]{0,200})\)")
UNQUOTED = re.compile(r"[^,\"'{}\[\]\n`]{1,200}")
ELLIPSIS_NOTE = re.compile(r"[ \t]*(\([^()\n]{0,80}\)|[A-Za-z0-9 ]{0,60})?")
CLOSER_AFTER_TEXT = re.compile(r'"\s*[}\]]')
SWALLOWED = re.compile(r'"\s*:\s*["\[{\d]|"\s*,\s*"|"\s*[}\]]\s*[,}\]]|,\s*"\w+"\s*:')
