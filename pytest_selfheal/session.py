"""The order of the river at the end of a run, and nothing else: every effect comes in as a parameter.

history -> propose and prove -> decide -> act -> regress -> commit -> health.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_selfheal.decide import decide
from pytest_selfheal.errors import PatchError
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
from pytest_selfheal.report.tables import queue_line
from pytest_selfheal.story import Story
from pytest_selfheal.story import grouped
from pytest_selfheal.story import seen_flaky

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Sequence

    from pytest_selfheal.config import Policy
    from pytest_selfheal.decide import Context
    from pytest_selfheal.model import Action
    from pytest_selfheal.model import Advice
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import Fix
    from pytest_selfheal.model import GeneratedTest
    from pytest_selfheal.model import History
    from pytest_selfheal.model import Observation
    from pytest_selfheal.model import Pattern
    from pytest_selfheal.model import Proof
    from pytest_selfheal.store.protocol import Store
    from pytest_selfheal.story import Group
    from pytest_selfheal.story import Run
    from pytest_selfheal.story import Workshop

    Watch = Callable[[int, int, str], None]
    Advise = Callable[[Failure, FailureRecord, ReviewEntry | None], Advice]


_LUCKY = "fails only sometimes: it passed again without any change"

_MOST_MARKED = 20
"""Failures of one escalated error that are marked so; the entry of the queue names the others as well."""


class RunEnd:
    """Takes the failures of one run through repair, the review queue and the repetition rule.

    Args:
        run: facts of the run.
        policy: thresholds.
        context: what stands against writing code.
        store: read for history and the queue; written once by `commit`.
        workshop: makes repairs; None observes only.
        advise: asks a model where the fixers found nothing, given the error's entry in the queue; never raises. What it
            proposes is only ever suggested. None asks nobody.
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
        advise: Advise | None = None,
        now: Callable[[], str],
        tell: Callable[[str, str], None],
    ) -> None:
        self._run = run
        self._policy = policy
        self._context = context
        self._store = store
        self._workshop = workshop
        self._advise = advise
        self._now = now
        self._tell = tell
        self._patterns: dict[str, Pattern] = {}
        self._unsteady: frozenset[str] | None = None
        self.story = Story()

    @property
    def may_write(self) -> bool:
        """Whether nothing stands against writing a fix of this run."""
        return self._run.may_write and not self._context.against

    def repair(self, pairs: Sequence[tuple[Observation, FailureRecord]], watch: Watch = lambda *_: None) -> None:
        """Answer every standing failure with a fix, a suggestion, options or an escalation.

        Args:
            pairs: the failures of the run.
            watch: called before each error with its number (from 0), how many there are, and a test that shows it.
        """
        standing = [pair for pair in pairs if pair[1].outcome is Outcome.FAILED]
        self.story.unfixed = {record.nodeid for _observation, record in standing}
        if not standing:
            return
        queue = {entry.id: entry for entry in self._store.reviews()}
        self._patterns = {pattern.pattern_name: pattern for pattern in self._store.patterns()}
        groups = grouped(standing, self._propose)
        for index, group in enumerate(groups):
            watch(index, len(groups), group.nodeids[0])
            if group.records[0].is_regression or not self.story.unfixed.intersection(group.nodeids):
                continue
            action, notes = self._advised(group, *self._decide(group), queue)
            left = self._left_broken(group, action.fix, groups) if isinstance(action, Apply) else ""
            if left and isinstance(action, Apply):
                action = Suggest(action.fix, left)
            self._act(group, action, notes, queue)
            group.stuck = bool(self.story.unfixed.intersection(group.nodeids))

    def _propose(self, group: Group) -> list[Candidate]:
        if self._workshop is None or group.hands_off:
            return []
        return [self._believe(candidate) for candidate in self._workshop.propose(group.failure)]

    def _decide(self, group: Group) -> tuple[Action, tuple[str, ...]]:
        if self._workshop is None or not group.candidates:
            hints = self._workshop.hints(group.failure) if self._workshop is not None else ()
            return Escalate(group.stopped or "no fixer knows this error"), hints
        if self.story.fixed:  # the files have changed since the candidates were made
            group.candidates = self._propose(group)
        if not self._workshop.time_left():
            return Ask(tuple(group.candidates), "the repair budget of this run is spent"), ()
        proof = self._prove(group, group.candidates, self._workshop)
        group.proved = bool(proof.fixes)
        if group.is_lucky:
            return Escalate(_LUCKY), proof.notes
        tried = any(candidate.specific for candidate in group.candidates)
        why_none = "no candidate passed validation" if tried else "no fixer knows this error"
        action = decide(proof.fixes, proof.unproved, self._policy, self._context, why_none)
        return action, proof.notes

    def _left_broken(self, group: Group, fix: Fix, groups: Sequence[Group]) -> str:
        """Return why a fix would leave a file half mended; empty when it would not.

        Somebody has to carry such a file over by hand anyway, and wants to find it as it was.
        """
        paths = {edit.path for edit in fix.candidate.patch.edits}
        for other in groups:
            shared = paths & other.files
            standing = other is not group and self.story.unfixed.intersection(other.nodeids)
            if shared and standing and self._is_stuck(other, fix):
                first = other.records[0]
                message = first.error_message.strip().partition("\n")[0][:80]
                return f"{min(shared)} has another error that is not mended: {first.error_type}: {message}"
        return ""

    def _is_stuck(self, other: Group, fix: Fix) -> bool:
        """Tell whether another group of failures stays red: no fix of its own may be written, nor does this one do."""
        workshop = self._workshop
        if workshop is None or not workshop.time_left():
            return False
        if other.stuck is None:
            other.candidates = self._propose(other) if self.story.fixed else other.candidates
            proof = workshop.prove(other.failure, other.candidates, other.nodeids, self._others(other))
            other.stuck = not isinstance(decide(proof.fixes, (), self._policy, self._context), Apply)
        return other.stuck and not workshop.mends(fix, other.nodeids)

    def _advised(
        self, group: Group, action: Action, notes: tuple[str, ...], queue: dict[str, ReviewEntry]
    ) -> tuple[Action, tuple[str, ...]]:
        """Ask outside; what comes back goes through the same guards and trials as a fixer's candidates."""
        workshop, first = self._workshop, group.records[0]
        settled = group.proved or group.hands_off or group.is_lucky
        if self._advise is None or workshop is None or settled or not workshop.time_left():
            return action, notes
        advice = self._advise(group.failure, first, queue.get(first.signature))
        notes = (*notes, *advice.notes)
        if advice.key:
            self._event(
                "analyse",
                "ok" if advice.answered else "failed",
                first.signature,
                group.nodeids,
                detail=advice.notes[-1],
                ref=advice.key,
                duration_s=advice.duration_s,
            )
        if not advice.candidates:
            return action, notes
        proof = self._prove(group, advice.candidates, workshop)
        notes = (*notes, *proof.notes)
        if group.is_lucky:
            return Escalate(_LUCKY), notes
        return (decide(proof.fixes, (), self._policy, self._context) if proof.fixes else action), notes

    def _prove(self, group: Group, candidates: Sequence[Candidate], workshop: Workshop) -> Proof:
        if self._unsteady is None:
            self._unsteady = seen_flaky(self._store)
        unsteady = not self._unsteady.isdisjoint(group.nodeids)
        proof = workshop.prove(group.failure, candidates, group.nodeids, self._others(group), unsteady=unsteady)
        if proof.lucky:
            group.lucky |= frozenset(proof.lucky)
            self._event("flaky", "ok", group.records[0].signature, proof.lucky, detail=_LUCKY)
        return proof

    def _others(self, group: Group) -> frozenset[str]:
        return frozenset(self.story.unfixed.difference(group.nodeids))

    # ------------------------------------------------------------------------------- acting

    def _act(self, group: Group, action: Action, notes: tuple[str, ...], queue: dict[str, ReviewEntry]) -> None:
        if isinstance(action, Apply):
            action = self._apply(group, action, queue) or action
        if isinstance(action, Suggest):
            self._queue(group, action.reason, (action.fix.candidate,), notes, queue)
        elif isinstance(action, Ask):
            self._queue(group, action.reason, action.options, notes, queue)
        elif isinstance(action, Escalate):
            self._queue(group, action.reason, (), notes, queue)

    def _apply(self, group: Group, action: Apply, queue: dict[str, ReviewEntry]) -> Escalate | None:
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

    def _write(self, group: Group, fix: Fix, reason: str, workshop: Workshop, also: Sequence[str] = ()) -> Applied:
        candidate = fix.candidate
        try:
            diff = workshop.diff(candidate.patch)
        except PatchError as error:  # somebody saved the file meanwhile
            return Applied(ok=False, journal_id="", reason=str(error))
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
            self.story.unfixed.difference_update(set(group.nodeids) - group.lucky, applied.now_passing)
            self._tell("fixed", f"{candidate.title} ({reason}); take back with: selfheal undo {applied.journal_id}")
        return applied

    def _queue(
        self,
        group: Group,
        reason: str,
        candidates: tuple[Candidate, ...],
        notes: tuple[str, ...],
        queue: dict[str, ReviewEntry],
    ) -> None:
        first = group.records[0]
        kind = "escalation" if not candidates else "suggestion" if len(candidates) == 1 else "options"
        known = queue.get(first.signature)
        if (
            known is not None
            and known.status == "rejected"
            and candidates
            and _ids(known.candidates) == _ids(candidates)
        ):
            return  # a person has already said no to exactly this; but a failure that stands is never silenced
        entry = group.entry(kind, reason, candidates, notes, run_id=self._run.id, now=self._now(), known=known)
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
            queue_line(entry),
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
