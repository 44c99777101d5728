"""Observes what keeps tests from being collected, and collects again what failed for a passing reason.

A module that was imported half way must not be used again, so the question whether it can be collected now is put to a
fresh process; when the answer is yes, everything the failed import left behind is forgotten and pytest collects the
module again in this one.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.plugin import private_pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_selfheal.model import Attempt
    from pytest_selfheal.model import Observation
    from pytest_selfheal.plugin.alone import Alone
    from pytest_selfheal.plugin.observer import Observed
    from pytest_selfheal.plugin.parts import Parts


class CollectionObserver:
    """Observes collectors that fail, where the exception is still at hand.

    Args:
        parts: observer and recovery.
        deliver: hands observations over, attached to a report where they must travel.
        alone: asks a fresh process.
        clock: monotonic, seconds.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        parts: Parts,
        deliver: Callable[[Any, list[Observation]], None],
        *,
        alone: Alone,
        clock: Callable[[], float],
        sleep: Callable[[float], object],
    ) -> None:
        self._parts = parts
        self._deliver = deliver
        self._alone = alone
        self._clock = clock
        self._sleep = sleep
        self._before: frozenset[str] = frozenset()

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Any:
        """Look at the report of one collector."""
        imports = isinstance(collector, pytest.Module) and self._parts.retries
        if imports:
            self._before = frozenset(sys.modules)
        before = self._before
        report = yield
        excinfo = getattr(getattr(report, "call", None), "excinfo", None)
        if report.failed and excinfo is not None:
            observed = self._observe(collector, excinfo)
            if observed is not None:
                report = self._again(collector, report, observed, before) if imports else report
                if report.failed:
                    self._deliver(report, [observed.failed()])
        return report

    def _observe(self, collector: pytest.Collector, excinfo: Any) -> Observed | None:
        return self._parts.observer.observe_collection(str(collector.nodeid), collector.path, excinfo, collector.ihook)

    def _again(self, collector: Any, report: Any, observed: Observed, before: frozenset[str]) -> Any:
        """Return the report of another try when recovery wants one and it goes well, else the one given."""
        try:
            attempts = self._wait_until_collectable(collector, observed)
            if not attempts:
                return report
            for name in set(sys.modules) - before:
                if private_pytest.is_project_module(name, collector.config.rootpath):
                    del sys.modules[name]
            again = private_pytest.collect_again(collector)
            if again.passed:
                self._deliver(again, [observed.healed(tuple(attempts))])
                return again
        except Exception as error:  # noqa: BLE001 - ours; the module's own error is reported as it is
            self._parts.degrade(error)
        return report

    def _wait_until_collectable(self, collector: pytest.Collector, observed: Observed) -> list[Attempt]:
        attempts: list[Attempt] = []
        recovery = self._parts.recovery
        key = observed.diagnosis.outage_key
        while recovery is not None:
            plan = recovery.plan_collection(observed.failure, observed.diagnosis, len(attempts) + 1, self._clock())
            if not plan.again:
                return []
            attempts.append(observed.attempt(len(attempts) + 1, waited_s=plan.delay_s))
            self._sleep(plan.delay_s)
            recovery.waited(plan.delay_s)
            collectable = self._alone.can_collect(str(collector.nodeid), collector.config)
            recovery.ended(key, self._clock(), recovered=collectable)
            if collectable:
                return attempts
        return []
