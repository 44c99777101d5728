"""Which runs are judged, and several of them as one.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_selfheal.gate.matching import test_key
from pytest_selfheal.model.words import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import RunRecord

_SUMS = ("passed", "failed", "errors", "skipped", "xfailed", "xpassed", "healed", "timeouts", "lost_workers")
_MORE_SUMS = ("lost_records", "duration_s", "collected", "deselected")


def choose_runs(runs: Sequence[RunRecord], expected_shards: int) -> list[RunRecord]:
    """Return the newest started run, or with shards the newest of each shard of its CI run; never an older one.

    Args:
        runs: newest first.
        expected_shards: how many belong together; 0 or 1 for a single run.
    """
    if not runs or expected_shards <= 1:
        return list(runs[:1])
    newest = runs[0]
    same = [run for run in runs if run.group == newest.group and run.commit == newest.commit]
    if not newest.group:
        return same[:expected_shards] if not newest.shard else list(_by_shard(same))
    return list(_by_shard(same))


def _by_shard(runs: Iterable[RunRecord]) -> Iterable[RunRecord]:
    seen: dict[str, RunRecord] = {}
    for run in runs:
        seen.setdefault(run.shard or run.id, run)
    return seen.values()


def combined(runs: Sequence[RunRecord]) -> RunRecord:
    """Return several shards as one run: counts add up, and it is only as complete as the least complete of them."""
    first = runs[0]
    if len(runs) == 1:
        return first
    sums = {name: sum(getattr(run, name) for run in runs) for name in (*_SUMS, *_MORE_SUMS)}
    return replace(
        first,
        id=" ".join(sorted(run.id for run in runs)),
        started_at=min(run.started_at for run in runs),
        updated_at=max(run.updated_at for run in runs),
        complete=all(run.complete for run in runs),
        exit_status=max((run.exit_status for run in runs), key=lambda status: (status not in (0, 1, -1), status)),
        selection=tuple(dict.fromkeys(word for run in runs for word in run.selection)),
        **sums,
    )


def merged_failures(failures: Iterable[FailureRecord]) -> list[FailureRecord]:
    """Return the failures of several shards; a test that failed in one is not healed by another."""
    kept = list(failures)
    standing = {test_key(record.nodeid) for record in kept if record.outcome is not Outcome.HEALED}
    return [
        record for record in kept if record.outcome is not Outcome.HEALED or test_key(record.nodeid) not in standing
    ]
