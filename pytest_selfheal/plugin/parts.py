"""What a failing test needs and a passing one does not: made, and imported, when the first failure happens.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pytest

RAISED: tuple[type[BaseException], ...] = (Exception, pytest.skip.Exception, pytest.fail.Exception)
"""What somebody else's hook may raise without ending the run: pytest's own outcomes are no `Exception`."""

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_selfheal.config import Policy
    from pytest_selfheal.model import Observation
    from pytest_selfheal.plugin.observer import Observer
    from pytest_selfheal.plugin.time_limit import TimeLimit
    from pytest_selfheal.recover import Recovery


class Parts:
    """The observer and the recovery of one process.

    Args:
        rootpath: pytest's root directory.
        policy: the settings.
        notices: collects what goes wrong in the plugin itself.
        wall_clock: seconds since the epoch; the real one, whatever tests do to the time.
    """

    def __init__(self, rootpath: Path, policy: Policy, notices: list[str], wall_clock: Callable[[], float]) -> None:
        self._rootpath = rootpath
        self._policy = policy
        self._wall_clock = wall_clock
        self._folder: Path | None = None
        self.tests = 0
        self.time_limit: TimeLimit | None = None
        self.hold: Callable[[list[Observation]], None] | None = None
        """Keeps what waits for another try, in case the run is killed; None in workers, which leave it on file."""
        self.notices = notices

    def share(self, folder: Path) -> None:
        """Make the storm breaker's state that of all processes that meet in this folder."""
        self._folder = folder

    @cached_property
    def observer(self) -> Observer:
        """Turns exceptions into observations."""
        from pytest_selfheal.model import utc_text
        from pytest_selfheal.plugin.observer import Observer

        return Observer(self._rootpath, self._policy.rules, self.degrade, lambda: utc_text(self._wall_clock()))

    @cached_property
    def recovery(self) -> Recovery | None:
        """Decides about retries; None when nothing is to be retried."""
        if not self.retries:
            return None
        import os
        import random

        from pytest_selfheal.plugin.run_folder import SharedLog
        from pytest_selfheal.recover import MemoryLog
        from pytest_selfheal.recover import Recovery
        from pytest_selfheal.recover import Storm

        policy = self._policy
        log = SharedLog(self._folder) if self._folder is not None else MemoryLog()
        storm = Storm(policy.storm_failures, policy.storm_pause_s, log, str(os.getpid()))
        # The module's generator belongs to the tests: some seed it and count on what comes next.
        return Recovery(policy, random.Random().random, storm, self.tests)  # noqa: S311 - jitter, not a secret

    @property
    def retries(self) -> bool:
        """Whether anything may be tried again in this run."""
        return self._policy.mode != "record"

    def degrade(self, error: Exception) -> None:
        """Note an error of our own; it is shown once, at the end of the run."""
        self.note(f"{type(error).__name__}: {error}")

    def note(self, text: str) -> None:
        """Keep a sentence for the end of the run, once."""
        if text not in self.notices:
            self.notices.append(text)
