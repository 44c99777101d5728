"""One test by itself in a fresh process: what is left to try after a hang or a crash.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from pytest_selfheal.repair.validate import RunResult

_STARTING_S = 30.0
"""What a process may need beyond the test's own time: interpreter, plugins, conftest, collection of one file."""


@dataclass(frozen=True)
class AloneRun:
    """How a test ended by itself; `reason` says why it did not pass."""

    passed: bool
    reason: str
    duration_s: float


class Alone:
    """Runs single tests in processes of their own, one at a time.

    Args:
        rootpath: pytest's root directory.
        timeout_s: limit of one try of a test, seconds; 0 means 300.
        notice: told with a sentence when something begins that takes long.
    """

    def __init__(self, rootpath: Path, timeout_s: float, notice: Callable[[str], None]) -> None:
        self._rootpath = rootpath
        self._timeout_s = timeout_s or 300.0
        self.notice = notice

    def run(self, nodeid: str, config: pytest.Config) -> AloneRun:
        """Run one test with the options of this run and return how it ended; never raises for what happens there."""
        from pytest_selfheal.plugin.public_ids import public_id

        nodeid = public_id(nodeid)  # what the child reports and anybody may see
        self.notice(f"{nodeid}: alone in a fresh process")
        run = self._child(nodeid, config)
        outcome = run.outcomes.get(nodeid, "")
        error = run.errors.get(nodeid)
        told = f"{error.error_type}: {error.error_message}"[:300] if error is not None else ""
        reason = run.reason or told or outcome or "it was not found"
        return AloneRun(run.complete and outcome == "passed", reason, run.duration_s)

    def can_collect(self, nodeid: str, config: pytest.Config) -> bool:
        """Return whether a fresh process can collect a module; none of its tests is run."""
        run = self._child(nodeid, config, "--collect-only")
        return run.complete and not run.collection_errors and run.exitstatus in (0, 5)

    def _child(self, nodeid: str, config: pytest.Config, *more: str) -> RunResult:
        from pytest_selfheal.plugin.time_limit import limit_of
        from pytest_selfheal.repair.validate import ChildSetup
        from pytest_selfheal.repair.validate import run_tests

        folder = os.fspath(config.invocation_params.dir)
        setup = ChildSetup(
            root=os.fspath(self._rootpath),
            invocation_dir=folder,
            options=(*_options(config), *more),
            inipath=os.fspath(config.inipath) if config.inipath else "",
            cwd_on_path=folder in sys.path or "" in sys.path,
            timeout_s=(limit_of(config) or self._timeout_s) + _STARTING_S,
        )
        return run_tests([nodeid], setup)


def _options(config: pytest.Config) -> tuple[str, ...]:
    from pytest_selfheal.safety.child_args import child_args

    # The command line of an xdist worker is that of its controller.
    given = getattr(config, "workerinput", {}).get("mainargv")
    arguments = list(given[1:]) if given else [str(argument) for argument in config.invocation_params.args]
    return child_args(
        arguments,
        [str(argument) for argument in config.args],
        [str(argument) for argument in config.getini("addopts")],
        os.environ.get("PYTEST_ADDOPTS", ""),
    )
