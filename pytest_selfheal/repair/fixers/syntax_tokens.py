"""Steps that put one missing token into a text: a colon, a comma, the second `=`.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_selfheal.repair.lexing import OPENERS
from pytest_selfheal.repair.lexing import code_end
from pytest_selfheal.repair.lexing import line_start
from pytest_selfheal.repair.lexing import tokens_of

if TYPE_CHECKING:
    from pytest_selfheal.repair.lexing import Token

_CONDITIONS = frozenset({"if", "elif", "while"})
_ENDS_OPERAND = frozenset({")", "]", "}"})
_STARTS_OPERAND = frozenset({"(", "[", "{"})


@dataclass(frozen=True)
class Step:
    """A text one step nearer to parsing, what was done, and how sure that is if nothing else is possible (0-1)."""

    text: str
    what: str
    confidence: float


def put(text: str, at: int, new: str, *, until: int | None = None) -> str:
    """Return the text with `new` at an offset, in the place of what stood up to `until`."""
    return text[:at] + new + text[at if until is None else until :]


def colon_steps(text: str, line: int, column: int | None) -> list[Step]:
    """Put a colon where the parser expected it, or (no column) at the end of a statement's head that has none."""
    tokens = [token for token in tokens_of(text) if token.is_code]
    on_line = [token for token in tokens if token.line == line]
    if not on_line:
        return []
    end = code_end(text, line)
    if column is None:
        head = on_line[0].text in OPENERS or on_line[-1].line != on_line[0].line
        if not head or on_line[-1].text == ":":
            return []
        return [Step(put(text, end, ":"), "add the missing colon", 0.9)]
    wanted = line_start(text, line) + column
    at = max((token.end for token in tokens if token.end <= wanted), default=end)
    return [Step(put(text, min(at, end), ":"), "add the missing colon", 0.95)]


def equals_steps(text: str, line: int) -> list[Step]:
    """Make one `=` of a condition a comparison; where a result may be kept, an assignment expression is offered too."""
    on_line = [token for token in tokens_of(text) if token.line == line and token.is_code]
    if not on_line or on_line[0].text not in _CONDITIONS:
        return []
    found = []
    for index, token in enumerate(on_line):
        if token.text != "=" or index in (0, len(on_line) - 1):
            continue
        found.append(Step(put(text, token.start, "==", until=token.end), "compare with `==`", 0.9))
        before, after = on_line[index - 1], on_line[index + 1]
        is_plain = after.kind in ("number", "string") or after.text in ("True", "False", "None")
        if not is_plain and before.kind == "name" and on_line[index - 2].text != ".":
            found.append(Step(put(text, token.start, ":=", until=token.end), "assign with `:=`", 0.9))
    return found


def comma_steps(text: str, line: int, column: int) -> list[Step]:
    """Put a comma between two neighbouring operands inside brackets, at or after the place of the error."""
    tokens = [token for token in tokens_of(text) if token.is_code]
    start = line_start(text, line) + column
    found = []
    for one, two in pairwise(tokens):
        if one.end < start or not two.depth or one.line > line + 1:
            continue
        if _ends_operand(one) and _starts_operand(two):
            found.append(Step(put(text, one.end, ","), "add the missing comma", 0.88))
            if one.kind == "string" or two.kind == "string":  # in braces it may as well have been a colon
                found.append(Step(put(text, one.end, ":"), "add the missing colon", 0.88))
    return found[:8]


def _ends_operand(token: Token) -> bool:
    return token.kind in ("name", "number", "string") or token.text in _ENDS_OPERAND


def _starts_operand(token: Token) -> bool:
    return token.kind in ("name", "number", "string") or token.text in _STARTS_OPERAND
