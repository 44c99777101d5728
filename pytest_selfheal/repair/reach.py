"""Which files of a project a file reaches by its imports, and which tests reach a file.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.repair.project import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_selfheal.repair.project import Project


def reached(project: Project, paths: Iterable[str], most: int) -> list[str]:
    """Return the project files among `paths` and those they import, nearest first, at most `most` of them."""
    found = [path for path in dict.fromkeys(paths) if project.holds(path)][:most]
    seen = set(found)
    for path in found:  # grows while it is walked: breadth first
        for other in imported(project, path):
            if len(found) >= most:
                return found
            if other not in seen:
                seen.add(other)
                found.append(other)
    return found


def affected_tests(project: Project, paths: Iterable[str], most: int) -> list[str]:
    """Return the test files that import one of `paths`, over whatever steps, nearest first, at most `most` of them."""
    importers = project.remember("importers", lambda: _importers(project))
    waiting = list(dict.fromkeys(paths))
    seen = set(waiting)
    found: list[str] = []
    for path in waiting:  # grows while it is walked
        if kind_of(path) == "test" and _holds_tests(path):
            found.append(path)
            if len(found) >= most:
                break
        for other in importers.get(path, ()):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return found


def imported(project: Project, path: str) -> list[str]:
    """Return the project files that a file imports itself, each once."""
    facts = project.facts(path)
    if facts is None:
        return []
    package = project.package_of(path)
    found: dict[str, None] = {}
    for fact in facts.imports:
        form = fact.form.absolute(package)
        if form is None:
            continue
        for name in (f"{form.module}.{form.name}" if form.name else form.module, form.module):
            file = project.modules.get(name)
            if file and file != path:
                found[file] = None
    return list(found)


def _importers(project: Project) -> dict[str, list[str]]:
    importers: dict[str, list[str]] = {}
    for path in project.files:
        for other in imported(project, path):
            importers.setdefault(other, []).append(path)
    return importers


def _holds_tests(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name != "conftest.py" and (name.startswith("test") or name.endswith("_test.py"))
