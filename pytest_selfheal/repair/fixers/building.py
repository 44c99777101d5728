"""What fixers share: reading a failure, and making a candidate from edits.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

from pytest_selfheal.errors import PatchError
from pytest_selfheal.model import Candidate
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Origin
from pytest_selfheal.repair.fixers.naming import SURE
from pytest_selfheal.repair.patch import apply_patch
from pytest_selfheal.repair.patch import edits_between
from pytest_selfheal.repair.patch import patch_id
from pytest_selfheal.repair.patch import patch_of
from pytest_selfheal.repair.patch import source_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from pytest_selfheal.model import Edit
    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import Frame
    from pytest_selfheal.repair.patch import Source
    from pytest_selfheal.repair.project import Project

SUGGEST = 0.72
"""Inside the band that shows a fix but does not write it: one reading is likely, another is possible."""

_LED_TO = frozenset({"self", "cause", "group"})


def links(failure: Failure) -> tuple[ErrorLink, ...]:
    """Return the errors that led to the failure, outermost first, without those that had been handled already."""
    chain = failure.chain or (ErrorLink(failure.error_type, message=failure.error_message),)
    return tuple(link for link in chain if link.relation in _LED_TO)


def first_answer(
    failure: Failure, project: Project, answers: Sequence[Callable[[ErrorLink, Project], Candidate | None]]
) -> list[Candidate]:
    """Return the first candidate that one of `answers` has for an error of the failure, as a list; empty for none.

    A file that is not what it was read as counts as no answer.
    """
    for link in links(failure):
        for answer in answers:
            try:
                found = answer(link, project)
            except PatchError:
                found = None
            if found is not None:
                return [found]
    return []


def kind(link: ErrorLink) -> str:
    """Return the class name of an error without its module."""
    return link.type_name.rpartition(".")[2]


def first_line(link: ErrorLink) -> str:
    """Return the first line of an error's message."""
    return link.message.strip().partition("\n")[0]


def places(link: ErrorLink, project: Project) -> Iterator[tuple[str, int]]:
    """Yield (file, line) of the project's own frames, innermost first; lines are where they are in the files now."""
    for frame in reversed(link.frames):
        path = project.relative(frame.path) if frame.in_app else ""
        if path:
            yield path, _line_now(frame, path, project)


def _line_now(frame: Frame, path: str, project: Project) -> int:
    """Find the line a frame was at: another fix of the same run may have moved it."""
    if not frame.source:
        return frame.lineno
    try:
        lines = source(project, path).text.splitlines()
    except PatchError:
        return frame.lineno
    same = [number for number, line in enumerate(lines, 1) if " ".join(line.split()) == frame.source]
    return min(same, key=lambda number: abs(number - frame.lineno), default=frame.lineno)


def place(link: ErrorLink, project: Project) -> tuple[str, int] | None:
    """Return the innermost of the project's own frames."""
    return next(places(link, project), None)


def source(project: Project, path: str) -> Source:
    """Return a project file as it was read.

    Raises:
        PatchError: it cannot be decoded.
    """
    return source_of(path, project.data(path))


def with_text(project: Project, path: str, text: str) -> tuple[Edit, ...]:
    """Return the edits that give a file another text; its encoding and byte order mark stay.

    Raises:
        PatchError: the text does not fit the file's encoding.
    """
    old = source(project, path)
    mark = old.data[: len(old.data) - len(old.data.removeprefix(b"\xef\xbb\xbf"))]
    try:
        return edits_between(path, old.data, mark + text.encode(old.encoding))
    except UnicodeEncodeError as error:
        raise PatchError(f"the new text does not fit its encoding ({error})", where=path, todo="edit by hand") from None


def candidate(
    fixer: str,
    title: str,
    edits: Iterable[Edit],
    project: Project,
    *,
    confidence: float,
    evidence: Iterable[str],
    error_class: ErrorClass = ErrorClass.API,
) -> Candidate | None:
    """Make a candidate; None when the edits are empty, do not fit each other, or leave a file that does not compile."""
    try:
        patch = patch_of(set(edits), project.read)
        results = apply_patch(patch, project.read)
    except PatchError:
        return None
    if not patch.edits or not all(compiles(data) for data in results.values()):
        return None
    return Candidate(
        id=patch_id(patch),
        fixer=fixer,
        origin=Origin.BUILTIN,
        title=title,
        patch=patch,
        confidence=round(confidence, 4),
        error_class=error_class,
        learned=confidence >= SURE and error_class is ErrorClass.API,
        evidence=tuple(evidence),
    )


def compiles(data: bytes | str) -> bool:
    """Tell whether a text compiles; nothing is run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(data, "<fix>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
            return False
    return True


def parsed(text: str) -> ast.Module | None:
    """Return the tree of a text that compiles, else None."""
    if not compiles(text):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)
