"""A tolerant reader of Python text that does not parse: tokens with their places, never an error.

The standard tokenizer stops where brackets, quotes or indentation are broken, which is where a repair begins.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\f]+|\\\r?\n)
    |(?P<newline>\r?\n|\r)
    |(?P<comment>\#[^\r\n]*)
    |(?P<string>(?i:[rbuft]{0,2})(?:'''(?:\\.|[^\\])*?(?:'''|\Z)|\"\"\"(?:\\.|[^\\])*?(?:\"\"\"|\Z)
        |'(?:\\.|[^'\\\r\n])*'?|"(?:\\.|[^"\\\r\n])*"?))
    |(?P<number>\d[\w.]*|\.\d\w*)
    |(?P<name>[^\W\d]\w*)
    |(?P<op>\*\*=?|//=?|>>=?|<<=?|!=|->|:=|\.\.\.|[-+*/%&|^=<>@]=|.)
    """,
    re.VERBOSE | re.DOTALL,
)

OPENING = {"(": ")", "[": "]", "{": "}"}
CLOSING = {close: opened for opened, close in OPENING.items()}

OPENERS = frozenset({"if", "elif", "else", "for", "while", "try", "except", "finally", "with", "def", "class", "async"})
"""Words a compound statement begins with (soft keywords apart)."""


@dataclass(frozen=True)
class Token:
    """One token. `kind` is space, newline, comment, string, number, name or op; offsets count characters."""

    kind: str
    text: str
    start: int
    line: int
    depth: int

    @property
    def end(self) -> int:
        """The offset after the token."""
        return self.start + len(self.text)

    @property
    def is_code(self) -> bool:
        """Whether it is more than layout."""
        return self.kind not in ("space", "newline", "comment")


def tokens_of(text: str) -> list[Token]:
    """Return all tokens of a text; lines count from 1, `depth` is the number of brackets open before the token."""
    found: list[Token] = []
    line = 1
    depth = 0
    for match in _TOKEN.finditer(text):
        kind, value = str(match.lastgroup), match[0]
        if kind == "op" and value in CLOSING:
            depth = max(0, depth - 1)
        found.append(Token(kind, value, match.start(), line, depth))
        if kind == "op" and value in OPENING:
            depth += 1
        if kind in ("newline", "string", "space"):
            line += len(re.findall(r"\r\n|\r|\n", value))
    return found


def lines_inside_strings(text: str) -> frozenset[int]:
    """Return the lines (from 1) that begin inside a string of several lines."""
    inside: set[int] = set()
    for token in tokens_of(text):
        if token.kind == "string":
            inside.update(range(token.line + 1, token.line + 1 + len(re.findall(r"\r\n|\r|\n", token.text))))
    return frozenset(inside)


def code_end(text: str, line: int) -> int:
    """Return the offset after the last code on a line (from 1), comments left out; the line's start without code."""
    end = None
    for token in tokens_of(text):
        if token.line == line and token.is_code:
            end = token.end
        elif token.line > line:
            break
    return line_start(text, line) if end is None else end


def line_start(text: str, line: int) -> int:
    """Return the offset a line (from 1) begins at."""
    return sum(len(part) for part in split_lines(text)[: line - 1])


def split_lines(text: str) -> list[str]:
    """Return the lines with their ends, split where Python splits them."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


def indent_of(line: str) -> str:
    """Return the white space a line begins with."""
    return line[: len(line) - len(line.lstrip(" \t\f"))]
