"""From red to green: which edit healed a test, whether that can be shown again, and what it teaches.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Protocol

from pytest_selfheal.errors import PatchError
from pytest_selfheal.learn.forms import Code
from pytest_selfheal.learn.lessons import learn
from pytest_selfheal.learn.message import read_message
from pytest_selfheal.learn.notation import pattern_of
from pytest_selfheal.learn.replaying import Place
from pytest_selfheal.learn.replaying import replay
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import Evidence
from pytest_selfheal.model import Example
from pytest_selfheal.model import stable_id
from pytest_selfheal.repair.dotted_names import DottedNames
from pytest_selfheal.repair.patch import edits_between
from pytest_selfheal.repair.patch import patch_of
from pytest_selfheal.repair.patch import source_of
from pytest_selfheal.repair.patch import unified_diff
from pytest_selfheal.repair.project import is_foreign
from pytest_selfheal.repair.project import kind_of
from pytest_selfheal.safety.redact import process_redactor

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from pytest_selfheal.learn.lessons import Lesson
    from pytest_selfheal.learn.message import Message
    from pytest_selfheal.model import Frame
    from pytest_selfheal.model import LearnedPattern
    from pytest_selfheal.model import Validation
    from pytest_selfheal.repair.project import Project
    from pytest_selfheal.repair.validate import RunResult

_MOST_FILES = 20
_MOST_LINES = 200
_MOST_TESTS = 3
_MOST_DIFF = 4000
_NEVER = frozenset({"conftest.py", "setup.py"})


class Trial(Protocol):
    """Where tests are run with other texts laid over the sources."""

    @property
    def project(self) -> Project:
        """The project as it is on disk."""

    def try_out(self, files: Mapping[str, bytes], nodeids: Sequence[str]) -> tuple[Validation, RunResult]:
        """Run tests with texts (relative path to bytes) in the place of what is on disk; nothing is written."""


@dataclass(frozen=True)
class Case:
    """An edit that turned tests from red to green.

    Attributes:
        error_type: of the red run.
        error_message: of the red run.
        frames: the project's own, outermost first.
        nodeids: the tests.
        files: path to the bytes before and after, of every file that changed.
        by: whose edit it is: `person`, or `accepted` for a suggestion that a person took.
        at: when it was green, UTC, ISO 8601.
    """

    error_type: str
    error_message: str
    frames: tuple[Frame, ...]
    nodeids: tuple[str, ...]
    files: Mapping[str, tuple[bytes, bytes]]
    by: str = "person"
    at: str = ""


@dataclass
class Taught:
    """What a case taught: patterns, or why there is nothing to learn."""

    patterns: list[LearnedPattern] = field(default_factory=list)
    reason: str = ""


def teach(case: Case, trial: Trial) -> Taught:
    """Learn from a case what can be shown again: red with the old text, green with the lesson replayed on it.

    Runs the tests two to four times in child processes; writes nothing.
    """
    message = read_message(case.error_type, case.error_message.strip())
    drafts = _drafts(case, message, trial.project)
    if not drafts:
        return Taught(reason="the edit has nothing to do with the error, or cannot be carried elsewhere")
    nodeids = case.nodeids[:_MOST_TESTS]
    old = {draft.path: draft.before for draft in drafts}
    if not _is_red(trial.try_out(old, nodeids)[1], nodeids, message):
        return Taught(reason="the tests do not fail the same way with the old text: something else made them pass")
    drafts = [draft for draft in drafts if draft.replayed != draft.before]
    if not drafts:
        return Taught(reason="the edit cannot be repeated by what it seems to teach")
    enough = _enough(drafts, old, nodeids, trial)
    if not enough:
        return Taught(reason="what the edit seems to teach does not heal the tests by itself")
    return Taught([_pattern(draft, case) for draft in enough])


@dataclass(frozen=True)
class _Draft:
    """What one file of a case teaches, and the old text of the file with that replayed on it."""

    path: str
    before: bytes
    after: bytes
    lesson: Lesson
    replayed: bytes


def _drafts(case: Case, message: Message, project: Project) -> list[_Draft]:
    in_frames = {frame.path for frame in case.frames}
    usable = [path for path in case.files if _is_usable(path)]
    ordered = sorted(usable, key=lambda path: (path not in in_frames, path))[:_MOST_FILES]
    found = []
    for path in ordered:
        lines = {frame.lineno for frame in case.frames if frame.path == path}
        draft = _draft(path, *case.files[path], message, lines, project)
        if draft is not None:
            found.append(draft)
    return found


def _is_usable(path: str) -> bool:
    name = path.rpartition("/")[2]
    return path.endswith(".py") and name not in _NEVER and not is_foreign(path) and kind_of(path) != "aside"


def _draft(
    path: str, before: bytes, after: bytes, message: Message, lines: set[int], project: Project
) -> _Draft | None:
    names = DottedNames(project)
    package = project.package_of(path)
    try:
        source = source_of(path, before)
        old, new = Code(source.text, names, package), Code(source_of(path, after).text, names, package)
    except (PatchError, SyntaxError, ValueError, RecursionError):
        return None
    changed = _changed_lines(path, before, after)
    if not changed or len(changed) > _MOST_LINES:
        return None
    lesson = learn(old, new, message, lines)
    if not lesson:
        return None
    text = _replayed(lesson, old, message, changed | lines)
    try:
        replayed = before[: len(before) - len(source.data.removeprefix(b"\xef\xbb\xbf"))] + text.encode(source.encoding)
    except UnicodeEncodeError:
        return None
    return _Draft(path, before, after, lesson, replayed)


def _changed_lines(path: str, before: bytes, after: bytes) -> set[int]:
    changed: set[int] = set()
    for edit in edits_between(path, before, after):
        first = before[: edit.start].count(b"\n") + 1
        changed.update(range(first, first + max(1, edit.old.count("\n"))))
    return changed


def _replayed(lesson: Lesson, code: Code, message: Message, lines: set[int]) -> str:
    """Repeat a lesson at every place the edit was at; from the last to the first, so that lines stay what they are."""
    for line in sorted(lines, reverse=True):
        text, count = replay(lesson, code, message, Place(line))
        if count:
            code = Code(text, code.names, code.package)
    return code.text


def _is_red(run: RunResult, nodeids: Sequence[str], message: Message) -> bool:
    """Tell whether every test failed with the error that the edit answered."""
    if not run.complete:
        return False
    for nodeid in nodeids:
        error = run.errors.get(nodeid) or run.errors.get(nodeid.partition("::")[0])
        if error is None:
            return False
        told = read_message(error.error_type, error.error_message.strip())
        if (told.type_name, told.names) != (message.type_name, message.names):
            return False
    return True


def _enough(drafts: list[_Draft], old: Mapping[str, bytes], nodeids: Sequence[str], trial: Trial) -> list[_Draft]:
    """Return the fewest drafts that heal the tests: all of them, one alone where one is enough, or none."""
    together = {**old, **{draft.path: draft.replayed for draft in drafts}}
    if not trial.try_out(together, nodeids)[0].ok:
        return []
    for draft in drafts if len(drafts) > 1 else ():
        if trial.try_out({**old, draft.path: draft.replayed}, nodeids)[0].ok:
            return [draft]
    return drafts


def _pattern(draft: _Draft, case: Case) -> LearnedPattern:
    scope = "tests" if kind_of(draft.path) == "test" else "product"
    origin = "human" if case.by == "person" else "accepted"
    made = pattern_of(draft.lesson, error_message=case.error_message.strip(), origin=origin, scope=scope)
    event = Evidence(
        id=stable_id(made.id, case.nodeids[0], draft.path, repr(draft.before), repr(draft.after))[:16],
        at=case.at,
        result="taught",
        site=draft.path,
        by="person",
    )
    example = Example(case.nodeids[0], draft.path, _diff(draft), case.at)
    return replace(made, evidence=(event,), examples=(example,), created_at=case.at)


def _diff(draft: _Draft) -> str:
    def read(_path: str) -> bytes:
        return draft.before

    patch = patch_of(edits_between(draft.path, draft.before, draft.after), read)
    return process_redactor().redact(unified_diff(patch, read))[:_MOST_DIFF]


def lesson_lines(patterns: Iterable[LearnedPattern]) -> list[str]:
    """Return a line for each new pattern: what is done, and where it came from."""
    lines = []
    for pattern in patterns:
        far = "wherever it fails" if pattern.error.error_class is ErrorClass.API else "where it fails, when accepted"
        from_where = f", learned from {pattern.examples[0].test}" if pattern.examples else ""
        lines.append(f"{pattern.title} ({far}{from_where}); selfheal patterns show {pattern.id}")
    return lines
