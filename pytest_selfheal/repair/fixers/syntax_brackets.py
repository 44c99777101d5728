"""Steps that close what was left open: brackets by layout first, then wherever the rest parses; quotes at the end.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_selfheal.repair.fixers.syntax_tokens import Step
from pytest_selfheal.repair.fixers.syntax_tokens import put
from pytest_selfheal.repair.lexing import CLOSING
from pytest_selfheal.repair.lexing import OPENING
from pytest_selfheal.repair.lexing import code_end
from pytest_selfheal.repair.lexing import indent_of
from pytest_selfheal.repair.lexing import line_start
from pytest_selfheal.repair.lexing import split_lines
from pytest_selfheal.repair.lexing import tokens_of

if TYPE_CHECKING:
    from pytest_selfheal.repair.lexing import Token

_SURE = 0.88
_INSIDE = 0.86
_EXTRA = 0.80
_MOST_PLACES = 60


def bracket_steps(text: str, line: int, column: int, message: str) -> list[Step]:
    """Close a bracket that was left open, or take out one that closes nothing."""
    tokens = [token for token in tokens_of(text) if token.is_code]
    if message.startswith("unmatched"):
        return _without(text, tokens, line_start(text, line) + column)
    opened = _open_at(tokens, text, line, column, message)
    if opened is None:
        return []
    at = tokens.index(opened)
    following = tokens[at + 1 :]
    if following and following[0].line > opened.line:
        return _by_layout(text, opened)
    return _in_line(text, opened, following)


def _open_at(tokens: list[Token], text: str, line: int, column: int, message: str) -> Token | None:
    """The bracket the message is about; without one named, the innermost open one before the place of the error."""
    place = line_start(text, line) + column
    if "was never closed" in message:
        return next((token for token in tokens if token.start == place), None)
    stack: list[Token] = []
    for token in tokens:
        if token.start >= place:
            break
        if token.text in OPENING:
            stack.append(token)
        elif token.text in CLOSING and stack:
            stack.pop()
    if not stack or ("forgot a comma" in message and not _left_open(tokens)):
        return None
    return stack[-1]


def _left_open(tokens: list[Token]) -> bool:
    return sum((token.text in OPENING) - (token.text in CLOSING) for token in tokens if token.kind == "op") > 0


def _without(text: str, tokens: list[Token], place: int) -> list[Step]:
    extra = next((token for token in tokens if token.start == place), None)
    if extra is None:
        return []
    return [Step(put(text, extra.start, "", until=extra.end), f"take out a `{extra.text}` that closes nothing", _EXTRA)]


def _by_layout(text: str, opened: Token) -> list[Step]:
    """The contents stand on lines of their own, deeper than the line of the bracket: close where they end."""
    lines = split_lines(text)
    margin = indent_of(lines[opened.line - 1])
    last = opened.line
    for number in range(opened.line + 1, len(lines) + 1):
        line = lines[number - 1]
        if not line.strip():
            continue
        if len(indent_of(line)) <= len(margin):
            break
        last = number
    if last == opened.line:
        return []
    closer = OPENING[opened.text]
    newline = "\r\n" if lines[opened.line - 1].endswith("\r\n") else "\n"
    at = line_start(text, last + 1)
    end = "" if lines[last - 1].endswith(("\n", "\r")) else newline
    what = f"close the `{opened.text}` of line {opened.line}"
    marks = ("", ",") if opened.depth else ("",)
    return [Step(put(text, at, f"{end}{margin}{closer}{mark}{newline}"), what, _SURE) for mark in marks]


def _in_line(text: str, opened: Token, following: list[Token]) -> list[Step]:
    """The contents begin beside the bracket: every place where one could close is tried, the line's end first."""
    closer = OPENING[opened.text]
    lines = split_lines(text)
    margin = len(indent_of(lines[opened.line - 1]))
    what = f"close the `{opened.text}` of line {opened.line}"
    end = code_end(text, opened.line)
    last = [token for token in following if token.line == opened.line][-1:]
    if last and last[0].text == ":":
        end = last[0].start
    places = [end]
    previous = opened
    makes_one = opened.text != "(" or _makes_one(text, opened)
    for token in following[:_MOST_PLACES]:
        own_line = token.line != previous.line
        if own_line and _leaves(lines[token.line - 1], margin):
            places.append(previous.end)
            break
        tight = token.start == previous.end and token.text in ("(", "[")
        splits = token.text == "," and not opened.depth and token.depth == 1 and makes_one
        if not tight and not splits:
            places.append(previous.end)
        previous = token
    return [Step(put(text, at, closer), what, _SURE if at == end else _INSIDE) for at in dict.fromkeys(places)]


def _makes_one(text: str, opened: Token) -> bool:
    """Tell whether the statement around a call makes one value: hardly anybody writes `x = f(a), b`."""
    before = [token for token in tokens_of(text) if token.line == opened.line and token.start < opened.start]
    several = {",", "return", "yield", "for", "in", "lambda", ":", "assert"}
    return not any(token.text in several and not token.depth for token in before if token.is_code)


def _leaves(line: str, margin: int) -> bool:
    """Tell whether a line is outside of what the bracket holds: no deeper, and no closing bracket."""
    bare = line.strip()
    return len(indent_of(line)) <= margin and bare[:1] not in CLOSING


def quote_steps(text: str, line: int) -> list[Step]:
    """End a string on its line: at the end of it, or before the brackets and commas that follow."""
    lines = split_lines(text)
    if line > len(lines):
        return []
    broken = [
        token
        for token in tokens_of(text)
        if token.line == line and token.kind == "string" and not _is_ended(token.text)
    ]
    if not broken:
        return []
    token = broken[-1]
    quote = token.text.lstrip("rRbBuUfFtT")[:1]
    body = token.text.rstrip()
    found = []
    for at in range(len(body), 0, -1):
        rest = body[at:]
        if rest and not re.fullmatch(r"[\])},:; ]*", rest):
            break
        found.append(Step(put(text, token.start + at, quote), f"end the string of line {line}", 0.86))
    return found


def _is_ended(string: str) -> bool:
    bare = string.lstrip("rRbBuUfFtT")
    return len(bare) > 1 and bare[-1] == bare[0] and (bare[-2] != "\\" or bare[-3:-1] == "\\\\")
