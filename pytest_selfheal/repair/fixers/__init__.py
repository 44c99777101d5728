"""Built-in fixers: functions from a failure and the project to candidates.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_selfheal.repair.fixers import missing_import
from pytest_selfheal.repair.fixers import swallowed_name

if TYPE_CHECKING:
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.project import Project

Fixer = Callable[["Failure", "Project"], "list[Candidate]"]

FIXERS: tuple[Fixer, ...] = (missing_import.propose, swallowed_name.propose)
"""Every built-in fixer, most trusted first."""


def propose(failure: Failure, project: Project) -> list[Candidate]:
    """Return the candidates of all fixers for one failure, most confident first; nothing is written.

    Two fixers with the same patch count once. Safe to call again: the answer depends on the files only.
    """
    found: dict[str, Candidate] = {}
    for fixer in FIXERS:
        for candidate in fixer(failure, project):
            kept = found.get(candidate.id)
            if kept is None or kept.confidence < candidate.confidence:
                found[candidate.id] = candidate
    return sorted(found.values(), key=lambda candidate: (-candidate.confidence, candidate.id))
