"""Built-in fixers: functions from a failure and the project to candidates.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_selfheal.repair.fixers import circular_import
from pytest_selfheal.repair.fixers import did_you_mean
from pytest_selfheal.repair.fixers import enum_members
from pytest_selfheal.repair.fixers import fixtures
from pytest_selfheal.repair.fixers import lint_findings
from pytest_selfheal.repair.fixers import missing_await
from pytest_selfheal.repair.fixers import missing_import
from pytest_selfheal.repair.fixers import missing_self
from pytest_selfheal.repair.fixers import moved_module
from pytest_selfheal.repair.fixers import moved_statements
from pytest_selfheal.repair.fixers import parametrize
from pytest_selfheal.repair.fixers import removed_api
from pytest_selfheal.repair.fixers import removed_words
from pytest_selfheal.repair.fixers import swallowed_name
from pytest_selfheal.repair.fixers import syntax
from pytest_selfheal.repair.fixers.naming import SURE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.project import Project

Fixer = Callable[["Failure", "Project"], "list[Candidate]"]

FIXERS: tuple[Fixer, ...] = (
    syntax.propose,
    missing_import.propose,
    removed_api.propose,
    removed_words.propose,
    moved_statements.propose,
    moved_module.propose,
    missing_self.propose,
    missing_await.propose,
    did_you_mean.propose,
    enum_members.propose,
    fixtures.propose,
    parametrize.propose,
    circular_import.propose,
    lint_findings.propose,
    swallowed_name.propose,
)
"""Every built-in fixer, most trusted first."""


def propose(failure: Failure, project: Project, more: Iterable[Fixer] = ()) -> list[Candidate]:
    """Return the candidates of all fixers, and of `more`, for one failure, most confident first; nothing is written.

    Two fixers with the same patch count once, and what one fixer is sure of leaves no room for the guesses of another.
    Safe to call again: the answer depends on the files only.
    """
    found: dict[str, Candidate] = {}
    for fixer in (*more, *FIXERS):
        for candidate in fixer(failure, project):
            kept = found.get(candidate.id)
            if kept is None or kept.confidence < candidate.confidence:
                found[candidate.id] = candidate
    certain = {item.fixer for item in found.values() if item.learned and item.specific and item.confidence >= SURE}
    if certain:
        found = {key: item for key, item in found.items() if item.fixer in certain or item.learned}
    return sorted(found.values(), key=lambda candidate: (-candidate.confidence, candidate.id))
