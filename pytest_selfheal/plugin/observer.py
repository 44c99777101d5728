"""Turns what pytest caught into observations, in the process where the exception lives.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.classify import ProjectFacts
from pytest_selfheal.classify import diagnose
from pytest_selfheal.model import Attempt
from pytest_selfheal.model import Observation
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import Phase
from pytest_selfheal.plugin import private_pytest
from pytest_selfheal.plugin.capture import capture
from pytest_selfheal.plugin.capture import capture_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_selfheal.model import Diagnosis
    from pytest_selfheal.model import Failure

REGRESSION_MARKER = "selfheal_regression"
OPT_OUT_MARKER = "no_selfheal"


@dataclass(frozen=True)
class Observed:
    """One failed attempt with what it was found to be."""

    failure: Failure
    diagnosis: Diagnosis
    is_regression: bool
    hands_off: bool = False

    def failed(self, attempts: tuple[Attempt, ...] = ()) -> Observation:
        """Return the observation of a test that ended failed after these earlier attempts."""
        return self._ended(Outcome.FAILED, attempts)

    def healed(self, attempts: tuple[Attempt, ...]) -> Observation:
        """Return the observation of a test whose last try passed; `attempts` are the failed ones."""
        return self._ended(Outcome.HEALED, attempts)

    def _ended(self, outcome: Outcome, attempts: tuple[Attempt, ...]) -> Observation:
        return Observation(self.failure, self.diagnosis, outcome, attempts, self.is_regression, self.hands_off)

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
        degrade: told about an error of our own.
        now: returns the time, UTC, ISO 8601; asked once per failure.
    """

    def __init__(self, rootpath: Path, degrade: Callable[[Exception], None], now: Callable[[], str]) -> None:
        self._rootpath = rootpath
        self._degrade = degrade
        self._now = now

    @cached_property
    def _facts(self) -> ProjectFacts:
        return project_facts(self._rootpath)

    def observe(self, item: pytest.Item, call: pytest.CallInfo[Any], report: Any) -> Observed | None:
        """Return what a failed phase of a test was, or None when that could not be found out."""
        try:
            is_regression = item.get_closest_marker(REGRESSION_MARKER) is not None
            hands_off = item.get_closest_marker(OPT_OUT_MARKER) is not None
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
                )
            return Observed(failure, diagnose(failure, self._facts), is_regression, hands_off)
        except Exception as error:  # noqa: BLE001 - observing must never change what is observed
            self._degrade(error)
            return None

    def observe_collection(
        self, nodeid: str, path: Path | None, excinfo: pytest.ExceptionInfo[BaseException]
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
            return Observed(failure, diagnose(failure, self._facts), is_regression=False)
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
            return Observed(failure, diagnose(failure, self._facts), is_regression=False)
        except Exception as error:  # noqa: BLE001 - as above
            self._degrade(error)
            return None


def project_facts(rootpath: Path) -> ProjectFacts:
    """Return the names a project can import, read from folder listings only."""
    own: set[str] = set()
    modules: set[str] = set()
    for folder in (rootpath, rootpath / "src", rootpath / "lib", rootpath / "tests", rootpath / "test"):
        names = _importable(folder)
        own |= names
        for name in names:
            modules |= {f"{name}.{inner}" for inner in _importable(folder / name)}
    installed: set[str] = set()
    for entry in sys.path:
        if "site-packages" in entry or "dist-packages" in entry:
            installed |= _importable(Path(entry))
    return ProjectFacts(
        own=frozenset(own),
        stdlib=frozenset(sys.stdlib_module_names),
        installed=frozenset(installed - own),
        own_modules=frozenset(modules),
    )


def _importable(folder: Path) -> set[str]:
    names: set[str] = set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                stem, dot, suffix = entry.name.partition(".")
                is_module = bool(dot) and suffix.rpartition(".")[2] in {"py", "so", "pyd"}
                if stem.isidentifier() and (is_module or (not dot and entry.is_dir())):
                    names.add(stem)
    except OSError:
        return names
    return names
