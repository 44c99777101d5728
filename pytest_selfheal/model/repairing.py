"""From an idea for a repair to the action taken on it.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_selfheal.model.value import Value
from pytest_selfheal.model.words import ErrorClass
from pytest_selfheal.model.words import Origin


@dataclass(frozen=True)
class Edit(Value):
    """Replace the bytes `start:end` of `path` (which must read `old`) by `new`; text in the file's own encoding."""

    path: str
    start: int
    end: int
    old: str
    new: str


@dataclass(frozen=True)
class Patch(Value):
    """Edits on files inside the root directory, with the SHA-256 of each file as it was read.

    `hashes` maps the path (relative, `/`) to the hash; edits of one file must not overlap.
    """

    edits: tuple[Edit, ...]
    hashes: dict[str, str]


@dataclass(frozen=True)
class Candidate(Value):
    """An unvalidated patch: who proposes it, how sure they are and why.

    `confidence` is what the decision uses; `base_confidence` is the fixer's own, before this project's experience.
    A `specific` candidate answers the very error; another one may have to do with it, and only green tests tell.
    `if_alone` is the confidence it deserves once every other candidate for the error has been run and has failed: set
    where a fixer knows all readings there are. 0 where the tests decide nothing.
    """

    id: str
    fixer: str
    origin: Origin
    title: str
    patch: Patch
    confidence: float
    error_class: ErrorClass
    learned: bool
    evidence: tuple[str, ...] = ()
    base_confidence: float = -1.0
    specific: bool = True
    if_alone: float = 0.0

    @property
    def prior(self) -> float:
        """The fixer's own confidence (0-1), whatever experience made of it since."""
        return self.base_confidence if self.base_confidence >= 0 else self.confidence


@dataclass(frozen=True)
class Validation(Value):
    """The result of re-running tests with a candidate in place. `stage` is `screen` or `confirm`."""

    stage: str
    ok: bool
    reason: str
    passed: int = 0
    failed: tuple[str, ...] = ()
    duration_s: float = 0.0


@dataclass(frozen=True)
class Fix(Value):
    """A candidate together with the validation it survived."""

    candidate: Candidate
    validation: Validation


@dataclass(frozen=True)
class Proof(Value):
    """What validation found out about the candidates for one group of failures.

    `fixes` turned the group green, best first; `unproved` did not, or could not be tried; `notes` holds one sentence
    for each of those. `lucky` tests passed without any change as well.
    """

    fixes: tuple[Fix, ...] = ()
    unproved: tuple[Candidate, ...] = ()
    notes: tuple[str, ...] = ()
    lucky: tuple[str, ...] = ()


@dataclass(frozen=True)
class Applied(Value):
    """The result of writing a fix and running the tests again. `journal_id` is what `selfheal undo` takes.

    `now_passing` lists tests that had failed for another reason, or not been asked for, and pass with the fix.
    """

    ok: bool
    journal_id: str
    reason: str
    passed: int = 0
    now_passing: tuple[str, ...] = ()
    duration_s: float = 0.0


@dataclass(frozen=True)
class Apply(Value):
    """Write the fix: confidence, learning and context all allow it."""

    fix: Fix
    reason: str


@dataclass(frozen=True)
class Suggest(Value):
    """Put one validated fix into the review queue."""

    fix: Fix
    reason: str


@dataclass(frozen=True)
class Ask(Value):
    """Put ranked options into the review queue; a person chooses."""

    options: tuple[Candidate, ...]
    reason: str


@dataclass(frozen=True)
class Escalate(Value):
    """Nothing to offer: hand everything known to a person."""

    reason: str


Action = Apply | Suggest | Ask | Escalate
