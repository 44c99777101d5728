"""Observes tests that another plugin runs and retries.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_selfheal.model import Observation
    from pytest_selfheal.plugin.parts import Parts


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
