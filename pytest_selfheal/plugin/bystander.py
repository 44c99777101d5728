"""Observes tests that another plugin runs and retries.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.plugin.other_retriers import active_retrier
from pytest_selfheal.plugin.runner import RUNNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_selfheal.model import Observation
    from pytest_selfheal.plugin.parts import Parts


class StandDown:
    """Takes the runner away once it is known that another plugin retries tests of this run."""

    def __init__(self, config: pytest.Config, parts: Parts, deliver: Callable[[Any, list[Observation]], None]) -> None:
        self._config = config
        self._parts = parts
        self._deliver = deliver

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Look at options and marks when all tests are known."""
        other = active_retrier(self._config, items)
        if other:
            self._parts.note(f"{other} is active and keeps the retries; pytest-selfheal only observes the tests")
            self._config.pluginmanager.unregister(name=RUNNER)
            self._config.pluginmanager.register(Bystander(self._parts, self._deliver), "selfheal-bystander")


class Bystander:
    """Looks at each failing report and changes nothing; `outcome` of a retried attempt is the other plugin's word."""

    def __init__(self, parts: Parts, deliver: Callable[[Any, list[Observation]], None]) -> None:
        self._parts = parts
        self._deliver = deliver

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:
        """Observe what went wrong in one phase."""
        report = yield
        if report.failed:
            observed = self._parts.observer.observe(item, call, report)
            if observed is not None:
                self._deliver(report, [observed.failed()])
        return report
