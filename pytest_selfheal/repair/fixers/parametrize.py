"""The names a `parametrize` mark gives do not fit its rows or the test's parameters: take them from the test.

Only the names change, never a row: rows are what the test expects.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from pytest_selfheal.errors import PatchError
from pytest_selfheal.repair.closeness import meant
from pytest_selfheal.repair.fixers.building import candidate
from pytest_selfheal.repair.fixers.building import links
from pytest_selfheal.repair.fixers.building import source
from pytest_selfheal.repair.fixers.fixtures import fixtures_of
from pytest_selfheal.repair.fixers.fixtures import parametrized
from pytest_selfheal.repair.patch import replace
from pytest_selfheal.repair.symbols import FunctionNode
from pytest_selfheal.repair.symbols import arguments_of
from pytest_selfheal.repair.symbols import chain
from pytest_selfheal.repair.symbols import functions_of

if TYPE_CHECKING:
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.project import Project

NAME = "parametrize"

_COUNT = re.compile(r"(?P<test>[\w\[\].-]+): in \"parametrize\" the number of names \((?P<names>\d+)\)")
_VALUES = re.compile(r"number of values \((\d+)\)")
_NO_ARGUMENT = re.compile(r"^In \S*?(?P<test>[\w.-]+): function uses no argument '(?P<name>\w+)'")
_GIVEN = frozenset({"request", "tmp_path", "monkeypatch", "capsys", "caplog", "self", "cls"})


def propose(failure: Failure, project: Project) -> list[Candidate]:
    """Return at most one candidate; empty when the test does not tell which name is missing or wrong."""
    path = project.relative(failure.nodeid.partition("::")[0])
    tree = project.tree(path) if path else None
    for link in links(failure) if tree is not None else ():
        message = link.message.strip()
        count, wrong = _COUNT.search(message), _NO_ARGUMENT.match(message)
        match = count or wrong
        if match is None or tree is None:
            continue
        name = match["test"].rpartition(":")[2].rpartition(".")[2].partition("[")[0]
        found = [function for _owner, function in functions_of(tree) if function.name == name]
        values = _VALUES.search(message)
        try:
            if len(found) != 1:
                made = None
            elif wrong is not None:
                made = _other_name(path, found[0], wrong["name"], project)
            else:
                made = _more_names(path, found[0], int(values[1]) if values else 0, project)
        except PatchError:
            made = None
        return [made] if made is not None else []
    return []


def _marks(function: FunctionNode) -> list[tuple[ast.expr, list[str]]]:
    """The first argument of each mark with the names in it."""
    found: list[tuple[ast.expr, list[str]]] = []
    for mark in function.decorator_list:
        if not isinstance(mark, ast.Call) or not chain(mark.func).endswith("parametrize") or not mark.args:
            continue
        first = mark.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            found.append((first, [name.strip() for name in first.value.split(",") if name.strip()]))
        elif isinstance(first, (ast.Tuple, ast.List)):
            found.append((first, [str(part.value) for part in first.elts if isinstance(part, ast.Constant)]))
    return found


def _free(function: FunctionNode, project: Project) -> list[str]:
    """The parameters of a test that neither a mark nor a fixture provides."""
    fixtures = {fixture.name for fixture in fixtures_of(project)} | _GIVEN | parametrized(function)
    return [argument.arg for argument in arguments_of(function) if argument.arg not in fixtures]


def _more_names(path: str, function: FunctionNode, values: int, project: Project) -> Candidate | None:
    """Another number of names than values: names as the test has them, with the parameters nobody else provides."""
    order = [argument.arg for argument in arguments_of(function)]
    free = _free(function, project)
    fitting = []
    for node, names in _marks(function):
        wanted = [name for name in order if name in names or name in free]
        in_order = [name for name in order if name in names] == names
        if len(names) > values:  # a name too many: one that the test does not take
            wanted = [name for name in names if name in order]
            in_order = True
        if len(names) != values == len(wanted) and in_order:
            fitting.append((node, names, wanted))
    if len(fitting) != 1:
        return None
    node, _names, wanted = fitting[0]
    new = _written(node, wanted, source(project, path).text)
    said = f"the rows have {values} values, and these are the parameters of {function.name} that nothing else provides"
    return _made(path, node, new, function, said, project)


def _other_name(path: str, function: FunctionNode, wrong: str, project: Project) -> Candidate | None:
    """A name the test does not have: the one parameter that nothing provides, when it is close."""
    free = _free(function, project)
    marks = [(node, names) for node, names in _marks(function) if wrong in names]
    found = meant(wrong, free)
    if len(marks) != 1 or found is None or len(free) != 1:
        return None
    node, names = marks[0]
    wanted = [found.name if name == wrong else name for name in names]
    said = f"`{found.name}` is the one parameter of {function.name} that nothing provides"
    return _made(path, node, _written(node, wanted, source(project, path).text), function, said, project)


def _written(node: ast.expr, names: list[str], text: str) -> str:
    """The names in the form they had: one string, or a list or tuple of strings."""
    line = text.splitlines()[node.lineno - 1].encode()[node.col_offset :].decode()
    quote = "'" if "'" in line.partition(",")[0] else '"'
    if isinstance(node, ast.Constant):
        separator = ", " if ", " in str(node.value) or "," not in str(node.value) else ","
        return f"{quote}{separator.join(names)}{quote}"
    inside = ", ".join(f"{quote}{name}{quote}" for name in names)
    return f"[{inside}]" if isinstance(node, ast.List) else f"({inside})"


def _made(path: str, node: ast.expr, new: str, function: FunctionNode, said: str, project: Project) -> Candidate | None:
    end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
    edit = replace(source(project, path), (node.lineno, node.col_offset), end, new)
    title = f"give {function.name} the parametrized names {new} in {path}"
    return candidate(NAME, title, [edit], project, confidence=0.88, evidence=[said])
