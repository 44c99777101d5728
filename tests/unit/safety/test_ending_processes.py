"""A child and all it started is gone afterwards."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pytest_selfheal.safety import processes
from pytest_selfheal.safety.processes import run_tree

STARTER = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session={new})
sys.exit(3)
"""


def left(mark):
    """Return the processes with a mark in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            found += [entry] if mark.encode() in entry.read_bytes() else []
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no /proc")
@pytest.mark.parametrize("new", [False, True], ids=["same session", "own session"])
def test_what_a_child_leaves_running_is_ended(tmp_path, new):
    """The child's own status is kept; what it started dies, in its session or out of it."""
    command = [sys.executable, "-c", STARTER.format(new=new)]
    assert run_tree(command, cwd=tmp_path, env={"OWNER": str(tmp_path)}, output=tmp_path / "out", timeout_s=60) == 3
    assert left(f"OWNER={tmp_path}") == []


def test_a_child_that_prints_without_end_is_stopped(tmp_path, monkeypatch):
    """Long before its time is over."""
    monkeypatch.setattr(processes, "MOST_OUTPUT", 1000)
    command = [sys.executable, "-c", "while True: print('x' * 1000)"]
    assert run_tree(command, cwd=tmp_path, env={}, output=tmp_path / "out", timeout_s=3000) is None
