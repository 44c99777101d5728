"""Puts the working parts together for a run that wants them.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.config import read_policy
from pytest_selfheal.errors import ConfigError
from pytest_selfheal.errors import SelfHealError
from pytest_selfheal.plugin import ON
from pytest_selfheal.plugin import run_folder
from pytest_selfheal.plugin import wanted_mode
from pytest_selfheal.plugin.alone import Alone
from pytest_selfheal.plugin.collecting import CollectionObserver
from pytest_selfheal.plugin.counting import Collected
from pytest_selfheal.plugin.other_retriers import has_other_retrier
from pytest_selfheal.plugin.parts import Parts
from pytest_selfheal.plugin.postbox import Postbox
from pytest_selfheal.plugin.private_pytest import TIME_LIMIT
from pytest_selfheal.plugin.private_pytest import load_plainly
from pytest_selfheal.plugin.regressions import RegressionFinder
from pytest_selfheal.plugin.regressions import RegressionKeeper
from pytest_selfheal.plugin.runner import RUNNER
from pytest_selfheal.plugin.runner import Runner
from pytest_selfheal.plugin.selection import only_looks

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_selfheal.config import Policy
    from pytest_selfheal.model import Observation
    from pytest_selfheal.plugin.retrying import Retrying

    Deliver = Callable[[Any, list[Observation]], None]


def activate(config: pytest.Config) -> None:
    """Register what this process needs.

    Raises:
        pytest.UsageError: the settings cannot be used; the message lists every problem.
    """
    policy = policy_of(config)
    if policy.mode == "off" or only_looks(config.option):
        return
    load_plainly(config)
    # Taken now, before any test: a suite may freeze the clock, and what is looked up inside such a test is the fake.
    clock, wall_clock, sleep = time.monotonic, time.time, time.sleep
    parts = Parts(config.rootpath, policy, [], wall_clock)
    deliver: Deliver
    worker = getattr(config, "workerinput", None)
    finder = RegressionFinder(config, policy, parts)
    if worker is not None:
        postbox = Postbox()
        config.pluginmanager.register(postbox, "selfheal-postbox")
        deliver = postbox.deliver
        if run_folder.INPUT in worker:
            parts.share(Path(worker[run_folder.INPUT]))
        alone = Alone(config.rootpath, policy.timeout_s, lambda _text: None)
    else:
        from pytest_selfheal.plugin.closing import Closing
        from pytest_selfheal.plugin.controller import Controller

        controller = Controller(config, policy, parts, wall_clock=wall_clock, monotonic=clock)
        deliver, parts.hold = controller.receive, controller.hold
        alone = Alone(config.rootpath, policy.timeout_s, lambda text: controller.screen.tell("again", text))
        _recover(config, policy, parts)
        config.pluginmanager.register(Closing(controller), "selfheal-closing")
        config.pluginmanager.register(RegressionKeeper(controller, finder), "selfheal-regression-keeper")
        if distributes(config):
            from pytest_selfheal.plugin.distributed import Receiver

            _limit(config, policy, parts)
            config.pluginmanager.register(Receiver(controller, parts, alone, clock), "selfheal-receiver")
            return
    counted = Collected() if worker is not None else controller.collected
    config.pluginmanager.register(counted, "selfheal-counts")
    collecting = CollectionObserver(parts, deliver, alone=alone, clock=clock, sleep=sleep)
    config.pluginmanager.register(collecting, "selfheal-collection")
    config.pluginmanager.register(finder, "selfheal-regression-finder")
    config.pluginmanager.register(Runner(parts, _retrying(config, parts, deliver, alone, clock, sleep)), RUNNER)
    _limit(config, policy, parts)
    if has_other_retrier(config):
        from pytest_selfheal.plugin.bystander import StandDown

        config.pluginmanager.register(StandDown(config, parts, deliver), "selfheal-stand-down")


def _limit(config: pytest.Config, policy: Policy, parts: Parts) -> None:
    """Put a limit on every try of every test, by pytest-timeout's hooks."""
    if policy.mode == "record" or not config.pluginmanager.hasplugin("timeout"):
        return
    from pytest_selfheal.plugin import time_limit

    time_limit.set_default(config, policy.timeout_s)
    if distributes(config):
        return  # the workers get the option, and run the tests
    worker = getattr(config, "workerinput", None) or {}
    hard_stop = None
    if run_folder.INPUT in worker and not float(config.getini("faulthandler_timeout") or 0.0):
        hard_stop = time_limit.hard_stop_file(Path(worker[run_folder.INPUT]), worker["workerid"])
    parts.time_limit = time_limit.TimeLimit(parts.degrade, hard_stop)
    config.pluginmanager.register(parts.time_limit, TIME_LIMIT)


def _retrying(
    config: pytest.Config,
    parts: Parts,
    deliver: Deliver,
    alone: Alone,
    clock: Callable[[], float],
    sleep: Callable[[float], object],
) -> Callable[[Runner], Retrying]:
    def make(runner: Runner) -> Retrying:
        from pytest_selfheal.plugin.retrying import Retrying

        worker = getattr(config, "workerinput", None) or {}
        folder = worker.get(run_folder.INPUT)
        return Retrying(
            config,
            runner,
            parts,
            deliver,
            clock=clock,
            sleep=sleep,
            alone=alone,
            file=run_folder.WaitingFile(Path(folder), worker["workerid"]) if folder else None,
        )

    return make


def _recover(config: pytest.Config, policy: Policy, parts: Parts) -> None:
    """Take back what a run that was killed in the middle of a fix left half written."""
    folder = config.rootpath / policy.store / "journal"
    if not folder.is_dir():
        return
    from pytest_selfheal.repair.journal import Journal

    try:
        recovered = Journal(folder, time.time, config.rootpath).recover()
    except (OSError, SelfHealError) as error:
        parts.note(f"the journal of fixes cannot be read: {error}")
        return
    for taken in recovered:
        parts.note(f"an unfinished fix of a run that was killed was taken back: {', '.join(taken.restored)}")


def policy_of(config: pytest.Config) -> Policy:
    """Return the settings of this run.

    Raises:
        pytest.UsageError: as `activate`.
    """
    pyproject = config.rootpath / "pyproject.toml"
    mode = wanted_mode(config)
    overrides = {"mode": None if mode == ON else mode, "store": config.getoption("selfheal_store", None)}
    try:
        return read_policy(pyproject if pyproject.is_file() else None, os.environ, overrides)
    except ConfigError as error:
        raise pytest.UsageError(f"selfheal: {error}") from None


def distributes(config: pytest.Config) -> bool:
    """Tell whether this process hands its tests to xdist workers instead of running them."""
    return getattr(config.option, "dist", "no") != "no" and bool(getattr(config.option, "tx", None))


def conftest_failed(config: pytest.Config, error: Exception) -> None:
    """Record, and repair where possible, a conftest that could not be loaded; never raises."""
    try:
        from pytest_selfheal.plugin.closing import close_without_session
        from pytest_selfheal.plugin.controller import Controller

        policy = policy_of(config)
        if policy.mode == "off":
            return
        parts = Parts(config.rootpath, policy, [], time.time)
        observed = parts.observer.observe_conftest(error)
        if observed is not None:
            controller = Controller(config, policy, parts, wall_clock=time.time, monotonic=time.monotonic)
            close_without_session(controller, observed.failed())
    except Exception as problem:  # noqa: BLE001 - pytest is about to report the conftest's own error
        sys.stderr.write(f"selfheal: could not look at the failing conftest: {problem}\n")
