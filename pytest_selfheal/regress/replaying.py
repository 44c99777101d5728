"""Runs the test a regression test is pinned to, in a process of its own.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_S = 300
_KEPT_OUTPUT = 4000


def run_pinned(nodeid: str, root: Path) -> None:
    """Run `nodeid` once, without retries and repairs.

    Raises:
        AssertionError: it did not pass; the message ends with the pinned run's output.
        unittest.SkipTest: it was skipped.
    """
    with tempfile.TemporaryDirectory(prefix="selfheal-replay-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "--selfheal=off", "-p", "no:cacheprovider", "-q", "--no-header"]
        command += [f"--junitxml={report}", f"--basetemp={Path(folder) / 'base'}", nodeid]
        try:
            done = subprocess.run(
                command,
                cwd=root,
                env=_environment(os.environ),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the pinned test {nodeid} did not end within {TIMEOUT_S} s") from None
        output = done.stdout.decode("utf-8", "replace")[-_KEPT_OUTPUT:]
        counts = _counts(report)
    if done.returncode == 0 and counts["tests"] > counts["skipped"]:
        return
    if done.returncode == 0 and counts["skipped"]:
        import unittest

        raise unittest.SkipTest(f"the pinned test {nodeid} was skipped")
    if not counts["tests"]:
        raise AssertionError(
            f"the pinned test {nodeid} cannot be run any more; delete this file if it is gone on purpose\n{output}"
        )
    raise AssertionError(f"the pinned test {nodeid} fails again\n{output}")


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Keep the parent's run out of the child: its options, its store, its xdist identity."""
    dropped = ("PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID")
    return {
        name: value
        for name, value in environ.items()
        if name not in dropped and not name.startswith(("SELFHEAL_", "COV_CORE_"))
    }


def _counts(report: Path) -> dict[str, int]:
    from xml.etree import ElementTree as ET

    counts = dict.fromkeys(("tests", "skipped"), 0)
    try:
        suites = ET.parse(report).getroot().iter("testsuite")  # noqa: S314 - written by the pytest we started
        for suite in suites:
            for name in counts:
                counts[name] += int(suite.get(name, "0"))
    except (OSError, ET.ParseError, ValueError):
        return dict.fromkeys(counts, 0)
    return counts
