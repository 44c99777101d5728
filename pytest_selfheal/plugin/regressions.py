"""Generated regression tests among the collected ones; a suite without any pays one look at each test's own marks.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import pytest

if TYPE_CHECKING:
    from pytest_selfheal.config import Policy
    from pytest_selfheal.plugin.controller import Controller
    from pytest_selfheal.plugin.known_bugs import KnownBugs
    from pytest_selfheal.plugin.parts import Parts

MARKER = "selfheal_regression"
OUTPUT = "selfheal_regressions"
"""Key of a worker's output under which it tells what its regression tests came to."""


class RegressionFinder:
    """Looks for regression tests in the process that runs them, and reads from the store how far each has come."""

    def __init__(self, config: pytest.Config, policy: Policy, parts: Parts) -> None:
        self._config = config
        self._policy = policy
        self._parts = parts
        self.known: KnownBugs | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Treat regression tests as their state asks for; never raises."""
        found = [(item, mark) for item in items for mark in item.own_markers if mark.name == MARKER]
        if not found:
            return
        try:
            from pytest_selfheal.plugin.known_bugs import KnownBugs

            self.known = KnownBugs(self._config, self._policy)
            self.known.mark(found)
            self._config.pluginmanager.register(self.known, "selfheal-known-bugs")
        except Exception as error:  # noqa: BLE001 - they then run as ordinary tests
            self._parts.degrade(error)


class RegressionKeeper:
    """Lives in the process that writes the store: counts what regression tests came to, and says when a bug is gone."""

    def __init__(self, controller: Controller, finder: RegressionFinder) -> None:
        self._controller = controller
        self._finder = finder
        self._outcomes: dict[str, str] = {}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what an xdist worker's regression tests came to."""
        told = getattr(node, "workeroutput", {}).get(OUTPUT)
        if isinstance(told, dict):
            self._outcomes.update({str(key): str(outcome) for key, outcome in told.items()})

    def pytest_sessionfinish(self) -> None:
        """Write the new state of each test that ran; before the run's end closes the store. Never raises."""
        if self._finder.known is not None:
            self._outcomes.update(self._finder.known.outcomes)
        if not self._outcomes:
            return
        try:
            from pytest_selfheal.plugin.known_bugs import keep

            keep(self._controller, self._outcomes)
        except Exception as error:  # noqa: BLE001 - counting must not change the run
            self._controller.degrade(error)
