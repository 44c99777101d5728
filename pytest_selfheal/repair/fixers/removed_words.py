"""Single words that have others now: keyword arguments, built-ins of Python 2, and what a deprecation names itself.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from pytest_selfheal.repair.fixers.building import candidate
from pytest_selfheal.repair.fixers.building import first_answer
from pytest_selfheal.repair.fixers.building import first_line
from pytest_selfheal.repair.fixers.building import kind
from pytest_selfheal.repair.fixers.building import place
from pytest_selfheal.repair.fixers.building import places
from pytest_selfheal.repair.fixers.building import source
from pytest_selfheal.repair.fixers.library_table import BUILTINS
from pytest_selfheal.repair.fixers.library_table import KEYWORDS
from pytest_selfheal.repair.fixers.renaming import renamed
from pytest_selfheal.repair.patch import replace
from pytest_selfheal.repair.project import kind_of
from pytest_selfheal.repair.scope import names_bound_anywhere
from pytest_selfheal.repair.symbols import bindings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence

    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Edit
    from pytest_selfheal.model import ErrorLink
    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.fixers.library_table import Keyword
    from pytest_selfheal.repair.patch import Source
    from pytest_selfheal.repair.project import Project

NAME = "removed_api"

_SURE = 0.90
_HINTED = 0.86
_KEYWORD = re.compile(r"^(?P<callee>[\w.]+)\(\) got an unexpected keyword argument '(?P<name>\w+)'")
_NAME = re.compile(r"^name '(?P<name>\w+)' is not defined")
_HINT = re.compile(
    r"`(?:\w+\.)*(?P<old>\w+)`[^`]{0,80}?\b(?:deprecated|removed)\b(?:[^`]{0,80}?`[^`]+` and)?[^`]{0,80}?"
    r"\b[Uu]se\b[^`]{0,20}?`(?P<new>\w+)`"
    r"|^The (?:\w+\.)?(?P<gone>\w+)\(\) method is deprecated\b.{0,80}?Please refer to (?:\w+\.)?(?P<named>\w+)\(\)\."
)
_MOVED = re.compile(r"``(?P<old>\w+)\(\)`` function is now available as (?P<new>[\w.]+)\(\)")
_WRITTEN = (
    re.compile(r"^Invalid frequency: (?P<old>[A-Za-z-]+)\..*?Please use '(?P<new>[A-Za-z-]+)' instead"),
    re.compile(r"^Invalid frequency: (?P<old>[A-Za-z-]+)\..*?Did you mean (?P<new>[A-Za-z-]+)\?"),
    re.compile(r"^invalid mode: '(?P<old>(?P<new>r)U)'"),
)
"""Values that a library took away, with messages that name the old and the new one."""
_MOVES = re.compile(r"Deprecat|MovedIn")
_DEPRECATIONS = re.compile(r"Deprecat|FutureWarning|RemovedIn|PydanticUserError")


def propose(failure: Failure, project: Project) -> list[Candidate]:
    """Return at most one candidate; empty when no table knows the word."""
    return first_answer(failure, project, (by_keyword, _by_builtin, _by_move, _by_value, _by_hint))


def by_keyword(link: ErrorLink, project: Project, rules: Sequence[Keyword] = KEYWORDS) -> Candidate | None:
    """Return the candidate that renames or drops a keyword a call does not take any more; None for no rule."""
    match = _KEYWORD.match(first_line(link)) if kind(link) == "TypeError" else None
    if match is None:
        return None
    rules = [rule for rule in rules if rule.old == match["name"] and re.search(rule.callees, match["callee"])]
    for path, line in places(link, project) if rules else ():
        tree = project.tree(path)
        held = [rule for rule in rules if rule.library.encode() in project.data(path)]
        ways = {rule.new for rule in held}
        if tree is None or not held:
            continue
        if len(ways) > 1 or _is_own(match["callee"], project):
            return None
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_at(node, line)]
        calls = [node for node in calls if any(keyword.arg == match["name"] for keyword in node.keywords)]
        if len(calls) != 1:
            return None
        (new,) = ways
        edit = _keyword_edit(source(project, path), calls[0], match["name"], new)
        what = f"pass `{new}` instead of" if new else "do not pass"
        said = f"{match['callee']} does not take `{match['name']}` any more"
        title = f"{what} `{match['name']}` in {path}"
        return candidate(NAME, title, [edit], project, confidence=_SURE, evidence=[said])
    return None


def _is_own(callee: str, project: Project) -> bool:
    """Tell whether the project itself defines what is called: the message names no module, so it may be meant."""
    parts = [part for part in callee.split(".") if part != "__init__"]
    return any(
        isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.name == parts[-1]
        for path, _facts in project.mentioning(parts[-1])
        if (tree := project.tree(path)) is not None
        for node in ast.walk(tree)
    )


def _is_at(node: ast.expr, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _keyword_edit(text: Source, call: ast.Call, old: str, new: str) -> Edit:
    keyword = next(keyword for keyword in call.keywords if keyword.arg == old)
    start = (keyword.lineno, keyword.col_offset)
    if new:
        return replace(text, start, (start[0], start[1] + len(old.encode())), new)
    end = (keyword.end_lineno or 0, keyword.end_col_offset or 0)
    given: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    parts = sorted(given, key=lambda part: (part.lineno, part.col_offset))
    at = parts.index(keyword)
    if at:
        start = (parts[at - 1].end_lineno or 0, parts[at - 1].end_col_offset or 0)
    elif len(parts) > 1:
        end = (parts[1].lineno, parts[1].col_offset)
    return replace(text, start, end, "")


def _by_builtin(link: ErrorLink, project: Project) -> Candidate | None:
    match = _NAME.match(first_line(link)) if kind(link) == "NameError" else None
    where = place(link, project)
    tree = project.tree(where[0]) if where else None
    if match is None or where is None or tree is None or match["name"] not in BUILTINS:
        return None
    path, old, new = where[0], match["name"], BUILTINS[match["name"]]
    bound = names_bound_anywhere(tree)
    if old in bound or new in bound:
        return None
    text = source(project, path)
    edits = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == old:
            start = (node.lineno, node.col_offset)
            edits.append(replace(text, start, (start[0], start[1] + len(old.encode())), new))
    title = f"use `{new}` instead of Python 2's `{old}` in {path}"
    return candidate(NAME, title, edits, project, confidence=_SURE, evidence=[f"`{old}` became `{new}` in Python 3"])


def _by_hint(link: ErrorLink, project: Project) -> Candidate | None:
    """A deprecation that is an error here and names its successor: `old` is deprecated, use `new` instead."""
    match = _HINT.search(link.message) if _DEPRECATIONS.search(kind(link)) else None
    if match is None:
        return None
    old, new = match["old"] or match["gone"], match["new"] or match["named"]
    for path, line in places(link, project):
        tree = project.tree(path)
        edits = list(_named_at(tree, line, old, new, source(project, path))) if tree is not None else []
        if edits:
            title = f"use `{new}` instead of the deprecated `{old}` in {path}"
            said = f"{kind(link)} says so: {first_line(link)[:120]}"
            return candidate(NAME, title, edits, project, confidence=_HINTED, evidence=[said])
    return None


def _by_move(link: ErrorLink, project: Project) -> Candidate | None:
    """A deprecation that is an error here and names the module where the same function is now."""
    match = _MOVED.search(link.message) if _MOVES.search(kind(link)) else None
    for path, _line in places(link, project) if match is not None else ():
        tree = project.tree(path)
        bound = set(bindings(tree, project.package_of(path)).values()) if tree is not None else set()
        top = match["new"].partition(".")[0] if match is not None else ""
        olds = (
            {name for name in bound if name.startswith(f"{top}.") and name.endswith(f".{match['old']}")}
            if match
            else set()
        )
        if match is None or len(olds) != 1 or match["new"] in olds:
            continue
        edits = renamed(path, {olds.pop(): match["new"]}, project)
        title = f"use `{match['new']}` instead of the old `{match['old']}` in {path}"
        said = f"{kind(link)} says so: {first_line(link)[:120]}"
        return candidate(NAME, title, edits, project, confidence=_HINTED, evidence=[said])
    return None


def _by_value(link: ErrorLink, project: Project) -> Candidate | None:
    """A word in a string that a library knew under another spelling, where its message names both."""
    match = next(filter(None, (pattern.match(first_line(link)) for pattern in _WRITTEN)), None)
    if match is None or kind(link) != "ValueError":
        return None
    old, new = match["old"], match["new"]
    for path, line in places(link, project):
        tree = project.tree(path) if kind_of(path) == "product" else None
        text = source(project, path)
        edits = []
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Constant) and node.value == old and _is_at(node, line):
                start, end = (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)
                written = replace(text, start, end, "").old
                edits.append(replace(text, start, end, written.replace(old, new)))
        if len(edits) == 1:
            title = f"write `{new}` instead of `{old}` in {path}"
            said = f"the library says so: {first_line(link)[:120]}"
            return candidate(NAME, title, edits, project, confidence=_HINTED, evidence=[said])
    return None


def _named_at(tree: ast.Module, line: int, old: str, new: str, text: Source) -> Iterator[Edit]:
    for node in ast.walk(tree):
        first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0) or 0
        if not first <= line <= last:
            continue
        if isinstance(node, ast.Attribute) and node.attr == old:
            end = (last, node.end_col_offset or 0)
            yield replace(text, (end[0], end[1] - len(old.encode())), end, new)
        elif isinstance(node, ast.keyword) and node.arg == old and new.islower():
            start = (first, node.col_offset)
            yield replace(text, start, (start[0], start[1] + len(old.encode())), new)
