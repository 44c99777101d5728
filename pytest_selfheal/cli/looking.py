"""Commands that only look: failures, explain, health.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from pytest_selfheal.cli.project import Project
from pytest_selfheal.cli.project import show
from pytest_selfheal.errors import UsageError
from pytest_selfheal.health import judge_health
from pytest_selfheal.model import Trust
from pytest_selfheal.model import utc_text
from pytest_selfheal.report import documents
from pytest_selfheal.report import tables
from pytest_selfheal.trust import trust_from

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.store.protocol import Store

NEWEST = 10_000
"""Failures among which a name is looked up first, the newest: a store may hold a million."""

_HOUR_S = 3600.0
_HOURS = 1.0
"""The window that the architecture document's "Failure Rate Calculation" looks at."""


def failures(arguments: argparse.Namespace) -> int:
    """`selfheal failures`: every recorded failure unless limited."""
    project = Project(arguments)
    store = project.open_store()
    found = store.failures(limit=arguments.limit, run_id=arguments.run_id)
    project.warn(store)
    show(arguments, documents.failures_document(found), tables.failures_lines(found))
    return 0


def explain(arguments: argparse.Namespace) -> int:
    """`selfheal explain`: the questions asked of one failure, its signature, and what its repair needs."""
    from pytest_selfheal.capture.project import project_facts
    from pytest_selfheal.classify import compile_rules
    from pytest_selfheal.classify import explain as explained
    from pytest_selfheal.cli.context import context_document
    from pytest_selfheal.cli.context import context_text
    from pytest_selfheal.cli.context import evidence_of
    from pytest_selfheal.report.explanation import explanation_document
    from pytest_selfheal.report.explanation import explanation_lines

    project = Project(arguments)
    store = project.open_store()
    record, found = find_failure(store, arguments.failure)
    same = [other for other in found if other.signature == record.signature]
    # Only the first failure of a run with one signature keeps its exceptions; they are alike.
    detailed = record if record.chain else next((other for other in same if other.chain), record)
    explanation = explained(detailed.failure(), project_facts(project.root), compile_rules(project.policy.rules))
    project.warn(store)
    document = explanation_document(record, detailed, explanation, same)
    lines = explanation_lines(record, detailed, explanation, same)
    if arguments.context or project.policy.ai.provider == "off":
        evidence = evidence_of(project, store, record, detailed)
        document["context"] = context_document(evidence, project.policy.ai.context_tokens)
        lines += context_text(evidence, project.policy.ai.context_tokens)
    show(arguments, document, lines)
    return 0


def find_failure(store: Store, word: str) -> tuple[FailureRecord, Sequence[FailureRecord]]:
    """Return the failure that `named_failure` finds, and the failures it was found among.

    Those are the newest ones; the others are only read when the word fits none of these.

    Raises:
        UsageError: as `named_failure`.
    """
    found = store.failures(limit=NEWEST)
    try:
        return named_failure(found, word), found
    except UsageError:
        if len(found) < NEWEST:
            raise
    found = store.failures()
    return named_failure(found, word), found


def named_failure(found: Sequence[FailureRecord], word: str) -> FailureRecord:
    """Return the newest failure that an id, a signature, a test or a part of its name stands for.

    Raises:
        UsageError: there is none, or the part fits several tests.
    """
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
    """`selfheal health`: the runs that ended within the window; in CI, unless one is named, the newest run."""
    project = Project(arguments)
    store = project.open_store()
    now = utc_text(time.time())
    in_ci = trust_from(os.environ, {}) is not Trust.LOCAL
    if arguments.hours is None and in_ci:
        runs = [run for run in store.runs() if run.complete][:1]
        since = runs[0].started_at if runs else now
    else:
        since = utc_text(time.time() - (arguments.hours or _HOURS) * _HOUR_S)
        runs = [run for run in store.runs() if run.complete and run.updated_at >= since]
    ids = {run.id for run in runs}
    judged = judge_health(
        runs,
        [record for record in store.failures(since=since) if record.run_id in ids],
        [event for event in store.events(since=min(run.started_at for run in runs)) if event.run_id in ids]
        if runs
        else [],
        project.policy.gate,
        since=since,
        until=now,
        patterns=store.patterns(),
    )
    project.warn(store)
    show(arguments, documents.health_document(judged), tables.health_lines(judged))
    return 0
