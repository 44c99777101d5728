"""Gathers what the pages show: records of the last runs, their health, and the diffs of what was or could be changed.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_selfheal import __version__
from pytest_selfheal.errors import ConfinementError
from pytest_selfheal.errors import PatchError
from pytest_selfheal.errors import StoreError
from pytest_selfheal.health import judge_health
from pytest_selfheal.model import utc_text
from pytest_selfheal.repair.diffs import applied_diffs
from pytest_selfheal.repair.journal import Journal
from pytest_selfheal.repair.patch import unified_diff
from pytest_selfheal.report.html.material import Material
from pytest_selfheal.safety.confine import inside
from pytest_selfheal.safety.redact import Redactor
from pytest_selfheal.store.protocol import KeepsResults

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_selfheal.config import Policy
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import ReviewEntry
    from pytest_selfheal.model import RunRecord
    from pytest_selfheal.store.protocol import Store

MOST_RUNS = 200
"""Runs that a page looks back on, unless the user wants others."""


MOST_FAILURES = 10_000
"""Failures that are read at most, the newest, so that no store makes anybody wait; all of the last run in any case."""


def gather(store: Store, root: Path, policy: Policy, *, now: float, most_runs: int = MOST_RUNS) -> Material:
    """Return what a page is made of; changes nothing.

    Args:
        store: read once.
        root: the project's folder.
        policy: thresholds, and where the journal lies.
        now: seconds since the epoch.
        most_runs: so many runs, the newest.

    Raises:
        StoreError: nothing of the store can be read.
    """
    runs = store.runs(limit=most_runs)
    ids = {run.id for run in runs}
    since = min((run.started_at for run in runs), default="")
    failures, is_cut = _failures(store, runs, since)
    events = store.events(since=since or None)
    complete = [run for run in runs if run.complete]
    own = [event for event in events if event.run_id in ids]
    health = judge_health(
        complete, failures, own, policy.gate, since=since, until=utc_text(now), patterns=store.patterns()
    )
    reviews = store.reviews()
    redactor = Redactor(os.environ)
    found = {**_candidate_diffs(reviews, root), **_journal_diffs(root, policy, now)}
    return Material(
        project=root.name or str(root),
        made_at=utc_text(now),
        version=__version__,
        health=health,
        runs=runs,
        failures=failures,
        newest_failures=MOST_FAILURES if is_cut else 0,
        events=events,
        reviews=reviews,
        patterns=store.patterns(),
        results=store.pattern_results() if isinstance(store, KeepsResults) else None,
        generated=store.generated_tests(),
        diffs={key: redactor.redact(diff) for key, diff in found.items()},
        apply_confidence=policy.apply_confidence,
        notices=store.warnings,
    )


def _failures(store: Store, runs: Sequence[RunRecord], since: str) -> tuple[list[FailureRecord], bool]:
    """Return the failures of the runs, newest first, and whether some were left out."""
    ids = {run.id for run in runs}
    found = store.failures(limit=MOST_FAILURES, since=since or None)
    is_cut = len(found) == MOST_FAILURES
    last = next((run.id for run in runs if run.complete), "")
    if is_cut and found[-1].run_id == last:
        found = store.failures(run_id=last)
    return [record for record in found if record.run_id in ids], is_cut


def _candidate_diffs(reviews: Sequence[ReviewEntry], root: Path) -> dict[str, str]:
    def read(path: str) -> bytes:
        return inside(root, path).read_bytes()  # a record must not make a page show what lies elsewhere

    found: dict[str, str] = {}
    for entry in reviews:
        for candidate in entry.candidates if entry.status == "open" else ():
            try:
                found[candidate.id] = unified_diff(candidate.patch, read)
            except (PatchError, ConfinementError, OSError):
                continue  # the page says that the file is not what it was
    return found


def _journal_diffs(root: Path, policy: Policy, now: float) -> dict[str, str]:
    journal = Journal(root / policy.store / "journal", lambda: now, root)
    try:
        return applied_diffs(journal.entries(), root)
    except (OSError, StoreError):
        return {}
