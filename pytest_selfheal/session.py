"""The order of the river at the end of a run, and nothing else: every effect comes in as a parameter.

history -> propose and prove -> decide -> act -> regress -> commit -> health.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Protocol

from pytest_selfheal.decide import decide
from pytest_selfheal.learn import believe
from pytest_selfheal.learn import pattern_name
from pytest_selfheal.learn import pattern_result
from pytest_selfheal.model import Applied
from pytest_selfheal.model import Apply
from pytest_selfheal.model import Ask
from pytest_selfheal.model import Deed
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import Escalate
from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import Origin
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import ReviewEntry
from pytest_selfheal.model import Suggest
from pytest_selfheal.model import stable_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Sequence

    from pytest_selfheal.config import Policy
    from pytest_selfheal.decide import Context
    from pytest_selfheal.model import Action
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import Fix
    from pytest_selfheal.model import GeneratedTest
    from pytest_selfheal.model import History
    from pytest_selfheal.model import Observation
    from pytest_selfheal.model import Patch
    from pytest_selfheal.model import Pattern
    from pytest_selfheal.model import Proof
    from pytest_selfheal.model import Record
    from pytest_selfheal.store.protocol import Store


_MOST_MARKED = 20
"""Failures of one escalated error that are marked so; the entry of the queue names the others as well."""


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
class _Group:
    """Failures that one repair would answer: the same first candidate, or else the same signature."""

    failure: Failure
    records: list[FailureRecord]
    candidates: list[Candidate]
    hands_off: bool = False

    @property
    def nodeids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(record.nodeid for record in self.records))


class RunEnd:
    """Takes the failures of one run through repair, the review queue and the repetition rule.

    Args:
        run: facts of the run.
        policy: thresholds.
        context: what stands against writing code.
        store: read for history and the queue; written once by `commit`.
        workshop: makes repairs; None observes only.
        now: returns the time, UTC, ISO 8601.
        tell: called with a kind (`fixed`, `suggested`, `escalated`, `generated`, ...) and a line as things happen.
    """

    def __init__(
        self,
        run: Run,
        policy: Policy,
        context: Context,
        *,
        store: Store,
        workshop: Workshop | None,
        now: Callable[[], str],
        tell: Callable[[str, str], None],
    ) -> None:
        self._run = run
        self._policy = policy
        self._context = context
        self._store = store
        self._workshop = workshop
        self._now = now
        self._tell = tell
        self._patterns: dict[str, Pattern] = {}
        self.story = Story()

    def repair(self, pairs: Sequence[tuple[Observation, FailureRecord]]) -> None:
        """Answer every standing failure with a fix, a suggestion, options or an escalation."""
        standing = [pair for pair in pairs if pair[1].outcome is Outcome.FAILED]
        self.story.unfixed = {record.nodeid for _observation, record in standing}
        if not standing:
            return
        queue = {entry.id: entry for entry in self._store.reviews()}
        self._patterns = {pattern.pattern_name: pattern for pattern in self._store.patterns()}
        for group in self._groups(standing):
            if group.records[0].is_regression or not self.story.unfixed.intersection(group.nodeids):
                continue
            action, notes = self._decide(group)
            self._act(group, action, notes, queue)

    def _groups(self, standing: Iterable[tuple[Observation, FailureRecord]]) -> list[_Group]:
        by_signature: dict[str, _Group] = {}
        for observation, record in standing:
            group = by_signature.get(record.signature)
            if group is None:
                group = by_signature[record.signature] = _Group(observation.failure, [], [])
            group.records.append(record)
            group.hands_off = group.hands_off or observation.is_regression or observation.hands_off
        merged: dict[str, _Group] = {}
        for signature, group in by_signature.items():
            group.candidates = self._propose(group)
            specific = [candidate for candidate in group.candidates if candidate.specific]
            key = specific[0].id if specific else signature
            if key in merged:
                merged[key].records.extend(group.records)
            else:
                merged[key] = group
        return sorted(merged.values(), key=lambda group: (not group.candidates, -len(group.records)))

    def _propose(self, group: _Group) -> list[Candidate]:
        if self._workshop is None or group.hands_off:
            return []
        return [self._believe(candidate) for candidate in self._workshop.propose(group.failure)]

    def _decide(self, group: _Group) -> tuple[Action, tuple[str, ...]]:
        if self._workshop is None or not group.candidates:
            return Escalate("no fixer knows this error"), ()
        if self.story.fixed:  # the files have changed since the candidates were made
            group.candidates = self._propose(group)
        if not self._workshop.time_left():
            return Ask(tuple(group.candidates), "the repair budget of this run is spent"), ()
        proof = self._workshop.prove(group.failure, group.candidates, group.nodeids, self._others(group))
        tried = any(candidate.specific for candidate in group.candidates)
        why_none = "no candidate passed validation" if tried else "no fixer knows this error"
        action = decide(proof.fixes, proof.unproved, self._policy, self._context, why_none)
        return action, proof.notes

    def _others(self, group: _Group) -> frozenset[str]:
        return frozenset(self.story.unfixed.difference(group.nodeids))

    # ------------------------------------------------------------------------------- acting

    def _act(self, group: _Group, action: Action, notes: tuple[str, ...], queue: dict[str, ReviewEntry]) -> None:
        if isinstance(action, Apply):
            action = self._apply(group, action, queue) or action
        if isinstance(action, Suggest):
            self._queue(group, action.reason, (action.fix.candidate,), notes, queue)
        elif isinstance(action, Ask):
            self._queue(group, action.reason, action.options, notes, queue)
        elif isinstance(action, Escalate):
            self._queue(group, action.reason, (), notes, queue)

    def _apply(self, group: _Group, action: Apply, queue: dict[str, ReviewEntry]) -> Escalate | None:
        """Write the fix; return an escalation when the confirming run refused it."""
        workshop = self._workshop
        if workshop is None:
            return Escalate("nothing may be written in this mode")
        applied = self._write(group, action.fix, action.reason, workshop)
        if not applied.ok:
            return Escalate(f"a fix was tried and taken back: {applied.reason}")
        for record in group.records:
            entry = queue.get(record.signature)
            if entry is not None and entry.status == "open":
                self.story.records.append(replace(entry, status="fixed", updated_at=self._now()))
        candidate = action.fix.candidate
        if candidate.origin is Origin.LEARNED and candidate.error_class is ErrorClass.API and workshop.time_left():
            more = workshop.sweep(action.fix)  # a patch of its own, which stands or falls alone
            if more is not None:
                also = workshop.tests_of(more.candidate.patch)
                self._write(group, more, "the same old form stands there", workshop, also)
        return None

    def _write(self, group: _Group, fix: Fix, reason: str, workshop: Workshop, also: Sequence[str] = ()) -> Applied:
        candidate = fix.candidate
        diff = workshop.diff(candidate.patch)
        applied = workshop.apply(fix, group.nodeids, self._others(group), also)
        error_type = group.records[0].error_type
        self.story.records.append(pattern_result(candidate, error_type, self._run.id, self._now(), ok=applied.ok))
        detail = candidate.title if applied.ok else f"{candidate.title}: {applied.reason}"
        self._event(
            "fix",
            "ok" if applied.ok else "failed",
            group.records[0].signature,
            group.nodeids,
            detail=detail,
            ref=applied.journal_id,
            duration_s=applied.duration_s,
        )
        if applied.ok:
            self.story.fixed.append(Deed(fix, applied, group.nodeids, diff))
            self.story.unfixed.difference_update(group.nodeids, applied.now_passing)
            self._tell("fixed", f"{candidate.title} ({reason}); take back with: selfheal undo {applied.journal_id}")
        return applied

    def _queue(
        self,
        group: _Group,
        reason: str,
        candidates: tuple[Candidate, ...],
        notes: tuple[str, ...],
        queue: dict[str, ReviewEntry],
    ) -> None:
        first = group.records[0]
        kind = "escalation" if not candidates else "suggestion" if len(candidates) == 1 else "options"
        known = queue.get(first.signature)
        if known is not None and known.status == "rejected" and _ids(known.candidates) == _ids(candidates):
            return  # a person has already said no to exactly this
        entry = ReviewEntry(
            id=first.signature,
            updated_at=self._now(),
            run_id=self._run.id,
            entry=kind,
            status="open",
            signature=first.signature,
            failure_category=first.failure_category,
            error_type=first.error_type,
            error_message=first.error_message,
            nodeids=group.nodeids,
            reason=reason,
            candidates=candidates,
            notes=notes,
            stack_trace=first.stack_trace,
            created_at=known.created_at if known is not None else self._now(),
        )
        self.story.queued.append(entry)
        self.story.records.append(entry)
        action = {"escalation": "escalate", "suggestion": "suggest", "options": "ask"}[kind]
        self._event(action, "ok", first.signature, group.nodeids, detail=reason, ref=entry.id)
        if kind == "escalation":
            self.story.records.extend(
                replace(record, outcome=Outcome.ESCALATED, updated_at=self._now())
                for record in group.records[:_MOST_MARKED]
            )
        self._tell(
            {"escalation": "escalated", "suggestion": "suggested", "options": "undecided"}[kind],
            _queue_line(entry),
        )

    def _believe(self, candidate: Candidate) -> Candidate:
        """Return the candidate with what this project's own experience says about its kind.

        A learned pattern carries its experience itself.
        """
        if candidate.origin is Origin.LEARNED:
            return candidate
        seen = self._patterns.get(pattern_name(candidate))
        if seen is None:
            return candidate
        return believe(candidate, seen)

    # ------------------------------------------------------------------------------- repeating errors

    def regress(
        self,
        records: Sequence[FailureRecord],
        *,
        since: str,
        is_due: Callable[[FailureRecord, History], bool],
        write: Callable[[FailureRecord, History], GeneratedTest | str],
    ) -> None:
        """Write a regression test for every error that has repeated often enough and still stands.

        Args:
            records: this run's failures, already in the store.
            since: start of the window, UTC, ISO 8601.
            is_due: the repetition rule.
            write: writes the file; returns its record, or why it was not written.
        """
        firsts = {record.signature: record for record in reversed(records) if record.nodeid in self.story.unfixed}
        if not firsts or not self._run.may_write:
            return
        histories = self._store.history(firsts, since=since)
        for signature, record in sorted(firsts.items(), key=lambda pair: pair[1].nodeid):
            history = histories.get(signature)
            if history is None or not is_due(record, history):
                continue
            written = write(record, history)
            if isinstance(written, str):
                self._event("regression", "refused", signature, (record.nodeid,), detail=written)
                self._tell("notice", f"no regression test for {record.nodeid}: {written}")
                continue
            self.story.generated.append(written)
            self.story.records.append(written)
            runs = {occurrence.run_id for occurrence in history.occurrences}
            seen = f"seen in {len(runs)} runs"
            self._event("regression", "ok", signature, (record.nodeid,), detail=seen, ref=written.path)
            self._tell("generated", f"{written.path} ({seen}): {record.nodeid}")

    def _event(
        self,
        action: str,
        result: str,
        signature: str,
        nodeids: tuple[str, ...],
        *,
        detail: str = "",
        ref: str = "",
        duration_s: float = 0.0,
    ) -> None:
        now = self._now()
        event = HealingEvent(
            id=stable_id(self._run.id, action, signature, ref),
            updated_at=now,
            run_id=self._run.id,
            action=action,
            result=result,
            signature=signature,
            nodeids=nodeids,
            detail=detail,
            ref=ref,
            duration_s=duration_s,
            created_at=now,
        )
        self.story.records.append(event)


def _ids(candidates: Iterable[Candidate]) -> list[str]:
    return sorted(candidate.id for candidate in candidates)


def _queue_line(entry: ReviewEntry) -> str:
    where = entry.nodeids[0] + (f" and {len(entry.nodeids) - 1} more" if len(entry.nodeids) > 1 else "")
    kind = entry.failure_category.value.replace("_", " ")
    if entry.entry == "suggestion":
        return f"{where}: {entry.candidates[0].title} ({entry.reason}); selfheal review accept {entry.id}"
    if entry.entry == "options":
        return f"{where}: {len(entry.candidates)} options ({entry.reason}); selfheal review show {entry.id}"
    error = entry.error_type.rpartition(".")[2]
    return f"{where}: {kind}, {error} ({entry.reason})"
