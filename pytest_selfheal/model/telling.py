"""What a run's end has to tell people.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_selfheal.model.asking import Usage
from pytest_selfheal.model.judging import Health
from pytest_selfheal.model.records import FailureRecord
from pytest_selfheal.model.records import GeneratedTest
from pytest_selfheal.model.records import ReviewEntry
from pytest_selfheal.model.repairing import Applied
from pytest_selfheal.model.repairing import Fix
from pytest_selfheal.model.runs import RunRecord
from pytest_selfheal.model.value import Value


@dataclass(frozen=True)
class Deed(Value):
    """An applied fix as it is reported: the fix, how to undo it, the tests it turned green, its diff."""

    fix: Fix
    applied: Applied
    nodeids: tuple[str, ...]
    diff: str


@dataclass(frozen=True)
class RunSummary(Value):
    """Everything a run's end did, and its health. `notices` are what went wrong in the plugin itself.

    `asked` is what a model was asked in this run, None when no model may be.
    """

    run: RunRecord
    healed: tuple[FailureRecord, ...]
    fixed: tuple[Deed, ...]
    queued: tuple[ReviewEntry, ...]
    generated: tuple[GeneratedTest, ...]
    health: Health
    notices: tuple[str, ...] = ()
    all_fixed: bool = False
    asked: Usage | None = None
