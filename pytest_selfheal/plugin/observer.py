"""Turns what pytest caught into observations, in the process where the exception lives.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.capture.project import project_facts
from pytest_selfheal.classify import compile_rules
from pytest_selfheal.classify import diagnose
from pytest_selfheal.errors import DataError
from pytest_selfheal.model import Attempt
from pytest_selfheal.model import Category
from pytest_selfheal.model import Observation
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import Phase
from pytest_selfheal.model import Ruling
from pytest_selfheal.plugin import private_pytest
from pytest_selfheal.plugin.capture import capture
from pytest_selfheal.plugin.capture import capture_report
from pytest_selfheal.plugin.parts import RAISED

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Hashable
    from collections.abc import Mapping

    from pytest_selfheal.config import RuleSetting
    from pytest_selfheal.model import Diagnosis
    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import ProjectFacts
    from pytest_selfheal.plugin.capture import Told

REGRESSION_MARKER = "selfheal_regression"
OPT_OUT_MARKER = "no_selfheal"


@dataclass(frozen=True)
class Observed:
    """One failed attempt with what it was found to be."""

    failure: Failure
    diagnosis: Diagnosis
    is_regression: bool
    hands_off: bool = False

    def failed(self, attempts: tuple[Attempt, ...] = (), stopped: str = "") -> Observation:
        """Return the observation of a test that ended failed: its earlier attempts, why there were no more."""
        return self._ended(Outcome.FAILED, attempts, stopped)

    def healed(self, attempts: tuple[Attempt, ...]) -> Observation:
        """Return the observation of a test whose last try passed; `attempts` are the failed ones."""
        return self._ended(Outcome.HEALED, attempts)

    def _ended(self, outcome: Outcome, attempts: tuple[Attempt, ...], stopped: str = "") -> Observation:
        return Observation(self.failure, self.diagnosis, outcome, attempts, self.is_regression, self.hands_off, stopped)

    def attempt(self, number: int, *, waited_s: float) -> Attempt:
        """Return this failed try as the `number`-th attempt."""
        return Attempt(
            number,
            self.diagnosis.category,
            self.diagnosis.signature,
            self.failure.error_type,
            self.failure.error_message,
            self.failure.duration_s,
            waited_s,
        )


class Observer:
    """Captures and classifies; never raises, so that observing cannot change a test.

    Args:
        rootpath: pytest's root directory.
        rules: the project's own rules, by name.
        degrade: told about an error of our own.
        now: returns the time, UTC, ISO 8601; asked once per failure.
    """

    def __init__(
        self,
        rootpath: Path,
        rules: Mapping[str, RuleSetting],
        degrade: Callable[[Exception], None],
        now: Callable[[], str],
    ) -> None:
        self._rootpath = rootpath
        self._own = compile_rules(rules)
        self._degrade = degrade
        self._now = now
        self._seen: dict[Hashable, Told] = {}
        self._diagnosed: dict[tuple[int, Phase, str], Diagnosis] = {}

    @cached_property
    def _facts(self) -> ProjectFacts:
        return project_facts(self._rootpath)

    def observe(self, item: pytest.Item, call: pytest.CallInfo[Any], report: Any) -> Observed | None:
        """Return what a failed phase of a test was, or None when that could not be found out."""
        try:
            marks = {mark.name for mark in item.iter_markers()}
            is_regression, hands_off = REGRESSION_MARKER in marks, OPT_OUT_MARKER in marks
            if call.excinfo is None:
                failure = capture_report(report, rootpath=self._rootpath, created_at=self._now())
            else:
                failure = capture(
                    call.excinfo,
                    nodeid=str(item.nodeid),
                    phase=Phase(report.when),
                    rootpath=self._rootpath,
                    test_path=item.path,
                    test_name=item.name,
                    docstring=getattr(getattr(item, "obj", None), "__doc__", None),
                    scope=private_pytest.failing_fixture_scope(call.excinfo),
                    duration_s=float(report.duration),
                    created_at=self._now(),
                    seen=self._seen,
                )
            diagnosis = self._diagnose(failure, item.ihook, call.excinfo)
            return Observed(failure, diagnosis, is_regression, hands_off)
        except Exception as error:  # noqa: BLE001 - observing must never change what is observed
            self._degrade(error)
            return None

    def observe_collection(
        self, nodeid: str, path: Path | None, excinfo: pytest.ExceptionInfo[BaseException], ihook: Any = None
    ) -> Observed | None:
        """Return what kept a module, package or conftest from being collected."""
        try:
            failure = capture(
                excinfo,
                nodeid=nodeid,
                phase=Phase.COLLECT,
                rootpath=self._rootpath,
                test_path=path,
                test_name=nodeid,
                scope="module",
                created_at=self._now(),
            )
            return Observed(failure, self._diagnose(failure, ihook, excinfo), is_regression=False)
        except Exception as error:  # noqa: BLE001 - as above
            self._degrade(error)
            return None

    def observe_conftest(self, error: Exception) -> Observed | None:
        """Return what kept a conftest from being loaded before the session began; its folder stands for the tests."""
        path = getattr(error, "path", None)
        folder = Path(path).parent if path else self._rootpath
        nodeid = os.path.relpath(folder, self._rootpath).replace(os.sep, "/")
        return self.observe_collection(nodeid, Path(path) if path else None, pytest.ExceptionInfo.from_exception(error))

    def observe_report(self, report: Any) -> Observed | None:
        """Return what a report without exception tells: a crashed worker, a strict xfail that passed."""
        try:
            failure = capture_report(report, rootpath=self._rootpath, created_at=self._now())
            return Observed(failure, diagnose(failure, self._facts, self._own), is_regression=False)
        except Exception as error:  # noqa: BLE001 - as above
            self._degrade(error)
            return None

    def _diagnose(self, failure: Failure, ihook: Any, excinfo: pytest.ExceptionInfo[BaseException] | None) -> Diagnosis:
        ruling = self._ruling(failure, ihook, excinfo) if ihook is not None else None
        if ruling is not None or not failure.chain:
            return diagnose(failure, self._facts, self._own, ruling)
        # Alike failures share their chain, which `_seen` keeps alive, so its identity is as good as its content.
        key = (id(failure.chain), failure.phase, failure.scope)
        known = self._diagnosed.get(key)
        if known is None:
            known = diagnose(failure, self._facts, self._own)
            if self._seen and next(reversed(self._seen.values())).chain is failure.chain:
                self._diagnosed[key] = known
        return known

    def _ruling(
        self, failure: Failure, ihook: Any, excinfo: pytest.ExceptionInfo[BaseException] | None
    ) -> Ruling | None:
        try:
            answer = ihook.pytest_selfheal_classify(failure=failure, error=excinfo.value if excinfo else None)
            return _ruling_of(answer)
        except RAISED as error:  # the hook is somebody else's; our rules decide then
            self._degrade(error if isinstance(error, Exception) else DataError(f"it raised {error!r}"))
            return None


def _ruling_of(answer: Any) -> Ruling | None:
    if answer is None or isinstance(answer, Ruling):
        return answer
    words = [category.value for category in Category]
    if answer in words:
        return Ruling(Category(answer))
    raise DataError(
        f"the answer, a {type(answer).__name__}, is no category",
        where="pytest_selfheal_classify",
        todo=f"answer one of {', '.join(words)}",
    )
