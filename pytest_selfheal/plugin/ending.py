"""The end of a run with its real effects: git, child processes, files, store.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_selfheal.decide import Context
from pytest_selfheal.health import judge_health
from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import RunSummary
from pytest_selfheal.model import Trust
from pytest_selfheal.model import utc_text
from pytest_selfheal.plugin.advising import Advising
from pytest_selfheal.plugin.progress import Progress
from pytest_selfheal.plugin.proposing import proposing_for
from pytest_selfheal.revision import is_clean

if TYPE_CHECKING:
    from pytest_selfheal.model import Health
    from pytest_selfheal.model import RunRecord
    from pytest_selfheal.plugin.controller import Controller
    from pytest_selfheal.repair.workshop import Bench
    from pytest_selfheal.repair.workshop import Learned
    from pytest_selfheal.session import RunEnd
    from pytest_selfheal.story import Story

_DAY_S = 86_400.0
_HOUR_S = 3600.0
_WRITERS = (Trust.LOCAL, Trust.TRUSTED_CI)


def finish(controller: Controller, exitstatus: int, *, repairs: bool) -> RunSummary:
    """Repair, queue, generate and commit as the mode allows; return what is to be told.

    Args:
        controller: the run with its failures.
        exitstatus: pytest's.
        repairs: False after an interruption or an internal error: then the run is only recorded.
    """
    learning = controller.learning
    if repairs:
        learning.attend(lambda: workshop(controller))
    learning.keep()
    standing = any(record.outcome is Outcome.FAILED for _observation, record in controller.pairs)
    if not standing or controller.policy.mode == "record":
        from pytest_selfheal.story import Story

        return _conclude(controller, Story(), exitstatus)
    advising = Advising(controller)
    bench = workshop(controller, learning.fixer()) if repairs else None
    end = _run_end(controller, advising if repairs else None, bench)
    if repairs:
        # The store must know how much of this run failed before it is asked whether an error repeats.
        controller.store.append(controller.ended_run(exitstatus))
        progress = Progress(controller.screen, controller.monotonic)
        if bench is not None:
            bench.attend(told=progress.trial, writes=end.may_write)
        try:
            end.repair(controller.pairs, progress.error)
        finally:
            progress.close()
            advising.close()
            if bench is not None:
                bench.close()
        learning.record(end.story)
        if controller.policy.mode == "auto":
            _regress(controller, end)
    return replace(_conclude(controller, end.story, exitstatus), asked=advising.usage)


def _run_end(controller: Controller, advising: Advising | None, bench: Bench | None) -> RunEnd:
    from pytest_selfheal.session import RunEnd
    from pytest_selfheal.story import Run

    policy = controller.policy
    return RunEnd(
        Run(controller.run_id, may_write=policy.mode == "auto" and controller.trust in _WRITERS),
        policy,
        _context(controller),
        store=controller.store,
        workshop=bench,
        advise=advising.advise() if advising is not None else None,
        now=controller.now,
        tell=controller.screen.tell,
    )


def _context(controller: Controller) -> Context:
    from pytest_selfheal.git import operation_in_progress

    against = []
    if controller.policy.mode == "suggest":
        against.append("mode suggest never writes code")
    if controller.trust not in _WRITERS:
        against.append(f"a run of trust {controller.trust.value} never writes code")
    operation = operation_in_progress(controller.config.rootpath)
    if operation:
        against.append(operation)
    return Context(tuple(against))


def workshop(controller: Controller, learned: Learned | None = None) -> Bench | None:
    """Return where repairs are made and tests are run again; None when a debugger has the terminal."""
    config = controller.config
    if config.getoption("usepdb", False):
        return None
    from pytest_selfheal.repair.workshop import Bench

    return Bench(
        config.rootpath,
        controller.policy,
        directory=Path(config.invocation_params.dir),
        child_args=controller.child_args,
        monotonic=controller.monotonic,
        inipath=str(config.inipath or ""),
        cwd_on_path=os.fspath(config.invocation_params.dir) in sys.path or "" in sys.path,
        learned=learned,
        more=[proposing_for(controller)],
    )


def _regress(controller: Controller, end: RunEnd) -> None:
    from pytest_selfheal.plugin.regressing import Regressing
    from pytest_selfheal.regress.rule import is_due

    policy = controller.policy
    end.regress(
        [record for _observation, record in controller.pairs],
        since=utc_text(controller.wall_clock() - policy.window_days * _DAY_S),
        is_due=lambda record, history: is_due(record, history, policy),
        write=Regressing(controller).write,
    )


def _all_fixed(story: Story, run: RunRecord) -> bool:
    """Tell whether applied fixes turned every failure green; pytest's own count guards against one we did not see."""
    fixed = {nodeid for deed in story.fixed for nodeid in (*deed.nodeids, *deed.applied.now_passing)}
    return bool(fixed) and not story.unfixed and run.failed + run.errors <= len(fixed)


def _alert(controller: Controller, of_this_run: Health) -> None:
    """Raise alerts: of the last hour on somebody's own machine, of this run alone in CI, of no change in review."""
    from pytest_selfheal.alarm import raise_alerts

    if controller.trust not in _WRITERS or not controller.pairs:
        return  # a run without a failure brings nothing new to tell
    policy, store = controller.policy, controller.store
    health = of_this_run
    if controller.trust is Trust.LOCAL:
        since = utc_text(controller.wall_clock() - policy.alerts.window_h * _HOUR_S)
        runs = [run for run in store.runs() if run.complete and run.updated_at >= since]
        failures = [record for _observation, record in controller.pairs]
        # Alerts ask failures only how long recoveries and timeouts took: most runs have none to be read.
        asked = {run.id for run in runs if run.id != controller.run_id and (run.healed or run.timeouts)}
        if asked:
            failures += [record for record in store.failures(since=since) if record.run_id in asked]
        health = judge_health(runs, failures, (), policy.gate, since=since, until=controller.now())
    raise_alerts(
        health,
        controller.run_id,
        policy.alerts,
        store=store,
        folder=controller.config.rootpath / policy.store / "breakers",
        environ=os.environ,
        announce=controller.alert,
        degrade=controller.degrade,
    )


def _conclude(controller: Controller, story: Story, exitstatus: int) -> RunSummary:
    records = [record for _observation, record in controller.pairs]
    store = controller.store
    run = controller.ended_run(exitstatus)
    if run.trust is Trust.LOCAL and run.commit:  # in CI nobody asks; a green run tells of no failure in any case
        run = replace(run, clean=is_clean(controller.config.rootpath))
    store.commit([*story.records, run])
    events = [record for record in story.records if isinstance(record, HealingEvent)]
    for event in events:
        controller.announce(event)
    health = judge_health(
        [run], records, events, controller.policy.gate, since=controller.started_at, until=controller.now()
    )
    _alert(controller, health)
    store.maintain()
    store.close()
    return RunSummary(
        run=run,
        healed=tuple(record for record in records if record.outcome is Outcome.HEALED),
        fixed=tuple(story.fixed),
        queued=tuple(story.queued),
        generated=tuple(story.generated),
        health=health,
        notices=(*controller.parts.notices, *store.warnings),
        all_fixed=_all_fixed(story, run),
    )
