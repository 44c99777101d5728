"""Gathers what the gate judges: results of the store or of JUnit files, the base branch, the settings that count.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_selfheal import revision
from pytest_selfheal.config import Policy
from pytest_selfheal.config import policy_from
from pytest_selfheal.config import tool_tables
from pytest_selfheal.errors import ConfigError
from pytest_selfheal.errors import DataError
from pytest_selfheal.errors import UsageError
from pytest_selfheal.gate import Baseline
from pytest_selfheal.gate import Change
from pytest_selfheal.gate import Evidence
from pytest_selfheal.gate import Standing
from pytest_selfheal.gate import baseline_from
from pytest_selfheal.gate import choose_runs
from pytest_selfheal.gate import combined
from pytest_selfheal.gate.baseline import BaseRun
from pytest_selfheal.gate.baseline import base_run
from pytest_selfheal.gate.baseline import is_base_run
from pytest_selfheal.gate.settings import changed_keys
from pytest_selfheal.gate.shards import merged_failures
from pytest_selfheal.health import judge_health
from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import Trust
from pytest_selfheal.model import utc_text
from pytest_selfheal.trust import trust_from

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection
    from collections.abc import Mapping
    from collections.abc import Sequence

    from pytest_selfheal.cli.project import Project
    from pytest_selfheal.junit import Results
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import Health
    from pytest_selfheal.model import RunRecord
    from pytest_selfheal.store.protocol import Store

_DAY_S = 86_400.0
_LARGEST_JUNIT = 256 << 20
_PYTEST_FILES = ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml")
_PYTEST_SECTIONS = {"tox.ini": b"[pytest]", "setup.cfg": b"[tool:pytest]"}


@dataclass(frozen=True)
class Base:
    """The base branch: its name, its commit, and the settings that count because of it."""

    name: str = ""
    commit: str = ""
    head: str = ""
    policy: Policy = field(default_factory=Policy)
    settings: str = "checkout"
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Return the name with the commit; empty without a base."""
        return f"{self.name} ({self.commit[:10]})" if self.commit else ""


def find_base(project: Project, arguments: argparse.Namespace, environ: Mapping[str, str]) -> Base:
    """Return the base branch and the settings to judge by: a change must not loosen its own gate.

    Where a base is named and this clone does not have it, the defaults count instead of the checkout's settings.
    """
    root = project.root
    head = revision.head_commit(root)
    named = arguments.base or revision.base_name("", environ) or _merge_queue_base(environ) or project.policy.gate.base
    name, commit = revision.find_base(root, named) if head else (named, "")
    if commit:
        if commit == head and not _differs(root, commit):
            return Base(name, commit, head, project.policy)
        return _judged_by_base(project, Base(name, commit, head))
    if named:
        note = f"{named} is not in this clone: judged by the default settings; fetch it (fetch-depth: 0)"
        return Base(named, "", head, Policy(regression_dir=project.policy.regression_dir), "defaults", (note,))
    note = "no base branch is known: judged by the settings of this checkout; name it with --base"
    return Base("", "", head, project.policy, notes=(note,) if head else ())


def tree_notes(project: Project, base: Base) -> tuple[str, ...]:
    """Return a note when tracked files differ from the commit: then the tests ran on code that the branch lacks."""
    changed = sorted(revision.uncommitted_files(project.root)) if base.head else []
    if not changed:
        return ()
    some = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if len(changed) > 3 else "")
    return (f"not committed: {some}",)


def _differs(root: Path, commit: str) -> bool:
    try:
        now = (root / "pyproject.toml").read_bytes()
    except OSError:
        now = b""
    return (revision.file_at(root, commit, "pyproject.toml") or b"") != now


def _judged_by_base(project: Project, base: Base) -> Base:
    content = revision.file_at(project.root, base.commit, "pyproject.toml") or b""
    try:
        policy = policy_from(content, os.environ, where=f"{base.name}:pyproject.toml")
    except ConfigError as error:
        policy = Policy(regression_dir=project.policy.regression_dir)
        return Base(
            base.name,
            base.commit,
            base.head,
            policy,
            "defaults",
            (f"the base's settings cannot be used: {error.what}",),
        )
    return Base(base.name, base.commit, base.head, policy, "base")


def _merge_queue_base(environ: Mapping[str, str]) -> str:
    """Return the commit that a merge queue builds on; GitHub tells it in the event only."""
    path = environ.get("GITHUB_EVENT_PATH")
    if not path or environ.get("GITHUB_EVENT_NAME") != "merge_group":
        return ""
    try:
        event = json.loads(Path(path).read_text("utf-8"))
        found = event["merge_group"]["base_sha"]
    except (OSError, ValueError, RecursionError, LookupError, TypeError):
        return ""
    return found if isinstance(found, str) else ""


# ------------------------------------------------------------------------------------------- the run


def gather(project: Project, store: Store, arguments: argparse.Namespace, base: Base) -> Evidence:
    """Return the evidence of the run asked for.

    Raises:
        UsageError: the run named does not exist.
        DataError: a JUnit file named is not there or not to be read at all.
    """
    environ = os.environ
    problems: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()
    events: list[HealingEvent] = []
    unstarted = ""
    if arguments.junit:
        results = read_junit(project, arguments.junit)
        runs, failures, problems = [results.run], list(results.failures), results.problems
        shards = results.files
    else:
        runs = _chosen(store, arguments)
        failures = merged_failures(record for run in runs for record in store.failures(run_id=run.id))
        events = [event for run in runs for event in store.events(run_id=run.id)]
        events += _undone(store, runs) if events else []
        shards, degraded = len(runs), store.warnings
        unstarted = "" if arguments.run_id else _unstarted(project, runs)
    events += _edits_outside(project, {event.ref for event in events})
    run = combined(runs) if runs else None
    standing = Standing(
        head=base.head,
        in_ci=trust_from(environ, {}) is not Trust.LOCAL,
        pytest_exit=arguments.pytest_exit,
        unstarted=unstarted,
        expected_shards=arguments.expect_shards or 0,
        found_shards=shards,
        problems=problems,
    )
    policy = base.policy.gate
    health = None
    if run is not None:
        health = judge_health([run], failures, events, policy, since=run.started_at, until=run.updated_at)
    now = time.time()
    known = _base_runs(project, store, base, run, since=utc_text(now - policy.flaky_days * _DAY_S))
    return Evidence(
        run=run,
        failures=failures,
        events=events,
        health=health,
        degraded=degraded,
        baseline=_baseline(project, arguments, known, base, now),
        change=_change(project, base),
        standing=standing,
        trend=_trend(store, known, base, now),
        regression_dir=base.policy.regression_dir,
        policy=policy,
        source="junit" if arguments.junit else "store",
    )


def _chosen(store: Store, arguments: argparse.Namespace) -> list[RunRecord]:
    runs = store.runs()
    if arguments.run_id is None:
        return choose_runs(runs, arguments.expect_shards or 0)
    found = [run for run in runs if run.id == arguments.run_id]
    if not found:
        raise UsageError(f"no run is called {arguments.run_id!r}", todo="`selfheal failures --json` lists runs")
    return found


def _unstarted(project: Project, runs: Sequence[RunRecord]) -> str:
    """Return why the last call of pytest did not get as far as a run."""
    marker = project.store_path / "starting"
    try:
        began = utc_text(marker.stat().st_mtime)
    except OSError:
        return ""
    if runs and began < runs[0].started_at:
        return ""
    return "the last call of pytest never began its tests (wrong usage, broken settings, or it was ended)"


def _edits_outside(project: Project, known: Collection[str]) -> list[HealingEvent]:
    """Return our edits that stand in the work tree and not in its commit; a later run is green because of them."""
    folder = project.store_path / "journal"
    if not folder.is_dir():
        return []
    from pytest_selfheal.repair.journal import Journal

    applied = [entry for entry in Journal(folder, time.time, project.root).entries() if entry.state == "applied"]
    changed = revision.uncommitted_files(project.root) if applied else frozenset()
    return [
        HealingEvent(
            id=entry.id,
            updated_at=entry.created_at,
            run_id="",
            action="fix",
            result="ok",
            signature="",
            detail=", ".join(entry.paths),
            ref=entry.fix_id,
            created_at=entry.created_at,
        )
        for entry in applied
        if changed.intersection(entry.paths) and not {entry.id, entry.fix_id}.intersection(known)
    ]


def read_junit(project: Project, paths: Sequence[Path]) -> Results:
    """Return what some JUnit files tell together.

    Raises:
        DataError: a file is missing or too large: what a runner did not write cannot be judged.
    """
    from pytest_selfheal.junit import read_results

    contents: list[tuple[str, bytes]] = []
    for path in paths:
        try:
            if path.stat().st_size > _LARGEST_JUNIT:
                raise DataError("too large for a JUnit file", where=str(path))
            contents.append((str(path), path.read_bytes()))
        except OSError as error:
            raise DataError(
                f"cannot be read ({error.strerror})", where=str(path), todo="the runner writes it with --junitxml"
            ) from error
    return read_results(contents, lambda name: _is_file(project.root, name), os.environ)


def _is_file(root: Path, name: str) -> bool:
    try:
        return (root / name).is_file()
    except (OSError, ValueError):
        return False


# ------------------------------------------------------------------------------------------- the base


def _undone(store: Store, runs: Sequence[RunRecord]) -> list[HealingEvent]:
    since = min(run.started_at for run in runs)
    return [event for event in store.events(since=since) if event.action == "undo"]


def _base_runs(project: Project, store: Store, base: Base, judged: RunRecord | None, *, since: str) -> list[BaseRun]:
    """Return the runs of the base branch, newest first; a run of the commit judged says nothing about its base."""
    commits: frozenset[str] | None = None
    runs: list[RunRecord] = []
    ids = set(judged.id.split()) if judged is not None else set()
    mine = judged.commit if judged is not None and judged.commit else base.head
    for run in store.runs():
        if run.id in ids or (run.commit and run.commit == mine) or not run.complete:
            continue
        if commits is None and run.trust is Trust.LOCAL:
            commits = revision.base_commits(project.root, base.commit) if base.commit else frozenset()
        if is_base_run(run, commits or frozenset()):
            runs.append(run)
    by_run: dict[str, list[FailureRecord]] = {}
    for record in store.failures(since=since) if runs else ():
        by_run.setdefault(record.run_id, []).append(record)
    found = []
    for number, run in enumerate(runs):
        if run.started_at < since and number >= base.policy.gate.baseline_runs:
            break
        failures = by_run.get(run.id, []) if run.started_at >= since else store.failures(run_id=run.id)
        found.append(base_run(run, failures))
    return found


def _baseline(
    project: Project, arguments: argparse.Namespace, known: Sequence[BaseRun], base: Base, now: float
) -> Baseline:
    policy = base.policy.gate
    since = utc_text(now - policy.flaky_days * _DAY_S)
    if not arguments.baseline_junit:
        return baseline_from(known, policy, flaky_since=since, source=base.name or "the base branch")
    results = read_junit(project, arguments.baseline_junit)
    if results.problems:
        raise DataError("; ".join(results.problems), todo="give whole JUnit files of the base branch")
    one = BaseRun(results.run, results.failures)
    found = baseline_from([one], policy, flaky_since=since, source=f"{results.files} JUnit file(s)")
    flaky = baseline_from(known, policy, flaky_since=since, source="")
    return Baseline(1, found.failing, flaky.flaky, flaky.flaky_runs, f"{results.files} JUnit file(s) of the base")


def _trend(store: Store, known: Sequence[BaseRun], base: Base, now: float) -> Health | None:
    policy = base.policy.gate
    since = utc_text(now - policy.kpi_days * _DAY_S)
    runs = [one.run for one in known if one.run.started_at >= since]
    if policy.kpi == "off" or not runs:
        return None
    ids = {run.id for run in runs}
    failures = [record for one in known for record in one.failures if record.run_id in ids]
    events = [event for event in store.events(since=since) if event.run_id in ids]
    return judge_health(runs, failures, events, policy, since=since, until=utc_text(now))


def _change(project: Project, base: Base) -> Change:
    if not base.commit:
        return Change()
    root = project.root
    files = revision.changed_files(root, base.commit)
    if files is None:
        return Change()
    settings: tuple[str, ...] = ()
    ours: list[str] = [name for name in _PYTEST_FILES if name in files]
    for name, section in _PYTEST_SECTIONS.items():
        if name in files and section in (_content(root / name) + (revision.file_at(root, base.commit, name) or b"")):
            ours.append(name)
    if "pyproject.toml" in files:
        old = revision.file_at(root, base.commit, "pyproject.toml") or b""
        settings, changed = _changed_tables(old, _content(root / "pyproject.toml"))
        ours += ["pyproject.toml"] if changed else []
    return Change(files, settings, tuple(ours))


def _changed_tables(old: bytes, new: bytes) -> tuple[tuple[str, ...], bool]:
    try:
        before, after = tool_tables(old), tool_tables(new)
    except ConfigError:
        return ("pyproject.toml of the base cannot be read",), False
    keys = changed_keys(before.get("selfheal", {}), after.get("selfheal", {}))
    told = tuple(f"this change sets {key} anew" for key in keys)
    return told, before.get("pytest", {}) != after.get("pytest", {}) and bool(before and after)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
