"""Observes what keeps tests from being collected.

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


class CollectionObserver:
    """Observes collectors that fail, where the exception is still at hand."""

    def __init__(self, parts: Parts, deliver: Callable[[Any, list[Observation]], None]) -> None:
        self._parts = parts
        self._deliver = deliver

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Any:
        """Look at the report of one collector."""
        report = yield
        excinfo = getattr(getattr(report, "call", None), "excinfo", None)
        if report.failed and excinfo is not None:
            observed = self._parts.observer.observe_collection(
                str(collector.nodeid), collector.path, excinfo, collector.ihook
            )
            if observed is not None:
                self._deliver(report, [observed.failed()])
        return report
