"""Small bugs become self-contained tests that fail with the bug and pass with its fix; all are proved."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

import pytest
from small_bugs import BUGS

BENCH = Path(__file__).parents[2] / "benchmarks" / "regression_tests.py"
CHOSEN = {"fixture_object", "drained_argument"}
"""Enough for every run; `REGRESSION_BUGS=all` takes the whole table, which needs minutes."""


@pytest.fixture(scope="module")
def bench():
    """The measurement's own functions: what it prints is what is tested."""
    return runpy.run_path(str(BENCH))


def test_each_bug_gets_a_test_that_fails_before_and_passes_after(bench, tmp_path, capsys):
    """The third day writes one proved file a bug, with the input the function was entered with."""
    everything = os.environ.get("REGRESSION_BUGS") == "all"
    bugs = tuple(bug for bug in BUGS if everything or bug.name in CHOSEN)
    assert bench["main"](tmp_path, bugs) == 0
    said = capsys.readouterr().out
    least = 20 if everything else len(bugs)
    assert int(said.split(" self-contained")[0].rpartition(" ")[2]) >= least
    assert "drain([1, 2])" in said
