"""Screening the candidates of one group of failing tests: which way each of them is run.

A few candidates get a cold child each. From `FROM` on, a warm child forks for every candidate and sorts out the losers;
a candidate that passes there is run in a cold child all the same, whose verdict counts.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_selfheal.repair.validate import confirm
from pytest_selfheal.repair.validate import judge
from pytest_selfheal.repair.validate import run_tests
from pytest_selfheal.repair.validate import screen
from pytest_selfheal.repair.warm import WarmChild
from pytest_selfheal.repair.warm import can_fork
from pytest_selfheal.repair.warm import shared_modules

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import Validation
    from pytest_selfheal.repair.validate import ChildSetup
    from pytest_selfheal.repair.validate import RunResult

FROM = 3
"""A warm child costs about one cold one and a half to start; from three candidates on it is cheaper."""

PROBE_S = 10.0
"""Tests that take longer than this gain nothing from a warm start."""


class Children:
    """The validation children of one run: cold ones, and those that were started ahead.

    Args:
        setup: how the user's pytest was started.
        left: seconds that a child may take at most, as the budgets stand now.

    Attributes:
        told: called whenever tests are about to be run, for the progress shown to people.
    """

    def __init__(self, setup: ChildSetup, left: Callable[[], float]) -> None:
        self._setup = setup
        self._left = left
        self.told: Callable[[], None] = _nothing
        self._forking: WarmChild | None = None
        self._fit = False
        self._ready: WarmChild | None = None

    def close(self) -> None:
        """Leave nothing behind of children that were started ahead. Twice is safe."""
        for child in (self._forking, self._ready):
            if child is not None:
                child.close()
        self._forking = self._ready = None

    def screen(
        self, files: Mapping[str, bytes], wanted: Sequence[str], known_failures: AbstractSet[str]
    ) -> tuple[Validation, RunResult]:
        """Screen in a cold child."""
        self.told()
        return screen(files, wanted, self._limited(), known_failures=known_failures)

    def forked(
        self, files: Mapping[str, bytes], wanted: Sequence[str], known_failures: AbstractSet[str]
    ) -> tuple[Validation, RunResult]:
        """Screen in a fork if `warm_up` found that fit; in a cold child else, and whatever passed in a fork."""
        if self._fit and self._forking is not None:
            self.told()
            run = self._forking.screen(wanted, files, self._limited().timeout_s)
            if run is not None:
                validation = judge("screen", run, wanted, known_failures=known_failures)
                if not validation.ok:
                    return validation, run
        return self.screen(files, wanted, known_failures)

    def warm_up(self, failure: Failure, wanted: Sequence[str], count: int) -> bool:
        """Make a warm child fit for a group of `count` candidates; return whether to use `forked` for them.

        It is fit when its fork fails just as the user's test did: what is imported ahead, or a fork, could matter.
        """
        self._fit = False
        if count < FROM or not can_fork():
            return False
        if self._forking is None or not self._forking.alive:
            self._drop_forking()
            with suppress(OSError):
                self._forking = WarmChild(self._setup, wanted, forks=True, preload=shared_modules())
        if self._forking is None:
            return False
        run = self._forking.screen(wanted, {}, min(PROBE_S, self._limited().timeout_s))
        self._fit = run is not None and _fails_alike(run, failure)
        return self._fit

    def get_ready(self, targets: Sequence[str]) -> None:
        """Start the child of a confirming run ahead where a processor is free for it; it waits for `confirm`."""
        if _processors() < 2 or (self._ready is not None and self._ready.alive):
            return
        with suppress(OSError):
            self._ready = WarmChild(self._setup, targets)

    def confirm(
        self,
        wanted: Sequence[str],
        *,
        edited: Sequence[str],
        also: Sequence[str],
        known_failures: AbstractSet[str],
    ) -> tuple[Validation, RunResult]:
        """Confirm what was written, in the child that was started ahead if there is one."""
        self.told()
        ready, self._ready = self._ready, None

        def run(targets: Sequence[str], setup: ChildSetup, *, edited: Sequence[str] = ()) -> RunResult:
            done = ready.run(targets, setup, edited=edited) if ready is not None else None
            return done if done is not None else run_tests(targets, setup, edited=edited)

        return confirm(wanted, self._limited(), edited=edited, also=also, known_failures=known_failures, run=run)

    def old(self, targets: Sequence[str], before: Mapping[str, bytes]) -> RunResult:
        """Run tests on the texts from before an edit."""
        self.told()
        return run_tests(targets, self._limited(), overlay=before)

    def _limited(self) -> ChildSetup:
        left = max(1.0, self._left())
        return self._setup if self._setup.timeout_s <= left else replace(self._setup, timeout_s=left)

    def _drop_forking(self) -> None:
        if self._forking is not None:
            self._forking.close()
            self._forking = None


def _nothing() -> None:
    """Nobody looks."""


def _fails_alike(run: RunResult, failure: Failure) -> bool:
    kind = failure.error_type.rpartition(".")[2]
    return any(
        link.get("type_name") == kind for error in run.errors.values() for link in error.chain if isinstance(link, dict)
    )


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # another system
        return os.cpu_count() or 1
