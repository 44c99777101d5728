"""Learning from git: a commit whose old text makes tests of today fail, and whose new text heals them.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_selfheal.errors import UsageError
from pytest_selfheal.repair.project import kind_of
from pytest_selfheal.repair.reach import affected_tests
from pytest_selfheal.repair.rounds import failure_from
from pytest_selfheal.revision import commits_since
from pytest_selfheal.revision import describe
from pytest_selfheal.revision import file_at
from pytest_selfheal.revision import files_of
from pytest_selfheal.schooling.greens import Case
from pytest_selfheal.schooling.greens import Taught
from pytest_selfheal.schooling.greens import Trial
from pytest_selfheal.schooling.greens import teach
from pytest_selfheal.schooling.watching import told

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_selfheal.repair.project import Project
    from pytest_selfheal.repair.validate import RunResult

MOST_COMMITS = 50
_MOST_TEST_FILES = 20
_MOST_ERRORS = 3


@dataclass(frozen=True)
class Commit:
    """A commit to learn from: its full name, the beginning of it, and the first line of its message."""

    name: str
    short: str
    subject: str


def named(root: Path, commits: Iterable[str], since: str) -> list[Commit]:
    """Return the commits named, and those after `since`, oldest first, at most `MOST_COMMITS` of these.

    Raises:
        UsageError: git knows no such revision.
    """
    names = list(commits)
    if since:
        found = commits_since(root, since, MOST_COMMITS)
        if found is None:
            raise UsageError(f"git knows no revision {since!r}", todo="name a commit, a branch or a tag")
        names += found
    listed = []
    for name in dict.fromkeys(names):
        described = describe(root, name)
        if described is None:
            raise UsageError(f"git knows no commit {name!r}", todo="`git log --oneline` lists them")
        listed.append(Commit(*described))
    return listed


def study(commit: Commit, root: Path, trial: Trial, now: str) -> Taught:
    """Learn from one commit, with the project as it is now around it.

    The files that the commit changed get the text they had before it; tests that fail then, and pass with the text of
    the commit, show what it healed. Nothing is written.
    """
    files = _edited(commit, root)
    if not files:
        return Taught(reason="it changes no Python file outside the tests that is there today")
    project = trial.project
    tests = affected_tests(project, files, _MOST_TEST_FILES)
    if not tests:
        return Taught(reason="no test imports what it changes")
    before = {path: old for path, (old, _new) in files.items()}
    after = {path: new for path, (_old, new) in files.items()}
    _validation, red = trial.try_out(before, tests)
    failing = [nodeid for nodeid in red.errors if _is_of(nodeid, tests)]
    if not failing:
        return Taught(reason="the tests of today pass with the text from before it")
    _validation, green = trial.try_out(after, tests)
    healed = [nodeid for nodeid in failing if nodeid not in green.errors]
    reasons = []
    for nodeid in healed[:_MOST_ERRORS]:
        taught = teach(_case(nodeid, red, files, project, now), trial)
        if taught.patterns:
            return taught
        reasons.append(taught.reason)
    return Taught(reason=reasons[0] if reasons else "tests fail with its text as well")


def _edited(commit: Commit, root: Path) -> dict[str, tuple[bytes, bytes]]:
    found: dict[str, tuple[bytes, bytes]] = {}
    for path in files_of(root, commit.name):
        if not path.endswith(".py") or kind_of(path) == "test" or not (root / path).is_file():
            continue
        old, new = file_at(root, f"{commit.name}^", path), file_at(root, commit.name, path)
        if old is not None and new is not None and old != new:
            found[path] = (old, new)
    return found


def _is_of(nodeid: str, tests: Iterable[str]) -> bool:
    return nodeid.partition("::")[0] in set(tests)


def _case(nodeid: str, red: RunResult, files: dict[str, tuple[bytes, bytes]], project: Project, now: str) -> Case:
    failure = failure_from(nodeid, red.errors[nodeid], project)
    link = told(failure)
    frames = tuple(frame for frame in (link.frames if link is not None else ()) if frame.in_app)
    return Case(failure.error_type, failure.error_message, frames, (nodeid,), files, at=now)
