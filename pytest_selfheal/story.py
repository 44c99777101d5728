"""What the end of a run works with and what it leaves: the run, its groups of failures, the workshop, the story.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.model import Applied
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Deed
    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import Fix
    from pytest_selfheal.model import GeneratedTest
    from pytest_selfheal.model import Patch
    from pytest_selfheal.model import Proof
    from pytest_selfheal.model import Record
    from pytest_selfheal.model import ReviewEntry


class Workshop(Protocol):
    """Where repairs are made; the only part of a run's end that starts processes and writes sources."""

    def propose(self, failure: Failure) -> list[Candidate]:
        """Return candidates for a failure, best first; cheap, nothing is run."""

    def prove(
        self, failure: Failure, candidates: Sequence[Candidate], nodeids: Sequence[str], known_failures: frozenset[str]
    ) -> Proof:
        """Try candidates in child processes with nothing on disk changed."""

    def apply(
        self, fix: Fix, nodeids: Sequence[str], known_failures: frozenset[str], also: Sequence[str] = ()
    ) -> Applied:
        """Journal, write, run the tests and `also` again; everything is restored when that fails."""

    def sweep(self, fix: Fix) -> Fix | None:
        """Return a learned fix for the rest of the project, once it is applied at its own site."""

    def tests_of(self, patch: Patch) -> list[str]:
        """Return the test files that import what a patch edits."""

    def diff(self, patch: Patch) -> str:
        """Return a unified diff for people."""

    def hints(self, failure: Failure) -> tuple[str, ...]:
        """Return what to tell of a failure that no fix of code answers, such as a dependency to declare."""

    def time_left(self) -> bool:
        """Tell whether the run's repair budget allows more work."""


@dataclass(frozen=True)
class Run:
    """Facts of the run that just ended."""

    id: str
    may_write: bool


@dataclass
class Story:
    """What a run's end did, in the order it happened."""

    fixed: list[Deed] = field(default_factory=list)
    queued: list[ReviewEntry] = field(default_factory=list)
    generated: list[GeneratedTest] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    unfixed: set[str] = field(default_factory=set)
    """Nodeids that failed and were not turned green by an applied fix."""


@dataclass
class Group:
    """Failures that one repair would answer: the same first candidate, or else the same signature."""

    failure: Failure
    records: list[FailureRecord]
    candidates: list[Candidate]
    hands_off: bool = False
    proved: bool = False
    stopped: str = ""

    @property
    def nodeids(self) -> tuple[str, ...]:
        """The tests that failed so, each once, in the order they did."""
        return tuple(dict.fromkeys(record.nodeid for record in self.records))
