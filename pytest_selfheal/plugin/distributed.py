"""Takes over in the xdist controller what the workers observed.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.plugin.attribute import OBSERVATIONS

if TYPE_CHECKING:
    from pytest_selfheal.plugin.controller import Controller
    from pytest_selfheal.plugin.parts import Parts


class Receiver:
    """Reads observations off the reports of workers; a report without one costs a single look."""

    def __init__(self, controller: Controller, parts: Parts) -> None:
        self._controller = controller
        self._parts = parts

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Receive what a worker found out about one phase of a test."""
        text = getattr(report, OBSERVATIONS, None)
        if text is not None:
            self._receive(report, text)
        elif report.when == "???":  # made by the controller itself for a worker that died
            observed = self._parts.observer.observe_report(report)
            if observed is not None:
                self._controller.receive(report, [observed.failed()])

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: Any) -> None:
        """Receive what a worker found out about a collector; every worker collects, so most come twice."""
        text = getattr(report, OBSERVATIONS, None)
        if text is not None:
            self._receive(report, text)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:
        """Count a worker that went away before its time."""
        del node
        if error:
            self._controller.worker_lost()

    def _receive(self, report: Any, text: object) -> None:
        from pytest_selfheal.plugin.transport import unpack

        try:
            observations = unpack(text)
        except Exception as error:  # noqa: BLE001 - a bad attribute must not end the session
            self._controller.degrade(error)
            return
        self._controller.receive(report, observations)
