"""Steps from Python 2's `print` statement to the function, for all of a file at once.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.repair.fixers.syntax_tokens import Step
from pytest_selfheal.repair.lexing import tokens_of

if TYPE_CHECKING:
    from pytest_selfheal.repair.lexing import Token

_OPERANDS = frozenset({"name", "string", "number"})
_NOT_AN_OPERAND = frozenset({"if", "else", "in", "is", "and", "or", "for"})
_SIGNS = frozenset({">>", "[", "{", "-", "+", "~"})


def print_steps(text: str) -> list[Step]:
    """Rewrite every `print` statement; empty when there is none."""
    edits = []
    lone = []
    for statement in _statements(text):
        new = _rewritten(text, statement)
        if new is not None:
            edits.append((statement[0].start, statement[-1].end, new))
        elif len(statement) == 1:  # it wrote an empty line; as an expression it would do nothing
            lone.append((statement[0].start, statement[0].end, "print()"))
    if not edits:
        return []
    for start, end, new in sorted([*edits, *lone], reverse=True):
        text = text[:start] + new + text[end:]
    return [Step(text, "call print as a function", 0.92)]


def _statements(text: str) -> list[list[Token]]:
    """The code tokens of each simple statement that begins with the word `print`."""
    found: list[list[Token]] = []
    current: list[Token] | None = None
    fresh = True
    for token in tokens_of(text):
        if token.kind in ("space", "comment"):
            continue
        ends = not token.depth and (token.kind == "newline" or token.text == ";")
        if token.kind == "newline" and token.depth:
            continue
        if ends:
            current, fresh = None, True
        elif current is not None:
            current.append(token)
        elif fresh and token.text == "print":
            current = [token]
            found.append(current)
            fresh = False
        else:
            fresh = token.text == ":" and not token.depth
    return found


def _rewritten(text: str, statement: list[Token]) -> str | None:
    if len(statement) < 2:
        return None
    first = statement[1]
    if not (first.kind in _OPERANDS or first.text in _SIGNS) or first.text in _NOT_AN_OPERAND:
        return None
    if first.text in ("-", "+", "[") and first.start == statement[0].end:
        return None
    parts = _parts(statement[1:])
    ending = ""
    if parts and not parts[-1]:
        parts.pop()
        ending = ', end=" "'
    target = ""
    if parts and parts[0] and parts[0][0].text == ">>":
        target = f", file={_text(text, parts.pop(0)[1:])}"
    if not all(parts):
        return None
    arguments = ", ".join(_text(text, part) for part in parts)
    return f"print({(arguments + ending + target).lstrip(', ')})"


def _parts(tokens: list[Token]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    depth = tokens[0].depth
    for token in tokens:
        if token.text == "," and token.depth == depth:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _text(text: str, tokens: list[Token]) -> str:
    return text[tokens[0].start : tokens[-1].end]
