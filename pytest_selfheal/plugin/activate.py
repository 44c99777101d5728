"""Puts the working parts together for a run that wants them.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import random
import sys
import time
from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.config import read_policy
from pytest_selfheal.errors import ConfigError
from pytest_selfheal.errors import SelfHealError
from pytest_selfheal.model import utc_text
from pytest_selfheal.plugin import wanted_mode
from pytest_selfheal.plugin.observer import CollectionObserver
from pytest_selfheal.plugin.observer import Observer
from pytest_selfheal.plugin.runner import Runner
from pytest_selfheal.plugin.transport import ATTRIBUTE
from pytest_selfheal.plugin.transport import pack
from pytest_selfheal.recover import Recovery

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_selfheal.config import Policy
    from pytest_selfheal.model import Observation

_OTHER_RETRIERS: tuple[tuple[str, str, Callable[[pytest.Config], bool]], ...] = (
    ("rerunfailures", "pytest-rerunfailures", lambda config: bool(config.getoption("reruns", None))),
    ("flaky.flaky_pytest_plugin", "flaky", lambda config: bool(config.getoption("force_flaky", False))),
    ("pytest-retry", "pytest-retry", lambda config: bool(config.getoption("global_retries", None))),
    ("pytest_forked", "pytest-forked", lambda config: bool(config.getoption("forked", False))),
)
"""Plugins that own the test protocol once their option is given; two owners would multiply or shadow each other."""


def activate(config: pytest.Config) -> None:
    """Register what this process needs.

    Raises:
        pytest.UsageError: the settings cannot be used; the message lists every problem.
    """
    policy = policy_of(config)
    if policy.mode == "off" or config.option.collectonly:
        return
    notices: list[str] = []

    def degrade(error: Exception) -> None:
        _note(notices, f"{type(error).__name__}: {error}")

    observer = Observer(config.rootpath, degrade, lambda: utc_text(time.time()))
    deliver: Callable[[Any, list[Observation]], None]
    if hasattr(config, "workerinput"):
        deliver = _attach
    else:
        from pytest_selfheal.plugin.controller import Controller

        controller = Controller(config, policy, notices, wall_clock=time.time, monotonic=time.monotonic)
        _recover(config, policy, notices)
        config.pluginmanager.register(controller, "selfheal-controller")
        deliver = controller.receive
        if distributes(config):
            from pytest_selfheal.plugin.distributed import Receiver

            config.pluginmanager.register(Receiver(controller, observer), "selfheal-receiver")
            return
    config.pluginmanager.register(CollectionObserver(observer, deliver), "selfheal-collection")
    other = _other_retrier(config)
    if other:
        from pytest_selfheal.plugin.bystander import Bystander

        _note(notices, f"{other} is active and keeps the retries; pytest-selfheal only observes the tests")
        config.pluginmanager.register(Bystander(observer, deliver), "selfheal-bystander")
    else:
        retries = policy.mode != "record"
        recovery = Recovery(policy, random.random) if retries else None
        config.pluginmanager.register(Runner(observer, recovery, deliver, time.sleep), "selfheal-runner")


def _recover(config: pytest.Config, policy: Policy, notices: list[str]) -> None:
    """Take back what a run that was killed in the middle of a fix left half written."""
    folder = config.rootpath / policy.store / "journal"
    if not folder.is_dir():
        return
    from pytest_selfheal.repair.journal import Journal

    try:
        recovered = Journal(folder, time.time).recover()
    except (OSError, SelfHealError) as error:
        _note(notices, f"the journal of fixes cannot be read: {error}")
        return
    for taken in recovered:
        _note(notices, f"an unfinished fix of a run that was killed was taken back: {', '.join(taken.restored)}")


def policy_of(config: pytest.Config) -> Policy:
    """Return the settings of this run.

    Raises:
        pytest.UsageError: as `activate`.
    """
    pyproject = config.rootpath / "pyproject.toml"
    overrides = {"mode": wanted_mode(config) or None, "store": config.getoption("selfheal_store", None)}
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
        from pytest_selfheal.plugin.controller import Controller

        notices: list[str] = []
        observer = Observer(
            config.rootpath, lambda problem: _note(notices, str(problem)), lambda: utc_text(time.time())
        )
        policy = policy_of(config)
        if policy.mode == "off":
            return
        controller = Controller(config, policy, notices, wall_clock=time.time, monotonic=time.monotonic)
        observed = observer.observe_conftest(error)
        if observed is not None:
            controller.conftest_failed(observed.failed())
    except Exception as problem:  # noqa: BLE001 - pytest is about to report the conftest's own error
        sys.stderr.write(f"selfheal: could not look at the failing conftest: {problem}\n")


def _attach(report: Any, observations: list[Observation]) -> None:
    if observations:
        setattr(report, ATTRIBUTE, pack(observations))


def _other_retrier(config: pytest.Config) -> str:
    for plugin, name, is_active in _OTHER_RETRIERS:
        if config.pluginmanager.hasplugin(plugin) and is_active(config):
            return name
    return ""


def _note(notices: list[str], text: str) -> None:
    if text not in notices:
        notices.append(text)
