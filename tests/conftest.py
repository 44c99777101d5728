"""What all tests share: a clean environment and small builders of values."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from typing import Any

import pytest
from hypothesis import settings

from pytest_selfheal.model import Category
from pytest_selfheal.model import Diagnosis
from pytest_selfheal.model import FailureRecord
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import Phase
from pytest_selfheal.model import RunRecord
from pytest_selfheal.model import Severity

if TYPE_CHECKING:
    from collections.abc import Callable

pytest_plugins = ["pytester", "model_server", "postgres_server"]
collect_ignore = ["corpus"]  # a project of failures for benchmarks/classification.py

# Time belongs to benchmarks; SELFHEAL_TEST_EXAMPLES asks for a longer search than the everyday suite can afford.
settings.register_profile("house", deadline=None, max_examples=int(os.environ.get("SELFHEAL_TEST_EXAMPLES", "50")))
settings.load_profile("house")

_FOREIGN = (
    *("CI", "GITHUB_", "GITLAB_", "TF_BUILD", "SYSTEM_", "BUILD_", "JENKINS", "CHANGE_", "TEAMCITY", "CODEBUILD"),
    *("BITBUCKET", "BUILDKITE", "DRONE", "TRAVIS", "APPVEYOR", "SEMAPHORE"),
    *("SELFHEAL_", "PYTEST_ADDOPTS", "FORCE_COLOR", "NO_COLOR", "PY_COLORS"),
)


@pytest.fixture(autouse=True)
def _no_foreign_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the surroundings (a CI service, a shell) would tell the plugin; each test says what it needs."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN):
            monkeypatch.delenv(name)


@pytest.fixture
def diagnosis() -> Callable[..., Diagnosis]:
    """Build a diagnosis; keywords replace single fields."""

    def build(**changes: Any) -> Diagnosis:
        fields: dict[str, Any] = {
            "category": Category.TRANSIENT,
            "severity": Severity.LOW,
            "confidence": 0.95,
            "signature": "v1:0123456789abcdef",
            "outage_key": "v1:outage",
            "rule": "test",
        }
        return Diagnosis(**{**fields, **changes})

    return build


@pytest.fixture
def failure_record() -> Callable[..., FailureRecord]:
    """Build a stored failure; keywords replace single fields."""

    def build(**changes: Any) -> FailureRecord:
        fields: dict[str, Any] = {
            "id": "f1",
            "updated_at": "2026-11-25T10:00:00.000Z",
            "run_id": "run-1",
            "nodeid": "tests/test_a.py::test_one",
            "phase": Phase.CALL,
            "error_type": "KeyError",
            "error_message": "'name'",
            "failure_category": Category.UNKNOWN,
            "severity": Severity.MEDIUM,
            "confidence": 0.3,
            "signature": "v1:0123456789abcdef",
            "outage_key": "v1:outage",
            "rule": "test",
            "outcome": Outcome.FAILED,
            "created_at": "2026-11-25T10:00:00.000Z",
        }
        return FailureRecord(**{**fields, **changes})

    return build


@pytest.fixture
def run_record() -> Callable[..., RunRecord]:
    """Build a finished run of 100 passing tests; keywords replace single fields."""

    def build(**changes: Any) -> RunRecord:
        fields: dict[str, Any] = {
            "id": "run-1",
            "updated_at": "2026-11-25T10:05:00.000Z",
            "started_at": "2026-11-25T10:00:00.000Z",
            "complete": True,
            "exit_status": 0,
            "passed": 100,
        }
        return RunRecord(**{**fields, **changes})

    return build
