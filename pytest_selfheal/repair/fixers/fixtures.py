"""A test asks for a fixture that does not exist: misspelt, or renamed where it is defined.

Only test modules change, and nothing in an assertion: where one uses the old name, the new fixture is given that name
in the test's first line.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_selfheal.errors import PatchError
from pytest_selfheal.repair.closeness import meant
from pytest_selfheal.repair.fixers.building import SUGGEST
from pytest_selfheal.repair.fixers.building import candidate
from pytest_selfheal.repair.fixers.building import links
from pytest_selfheal.repair.fixers.building import source
from pytest_selfheal.repair.patch import insert
from pytest_selfheal.repair.patch import replace
from pytest_selfheal.repair.project import kind_of
from pytest_selfheal.repair.symbols import FunctionNode
from pytest_selfheal.repair.symbols import arguments_of
from pytest_selfheal.repair.symbols import chain
from pytest_selfheal.repair.symbols import functions_of
from pytest_selfheal.repair.symbols import symbols_of
from pytest_selfheal.repair.vocabulary import used_besides

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Edit
    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.patch import Source
    from pytest_selfheal.repair.project import Project

NAME = "fixtures"

_SLIP = 0.88
_RENAMED = 0.86
_NOT_FOUND = re.compile(r"^fixture '(\w+)' not found|^\('(\w+)', <\w*Request ")
_AVAILABLE = re.compile(r"available fixtures: ([\w, ]+)")
_GIVEN = frozenset(
    {"cache", "capfd", "capfdbinary", "caplog", "capsys", "capsysbinary", "doctest_namespace", "monkeypatch"}
    | {"pytestconfig", "record_property", "record_testsuite_property", "record_xml_attribute", "recwarn", "request"}
    | {"tmp_path", "tmp_path_factory", "tmpdir", "tmpdir_factory"}
)
_CHECKS = ("assert", "raises", "warns", "approx", "fail")


@dataclass(frozen=True)
class Fixture:
    """A fixture as the sources define it."""

    name: str
    path: str
    node: FunctionNode
    is_automatic: bool


@dataclass(frozen=True)
class _Match:
    name: str
    confidence: float
    evidence: str


def propose(failure: Failure, project: Project) -> list[Candidate]:
    """Return at most one candidate, for every test module that asks for the missing fixture."""
    for link in links(failure):
        match = _NOT_FOUND.match(link.message.strip())
        path = project.relative(failure.nodeid.partition("::")[0])
        if match is None or not path:
            continue
        wrong = match[1] or match[2]
        listed = _AVAILABLE.search(link.message)
        known = {name.strip() for name in listed[1].split(",")} if listed else set(_GIVEN)
        try:
            found = _answer(wrong, path, known - {wrong}, project)
        except PatchError:
            found = None
        return [found] if found is not None else []
    return []


def _answer(wrong: str, path: str, known: set[str], project: Project) -> Candidate | None:
    fixtures = fixtures_of(project)
    visible = {item.name: item for item in fixtures if _sees(path, item)}
    askers = list(_askers(wrong, fixtures, project))
    if not any(asker == path for asker, _function in askers):
        return None
    match = _misspelt(wrong, known | visible.keys(), project) or _moved_on(wrong, visible, askers, project)
    if match is None:
        return None
    askers = [item for item in askers if _reaches(match.name, item[0], fixtures)]
    edits: list[Edit] = []
    for file, function in askers:
        edits += _renamed(source(project, file), function, wrong, match.name)
    files = ", ".join(dict.fromkeys(edit.path for edit in edits))
    title = f"ask for the fixture `{match.name}` instead of `{wrong}` in {files}"
    return candidate(NAME, title, edits, project, confidence=match.confidence, evidence=[match.evidence])


def fixtures_of(project: Project) -> list[Fixture]:
    """Return every fixture the project's test code defines."""
    return project.remember("fixtures", lambda: list(_defined(project)))


def _defined(project: Project) -> Iterator[Fixture]:
    for path in project.files:
        tree = project.tree(path) if b"fixture" in project.data(path) else None
        for _owner, function in functions_of(tree) if tree is not None else ():
            for mark in function.decorator_list:
                call = mark if isinstance(mark, ast.Call) else None
                if chain(call.func if call else mark).rpartition(".")[2] != "fixture":
                    continue
                options = {item.arg: item.value for item in call.keywords} if call else {}
                named, auto = options.get("name"), options.get("autouse")
                name = named.value if isinstance(named, ast.Constant) else function.name
                yield Fixture(str(name), path, function, isinstance(auto, ast.Constant) and bool(auto.value))


def _sees(path: str, fixture: Fixture) -> bool:
    """Tell whether a test module gets a fixture: from itself, or a conftest of its folder or one above."""
    if fixture.path == path:
        return True
    folder, _, name = fixture.path.rpartition("/")
    return name == "conftest.py" and (not folder or path.startswith(f"{folder}/"))


def _reaches(name: str, path: str, fixtures: list[Fixture]) -> bool:
    own = [item for item in fixtures if item.name == name]
    return not own or any(_sees(path, item) for item in own)


def _askers(wrong: str, fixtures: list[Fixture], project: Project) -> Iterator[tuple[str, FunctionNode]]:
    """The tests and fixtures of test modules that ask for a fixture nobody gives them."""
    for path, _facts in project.mentioning(wrong, (file for file in project.files if kind_of(file) == "test")):
        tree = project.tree(path)
        if (
            tree is None
            or path.endswith("conftest.py")
            or any(_sees(path, item) for item in fixtures if item.name == wrong)
        ):
            continue
        for _owner, function in functions_of(tree):
            asks = any(argument.arg == wrong for argument in arguments_of(function))
            tested = function.name.startswith("test") or any(item.node is function for item in fixtures)
            if asks and tested and wrong not in parametrized(function):
                yield path, function


def parametrized(function: FunctionNode) -> set[str]:
    """Return the argument names that `parametrize` marks give a test."""
    names: set[str] = set()
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and chain(mark.func).endswith("parametrize") and mark.args:
            for part in ast.walk(mark.args[0]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    names.update(name.strip() for name in part.value.split(","))
    return names


def _misspelt(wrong: str, known: set[str], project: Project) -> _Match | None:
    found = meant(wrong, known, used_besides(wrong, project))
    if found is None or not found.sure:
        return None
    return _Match(found.name, _SLIP, f"`{found.name}` is the one close fixture the test can see")


def _moved_on(
    wrong: str, visible: dict[str, Fixture], askers: list[tuple[str, FunctionNode]], project: Project
) -> _Match | None:
    """The one fixture that no one asks for, if it can do what the tests want of the missing one."""
    asked = _asked_for(project)
    unused = [item for item in visible.values() if item.name not in asked and not item.is_automatic]
    if len(unused) != 1:
        return None
    (fixture,) = unused
    reads = {read for _path, function in askers for read in _reads(function, wrong)}
    gives = _attributes(fixture, project)
    if gives is not None and not reads <= gives:
        return None
    tree_text = source(project, fixture.path).text.splitlines()
    said = "\n".join(tree_text[max(0, fixture.node.lineno - 3) : fixture.node.end_lineno])
    told = re.search(rf"\b{re.escape(wrong)}\b", said) is not None
    used = all(_is_worked_with(function, wrong) for _path, function in askers)
    sure = told or (used and (bool(reads) or gives is not None))
    why = "and its own text names the old one" if told else "and the tests use it the way they used the old one"
    return _Match(fixture.name, _RENAMED if sure else SUGGEST, f"`{fixture.name}` is asked for by nobody, {why}")


def _asked_for(project: Project) -> set[str]:
    names: set[str] = set()
    for path in project.files:
        tree = project.tree(path) if kind_of(path) == "test" else None
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.arg):
                names.add(node.arg)
            elif isinstance(node, ast.Call) and chain(node.func).rpartition(".")[2] in (
                "usefixtures",
                "getfixturevalue",
            ):
                names.update(str(part.value) for part in node.args if isinstance(part, ast.Constant))
    return names


def _reads(function: FunctionNode, name: str) -> set[str]:
    return {
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name
    }


def _is_worked_with(function: FunctionNode, name: str) -> bool:
    return any(
        isinstance(node, (ast.Attribute, ast.Subscript, ast.Call))
        and any(isinstance(part, ast.Name) and part.id == name for part in ast.iter_child_nodes(node))
        for node in ast.walk(function)
    )


def _attributes(fixture: Fixture, project: Project) -> frozenset[str] | None:
    """What the value of a fixture can do; None when that cannot be told."""
    values = [node.value for node in ast.walk(fixture.node) if isinstance(node, (ast.Return, ast.Yield)) and node.value]
    if len(values) != 1:
        return None
    value = values[0]
    if isinstance(value, ast.Name):
        made = [
            node.value
            for node in ast.walk(fixture.node)
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == value.id for t in node.targets)
        ]
        value = made[0] if len(made) == 1 else value
    if isinstance(value, ast.Call):
        facts = symbols_of(project).class_named(chain(value.func).rpartition(".")[2])
        return facts.names if facts is not None and facts.complete else None
    literals = ((ast.Dict, dict), (ast.List, list), (ast.Set, set), (ast.JoinedStr, str))
    return next((frozenset(dir(kind)) for node, kind in literals if isinstance(value, node)), None)


def _renamed(text: Source, function: FunctionNode, old: str, new: str) -> list[Edit]:
    """The edits of one test: its parameter, and its uses - or one line that keeps the old name for assertions."""
    if any(argument.arg == new for argument in arguments_of(function)):
        return []
    argument = next(item for item in arguments_of(function) if item.arg == old)
    start = (argument.lineno, argument.col_offset)
    edits = [replace(text, start, (start[0], start[1] + len(old.encode())), new)]
    uses = [part for item in function.body for part in ast.walk(item) if isinstance(part, ast.Name) and part.id == old]
    if not uses:
        return edits
    bodies = [part for item in function.body for part in ast.walk(item)]
    nested = any(isinstance(part, ast.arg) and part.arg in (old, new) for part in bodies)
    taken = any(isinstance(part, ast.Name) and part.id == new for part in bodies)
    if not (_is_checked(function, old) or nested or taken):
        for use in uses:
            at = (use.lineno, use.col_offset)
            edits.append(replace(text, at, (at[0], at[1] + len(old.encode())), new))
        return edits
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(function.body) > 1:
        first = function.body[1]
    if first.lineno == function.lineno:
        return []
    margin = " " * first.col_offset
    edits.append(insert(text, (first.lineno, first.col_offset), f"{old} = {new}{text.newline}{margin}"))
    return edits


def _is_checked(function: FunctionNode, name: str) -> bool:
    """Tell whether anything that decides over pass and fail uses the name."""
    for node in ast.walk(function):
        called = chain(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
        decides = isinstance(node, (ast.Assert, ast.Raise)) or called.startswith(_CHECKS)
        if decides and any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node)):
            return True
    return False
