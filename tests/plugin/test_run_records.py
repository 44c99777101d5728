"""What is recorded of a run besides its failures, so that the gate judges the right one as what it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

import pytest

GREEN = "def test_a(): pass\ndef test_b(): pass\n"
BROKEN_FIXTURE = "import pytest\n@pytest.fixture\ndef torn():\n    yield\n    raise OSError('x')\n"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), ((), 2, 0)),
        (("-k", "test_a"), (("-k test_a",), 2, 1)),
        (("test_it.py",), (("test_it.py",), 2, 0)),
        (("test_it.py::test_b",), (("test_it.py::test_b",), 1, 0)),
        (("--deselect", "test_it.py::test_b"), (("--deselect test_it.py::test_b",), 2, 1)),
        (("-o", "addopts=-k test_a"), ((), 2, 1)),
        (("-o", "testpaths=. other", "other"), (("other",), 0, 0)),
        ((".",), ((), 2, 0)),
        (("-n2", "-k", "test_a"), (("-k test_a",), 2, 1)),
    ],
    ids=["all", "-k", "file", "test", "deselect", "addopts", "folder of testpaths", "whole folder", "xdist"],
)
def test_a_part_of_the_tests_is_known_as_such(pytester, run, store, options, expected):
    """Arguments that choose are kept; what the project's own settings leave out is no selection."""
    pytester.makepyfile(test_it=GREEN)
    pytester.mkdir("other")
    run("--selfheal", *options)
    (found,) = store().runs()
    assert (found.selection, found.collected, found.deselected) == expected


@pytest.mark.parametrize("option", ["--setup-plan", "--setup-only", "--fixtures-per-test", "--fixtures", "--co"])
def test_what_runs_no_test_is_no_run(pytester, run, option):
    """Such a call shows something; it would pass for a run of nothing."""
    pytester.makepyfile(GREEN)
    run("--selfheal", option)
    assert not (pytester.path / ".selfheal").exists()


def test_without_a_terminal_tests_are_counted_too(pytester, run, store):
    """`-p no:terminal` takes the statistics away, not the tests."""
    pytester.makepyfile(
        f"{BROKEN_FIXTURE}{GREEN}"
        "def test_c(): assert 0\n"
        "def test_d(torn): pass\n"
        "def test_e(): pytest.skip('x')\n"
        "@pytest.mark.xfail\ndef test_f(): assert 0\n"
    )
    run("--selfheal=record", "-p", "no:terminal")
    (found,) = store().runs()
    counts = (found.passed, found.failed, found.errors, found.skipped, found.xfailed)
    assert counts == (2, 1, 1, 1, 1)


def test_a_test_has_one_outcome_even_when_its_teardown_fails_too(pytester, run, store):
    """pytest says "1 failed, 1 passed, 2 errors"; those are two tests."""
    pytester.makepyfile(f"{BROKEN_FIXTURE}def test_a(torn): pass\ndef test_b(torn): assert 0\n")
    run("--selfheal=record")
    (found,) = store().runs()
    assert (found.passed, found.failed, found.errors) == (0, 1, 1)


def test_the_commit_is_recorded_without_asking_git(pytester, run, store):
    """Loose, packed and detached; a green run starts no process for it."""
    pytester.makepyfile(GREEN)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run([*git, *command], cwd=pytester.path, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=pytester.path, check=True, capture_output=True, text=True)
    run("--selfheal", env={"PATH": "/nonexistent"})
    assert store().runs()[0].commit == head.stdout.strip()
    subprocess.run(["git", "pack-refs", "--all"], cwd=pytester.path, check=True)
    subprocess.run(["git", "checkout", "-q", "--detach"], cwd=pytester.path, check=True)
    run("--selfheal", env={"PATH": "/nonexistent"})
    assert store().runs()[0].commit == head.stdout.strip()


def test_a_run_that_stops_early_says_so(pytester, run, store):
    """`-x` leaves tests out, whatever the exit status."""
    pytester.makepyfile("def test_a(): assert 0\ndef test_b(): pass\n")
    run("--selfheal=record", "-x")
    assert store().runs()[0].stopped == "stopping after 1 failures"


def test_a_killed_run_is_the_newest_run(pytester, run, store):
    """It was written when it began, so that the gate does not judge the one before it."""
    pytester.makepyfile(GREEN)
    run("--selfheal")
    pytester.makepyfile(
        test_slow="import pathlib, time\ndef test_a():\n    pathlib.Path('here').touch()\n    time.sleep(60)\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--selfheal", "test_slow.py"]
    child = subprocess.Popen(command, cwd=pytester.path, start_new_session=True, stdout=subprocess.DEVNULL)
    while not (pytester.path / "here").exists():
        assert child.poll() is None
        time.sleep(0.05)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    newest = store().runs()[0]
    assert (newest.complete, newest.passed) == (False, 0)


@pytest.mark.parametrize(
    ("options", "settings"),
    [(("--no-such-option",), ""), ((), "[tool.selfheal]\nmoed = 'x'\n")],
    ids=["usage", "settings"],
)
def test_a_call_that_pytest_refuses_leaves_its_mark(pytester, run, monkeypatch, options, settings):
    """The next good run takes it away; `--help` leaves none."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # of the suite itself: workers leave no mark
    pytester.makepyfile(GREEN)
    run("--selfheal")
    mark = pytester.path / ".selfheal" / "starting"
    run("--selfheal", "--help")
    assert not mark.exists()
    (pytester.path / "pyproject.toml").write_text(settings)
    assert run("--selfheal", *options).returncode == 4
    assert mark.exists()
    (pytester.path / "pyproject.toml").write_text("")
    run("--selfheal", "-n2")
    assert not mark.exists()


def test_the_mark_follows_no_link(pytester, run, monkeypatch):
    """Neither a link in its place nor one in that of the store."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    pytester.makepyfile(GREEN)
    run("--selfheal")
    precious = pytester.path / "precious"
    precious.write_text("kept")
    (pytester.path / ".selfheal" / "starting").symlink_to(precious)
    run("--selfheal", "--no-such-option")
    (pytester.path / ".selfheal").rename(pytester.path / "elsewhere")
    (pytester.path / "elsewhere" / "starting").unlink()
    (pytester.path / ".selfheal").symlink_to(pytester.path / "elsewhere")
    run("--selfheal", "--no-such-option")
    assert precious.read_text() == "kept"
    assert not (pytester.path / "elsewhere" / "starting").exists()


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["plain", "xdist"])
def test_the_junit_file_tells_what_the_store_knows(pytester, run, failures, options):
    """Signature and category of each failure, tries of a healed test, facts of the run."""
    pytester.makepyfile(
        "import itertools\ncount = itertools.count()\n"
        "def test_a(): raise KeyError('x')\n"
        "def test_b():\n    if next(count) == 0: raise ConnectionResetError('once')\n"
    )
    run("--selfheal", "--junitxml=j.xml", "-k", "test", *options)
    root = ET.parse(pytester.path / "j.xml").getroot()
    cases = {case.get("name"): case for case in root.iter("testcase")}
    told = {p.get("name"): p.get("value") for p in cases["test_a"].iter("property")}
    stored = {record.nodeid.rpartition("::")[2]: record for record in failures()}
    assert told["selfheal.signature"] == stored["test_a"].signature
    assert cases["test_b"].find("flakyFailure") is not None
    suite = {p.get("name"): p.get("value") for p in root.find("testsuite/properties")}
    assert suite["selfheal.run"] == stored["test_a"].run_id
    assert suite["selfheal.selection"] == "-k test"


def test_an_alert_reaches_the_hook_and_the_screen(pytester, run, store):
    """Half of forty tests fail: critical, with its figures, once in the hour."""
    pytester.makeconftest("def pytest_selfheal_alert(alert):\n    print('HEARD', alert.level, alert.text)\n")
    pytester.makepyfile("import pytest\n@pytest.mark.parametrize('n', range(40))\ndef test_a(n): assert n % 2\n")
    done = run("--selfheal=record", "-s")
    assert "HEARD critical failure rate is 50.0% (20 of 40), critical from 50% on" in done.stdout
    assert "selfheal: alert: failure rate is 50.0%" in done.stdout
    assert "HEARD" not in run("--selfheal=record", "-s").stdout
    assert [event.ref for event in store().events() if event.action == "alert"] == ["failure rate"]


def test_recoveries_of_earlier_runs_of_the_hour_count(pytester, run):
    """Two recoveries of one run are below the smallest sample; with two more of the next they are told."""
    limits = "min_duration_samples = 4\navg_duration_s = {warn = 0.001, critical = 9.0}\n"
    pytester.makepyprojecttoml(f"[tool.selfheal.gate]\n{limits}")
    pytester.makepyfile(
        "import time, pytest\nmet = set()\n@pytest.mark.parametrize('n', range(2))\ndef test_a(n):\n"
        "    time.sleep(0.002)\n    if n not in met: met.add(n); raise ConnectionResetError('once')\n"
    )
    assert "alert" not in run("--selfheal=suggest").stdout
    assert "alert: mean recovery duration" in run("--selfheal=suggest").stdout


def test_a_green_run_alarms_nobody(pytester, run):
    """However many tests failed within the hour, what passes brings nothing new to tell."""
    pytester.makepyfile(
        "import os, pytest\n@pytest.mark.parametrize('n', range(20))\ndef test_a(n): assert os.environ.get('GREEN')\n"
    )
    pytester.makepyprojecttoml("[tool.selfheal.gate]\nmin_samples = 30\n")
    assert "alert" not in run("--selfheal=record").stdout
    assert "alert" not in run("--selfheal=record", env={"GREEN": "1"}).stdout


def test_nobody_is_alarmed_by_a_change_in_review(pytester, run):
    """A pull request fails as it likes."""
    pytester.makeconftest("def pytest_selfheal_alert(alert):\n    print('HEARD')\n")
    pytester.makepyfile("import pytest\n@pytest.mark.parametrize('n', range(40))\ndef test_a(n): assert n % 2\n")
    assert "HEARD" not in run("--selfheal=record", "-s", env={"SELFHEAL_TRUST": "collaborator"}).stdout
