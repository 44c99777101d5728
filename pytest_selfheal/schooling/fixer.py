"""What was learned, as a fixer: at the failing site first, then wherever the same old form stands.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_selfheal.errors import DataError
from pytest_selfheal.errors import PatchError
from pytest_selfheal.learn.forms import Code
from pytest_selfheal.learn.message import read_message
from pytest_selfheal.learn.notation import lesson_of
from pytest_selfheal.learn.replaying import Place
from pytest_selfheal.learn.replaying import anchors
from pytest_selfheal.learn.replaying import replay
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import Origin
from pytest_selfheal.repair.dotted_names import DottedNames
from pytest_selfheal.repair.fixers.building import candidate
from pytest_selfheal.repair.fixers.building import first_line
from pytest_selfheal.repair.fixers.building import links
from pytest_selfheal.repair.fixers.building import places
from pytest_selfheal.repair.fixers.building import source
from pytest_selfheal.repair.fixers.building import with_text
from pytest_selfheal.repair.patch import apply_patch
from pytest_selfheal.repair.patch import compose
from pytest_selfheal.repair.patch import patch_id
from pytest_selfheal.repair.project import kind_of
from pytest_selfheal.schooling.book import FIXER
from pytest_selfheal.schooling.book import SWEEP
from pytest_selfheal.schooling.book import pattern_ids

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator

    from pytest_selfheal.learn.lessons import Lesson
    from pytest_selfheal.learn.message import Message
    from pytest_selfheal.learn.standing import Standing
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Edit
    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import LearnedPattern
    from pytest_selfheal.repair.project import Project

_MOST_FRAMES = 6
_MOST_CANDIDATES = 3
_MOST_SITES = 50
"""A sweep over more places than this is a migration, which a person should start."""


class PatternFixer:
    """Proposes what patterns say.

    Args:
        patterns: with their standing, those to be tried first first.
        complain: told about a pattern that cannot be read as a template.
    """

    def __init__(
        self, patterns: Iterable[tuple[LearnedPattern, Standing]], complain: Callable[[str], None] = lambda _text: None
    ) -> None:
        self._known: dict[str, tuple[LearnedPattern, Standing, Lesson]] = {}
        for pattern, standing in patterns:
            try:
                self._known[pattern.id] = (pattern, standing, lesson_of(pattern))
            except DataError as error:
                complain(f"pattern {pattern.id} is not used: {error}")

    def propose(self, failure: Failure, project: Project) -> list[Candidate]:
        """Return at most three candidates, most specific first; each edits one file at the failing site."""
        found: dict[str, Candidate] = {}
        for link in links(failure):
            message = read_message(link.type_name, first_line(link))
            spots = list(places(link, project))[:_MOST_FRAMES]
            for pattern, standing, lesson in self._known.values():
                if not lesson.message.allows(message):
                    continue
                made = self._at_site(pattern, standing, lesson, message, spots, project)
                if made is not None and project.is_changed and made.error_class is ErrorClass.API:
                    made = self._widened(made, project)
                if made is not None and len(found) < _MOST_CANDIDATES:
                    found.setdefault(made.id, made)
        return list(found.values())

    def _widened(self, made: Candidate, project: Project) -> Candidate:
        """Return a candidate for the whole project, once the error came back behind a first edit of the same kind."""
        more = self.sweep(made, project.laid_over(apply_patch(made.patch, project.read)))
        if more is None:
            return made
        patch = compose(made.patch, more.patch, project.read)
        return replace(made, id=patch_id(patch), patch=patch, title=f"{made.title}, and {more.title}")

    def sweep(self, applied: Candidate, project: Project) -> Candidate | None:
        """Return one candidate for every other place with the old form; None when there is none or too many."""
        known = next((self._known[one] for one in pattern_ids(applied.fixer) if one in self._known), None)
        if known is None or known[0].error.error_class is not ErrorClass.API:
            return None
        pattern, standing, lesson = known
        names = DottedNames(project)
        edits: list[Edit] = []
        sites = 0
        for path in self._swept(pattern, lesson, project):
            code = _code(path, project, names)
            if code is None:
                continue
            text, count = replay(lesson, code, lesson.message, None)
            if count:
                edits += with_text(project, path, text)
                sites += count
        if not edits or sites > _MOST_SITES:
            return None
        files = len({edit.path for edit in edits})
        title = (
            f"the same in {sites} other place{'s' * (sites > 1)} of {files} file{'s' * (files > 1)}: {pattern.title}"
        )
        return _candidate(pattern, standing, title, edits, project, f"{FIXER}{pattern.id}{SWEEP}")

    def _at_site(
        self,
        pattern: LearnedPattern,
        standing: Standing,
        lesson: Lesson,
        message: Message,
        spots: list[tuple[str, int]],
        project: Project,
    ) -> Candidate | None:
        names = DottedNames(project)
        for path, line in spots:
            code = _code(path, project, names) if _in_scope(path, pattern) else None
            if code is None:
                continue
            text, count = replay(lesson, code, message, Place(line))
            if count:
                title = f"{pattern.title}, in {path}"
                return _candidate(
                    pattern, standing, title, with_text(project, path, text), project, f"{FIXER}{pattern.id}"
                )
        return None

    def _swept(self, pattern: LearnedPattern, lesson: Lesson, project: Project) -> Iterator[str]:
        """Yield the files that may hold the old form: of the same kind as the example, and not the one defining it."""
        wanted = [word.encode() for word in anchors(lesson)]
        for path in project.files:
            data = project.data(path) if _in_scope(path, pattern) else b""
            if any(word in data for word in wanted) and not _defines(project.tree(path), anchors(lesson)):
                yield path


def _in_scope(path: str, pattern: LearnedPattern) -> bool:
    return (kind_of(path) == "test") == (pattern.scope == "tests")


def _defines(tree: ast.Module | None, names: set[str]) -> bool:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return tree is None or any(isinstance(node, kinds) and node.name in names for node in ast.walk(tree))


def _code(path: str, project: Project, names: DottedNames) -> Code | None:
    if project.tree(path) is None:
        return None
    try:
        return Code(source(project, path).text, names, project.package_of(path))
    except (PatchError, SyntaxError, ValueError, RecursionError):
        return None


def _candidate(
    pattern: LearnedPattern,
    standing: Standing,
    title: str,
    edits: Iterable[Edit],
    project: Project,
    fixer: str,
) -> Candidate | None:
    taught = [f"learned from {example.test} ({example.file})" for example in pattern.examples[:2]]
    counts = f"pattern {pattern.id}: {standing.successes:.1f} successes, {standing.failures:.1f} failures by weight"
    made = candidate(
        fixer,
        title,
        edits,
        project,
        confidence=standing.confidence,
        evidence=(*taught, f"{counts}; {standing.reason}"),
        error_class=pattern.error.error_class,
    )
    return replace(made, origin=Origin.LEARNED, learned=standing.learned) if made is not None else None
