"""Running real pytest with the plugin on, and reading what it recorded."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_selfheal.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable


LEAN = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
"""Hypothesis, which these runs have no use for, takes a fifth of the time of starting pytest."""

FAST = {"SELFHEAL_OCCURRENCE_GAP_S": "0", "SELFHEAL_RETRY_BASE_S": "0.001", "SELFHEAL_TRUST": "local"}


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `python -m pytest` in the pytester folder in a process of its own, with short waits."""

    def call(*arguments: str, env: dict[str, str] | None = None, timeout: float = 120):
        command = [sys.executable, "-m", "pytest", *LEAN, *arguments]
        return subprocess.run(
            command,
            cwd=pytester.path,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **FAST, **(env or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return call


@pytest.fixture
def failures(pytester: pytest.Pytester) -> Callable[[], list]:
    """Return the stored failures of the pytester folder, oldest first."""
    return lambda: open_store(pytester.path / ".selfheal").failures()[::-1]


@pytest.fixture
def store(pytester: pytest.Pytester) -> Callable[[], object]:
    """Open the store of the pytester folder."""
    return lambda: open_store(pytester.path / ".selfheal")
