"""Steps that repair indentation: tabs among spaces, a line too deep, too shallow, or a block that is none.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re

from pytest_selfheal.repair.fixers.syntax_tokens import Step
from pytest_selfheal.repair.lexing import indent_of
from pytest_selfheal.repair.lexing import lines_inside_strings
from pytest_selfheal.repair.lexing import split_lines

_TAB_STOPS = (8, 4, 2)
_SURE = 0.90
_LIKELY = 0.86
_UNSURE = 0.72


def tab_steps(text: str) -> list[Step]:
    """Write all indentation the way most lines do; a tab may have meant any usual width."""
    lines = split_lines(text)
    strings = lines_inside_strings(text)
    indented = [line for line in lines if indent_of(line) and line.strip()]
    tabs = sum("\t" in indent_of(line) for line in indented)
    found = []
    for width in _TAB_STOPS:
        to_tabs = tabs * 2 > len(indented)
        new = [
            line if number in strings or not line.strip() else _reindented(line, width, to_tabs=to_tabs)
            for number, line in enumerate(lines, 1)
        ]
        found.append(Step("".join(new), "indent with tabs only" if to_tabs else "indent with spaces only", _SURE))
    return found


def _reindented(line: str, width: int, *, to_tabs: bool) -> str:
    margin = indent_of(line)
    if ("\t" in margin) != to_tabs or to_tabs:
        columns = len(margin.expandtabs(width))
        if to_tabs:
            if columns % width:
                return line
            return "\t" * (columns // width) + line[len(margin) :]
        return " " * columns + line[len(margin) :]
    return line


def indent_steps(text: str, line: int, message: str) -> list[Step]:
    """Move a line, or the run of lines it begins, to a level that is open there."""
    lines = split_lines(text)
    line = min(line, len(lines))
    if "\t" in "".join(map(indent_of, lines)):
        return tab_steps(text)
    if message.startswith("expected an indented block"):
        return _indented(lines, line, message)
    return _moved(lines, line, deeper="unexpected" in message)


def _moved(lines: list[str], line: int, *, deeper: bool) -> list[Step]:
    """A line at a level nothing has opened: the nearest open level, sure when it is only a slip of a column or so."""
    levels = _open_levels(lines, line)
    own = len(indent_of(lines[line - 1]))
    unit = _unit(lines)
    if deeper and levels:
        levels = levels[-1:] if own - levels[-1] < unit or _is_alone(lines, line) else levels
    last = _run(lines, line)
    found = []
    for level in levels:
        # A whole level too deep may as well mean that the line which opened that level is lost.
        near = abs(own - level) < unit / 2 or (deeper and level == levels[-1] and (own - level) % unit != 0)
        new = [*lines]
        for number in range(line, last + 1):
            if new[number - 1].strip():
                new[number - 1] = " " * max(0, len(indent_of(new[number - 1])) - own + level) + lines[
                    number - 1
                ].lstrip(" ")
        found.append(
            (abs(own - level), Step("".join(new), f"indent line {line} like its block", _LIKELY if near else _UNSURE))
        )
    if not found:
        return []
    found.sort(key=lambda item: item[0])
    if found[0][1].confidence == _LIKELY and found[0][0] < unit / 2:
        return [found[0][1]]
    return [step for _away, step in found]


def _open_levels(lines: list[str], line: int) -> list[int]:
    """The indentation levels that are open at a line, outermost first."""
    levels: list[int] = []
    for text in lines[: line - 1]:
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        level = len(indent_of(text))
        levels = [*(other for other in levels if other < level), level]
    return levels


def _unit(lines: list[str]) -> int:
    depths = [len(indent_of(line)) for line in lines if line.strip() and indent_of(line)]
    return min((depth for depth in depths if depth > 1), default=4)


def _run(lines: list[str], line: int) -> int:
    """The last line of the block that begins at a line: everything after it that is as deep or deeper."""
    own = len(indent_of(lines[line - 1]))
    last = line
    for number in range(line + 1, len(lines) + 1):
        text = lines[number - 1]
        if not text.strip():
            continue
        if len(indent_of(text)) < own:
            break
        last = number
    return last


def _is_alone(lines: list[str], line: int) -> bool:
    return _run(lines, line) == line


def _indented(lines: list[str], line: int, message: str) -> list[Step]:
    """A statement without its block: the lines below it move in, one, two, ... of them."""
    match = re.search(r"on line (\d+)", message)
    head = int(match[1]) if match else line - 1
    margin = indent_of(lines[head - 1])
    if indent_of(lines[line - 1]) != margin:
        return []
    step = " " * _unit(lines)
    # What stands below an `if` may be what came after a body that is lost; below `def` it is the body.
    sure = _LIKELY if "definition" in message else _UNSURE
    found = []
    block = []
    for number in range(line, len(lines) + 1):
        text = lines[number - 1]
        if text.strip() and len(indent_of(text)) < len(margin):
            break
        block.append(number)
        if text.strip():
            new = [f"{step}{text}" if at in block and text.strip() else text for at, text in enumerate(lines, 1)]
            found.append(Step("".join(new), f"indent what belongs to line {head}", sure))
    return found
