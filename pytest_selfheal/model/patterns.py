"""What was learned from people's edits, as it stands in `patterns.json`: readable, and writable by hand.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

from pytest_selfheal.model.observing import Frame
from pytest_selfheal.model.value import Value
from pytest_selfheal.model.words import ErrorClass


@dataclass(frozen=True)
class Shape(Value):
    """Code before and after, with holes: `$A` an expression, `*$ARGS` and `**$KW` any arguments.

    Attributes:
        before: what must stand there.
        after: what comes instead; its holes are among those of `before`.
        form: `expression`, `statement` or `statements`.
        names: the dotted names in both texts that imports bind (`pandas.concat`, whatever a file calls it).
        unless_keywords: keywords that must not be given already, because the edit adds them.
    """

    before: str
    after: str
    form: str = "expression"
    names: tuple[str, ...] = ()
    unless_keywords: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change(Shape):
    """One place of an edit: its smallest shape, and the same within more of its surroundings, widest first."""

    within: tuple[Shape, ...] = ()


@dataclass(frozen=True)
class ErrorFacts(Value):
    """The error a pattern answers: its type without module, and the names its message speaks of.

    `missing` is the dotted name that is not there, `receiver` the class that lacks or cannot do something, `callee`
    the function whose call does not fit; empty where the message names none. `message` is an example.
    """

    error_class: ErrorClass
    type: str
    names: tuple[str, ...] = ()
    missing: str = ""
    receiver: str = ""
    callee: str = ""
    message: str = ""


@dataclass(frozen=True)
class Evidence(Value):
    """One thing that happened to a pattern; the id makes that it counts once, however often stores are merged.

    `result` is `taught` (a person's edit, validated again), `success`, `swept` (the rest of the project, part
    of the use before it), `failure`, `rejected` or `reverted`; `by` is `run` or `person`; `site` is the file; `fix` the
    id of the applied fix, which `undo` names.
    """

    id: str
    at: str
    result: str
    site: str = ""
    by: str = "run"
    fix: str = ""


@dataclass(frozen=True)
class Example(Value):
    """Where a pattern was learned: the test that went from red to green, the file, and the edit as a diff."""

    test: str
    file: str
    diff: str
    at: str = ""


@dataclass(frozen=True)
class LearnedPattern(Value):
    """A way to answer a class of errors that was learned from edits.

    Attributes:
        id: derived from the error and the edit, so that two people who teach the same make one pattern.
        title: the edit in a line.
        error: what it answers.
        origin: `human`, `accepted` (a suggestion a person took), `merged` (of several) or `imported`.
        edits: the places of the edit.
        renames: dotted names that became others wherever they stand.
        imports: how the example imported the names the edit needs: dotted name to local name.
        scope: `product`, or `tests` when it was learned in a test file and stays there.
        status: `active`, `suggest` (never acts alone) or `retired` (not used); set by hand or by events.
        evidence: everything that happened to it, oldest first.
        examples: where it comes from.
        parents: ids of more general patterns made of this one and others.
        created_at: UTC, ISO 8601.
    """

    id: str
    title: str
    error: ErrorFacts
    origin: str = "human"
    edits: tuple[Change, ...] = ()
    renames: dict[str, str] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    scope: str = "product"
    status: str = "active"
    evidence: tuple[Evidence, ...] = ()
    examples: tuple[Example, ...] = ()
    parents: tuple[str, ...] = ()
    created_at: str = ""


@dataclass(frozen=True)
class OpenFailure(Value):
    """A test that failed in the last run that ran it, with the sources it failed on; it waits for being green again.

    `frames` are the project's own, outermost first; `sources` is the SHA-256 of the list of the kept files.
    """

    nodeid: str
    error_type: str
    error_message: str
    signature: str
    run_id: str
    created_at: str
    sources: str
    frames: tuple[Frame, ...] = ()
