"""A member of an enumeration is misspelt: some versions of Python say its name only, and not whose it should be.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from pytest_selfheal.repair.closeness import meant
from pytest_selfheal.repair.fixers.building import SUGGEST
from pytest_selfheal.repair.fixers.building import candidate
from pytest_selfheal.repair.fixers.building import first_answer
from pytest_selfheal.repair.fixers.building import first_line
from pytest_selfheal.repair.fixers.building import kind
from pytest_selfheal.repair.fixers.building import place
from pytest_selfheal.repair.fixers.building import source
from pytest_selfheal.repair.patch import replace
from pytest_selfheal.repair.project import kind_of
from pytest_selfheal.repair.symbols import chain
from pytest_selfheal.repair.symbols import symbols_of
from pytest_selfheal.repair.vocabulary import is_in_tests
from pytest_selfheal.repair.vocabulary import used_besides

if TYPE_CHECKING:
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import ErrorLink
    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.project import Project

NAME = "did_you_mean"

_SURE = 0.86
_ALONE = re.compile(r"^(?P<name>[A-Za-z]\w*)$")


def propose(failure: Failure, project: Project) -> list[Candidate]:
    """Return at most one candidate; empty when the line reads no such member, or none is close."""
    return first_answer(failure, project, (_member,))


def _member(link: ErrorLink, project: Project) -> Candidate | None:
    match = _ALONE.match(first_line(link)) if kind(link) == "AttributeError" else None
    where = place(link, project)
    tree = project.tree(where[0]) if where else None
    if match is None or where is None or tree is None:
        return None
    (path, line), wrong = where, match["name"]
    nodes = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == wrong and node.lineno <= line <= (node.end_lineno or 0)
    ]
    owners = {chain(node.value).rpartition(".")[2] for node in nodes}
    facts = symbols_of(project).class_named(owners.pop()) if len(owners) == 1 else None
    found = meant(wrong, facts.names, used_besides(wrong, project)) if facts is not None else None
    if found is None:
        return None
    expected = kind_of(path) == "product" and is_in_tests(wrong, project)
    text = source(project, path)
    edits = []
    for node in nodes:
        end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
        edits.append(replace(text, (end[0], end[1] - len(wrong.encode())), end, found.name))
    title = f"read `{found.name}` instead of `{wrong}` in {path}"
    sure = _SURE if found.sure and not expected else SUGGEST
    said = f"`{found.name}` is the one close member of its class"
    return candidate(NAME, title, edits, project, confidence=sure, evidence=[said])
