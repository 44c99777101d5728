"""What a coding agent may do: look, propose, have it judged. It applies nothing; a person accepts from the queue.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.cli.changing import bench_for
from pytest_selfheal.cli.changing import other_failures
from pytest_selfheal.cli.context import context_document
from pytest_selfheal.cli.context import evidence_of
from pytest_selfheal.cli.looking import NEWEST
from pytest_selfheal.cli.looking import find_failure
from pytest_selfheal.cli.project import Project
from pytest_selfheal.errors import PatchError
from pytest_selfheal.errors import UsageError
from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import ReviewEntry
from pytest_selfheal.model import stable_id
from pytest_selfheal.model import utc_text
from pytest_selfheal.safety.escape import visible

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import Fix
    from pytest_selfheal.repair.workshop import Bench
    from pytest_selfheal.store.protocol import Store

FIXER = "ai:agent"

_MOST_LISTED = 100
_GATE_S = 300.0
_LONGEST_EXPLANATION = 400


class Desk:
    """The four things, for one project; every call reads the store and the sources as they are then.

    Args:
        arguments: the command line, with the project's folder and store.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._lock = threading.Lock()

    def list_failures(self, limit: int = 20) -> dict[str, Any]:
        """Return the newest failures, at most 100, one for each error signature of each test."""
        store = Project(self._arguments).open_store()
        newest: dict[tuple[str, str], FailureRecord] = {}
        for record in store.failures(limit=NEWEST):
            newest.setdefault((record.signature, record.nodeid), record)
        shown = list(newest.values())[: max(1, min(limit, _MOST_LISTED))]
        return {"failures": [_brief(record) for record in shown], "more": len(newest) - len(shown)}

    def explain_failure(self, failure: str) -> dict[str, Any]:
        """Return what is known about a failure: its diagnosis, the pieces of context, its place in the queue.

        Raises:
            UsageError: nothing is called so.
        """
        project = Project(self._arguments)
        store = project.open_store()
        record, detailed = _named(store, failure)
        evidence = evidence_of(project, store, record, detailed)
        entry = next((entry for entry in store.reviews() if entry.id == record.signature), None)
        return {
            "failure": _brief(record),
            "context": context_document(evidence, project.policy.ai.context_tokens),
            "notes": list(evidence.notes),
            "queue": None if entry is None else {"id": entry.id, "status": entry.status, "reason": entry.reason},
        }

    def propose_patch(self, failure: str, edits: Sequence[dict[str, str]], explanation: str = "") -> dict[str, Any]:
        """Try edits for a failure; what the tests pass with becomes a suggestion in the queue, and nothing is written.

        Args:
            failure: as in `explain_failure`.
            edits: each with `path`, `search`, `replace` and perhaps `anchor`.
            explanation: why, for the person who decides.

        Raises:
            UsageError: nothing is called so, or the edits have another shape.
        """
        from pytest_selfheal.analysis.answer import answer_of
        from pytest_selfheal.analysis.answer import fits
        from pytest_selfheal.repair.project import Project as Sources
        from pytest_selfheal.repair.rewriting import candidate_from

        given = {"explanation": explanation, "edits": list(edits)}
        if not fits(given) or not edits:
            raise UsageError(
                "these are no edits", todo="give one to ten, each with path, search and replace, and perhaps an anchor"
            )
        answer = answer_of(given)
        with self._lock:  # each proposal runs tests
            project = Project(self._arguments)
            store = project.open_store()
            record, detailed = _named(store, failure)
            paths = ", ".join(dict.fromkeys(rewrite.path for rewrite in answer.rewrites))
            said = visible(answer.explanation)[:_LONGEST_EXPLANATION]
            try:
                candidate = candidate_from(
                    answer.rewrites,
                    Sources(project.root, project.policy.edit_roots),
                    fixer=FIXER,
                    title=visible(f"edit of {paths}, proposed by an agent")[:200],
                    evidence=(f"the agent says: {said}",) if said else (),
                )
            except PatchError as error:
                return {"status": "refused", "reasons": [f"{error.where}: {error.what}"]}
            return _tried(project, store, record, detailed, candidate)

    def run_gate(self) -> dict[str, Any]:
        """Return the gate's verdict on the last run, as `selfheal gate --format json` prints it.

        Raises:
            UsageError: the gate could not be run; with what it said.
        """
        project = Project(self._arguments)
        command = [sys.executable, "-m", "pytest_selfheal.cli", "--root", str(project.root)]
        command += ["--store", self._arguments.store] if self._arguments.store else []
        command += ["gate", "--format", "json"]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_GATE_S, check=False
        )
        try:
            verdict: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            raise UsageError(done.stderr.strip()[-500:] or "the gate said nothing", where="selfheal gate") from None
        return verdict


def _named(store: Store, word: str) -> tuple[FailureRecord, FailureRecord]:
    """Return the failure, and the one of the same signature that kept its exceptions."""
    record, found = find_failure(store, word)
    same = (other for other in found if other.signature == record.signature and other.chain)
    return record, record if record.chain else next(same, record)


def _brief(record: FailureRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "test": record.nodeid,
        "signature": record.signature,
        "category": record.failure_category.value,
        "severity": record.severity.value,
        "outcome": record.outcome.value,
        "error": f"{record.error_type}: {record.error_message}",
        "when": record.created_at,
        "occurrences": record.occurrence_count,
    }


def _tried(
    project: Project, store: Store, record: FailureRecord, detailed: FailureRecord, candidate: Candidate
) -> dict[str, Any]:
    known = next((entry for entry in store.reviews() if entry.id == record.signature), None)
    if known is not None and known.status == "rejected" and candidate.id in {one.id for one in known.candidates}:
        return {"status": "refused", "reasons": ["a person has rejected exactly this"]}
    entry = _entry(store, record, known)
    bench = bench_for(project, store, entry)
    failure = replace(detailed.failure(), nodeid=record.nodeid, test_path=record.test_path)
    proof = bench.prove(failure, (candidate,), entry.nodeids, other_failures(store, entry))
    if not proof.fixes:
        return {"status": "refused", "reasons": list(proof.notes) or ["the tests do not pass with it"]}
    return _queued(project, store, entry, bench, proof.fixes[0])


def _entry(store: Store, record: FailureRecord, known: ReviewEntry | None) -> ReviewEntry:
    """Return the error's open entry, or a new one, for the tests that failed with it in the run of the record."""
    if known is not None and known.status == "open":
        return known
    tests = [one.nodeid for one in store.failures(run_id=record.run_id) if one.signature == record.signature]
    now = utc_text(time.time())
    return ReviewEntry(
        id=record.signature,
        updated_at=now,
        run_id=record.run_id,
        entry="suggestion",
        status="open",
        signature=record.signature,
        failure_category=record.failure_category,
        error_type=record.error_type,
        error_message=record.error_message,
        nodeids=tuple(dict.fromkeys(tests)),
        reason="",
        stack_trace=record.stack_trace,
        created_at=now,
    )


def _queued(project: Project, store: Store, entry: ReviewEntry, bench: Bench, fix: Fix) -> dict[str, Any]:
    """Add the fix to what the entry offers already, and say how a person goes on."""
    kept = [one for one in entry.candidates if one.id != fix.candidate.id]
    candidates = (*kept, fix.candidate)
    now = utc_text(time.time())
    changed = replace(
        entry,
        updated_at=now,
        entry="suggestion" if len(candidates) == 1 else "options",
        reason="the tests pass with what an agent proposed; only a person can tell whether it is right",
        candidates=candidates,
    )
    event = HealingEvent(
        id=stable_id(entry.id, "suggest", fix.candidate.id, now),
        updated_at=now,
        run_id=entry.run_id,
        action="suggest",
        result="ok",
        signature=entry.signature,
        nodeids=entry.nodeids,
        detail=fix.candidate.title,
        ref=entry.id,
        created_at=now,
    )
    store.commit([changed, event])
    project.warn(store)
    which = "" if len(candidates) == 1 else f" {len(candidates)}"
    return {
        "status": "suggested",
        "review_id": entry.id,
        "validation": fix.validation.reason,
        "diff": bench.diff(fix.candidate.patch),
        "next": f"a person decides: selfheal review accept {entry.id}{which}",
    }
