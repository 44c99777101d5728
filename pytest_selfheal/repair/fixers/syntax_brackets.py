"""Steps that close what was left open: brackets by layout first, then wherever the rest parses; quotes at the end.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from collections import Counter
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
_EXTRA = 0.80
_MOST_PLACES = 80
_BEGINS_STATEMENT = frozenset(
    {"def", "class", "return", "raise", "import", "try", "while", "with", "pass", "break", "continue", "del", "global"}
    | {"nonlocal", "assert", "except", "finally", "elif"}
)
"""What stands at the beginning of a line and never inside of brackets (`async`, `for`, `if`, `else`, `from` may)."""


def bracket_steps(text: str, line: int, column: int, message: str) -> list[Step]:
    """Close a bracket that was left open, wherever the rest may parse; or take out one that closes nothing."""
    tokens = [token for token in tokens_of(text) if token.is_code]
    place = line_start(text, line) + column
    if message.startswith("unmatched"):
        return _without(text, tokens, place)
    first = _outermost_open(tokens, place, named="was never closed" in message)
    if first is None:
        return []
    lines = split_lines(text)
    region = _statement_from(first, tokens, lines)
    closer = _missing(region)
    gaps = _gaps(region, closer) if closer else []
    if len(gaps) > _MOST_PLACES:
        gaps = _where_lines_stay_open(gaps, region)
    steps = []
    for index, opened in reversed(gaps[-_MOST_PLACES:]):
        before, after = region[index], region[index + 1] if index + 1 < len(region) else None
        what = f"close the `{opened.text}` of line {opened.line}"
        at, new = _written(text, lines, opened, before, after)
        if opened.depth and before.text == "," and at > before.end:  # inside another bracket more follows
            steps.append(Step(put(text, at, new.replace(closer, f"{closer},")), what, _SURE))
        steps.append(Step(put(text, at, new), what, _SURE))
    return steps


def _without(text: str, tokens: list[Token], place: int) -> list[Step]:
    extra = next((token for token in tokens if token.start == place), None)
    if extra is None:
        return []
    return [Step(put(text, extra.start, "", until=extra.end), f"take out a `{extra.text}` that closes nothing", _EXTRA)]


def _outermost_open(tokens: list[Token], place: int, *, named: bool) -> Token | None:
    """The bracket a broken statement is broken from: brackets inside of it may have taken each other's ends."""
    stack: list[Token] = []
    for token in tokens:
        if token.start >= place + named:
            break
        if token.text in OPENING:
            stack.append(token)
        elif token.text in CLOSING and stack:
            stack.pop()
    return stack[0] if stack else None


def _statement_from(opened: Token, tokens: list[Token], lines: list[str]) -> list[Token]:
    """The tokens from a bracket on to where the layout says that the next statement begins."""
    margin = len(indent_of(lines[opened.line - 1]))
    found: list[Token] = []
    for token in tokens[tokens.index(opened) :]:
        if found and token.line != found[-1].line:
            line = lines[token.line - 1]
            leaves = len(indent_of(line)) <= margin and line.strip()[:1] not in {*CLOSING, ",", ":", "."}
            if leaves or token.text in _BEGINS_STATEMENT:
                break
        found.append(token)
    return found


def _missing(region: list[Token]) -> str:
    """The closing bracket of which there is one too few; empty when that is not all that is wrong."""
    balance: Counter[str] = Counter()
    for token in region:
        if token.text in OPENING:
            balance[OPENING[token.text]] += 1
        elif token.text in CLOSING:
            balance[token.text] -= 1
    wrong = {closer: count for closer, count in balance.items() if count}
    return next(iter(wrong)) if list(wrong.values()) == [1] else ""


def _gaps(region: list[Token], closer: str) -> list[tuple[int, Token]]:
    """The tokens behind which the missing bracket leaves all brackets in pairs, each with the one it closes."""
    found = []
    stack: list[Token] = []
    for index, token in enumerate(region):
        if token.text in OPENING:
            stack.append(token)
        elif token.text in CLOSING:
            if not stack or OPENING[stack[-1].text] != token.text:
                break
            stack.pop()
        fits = stack and OPENING[stack[-1].text] == closer and not _is_trailing(index, stack[-1], region)
        if fits and _in_pairs(stack[:-1], region[index + 1 :]):
            found.append((index, stack[-1]))
    return found


def _is_trailing(index: int, opened: Token, region: list[Token]) -> bool:
    """Tell whether a bracket of a call would stand behind a comma with more to follow on the line."""
    first = region.index(opened)
    is_call = first > 0 and (region[first - 1].kind == "name" or region[first - 1].text in CLOSING)
    more = index + 1 < len(region) and region[index + 1].line == region[index].line
    return is_call and more and region[index].text == ","


def _where_lines_stay_open(gaps: list[tuple[int, Token]], region: list[Token]) -> list[tuple[int, Token]]:
    """Of many places those on lines with a bracket left open, though the line does not end with it as a table does."""
    balance: Counter[int] = Counter()
    last: dict[int, Token] = {}
    for token in region:
        balance[token.line] += (token.text in OPENING) - (token.text in CLOSING)
        last[token.line] = token
    odd = {line for line, count in balance.items() if count > 0 and last[line].text not in OPENING}
    return [(index, opened) for index, opened in gaps if region[index].line in odd]


def _in_pairs(stack: list[Token], rest: list[Token]) -> bool:
    waiting = [OPENING[token.text] for token in stack]
    for token in rest:
        if token.text in OPENING:
            waiting.append(OPENING[token.text])
        elif token.text in CLOSING and (not waiting or waiting.pop() != token.text):
            return False
    return not waiting


def _written(text: str, lines: list[str], opened: Token, before: Token, after: Token | None) -> tuple[int, str]:
    """Where between two tokens the bracket is put, and how: on a line of its own where the contents have theirs."""
    closer = OPENING[opened.text]
    last = lines[before.line - 1]
    block = opened.end == code_end(text, opened.line) and before.line > opened.line
    if not block or (after is not None and after.line == before.line):
        return before.end, closer
    margin = indent_of(lines[opened.line - 1])
    if after is not None and after.text in (",", ":", ".", ")", "]", "}"):
        return after.start, closer
    following = lines[before.line] if before.line < len(lines) else ""
    if margin and following.rstrip("\r\n") == margin:  # the bracket stood there
        return line_start(text, before.line + 1) + len(margin), closer
    newline = "\r\n" if lines[opened.line - 1].endswith("\r\n") else "\n"
    end = "" if last.endswith(("\n", "\r")) else newline
    return line_start(text, before.line + 1), f"{end}{margin}{closer}{newline}"


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
