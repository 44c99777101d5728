"""Validation children that have started already: real processes, real forks, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pytest_selfheal.repair.validate import ChildSetup
from pytest_selfheal.repair.validate import run_tests
from pytest_selfheal.repair.warm import WarmChild
from pytest_selfheal.repair.warm import can_fork
from pytest_selfheal.safety.child_args import child_args

pytestmark = pytest.mark.skipif(not can_fork(), reason="this system cannot fork")

FILES = {
    "pytest.ini": "[pytest]\npythonpath = src\n",
    "src/shop/__init__.py": "NAME = 'old'\n",
    "src/shop/cart.py": "VALUE = 1\n",
    "tests/conftest.py": "import pytest\nimport shop\n\n\n@pytest.fixture\ndef number():\n    return 1\n",
    "tests/test_shop.py": (
        "import shop\nfrom shop import cart\n\n\n"
        "def test_name():\n    assert shop.NAME == 'new'\n\n\n"
        "def test_value(number):\n    assert cart.VALUE == 2\n\n\n"
        "def test_itself(tmp_path, cache):\n    assert not list(tmp_path.parent.parent.glob('*/test_other*'))\n"
        "    assert cache.get('seen', None) is None\n    cache.set('seen', 1)\n    assert 1 == 2\n"
    ),
    "tests/test_odd.py": "def test_odd():\n    pass\n",
}
T = "tests/test_shop.py::"
STARTS_A_CHILD = "    child = subprocess.Popen(['sleep', '60'])\n    open('pid', 'w').write(str(child.pid))\n"
ODD = "tests/test_odd.py::test_odd"


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = tmp_path / "project"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return folder


def setup_of(project, line="", **more):
    values = {"options": child_args([], (), line), "inipath": str(project / "pytest.ini"), "timeout_s": 60.0, **more}
    return ChildSetup(str(project), str(project), **values)


def descriptors():
    """The open files of this process, where the system tells."""
    return sorted(path.name for path in Path("/proc/self/fd").glob("*"))


@pytest.fixture
def warm(project):
    """Return a function that starts a warm child; afterwards no process, descriptor or file of it is left."""
    before = descriptors()
    started = []

    def start(targets, line="", **more):
        started.append(WarmChild(setup_of(project, line), targets, forks=True, **more))
        return started[-1]

    yield start
    for child in started:
        child.close()
        child.close()
    assert list((project.parent / "tmp").iterdir()) == []
    with pytest.raises(ChildProcessError):  # a zombie would be found
        os.waitpid(-1, os.WNOHANG)
    assert descriptors() == before


def odd(body):
    return {"tests/test_odd.py": ("import os, sys, time, subprocess\n\n\ndef test_odd():\n" + body).encode()}


def gone(pid):
    """Wait until a process does not run any more; another one of the system reaps it."""
    for _ in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_forks_tell_what_cold_children_tell(project, warm):
    """Package, module, conftest and test file are seen anew by each fork, and the tests may be others every time."""
    child = warm([f"{T}test_name"])
    overlays = [
        ({}, [f"{T}test_name", f"{T}test_value", f"{T}test_itself"]),
        ({"src/shop/__init__.py": b"NAME = 'new'\n"}, [f"{T}test_name"]),
        ({"src/shop/cart.py": b"VALUE = 2\n"}, ["tests/test_shop.py"]),
        ({"tests/conftest.py": b"import nowhere_at_all\n"}, [f"{T}test_name"]),
        ({"tests/test_shop.py": b"def test_name(:\n    pass\n"}, [f"{T}test_name"]),
        ({}, [f"{T}test_gone", ODD]),
    ]
    for files, targets in overlays:
        forked, cold = child.screen(targets, files, 60.0), run_tests(targets, setup_of(project), overlay=files)
        assert forked is not None
        for name in ("complete", "exitstatus", "outcomes", "collection_errors"):
            assert getattr(forked, name) == getattr(cold, name), (files, forked.output)
        told = [{key: (error.error_type, error.lineno) for key, error in run.errors.items()} for run in (forked, cold)]
        assert told[0] == told[1]
    assert child.alive


def test_a_candidate_finds_nothing_that_another_left(warm):
    """Temporary folders and the cache of pytest are empty for every fork."""
    child = warm([f"{T}test_itself"])
    for _ in range(2):
        run = child.screen([f"{T}test_itself"], {}, 60.0)
        assert "assert 1 == 2" in run.errors[f"{T}test_itself"].error_message


def test_a_fork_that_hangs_is_killed_with_what_it_started(project, warm):
    """At its limit the fork is gone, and its children; the warm child serves the next candidate."""
    child = warm([ODD])
    files = odd(f"{STARTS_A_CHILD}    while True: pass\n")
    run = child.screen([ODD], files, 3.0)
    assert (run.complete, run.reason) == (False, "the tests were still running after 3 s")
    assert gone(int((project / "pid").read_text()))
    assert child.screen([ODD], {}, 60.0).outcomes == {ODD: "passed"}


def test_what_a_test_leaves_running_ends_with_its_fork(project, warm):
    """A fork that ends well takes along what its tests started."""
    files = odd(STARTS_A_CHILD)
    assert warm([ODD]).screen([ODD], files, 60.0).outcomes == {ODD: "passed"}
    assert gone(int((project / "pid").read_text()))


@pytest.mark.parametrize(
    "body",
    ["    os._exit(0)\n", "    os.kill(os.getpid(), 9)\n", "    os.closerange(0, 100); os._exit(3)\n"],
    ids=["exit", "signal", "no descriptors"],
)
def test_a_fork_that_dies_tells_nothing(warm, body):
    """Only a cold child can tell then; the warm one lives on."""
    child = warm([ODD])
    assert child.screen([ODD], odd(body), 60.0) is None
    assert child.screen([ODD], {}, 60.0).outcomes == {ODD: "passed"}


def test_a_flood_of_output_is_only_kept_in_part(warm):
    """What a test writes past pytest goes to a file, whose end is kept."""
    files = odd("    for _ in range(200): os.write(1, b'x' * 100_000)\n    assert False\n")
    run = warm([ODD], "-s").screen([ODD], files, 60.0)
    assert run.outcomes == {ODD: "failed"}
    assert 0 < len(run.output) <= 4000


def test_a_dead_warm_child_tells_nothing(project, warm):
    """Without it everything is run in cold children; nothing is raised."""
    child = warm([ODD])
    assert child.screen([ODD], {}, 60.0) is not None
    os.kill(child._child.pid, signal.SIGKILL)
    assert child.screen([ODD], {}, 60.0) is None
    assert not child.alive


def test_a_warm_child_killed_by_a_test_takes_its_fork_along(project, warm):
    """A test that kills its parent does not go on for ever."""
    child = warm([ODD])
    body = "    open('pid', 'w').write(str(os.getpid()))\n    os.kill(os.getppid(), 9)\n    while True: pass\n"
    assert child.screen([ODD], odd(body), 30.0) is None
    assert gone(int((project / "pid").read_text()))


def test_nothing_goes_on_when_the_users_pytest_is_killed(project):
    """kill -9 of the process that gave the order ends the warm child and its fork."""
    program = f"""
        import sys
        from pytest_selfheal.repair.validate import ChildSetup
        from pytest_selfheal.repair.warm import WarmChild
        child = WarmChild(ChildSetup({str(project)!r}, {str(project)!r}), [{ODD!r}], forks=True)
        print(child._child.pid, flush=True)
        child.screen([{ODD!r}], {{"tests/test_odd.py": b'''
        import os
        def test_odd():
            open("pid.new", "w").write(str(os.getpid())); os.rename("pid.new", "pid")
            while True: pass
        '''.replace(b"\\n        ", b"\\n")}}, 60.0)
    """
    client = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, cwd=project)
    server = int(client.stdout.readline())
    while not (project / "pid").exists():
        assert client.poll() is None
        time.sleep(0.01)
    client.kill()
    client.wait()
    client.stdout.close()
    assert gone(int((project / "pid").read_text()))
    assert gone(server)


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        ("import shop.cart\n", "it is imported already"),
        ("import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n", "threads"),
        ("raise SystemExit(3)\n", "it does not start"),
    ],
    ids=["module is imported", "threads", "does not start"],
)
def test_plugins_of_the_project_can_make_a_fork_unfit(project, warm, plugin, reason):
    """A module that is imported before the fork could not be seen anew; threads do not survive a fork."""
    (project / "own_plugin.py").write_text("import sys\nsys.path.insert(0, 'src')\n" + plugin)
    run = warm([ODD], "-p own_plugin").screen([ODD], {"src/shop/cart.py": b"VALUE = 2\n"}, 60.0)
    assert run is None, reason


def test_other_candidates_are_told_although_a_plugin_imports_something(project, warm):
    """Only what the plugin imported needs a cold child."""
    (project / "own_plugin.py").write_text("import sys\nsys.path.insert(0, 'src')\nimport shop\n")
    child = warm([f"{T}test_value"], "-p own_plugin")
    assert child.screen([f"{T}test_value"], {"src/shop/__init__.py": b""}, 60.0) is None
    run = child.screen([f"{T}test_value"], {"src/shop/cart.py": b"VALUE = 2\n"}, 60.0)
    assert run.outcomes == {f"{T}test_value": "passed"}


def test_a_child_that_waits_can_run_by_itself(project):
    """It sees the files as they are when the order comes, whatever it was started for, and is used up."""
    child = WarmChild(setup_of(project), [f"{T}test_name"])
    (project / "src/shop/cart.py").write_text("VALUE = 2\n")
    run = child.run([f"{T}test_value", ODD], setup_of(project), edited=["src/shop/cart.py"])
    assert run.outcomes == {f"{T}test_value": "passed", ODD: "passed"}
    assert child.run([ODD], setup_of(project)) is None
    assert list((project.parent / "tmp").iterdir()) == []


def test_a_child_that_runs_by_itself_is_killed_at_its_limit(project):
    """It counts as a run that did not pass."""
    (project / "tests/test_odd.py").write_text("def test_odd():\n    while True: pass\n")
    run = WarmChild(setup_of(project), [ODD]).run([ODD], setup_of(project, timeout_s=3.0))
    assert (run.complete, run.reason) == (False, "the tests were still running after 3 s")


def test_a_child_that_nobody_needs_leaves_nothing(project):
    """Closed before it was ready, with or without an order."""
    WarmChild(setup_of(project), [ODD]).close()
    WarmChild(setup_of(project), [ODD], forks=True).close()
    assert list((project.parent / "tmp").iterdir()) == []
