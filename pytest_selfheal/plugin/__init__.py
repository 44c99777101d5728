"""The pytest plugin: options, and nothing else until it is switched on.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING
from typing import Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

ON = "on"
"""Switched on without a mode: the one of `[tool.selfheal]`, else `auto`."""

_MODES = ("auto", "suggest", "record", "off")
_MARKERS = (
    "selfheal(retries=None, delay=None, only=(), never=(), timeout=None, defer=True): how this test is tried again.",
    "no_selfheal: never retry or repair this test; failures are still recorded.",
    "selfheal_regression(id): a regression test written by pytest-selfheal; it is never retried or repaired.",
)


class _ModeAction(argparse.Action):
    """`--selfheal` alone switches on; `--selfheal=MODE` is an option string of its own.

    An optional argument would swallow the path in `pytest --selfheal tests/`.
    """

    def __init__(self, option_strings: list[str], dest: str, **kwargs: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=kwargs.get("default"), help=kwargs.get("help"))

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        del parser, values
        setattr(namespace, self.dest, (option_string or "").partition("=")[2] or ON)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare `--selfheal` and the one ini setting; everything else lives in `[tool.selfheal]`."""
    group = parser.getgroup("selfheal", "self-healing")
    group.addoption(
        "--selfheal",
        *(f"--selfheal={mode}" for mode in _MODES),
        action=_ModeAction,
        dest="selfheal",
        default=None,
        help="Record failures, retry transient ones, repair code by confidence, write regression tests. "
        "The mode is auto, suggest (never writes code), record (only observes) or off; without one it is that "
        "of [tool.selfheal], else auto.",
    )
    group.addoption(
        "--selfheal-store",
        dest="selfheal_store",
        default=None,
        metavar="PATH",
        help="Folder of the store, instead of .selfheal in the root directory.",
    )
    parser.addini("selfheal", "Switch pytest-selfheal on without the --selfheal flag.", type="bool", default=False)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Make our hooks known, so that conftest files implementing them are valid in every run."""
    from pytest_selfheal import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, Any]:
    """Take care of a conftest that cannot be imported: pytest gives up before any other hook could see it."""
    if wanted_mode(early_config) is not None:
        _mark_start(early_config)
    try:
        return (yield)
    except Exception as error:
        if wanted_mode(early_config) is not None:
            from pytest_selfheal.plugin.activate import conftest_failed

            conftest_failed(early_config, error)
        raise


def _mark_start(config: pytest.Config) -> None:
    try:
        from pytest_selfheal.plugin.starting import mark

        mark(config)
    except Exception as error:  # noqa: BLE001 - a mark is not worth a run
        sys.stderr.write(f"selfheal: cannot mark the start of the run ({type(error).__name__}: {error})\n")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register markers; register the working parts only when switched on."""
    for line in _MARKERS:
        config.addinivalue_line("markers", line)
    if any("[redacted-" in argument for argument in config.args):
        from pytest_selfheal.plugin.public_ids import register

        register(config)
    if wanted_mode(config) is not None:
        try:
            from pytest_selfheal.plugin.activate import activate

            activate(config)
        except pytest.UsageError:
            raise
        except Exception as error:  # noqa: BLE001 - an unknown pytest, a broken installation: the tests still run
            sys.stderr.write(f"selfheal: cannot start, the run goes on without it ({type(error).__name__}: {error})\n")


@pytest.fixture(scope="session")
def selfheal_retry_at() -> Any:
    """`pytest_selfheal.selfheal_retry_at(seconds)`: end this try and ask for another one later."""
    from pytest_selfheal.resilience.later import selfheal_retry_at as ask

    return ask


@pytest.fixture(scope="session")
def selfheal_guard(pytestconfig: pytest.Config) -> Any:
    """`pytest_selfheal.guard` with the settings and the store of this run; works without --selfheal.

    Example: ask = selfheal_guard(breaker="openai", timeout=60)(client.ask).
    """
    from pytest_selfheal.plugin.guarding import guard_of

    return guard_of(pytestconfig)


def wanted_mode(config: pytest.Config) -> str | None:
    """Return the mode asked for, `on` when none was named, None when the plugin is to stay away.

    The command line decides, then the environment, then the ini setting. In an xdist worker the command line arrives as
    options; environment and ini are there as in the controller.
    """
    mode = getattr(config.known_args_namespace, "selfheal", None) or config.getoption("selfheal", None)
    if mode is None or mode == ON:
        named = os.environ.get("SELFHEAL_MODE")
        mode = named or (ON if mode == ON or config.getini("selfheal") else None)
    return None if mode in {None, "off"} else mode
