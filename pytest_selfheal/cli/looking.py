"""Commands that only look: failures, explain, health, gate.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_selfheal.cli.project import Project
from pytest_selfheal.cli.project import show
from pytest_selfheal.cli.project import write
from pytest_selfheal.errors import UsageError
from pytest_selfheal.gate import Evidence
from pytest_selfheal.gate import judge_run
from pytest_selfheal.health import judge_health
from pytest_selfheal.model import utc_text
from pytest_selfheal.report import documents
from pytest_selfheal.report import tables

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import RunRecord
    from pytest_selfheal.store.protocol import Store

_HOUR_S = 3600.0


def failures(arguments: argparse.Namespace) -> int:
    """`selfheal failures`: every recorded failure unless limited."""
    project = Project(arguments)
    store = project.open_store()
    found = store.failures(limit=arguments.limit, run_id=arguments.run_id)
    project.warn(store)
    show(arguments, documents.failures_document(found), tables.failures_lines(found))
    return 0


def explain(arguments: argparse.Namespace) -> int:
    """`selfheal explain`: the questions asked of one failure, and what its signature is made of."""
    from pytest_selfheal.capture.project import project_facts
    from pytest_selfheal.classify import compile_rules
    from pytest_selfheal.classify import explain as explained
    from pytest_selfheal.report.explanation import explanation_document
    from pytest_selfheal.report.explanation import explanation_lines

    project = Project(arguments)
    store = project.open_store()
    found = store.failures()
    record = _named(found, arguments.failure)
    same = [other for other in found if other.signature == record.signature]
    # Only the first failure of a run with one signature keeps its exceptions; they are alike.
    detailed = record if record.chain else next((other for other in same if other.chain), record)
    explanation = explained(detailed.failure(), project_facts(project.root), compile_rules(project.policy.rules))
    project.warn(store)
    show(
        arguments,
        explanation_document(record, detailed, explanation, same),
        explanation_lines(record, detailed, explanation, same),
    )
    return 0


def _named(found: Sequence[FailureRecord], word: str) -> FailureRecord:
    exact = [record for record in found if word in (record.id, record.signature, record.nodeid)]
    close = [record for record in found if record.id.startswith(word) or record.signature.startswith(word)]
    named = exact or close or [record for record in found if word in record.nodeid]
    tests = {record.nodeid for record in named}
    if not named:
        raise UsageError(
            f"no recorded failure is called {word!r}", todo="`selfheal failures --json` lists ids, tests and signatures"
        )
    if not exact and not close and len(tests) > 1:
        some = ", ".join(sorted(tests)[:5])
        raise UsageError(f"{word!r} is part of {len(tests)} tests: {some}", todo="give more of the name")
    return named[0]


def health(arguments: argparse.Namespace) -> int:
    """`selfheal health`: the runs that ended within the window."""
    project = Project(arguments)
    store = project.open_store()
    now = time.time()
    since = utc_text(now - arguments.hours * _HOUR_S)
    runs = [run for run in store.runs() if run.complete and run.updated_at >= since]
    ids = {run.id for run in runs}
    judged = judge_health(
        runs,
        [record for record in store.failures(since=since) if record.run_id in ids],
        [event for event in store.events() if event.run_id in ids],
        project.policy.gate,
        since=since,
        until=utc_text(now),
    )
    project.warn(store)
    show(arguments, documents.health_document(judged), tables.health_lines(judged))
    return 0


def gate(arguments: argparse.Namespace) -> int:
    """`selfheal gate`: 0 pass, 1 block, 3 cannot tell."""
    project = Project(arguments)
    store = project.open_store()
    run = _run_to_judge(store, arguments.run_id)
    verdict = judge_run(_evidence(project, store, run))
    project.warn(store)
    blocks = ("block", "warn") if arguments.strict else ("block",)
    status = 3 if verdict.status == "unknown" else int(verdict.status in blocks)
    status = 0 if arguments.dry_run else status
    if arguments.format == "json":
        write([documents.to_text(documents.verdict_document(verdict, status))])
    else:
        write(tables.verdict_lines(verdict))
    return status


def _run_to_judge(store: Store, run_id: str | None) -> RunRecord | None:
    if run_id is None:
        return next(iter(store.runs(limit=1)), None)
    return next((run for run in store.runs() if run.id == run_id), None)


def _evidence(project: Project, store: Store, run: RunRecord | None) -> Evidence:
    if run is None:
        return Evidence(None, (), (), None)
    records = store.failures(run_id=run.id)
    events = store.events(run_id=run.id)
    judged = judge_health([run], records, events, project.policy.gate, since=run.started_at, until=run.updated_at)
    return Evidence(run, records, events, judged, store.warnings)
