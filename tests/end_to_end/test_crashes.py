"""Killed runs: every later run works, nothing that was told is lost, and two runs at once lose nothing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from pytest_selfheal.store import open_store

KILLS = int(os.environ.get("SELFHEAL_TEST_KILLS", "10"))

# Acknowledged means that our hook has returned, so the record is written: the conftest notes it from a later hook.
# Validation and replay children, which get none of our settings, record nothing and so acknowledge nothing.
CONFTEST = """
import os
import pytest

@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report):
    if report.failed and "SELFHEAL_TRUST" in os.environ:
        fd = os.open(os.environ["ACKNOWLEDGED"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(fd, (os.environ["RUN"] + " " + report.nodeid + "\\n").encode())
        os.close(fd)
"""
TESTS = """
import pytest

@pytest.mark.parametrize("n", range(40))
def test_many(n):
    assert n % 2, f"planted {n}"

def test_import():
    import lost
    assert lost.total() == 3
"""
LOST = "def total():\n    return Decimal(1) + Decimal(2)\n"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_many.py").write_text(TESTS)
    (tmp_path / "lost.py").write_text(LOST)
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    return tmp_path


def _start(project, number, *options):
    env = {**os.environ, "ACKNOWLEDGED": str(project / "acknowledged"), "RUN": str(number), "SELFHEAL_TRUST": "local"}
    env |= {"PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=no", "--selfheal", *options]
    return subprocess.Popen(
        command, cwd=project, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def _acknowledged(project):
    path = project / "acknowledged"
    return path.read_text().split("\n")[:-1] if path.exists() else []


def test_no_acknowledged_failure_is_lost_when_runs_are_killed(project):
    """kill -9 at random moments: what a later hook saw is in the store, files are old or new, the next run works."""
    rng = random.Random(20261125)
    for number in range(KILLS):
        child = _start(project, number)
        time.sleep(rng.uniform(0.3, 2.5))
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        text = (project / "lost.py").read_text()
        assert text in (LOST, f"from decimal import Decimal\n\n\n{LOST}")
    final = _start(project, "final")
    assert final.wait(120) == 1

    store = open_store(project / ".selfheal")
    kept = {record.nodeid for record in store.failures()}
    told = _acknowledged(project)
    assert len(told) >= 20
    assert {line.partition(" ")[2] for line in told} <= kept
    assert len(store.failures()) >= len(set(told))
    assert store.verify().problems == ()
    assert store.runs(limit=1)[0].complete


def test_two_runs_at_once_lose_nothing(project):
    """Each run writes a segment of its own; both are whole afterwards."""
    runs = [_start(project, number, "-p", "no:randomly") for number in (1, 2)]
    assert [run.wait(120) for run in runs] == [1, 1]
    store = open_store(project / ".selfheal")
    assert len(store.runs()) == 2
    assert all(run.complete and run.failed == 21 for run in store.runs())
    for run in store.runs():
        assert len(store.failures(run_id=run.id)) == 21
