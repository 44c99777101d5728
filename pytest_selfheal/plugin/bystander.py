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

    from pytest_selfheal.model import Attempt
    from pytest_selfheal.model import Observation
    from pytest_selfheal.plugin.observer import Observed
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
    """Looks at each failing try and changes nothing; what a try came to is the other plugin's word."""

    def __init__(self, parts: Parts, deliver: Callable[[Any, list[Observation]], None]) -> None:
        self._parts = parts
        self._deliver = deliver
        self._latest: dict[str, Observed] = {}
        self._earlier: dict[str, list[Attempt]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:
        """Observe what went wrong in one phase."""
        report = yield
        if report.failed:
            observed = self._parts.observer.observe(item, call, report)
            if observed is not None:
                self._latest[item.nodeid] = observed
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hand over what the test came to, once the other plugin has said whether it tries again."""
        nodeid = report.nodeid
        if report.outcome in _TRIES_AGAIN:
            observed = self._latest.pop(nodeid, None)
            if observed is not None:
                attempts = self._earlier.setdefault(nodeid, [])
                attempts.append(observed.attempt(len(attempts) + 1, waited_s=0.0))
                self._latest[nodeid] = observed
        elif report.failed and (failing := self._latest.pop(nodeid, None)) is not None:
            self._deliver(report, [failing.failed(tuple(self._earlier.pop(nodeid, ())))])
        elif report.passed and report.when == "call" and (attempts := self._earlier.pop(nodeid, [])):
            self._deliver(report, [self._latest.pop(nodeid).healed(tuple(attempts))])


_TRIES_AGAIN = frozenset({"rerun", "retried"})
"""Outcomes by which pytest-rerunfailures and pytest-retry log a failed try that is not the last."""
