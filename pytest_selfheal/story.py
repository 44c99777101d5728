"""What the end of a run works with and what it leaves: the run, its groups of failures, the workshop, the story.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Protocol

from pytest_selfheal.model import Category
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import ReviewEntry

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Sequence

    from pytest_selfheal.model import Applied
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Deed
    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import Fix
    from pytest_selfheal.model import GeneratedTest
    from pytest_selfheal.model import Observation
    from pytest_selfheal.model import Patch
    from pytest_selfheal.model import Proof
    from pytest_selfheal.model import Record
    from pytest_selfheal.store.protocol import Store

_VERDICTS = frozenset({"AssertionError", "Failed", "XPassed"})
"""What tests raise themselves when a value is not the one they want."""


_OUTSIDE = frozenset({Category.TRANSIENT, Category.RATE_LIMIT, Category.TIMEOUT, Category.ENVIRONMENT})
_HEALING_RUNS = 20
_MOST_READ = 5000


class Workshop(Protocol):
    """Where repairs are made; the only part of a run's end that starts processes and writes sources."""

    def propose(self, failure: Failure) -> list[Candidate]:
        """Return candidates for a failure, best first; cheap, nothing is run."""

    def prove(
        self,
        failure: Failure,
        candidates: Sequence[Candidate],
        nodeids: Sequence[str],
        known_failures: frozenset[str],
        *,
        unsteady: bool = False,
    ) -> Proof:
        """Try candidates in child processes with nothing on disk changed; `unsteady` tests several times."""

    def apply(
        self, fix: Fix, nodeids: Sequence[str], known_failures: frozenset[str], also: Sequence[str] = ()
    ) -> Applied:
        """Journal, write, run the tests and `also` again; everything is restored when that fails."""

    def sweep(self, fix: Fix) -> Fix | None:
        """Return a learned fix for the rest of the project, once it is applied at its own site."""

    def tests_of(self, patch: Patch) -> list[str]:
        """Return the test files that import what a patch edits."""

    def mends(self, fix: Fix, nodeids: Sequence[str]) -> bool:
        """Tell whether other failing tests pass with a fix as well; nothing on disk is changed."""

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
    lucky: frozenset[str] = frozenset()
    """Tests that passed in a child without any change: no fix is credited with their green."""
    stuck: bool | None = None
    """Whether no fix of its own may be written; None when that is not known yet."""

    @property
    def nodeids(self) -> tuple[str, ...]:
        """The tests that failed so, each once, in the order they did."""
        return tuple(dict.fromkeys(record.nodeid for record in self.records))

    @property
    def is_lucky(self) -> bool:
        """Whether no fix is left because tests passed without any change."""
        return bool(self.lucky) and not self.proved

    @property
    def files(self) -> frozenset[str]:
        """The files of the project that the error was raised in: the innermost frame of each exception.

        An assertion names no file: it says that something somewhere is wrong, not that this file still has to change.
        Neither does what a service or the network did.
        """
        outside = self.records[0].failure_category in _OUTSIDE
        if outside or self.hands_off or self.failure.error_type.rpartition(".")[2] in _VERDICTS:
            return frozenset()
        own = [[frame.path for frame in link.frames if frame.in_app] for link in self.failure.chain]
        return frozenset(paths[-1] for paths in own if paths)

    def entry(
        self,
        kind: str,
        reason: str,
        candidates: tuple[Candidate, ...],
        notes: tuple[str, ...],
        *,
        run_id: str,
        now: str,
        known: ReviewEntry | None,
    ) -> ReviewEntry:
        """Return the open entry of the review queue for this error; `known` is the one it had before."""
        first = self.records[0]
        return ReviewEntry(
            id=first.signature,
            updated_at=now,
            run_id=run_id,
            entry=kind,
            status="open",
            signature=first.signature,
            failure_category=first.failure_category,
            error_type=first.error_type,
            error_message=first.error_message,
            nodeids=self.nodeids,
            reason=reason,
            candidates=candidates,
            notes=notes,
            stack_trace=first.stack_trace,
            created_at=known.created_at if known is not None else now,
        )


def grouped(
    standing: Iterable[tuple[Observation, FailureRecord]], propose: Callable[[Group], list[Candidate]]
) -> list[Group]:
    """Return failures grouped by what would answer them, those with candidates and many tests first.

    Args:
        standing: failures that were not healed.
        propose: returns the candidates for a group.
    """
    by_signature: dict[str, Group] = {}
    for observation, record in standing:
        group = by_signature.get(record.signature)
        if group is None:
            group = by_signature[record.signature] = Group(observation.failure, [], [], stopped=observation.stopped)
        group.records.append(record)
        group.hands_off = group.hands_off or observation.is_regression or observation.hands_off
    merged: dict[str, Group] = {}
    for signature, group in by_signature.items():
        group.candidates = propose(group)
        specific = [candidate for candidate in group.candidates if candidate.specific]
        key = specific[0].id if specific else signature
        if key in merged:
            merged[key].records.extend(group.records)
        else:
            merged[key] = group
    return sorted(merged.values(), key=lambda group: (not group.candidates, -len(group.records)))


def seen_flaky(store: Store) -> frozenset[str]:
    """Return the tests that were seen to fail and pass with the same code in the newest runs in which any did."""
    healing = [run for run in store.runs() if run.healed][:_HEALING_RUNS]
    found: set[str] = set()
    if healing:  # most stores have few such runs, and a large one is not to be read whole
        ids, since = {run.id for run in healing}, min(run.started_at for run in healing)
        records = store.failures(since=since, limit=_MOST_READ)
        found = {one.nodeid for one in records if one.run_id in ids and one.outcome is Outcome.HEALED}
    lucky = (event.nodeids for event in store.events(limit=_MOST_READ) if event.action == "flaky")
    return frozenset(found.union(*lucky))
