"""A test of the project runs a linter, and that finds an unused import or variable: take it out, keep the call.

Shown and not written: what nobody uses now may be about to be used.

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
from pytest_selfheal.repair.patch import replace
from pytest_selfheal.repair.project import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Edit
    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.patch import Source
    from pytest_selfheal.repair.project import Project

NAME = "lint_findings"

_PLACE = r"(?P<path>[\w./\\-]+\.py):(?P<line>\d+):(?:\d+:?)?[^'`\n]{0,20}"
_IMPORT = re.compile(_PLACE + r"['`](?P<name>[\w.]+)(?: as (?P<alias>\w+))?['`] imported but unused")
_VARIABLE = re.compile(_PLACE + r"[Ll]ocal variable ['`](?P<name>\w+)['`] is assigned to but never used")


def propose(failure: Failure, project: Project) -> list[Candidate]:
    """Return one suggestion for everything the message lists; empty when it lists nothing of the kind."""
    found: list[Edit] = []
    for link in links(failure):
        try:
            for match in _IMPORT.finditer(link.message):
                found += _import(match, project)
            for match in _VARIABLE.finditer(link.message):
                found += _variable(match, project)
        except PatchError:
            return []
    if not found:
        return []
    files = ", ".join(dict.fromkeys(edit.path for edit in found))
    said = "the failing test lists them, and whatever was called is still called"
    title = f"take out {len(found)} unused names in {files}"
    made = candidate(NAME, title, found, project, confidence=SUGGEST, evidence=[said])
    return [made] if made is not None else []


def _statements(match: re.Match[str], project: Project) -> Iterator[tuple[str, ast.stmt, Source]]:
    path = project.relative(match["path"])
    tree = project.tree(path) if path and kind_of(path) == "product" else None
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.stmt) and node.lineno == int(match["line"]):
            yield path, node, source(project, path)


def _import(match: re.Match[str], project: Project) -> Iterator[Edit]:
    for path, node, text in _statements(match, project):
        if not isinstance(node, (ast.Import, ast.ImportFrom)) or path.endswith("__init__.py"):
            continue
        last = match["name"].rpartition(".")[2]
        unused = [
            alias for alias in node.names if alias.name in (match["name"], last) and alias.asname == match["alias"]
        ]
        kept = [alias for alias in node.names if alias not in unused]
        start, end = (node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or 0)
        written = replace(text, start, end, "").old
        if len(unused) != 1 or "#" in written or "\n" in written:
            continue
        if not kept:
            line = text.lines[node.lineno - 1].decode(text.encoding)
            if line.strip() == written and not node.col_offset:
                yield replace(text, (node.lineno, 0), (node.lineno + 1, 0), "")
            continue
        names = ", ".join(f"{item.name} as {item.asname}" if item.asname else item.name for item in kept)
        head = written[: written.index("import ") + len("import ")]
        yield replace(text, start, end, f"{head}{names}")


def _variable(match: re.Match[str], project: Project) -> Iterator[Edit]:
    for _path, node, text in _statements(match, project):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
            continue
        if node.targets[0].id == match["name"] and isinstance(node.value, (ast.Call, ast.Await)):
            yield replace(text, (node.lineno, node.col_offset), (node.value.lineno, node.value.col_offset), "")
