"""How a worker hands over what it observed.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.plugin.attribute import OBSERVATIONS

if TYPE_CHECKING:
    from pytest_selfheal.model import Observation

OUTPUT = "selfheal_observations"
"""The key in the output of a worker, for what no report could carry."""


class Postbox:
    """Attaches observations to the report they belong to; what xdist does not send waits for the end."""

    def __init__(self) -> None:
        self._waiting: list[Observation] = []

    def deliver(self, report: Any, observations: list[Observation]) -> None:
        """Hand observations over with their report, or at the end when that report is not sent."""
        if isinstance(report, pytest.CollectReport) and report.passed:
            self._waiting += observations
        elif observations:
            from pytest_selfheal.plugin.transport import pack

            setattr(report, OBSERVATIONS, pack(observations))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Leave with the worker's last words what no report carried."""
        if self._waiting:
            from pytest_selfheal.plugin.transport import pack

            output: dict[str, Any] = session.config.workeroutput  # type: ignore[attr-defined] # set by xdist
            output[OUTPUT] = pack(self._waiting)
