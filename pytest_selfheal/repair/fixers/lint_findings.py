"""A test of the project runs a linter, and that finds unused names: take them out, keep what is called.

A project that lets a test fail over them has decided that they go. It is sure where nothing else can notice: modules of
the standard library that nobody gets from this file, and variables whose value is still computed.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from pytest_selfheal.errors import PatchError
from pytest_selfheal.repair.fixers.building import SUGGEST
from pytest_selfheal.repair.fixers.building import candidate
from pytest_selfheal.repair.fixers.building import links
from pytest_selfheal.repair.fixers.building import source
from pytest_selfheal.repair.imports import is_standard
from pytest_selfheal.repair.patch import replace
from pytest_selfheal.repair.project import kind_of
from pytest_selfheal.repair.symbols import imports_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Edit
    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.patch import Source
    from pytest_selfheal.repair.project import Project

NAME = "lint_findings"

_SURE = 0.86
_PLACE = r"(?P<path>[\w./\\-]+\.py):(?P<line>\d+):(?:\d+:?)?[^'`\n]{0,20}"
_IMPORT = re.compile(_PLACE + r"['`](?P<name>[\w.]+)(?: as (?P<alias>\w+))?['`] imported but unused")
_VARIABLE = re.compile(_PLACE + r"[Ll]ocal variable ['`](?P<name>\w+)['`] is assigned to but never used")
_NO_PLACEHOLDER = re.compile(_PLACE + r"f-string (?:is missing|without any) placeholders")


def propose(failure: Failure, project: Project) -> list[Candidate]:
    """Return one candidate for everything the message lists; empty when it lists nothing of the kind."""
    found: dict[Edit, bool] = {}
    for link in links(failure):
        try:
            found.update(_imports(link.message, project))
            for match in _VARIABLE.finditer(link.message):
                found.update(_variable(match, project))
            for match in _NO_PLACEHOLDER.finditer(link.message):
                found.update(_plain_string(match, project))
        except PatchError:
            return []
    if not found:
        return []
    files = ", ".join(dict.fromkeys(edit.path for edit in found))
    said = "the failing test lists them, and whatever was called is still called"
    title = f"take out {len(found)} unused names in {files}"
    sure = _SURE if all(found.values()) else SUGGEST
    made = candidate(NAME, title, found, project, confidence=sure, evidence=[said])
    return [made] if made is not None else []


def _nodes(match: re.Match[str], project: Project) -> Iterator[tuple[str, ast.AST, Source]]:
    path = project.relative(match["path"])
    tree = project.tree(path) if path and kind_of(path) == "product" else None
    for node in ast.walk(tree) if tree is not None else ():
        if getattr(node, "lineno", 0) == int(match["line"]):
            yield path, node, source(project, path)


def _imports(message: str, project: Project) -> Iterator[tuple[Edit, bool]]:
    """The edits of import statements, each with whether it is sure; one statement may have several unused names."""
    unused: dict[tuple[str, ast.stmt], list[ast.alias]] = {}
    texts: dict[str, Source] = {}
    for match in _IMPORT.finditer(message):
        for path, node, text in _nodes(match, project):
            if not isinstance(node, (ast.Import, ast.ImportFrom)) or path.endswith("__init__.py"):
                continue
            last = match["name"].rpartition(".")[2]
            fitting = [
                item for item in node.names if item.name in (match["name"], last) and item.asname == match["alias"]
            ]
            unused.setdefault((path, node), []).extend(fitting)
            texts[path] = text
    for (path, node), aliases in unused.items():
        if aliases and isinstance(node, (ast.Import, ast.ImportFrom)):
            edit = _shortened(node, aliases, texts[path])
            if edit is not None:
                yield edit, _is_idle(path, node, aliases, project)


def _shortened(node: ast.Import | ast.ImportFrom, unused: list[ast.alias], text: Source) -> Edit | None:
    kept = [alias for alias in node.names if alias not in unused]
    start, end = (node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or 0)
    written = replace(text, start, end, "").old
    if "#" in written or (node.col_offset and not kept):
        return None
    if not kept:
        rows = b"".join(text.lines[node.lineno - 1 : end[0]]).decode(text.encoding)
        alone = rows.strip() == written.strip()
        return replace(text, (node.lineno, 0), (end[0] + 1, 0), "") if alone else None
    names = ", ".join(f"{item.name} as {item.asname}" if item.asname else item.name for item in kept)
    head = " ".join(written[: written.index("import") + len("import")].split())
    return replace(text, start, end, f"{head} {names}")


def _is_idle(path: str, node: ast.Import | ast.ImportFrom, aliases: list[ast.alias], project: Project) -> bool:
    """Tell whether nothing can miss an import: importing it does nothing, and nobody gets the name from this file."""
    inside = isinstance(node, ast.ImportFrom)
    homes = [(node.module or "") if isinstance(node, ast.ImportFrom) and not node.level else "" for _ in aliases]
    homes = homes if inside else [alias.name for alias in aliases]
    if not all(home and is_standard(home) for home in homes):
        return False
    bound = {(alias.asname or alias.name).partition(".")[0] for alias in aliases}
    module = project.module_name(path)
    for other in project.files:
        tree = project.tree(other)
        package = project.package_of(other)
        forms = [form.absolute(package) for _node, form in imports_in(tree)] if tree is not None else []
        if any(form is not None and form.module == module and form.name in {*bound, "*"} for form in forms):
            return False
        needles = [f"{module.rpartition('.')[2]}.{name}".encode() for name in bound]
        if other != path and any(needle in project.data(other) for needle in needles):
            return False
    return True


def _variable(match: re.Match[str], project: Project) -> Iterator[tuple[Edit, bool]]:
    for _path, node, text in _nodes(match, project):
        if isinstance(node, ast.ExceptHandler) and node.type is not None and node.name and node.name == match["name"]:
            start = (node.type.end_lineno or node.lineno, node.type.end_col_offset or 0)
            line = text.lines[start[0] - 1][start[1] :].decode(text.encoding)
            tail = re.match(rf"\)?\s+as\s+{re.escape(node.name)}\b", line)
            if tail is not None and not tail[0].startswith(")"):
                yield replace(text, start, (start[0], start[1] + len(tail[0].encode(text.encoding))), ""), True
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
            continue
        if node.targets[0].id == match["name"] and isinstance(node.value, (ast.Call, ast.Await)):
            yield replace(text, (node.lineno, node.col_offset), (node.value.lineno, node.value.col_offset), ""), True


def _plain_string(match: re.Match[str], project: Project) -> Iterator[tuple[Edit, bool]]:
    for _path, node, text in _nodes(match, project):
        if not isinstance(node, ast.JoinedStr) or any(isinstance(part, ast.FormattedValue) for part in node.values):
            continue
        start = (node.lineno, node.col_offset)
        written = text.lines[start[0] - 1][start[1] :].decode(text.encoding)
        whole = replace(text, start, (node.end_lineno or node.lineno, node.end_col_offset or 0), "").old
        if written[:1] in "fF" and written[1:2] in ("'", '"') and "{" not in whole and "}" not in whole:
            yield replace(text, start, (start[0], start[1] + 1), ""), True
