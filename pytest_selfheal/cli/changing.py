"""Commands that change something: the review queue and undo.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_selfheal.cli.colours import coloured
from pytest_selfheal.cli.project import Project
from pytest_selfheal.cli.project import show
from pytest_selfheal.cli.project import write
from pytest_selfheal.cli.teaching import after_accept
from pytest_selfheal.cli.teaching import after_failure
from pytest_selfheal.cli.teaching import after_undo
from pytest_selfheal.errors import PatchError
from pytest_selfheal.errors import UsageError
from pytest_selfheal.learn import pattern_result
from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import Origin
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import stable_id
from pytest_selfheal.model import utc_text
from pytest_selfheal.report import documents
from pytest_selfheal.report import tables
from pytest_selfheal.safety.escape import terminal_line

if TYPE_CHECKING:
    import argparse

    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Record
    from pytest_selfheal.model import ReviewEntry
    from pytest_selfheal.repair.journal import JournalEntry
    from pytest_selfheal.repair.workshop import Bench
    from pytest_selfheal.store.protocol import Store


def review_list(arguments: argparse.Namespace) -> int:
    """`selfheal review list`: open entries, or all of them."""
    project = Project(arguments)
    store = project.open_store()
    entries = store.reviews(status=None if arguments.all else "open")
    project.warn(store)
    show(arguments, documents.review_document(entries), tables.review_lines(entries))
    return 0


def review_show(arguments: argparse.Namespace) -> int:
    """`selfheal review show ID`: the entry with a diff for every option."""
    project = Project(arguments)
    store = project.open_store()
    entry = _find(store, arguments.id)
    bench = bench_for(project, store, entry)
    write(coloured(tables.review_detail(entry, [_diff(bench, candidate) for candidate in entry.candidates])))
    return 0


def review_accept(arguments: argparse.Namespace) -> int:
    """`selfheal review accept ID [N]`: validate, apply, run the tests; 1 when the fix does not hold any more."""
    project = Project(arguments)
    store = project.open_store()
    entry = _open_entry(store, arguments.id)
    candidate = _chosen(entry, arguments.option)
    return _accepted(project, store, entry, candidate, bench_for(project, store, entry))


def review_edit(arguments: argparse.Namespace) -> int:
    """`selfheal review edit ID [N]`: open what a suggestion would write in `$EDITOR`, then go on as accept does."""
    import os
    import shutil

    from pytest_selfheal.cli.editing import edited

    project = Project(arguments)
    store = project.open_store()
    entry = _open_entry(store, arguments.id)
    bench = bench_for(project, store, entry)
    candidate, folder = edited(_chosen(entry, arguments.option), bench.project, os.environ)
    status = _accepted(project, store, entry, candidate, bench)
    if status:
        write([f"what you saved is kept in {folder}"])
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return status


def _accepted(project: Project, store: Store, entry: ReviewEntry, candidate: Candidate, bench: Bench) -> int:
    known = other_failures(store, entry)
    write([f"validating: {terminal_line(candidate.title)}"])
    proof = bench.prove_one(candidate, entry.nodeids, known)
    if not proof.fixes:
        write([f"refused: {terminal_line(note)}" for note in proof.notes] or ["refused: the tests do not pass with it"])
        return 1
    diff = bench.diff(candidate.patch)
    before = {path: bench.project.read(path) for path in candidate.patch.hashes}
    applied = bench.apply(proof.fixes[0], entry.nodeids, known)
    now = utc_text(time.time())
    ok = applied.ok
    result = pattern_result(candidate, entry.error_type, f"{entry.run_id}/review", now, ok=ok)
    records: list[Record] = [
        *([result] if candidate.origin is not Origin.HUMAN else []),  # an edit says nothing of the way it began with
        _event(entry, "accept", applied.reason, applied.journal_id, now, result="ok" if ok else "failed"),
    ]
    if ok:
        records.append(replace(entry, status="accepted", updated_at=now))
    store.commit(records)
    project.warn(store)
    if not ok:
        after_failure(project, records)
        write([f"taken back: {terminal_line(applied.reason)}"])
        return 1
    write(coloured(terminal_line(row) for row in diff.splitlines()))
    write([f"applied, {applied.passed} tests pass; take back with: selfheal undo {applied.journal_id}"])
    after_accept(project, store, entry, candidate=candidate, before=before, bench=bench, records=records)
    return 0


def review_reject(arguments: argparse.Namespace) -> int:
    """`selfheal review reject ID`: close the entry and count it against the way of fixing."""
    project = Project(arguments)
    store = project.open_store()
    entry = _open_entry(store, arguments.id)
    now = utc_text(time.time())
    results = [
        pattern_result(candidate, entry.error_type, f"{entry.run_id}/review", now, ok=False)
        for candidate in entry.candidates
    ]
    event = _event(entry, "accept", "rejected by a person", entry.id, now, result="refused")
    store.commit([*results, event, replace(entry, status="rejected", updated_at=now)])
    project.warn(store)
    after_failure(project, results, rejected=True)
    write([f"rejected: {entry.id}"])
    return 0


def undo(arguments: argparse.Namespace) -> int:
    """`selfheal undo [ID]`: 0 everything restored, 1 a file was edited since and kept."""
    from pytest_selfheal.repair.journal import Journal

    project = Project(arguments)
    journal = Journal(project.store_path / "journal", time.time, project.root)
    recovered = journal.recover()
    if arguments.list:
        rows = [
            (entry.fix_id, entry.state, entry.created_at[:19].replace("T", " "), ", ".join(entry.paths))
            for entry in journal.entries()
        ]
        write(tables.table(rows, ("id", "state", "when (UTC)", "files")) if rows else ["no fix has been applied"])
        return 0
    begun = [one for one in recovered if one.entry.state == "undone" and arguments.id in _names_of(one.entry)]
    taken = begun[0] if begun else journal.undo(arguments.id or "")
    write([f"restored: {terminal_line(path)}" for path in taken.restored])
    write([f"kept, because it was edited since: {terminal_line(path)}" for path in taken.kept])
    store = project.open_store()
    now = utc_text(time.time())
    store.commit(
        [
            HealingEvent(
                id=stable_id("undo", taken.entry.id),
                updated_at=now,
                run_id="",
                action="undo",
                result="ok" if not taken.kept else "refused",
                signature="",
                detail=", ".join(taken.restored),
                ref=taken.entry.fix_id,
                created_at=now,
            )
        ]
    )
    project.warn(store)
    after_undo(project, taken.entry.fix_id)
    return 1 if taken.kept else 0


def _names_of(entry: JournalEntry) -> tuple[str | None, ...]:
    """What an undo that was killed half way may be called by when it is asked for again."""
    return None, "", entry.id, entry.fix_id


def _find(store: Store, wanted: str) -> ReviewEntry:
    entries = store.reviews()
    found = [entry for entry in entries if entry.id.startswith((wanted, f"v1:{wanted}"))]
    exact = [entry for entry in found if entry.id == wanted]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if not found:
        raise UsageError(f"no entry of the review queue begins with {wanted!r}", todo="selfheal review list --all")
    raise UsageError(f"{len(found)} entries begin with {wanted!r}", todo="give more of the id: selfheal review list")


def _open_entry(store: Store, wanted: str) -> ReviewEntry:
    entry = _find(store, wanted)
    if entry.status != "open":
        raise UsageError(f"{entry.id} is {entry.status} already", todo="selfheal review list shows what is open")
    return entry


def _chosen(entry: ReviewEntry, option: int | None) -> Candidate:
    if not entry.candidates:
        raise UsageError(
            f"{entry.id} is an escalation: there is nothing to accept",
            todo=f"fix the code, then close it with: selfheal review reject {entry.id}",
        )
    if option is None and len(entry.candidates) > 1:
        raise UsageError(
            f"{entry.id} has {len(entry.candidates)} options",
            todo=f"name one: selfheal review accept {entry.id} N (selfheal review show {entry.id} lists them)",
        )
    number = option or 1
    if number > len(entry.candidates):
        raise UsageError(f"{entry.id} has no option {number}", todo=f"choose 1 to {len(entry.candidates)}")
    return entry.candidates[number - 1]


def bench_for(project: Project, store: Store, entry: ReviewEntry) -> Bench:
    """Return the workshop that runs tests as the run of an entry did."""
    from pytest_selfheal.repair.workshop import Bench

    run = next((run for run in store.runs() if run.id == entry.run_id), None)
    directory = (project.root / (run.invocation_dir if run is not None else ".")).resolve()
    return Bench(
        project.root,
        project.policy,
        directory=directory if directory.is_dir() else project.root,
        child_args=run.child_args if run is not None else (),
        monotonic=time.monotonic,
    )


def other_failures(store: Store, entry: ReviewEntry) -> frozenset[str]:
    """Return the tests that failed in the run of an entry for other reasons."""
    records = store.failures(run_id=entry.run_id)
    standing = {record.nodeid for record in records if record.outcome is not Outcome.HEALED}
    return frozenset(standing.difference(entry.nodeids))


def _diff(bench: Bench, candidate: Candidate) -> str:
    try:
        return bench.diff(candidate.patch)
    except PatchError as error:
        return f"(cannot be shown: {error.where} {error.what})"


def _event(entry: ReviewEntry, action: str, detail: str, ref: str, now: str, *, result: str) -> HealingEvent:
    return HealingEvent(
        id=stable_id(entry.id, action, now),
        updated_at=now,
        run_id=entry.run_id,
        action=action,
        result=result,
        signature=entry.signature,
        nodeids=entry.nodeids,
        detail=detail,
        ref=ref,
        created_at=now,
    )
