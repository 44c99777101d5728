"""Everything that may explain a failure, read from the project and the store.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_selfheal.advice.veil import veiled
from pytest_selfheal.analysis.evidence import Evidence
from pytest_selfheal.analysis.evidence import Place
from pytest_selfheal.analysis.evidence import Resolved
from pytest_selfheal.analysis.similar import similar
from pytest_selfheal.errors import ConfinementError
from pytest_selfheal.errors import PatchError
from pytest_selfheal.errors import StoreError
from pytest_selfheal.repair.patch import source_of
from pytest_selfheal.safety.confine import inside

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.repair.project import Project
    from pytest_selfheal.safety.redact import Redactor
    from pytest_selfheal.store.protocol import Store

_MOST_FILES = 6
_MOST_USED = 8
_MOST_RECORDS = 2000

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def gather(failure: Failure, record: FailureRecord, project: Project, store: Store, redactor: Redactor) -> Evidence:
    """Return the evidence about a failure; only the project's own files are read, and none through a symbolic link.

    Args:
        failure: the failure, with as much of its chain as is known.
        record: how it was recorded: category and signature.
        project: the sources as they are now.
        store: for failures like this one that were repaired.
        redactor: takes secrets out of everything that was not redacted when it was recorded.
    """
    places = tuple(dict.fromkeys([*_frames(failure, project), *_test(failure, project)]))
    sources: dict[str, str] = {}
    notes: list[str] = []
    for path in list(dict.fromkeys(place.path for place in places))[:_MOST_FILES]:
        text = _read(path, project, redactor)
        if text is None:
            notes.append(f"{path} is left out: it cannot be shown without a secret in it, or not be read")
        else:
            sources[path] = text
    failure = _cleaned(failure, redactor.redact)
    return Evidence(
        failure=failure,
        category=record.failure_category.value,
        signature=record.signature,
        places=places,
        sources=sources,
        resolved=_resolved(failure, store, redactor.redact),
        notes=tuple(notes),
    )


def _read(path: str, project: Project, redactor: Redactor) -> str | None:
    try:
        inside(project.root, path)
        text = source_of(path, project.data(path)).text
    except (ConfinementError, PatchError, OSError):
        return None
    return veiled(text, redactor.redact) if text else None


def _frames(failure: Failure, project: Project) -> Iterator[Place]:
    """Yield the project's own frames, those nearest to the cause of the cause first."""
    for link in reversed(failure.chain):
        for frame in reversed(link.frames):
            path = project.relative(frame.path)
            if path and frame.lineno > 0:
                yield Place(path, frame.lineno, "frame")


def _test(failure: Failure, project: Project) -> Iterator[Place]:
    """Yield the test itself, then what it uses of the project: an assertion has no frame in the code it judges."""
    path = project.relative(failure.test_path or failure.nodeid.partition("::")[0])
    tree = project.tree(path) if path else None
    if not path or tree is None:
        return
    name = failure.nodeid.rpartition("::")[2].partition("[")[0]
    function = next((node for node in ast.walk(tree) if isinstance(node, _Function) and node.name == name), None)
    if function is None:
        yield Place(path, 1, "test")
        return
    yield Place(path, function.lineno, "test")
    found = dict.fromkeys([*_fixtures(function, path, project), *_used(function, path, project)])
    yield from list(found)[:_MOST_USED]


def _fixtures(function: _Function, path: str, project: Project) -> Iterator[Place]:
    wanted = {argument.arg for argument in function.args.args}
    folder = path.rpartition("/")[0]
    above = [folder, *(folder[:index] for index in range(len(folder) - 1, 0, -1) if folder[index] == "/"), ""]
    for file in dict.fromkeys([path, *(f"{place}/conftest.py".lstrip("/") for place in above)]):
        tree = project.tree(file) if project.holds(file) else None
        for node in tree.body if tree is not None else ():
            if isinstance(node, _Function) and node.name in wanted:
                yield Place(file, node.lineno, "used")


def _used(function: _Function, path: str, project: Project) -> Iterator[Place]:
    facts = project.facts(path)
    for root, attribute in _names(function):
        for fact in facts.imports if facts is not None else ():
            form = fact.form.absolute(project.package_of(path)) if fact.form.bound == root else None
            if form is None:
                continue
            whole = f"{form.module}.{form.name}"
            target = (whole, attribute) if whole in project.modules else (form.module, form.name or attribute)
            place = _definition(*project.origin(*target), project)
            if place is not None:
                yield place


def _names(function: _Function) -> Iterator[tuple[str, str]]:
    """Yield the names a function uses, each with the attribute taken of it, if any."""
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node.value.id, node.attr
        elif isinstance(node, ast.Name):
            yield node.id, ""


def _definition(module: str, name: str, project: Project) -> Place | None:
    path = project.modules.get(module)
    tree = project.tree(path) if path else None
    if path is None or tree is None or not name:
        return None
    for node in tree.body:
        names = [node.name] if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) else []
        if isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if name in names:
            return Place(path, node.lineno, "used")
    return None


def _cleaned(failure: Failure, redact: Callable[[str], str]) -> Failure:
    """Return the failure with each of its texts redacted by itself: together, one could hide or bare another."""
    chain = tuple(
        replace(
            link,
            message=redact(link.message),
            frames=tuple(replace(frame, source=redact(frame.source)) for frame in link.frames),
        )
        for link in failure.chain
    )
    return replace(
        failure,
        nodeid=redact(failure.nodeid),
        error_message=redact(failure.error_message),
        stack_trace=redact(failure.stack_trace),
        user_request=redact(failure.user_request),
        chain=chain,
    )


def _resolved(failure: Failure, store: Store, redact: Callable[[str], str]) -> tuple[Resolved, ...]:
    try:
        found = similar(failure, store.reviews(), store.events(), store.failures(limit=_MOST_RECORDS))
    except StoreError:
        return ()
    return tuple(
        Resolved(one.error_type, redact(one.error_message), redact(one.title), redact(one.change)) for one in found
    )
