"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import pytest_selfheal

PACKAGE = Path(pytest_selfheal.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
SERVER = PACKAGE / "web"  # loaded by `selfheal serve` alone, as a whole
# Loaded before anybody asked for self-healing; whatever they import, everybody pays for.
ALWAYS_LOADED = ("__init__.py", "plugin/__init__.py", "hookspecs.py")
HEAVY = {
    "asyncio",
    "concurrent",
    "http",
    "multiprocessing",
    "secrets",
    "sqlite3",
    "ssl",
    "statistics",
    "tomllib",
    "unittest",
    "urllib",
}


def _name(path):
    parts = ["pytest_selfheal", *path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports_at_load(path):
    """Modules imported when the file is loaded: not in functions, not for type checkers."""
    waiting = list(ast.parse(path.read_text("utf-8")).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            waiting += [
                child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt | ast.ExceptHandler)
            ]


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_fits_on_a_few_screens(path):
    """At most 400 lines; a bigger one has a second room inside."""
    assert len(path.read_text("utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_pytest_need_not_rewrite_our_modules(path):
    """Without the mark pytest rewrites every module of a plugin, in every process whose bytecode cannot be kept."""
    assert "PYTEST_DONT_REWRITE" in (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "")


@pytest.mark.parametrize("path", [path for path in MODULES if SERVER not in path.parents], ids=_name)
def test_heavy_modules_are_imported_where_they_are_used(path):
    """Nothing that pytest itself has not loaded is imported when one of our modules is; nor is our server."""
    assert not any(name.startswith("pytest_selfheal.web") for name in _imports_at_load(path))
    assert HEAVY.isdisjoint(name.partition(".")[0] for name in _imports_at_load(path))


@pytest.mark.parametrize("name", ALWAYS_LOADED)
def test_what_everybody_loads_is_next_to_nothing(name):
    """The entry point imports pytest and tiny parts of the standard library."""
    assert set(_imports_at_load(PACKAGE / name)) <= {
        "__future__",
        "__future__.annotations",
        "argparse",
        "os",
        "pytest",
        "sys",
    } | {
        "typing",
        "typing.TYPE_CHECKING",
        "typing.Any",
    }


def test_no_module_imports_itself_through_others():
    """Import cycles at run time make the order of imports matter."""
    names = {_name(path): path for path in MODULES}
    graph = {
        name: {other for other in _imports_at_load(path) if other in names and other != name}
        for name, path in names.items()
    }
    done: set[str] = set()

    def visit(name, trail):
        assert name not in trail, " -> ".join([*trail, name])
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, [*trail, name])
            done.add(name)

    for name in graph:
        visit(name, [])


def test_no_room_is_called_by_an_empty_word():
    """Names say what lives there."""
    empty = re.compile(r"(utils?|helpers?|manager|misc|common|stuff|base)$")
    assert [path.stem for path in MODULES if empty.search(path.stem)] == []
