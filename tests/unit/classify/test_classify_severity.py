"""How bad a failure is."""

from __future__ import annotations

import pytest

from pytest_selfheal.classify import diagnose
from pytest_selfheal.classify.severity import in_context
from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Phase
from pytest_selfheal.model import ProjectFacts
from pytest_selfheal.model import Severity

LOW, MEDIUM, HIGH, CRITICAL = Severity


def failed(*names, phase=Phase.CALL, scope="function", kind="exception", **facts):
    links = tuple(
        ErrorLink(name, (name,), relation="cause" if at else "self", facts=facts if at == len(names) - 1 else {})
        for at, name in enumerate(names)
    )
    return Failure("a.py::t", phase, "x", "x", chain=links, report_kind=kind, scope=scope)


@pytest.mark.parametrize(
    ("severity", "failure"),
    [
        (LOW, failed("builtins.ConnectionError")),
        (LOW, failed("openai.RateLimitError")),
        (MEDIUM, failed("builtins.AssertionError")),
        (MEDIUM, failed("builtins.TimeoutError")),
        (MEDIUM, failed("builtins.ValueError")),
        (HIGH, failed("builtins.MemoryError.x", "builtins.ModuleNotFoundError", name="nowhere")),
        (HIGH, failed("builtins.PermissionError")),
        (CRITICAL, failed("builtins.OSError", errno_name="ENOSPC")),
        (CRITICAL, failed(kind="crash")),
        (CRITICAL, failed("_pytest.config.ConftestImportFailure", "builtins.ValueError", phase=Phase.COLLECT)),
        (HIGH, failed("_pytest.nodes.Collector.CollectError", "builtins.ValueError", phase=Phase.COLLECT)),
        (MEDIUM, failed("builtins.ConnectionError", phase=Phase.COLLECT)),
        (HIGH, failed("builtins.ValueError", phase=Phase.SETUP, scope="session")),
        (MEDIUM, failed("builtins.ValueError", phase=Phase.SETUP)),
        (LOW, failed("builtins.TimeoutError", phase=Phase.TEARDOWN)),
    ],
)
def test_severity(severity, failure):
    """Category, phase and scope decide."""
    assert diagnose(failure, ProjectFacts()).severity is severity


def test_mass_failures_are_one_step_worse():
    """Five tests with one signature raise the severity, four do not; a new test that never passed does too."""
    assert in_context(MEDIUM, shared_by=5) is HIGH
    assert in_context(MEDIUM, shared_by=4) is MEDIUM
    assert in_context(LOW, shared_by=1, new_and_always_failing=True) is MEDIUM
    assert in_context(CRITICAL, shared_by=9) is CRITICAL
