"""Tests that fight back: healing ends in its budget, the tree holds nothing but the fixes, and no process is left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are counted in /proc and by signals")

needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no /proc")

PYPROJECT = """
[tool.pytest.ini_options]
pythonpath = ["."]
[tool.selfheal]
validation_timeout_s = {patience}
repair_budget_s = {budget}
attempts = 1
"""
PRODUCT = "def total():\n    return Decimal(1) + 2\n"
FIXED = f"from decimal import Decimal\n\n\n{PRODUCT}"

# What a test does once the fix lets it come so far: in the children that try the fix, and only there.
_FOLDER = "import os, tempfile\nd = tempfile.mkdtemp()\nos.chdir(d)\nos.rmdir(d)"
_ENVIRONMENT = "import os\nos.environ.update(PYTEST_ADDOPTS='--no', PYTHONPATH='/x', PYTEST_PLUGINS='no')"
_SIGNALS = "import signal\nfor s in (signal.SIGINT, signal.SIGTERM):\n    signal.signal(s, signal.SIG_IGN)"
_LONG = "import time; time.sleep(3600)"
_CHILD = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', '{_LONG}'])"
DEEDS = {
    "tamper": (f"import sys\nsys.path[:1] = ['/nowhere']\n{_FOLDER}\n{_ENVIRONMENT}\n{_SIGNALS}", True),
    "thread": ("import threading, time\nthreading.Thread(target=time.sleep, args=(3600,)).start()", True),
    "print": (
        (
            "import os, sys\nfor _ in range(100):\n    sys.__stdout__.write('x' * 2**20)\n    print('y' * 2**16)\n"
            "os.close(1)\nos.close(2)"
        ),
        True,
    ),
    "children": (f"{_CHILD}\n{_CHILD[:-1]}, start_new_session=True)", True),
    "exit": ("import os\nos._exit(0)", False),
    "kill": ("import os, signal\nos.killpg(0, signal.SIGKILL)", False),
}


def _write(root, files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        subprocess.run([*git, *command], cwd=root, check=True)


def _run(root, *options):
    env = {**os.environ, "SELFHEAL_TRUST": "local", "PYTHONDONTWRITEBYTECODE": "1", "HOSTILE": str(root)}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", f"--junitxml={root.parent}/x.xml"]
    done = subprocess.run(
        [*command, *options], cwd=root, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    report = ET.parse(root.parent / "x.xml")
    outcomes = {
        case.get("name"): sorted({part.tag for part in case} - {"properties"}) for case in report.iter("testcase")
    }
    return done, outcomes


def _left(root):
    """The processes that descend from a run, by what its environment says."""
    mark = f"HOSTILE={root}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_bytes())
        except OSError:
            continue
    return found


def _project(root, deeds, patience, budget):
    files = {"pyproject.toml": PYPROJECT.format(patience=patience, budget=budget)}
    for name, deed in deeds.items():
        body = deed.replace("\n", "\n    ")
        files[f"shop_{name}.py"] = PRODUCT
        files[f"test_{name}.py"] = f"import shop_{name}\n\ndef test_{name}():\n    shop_{name}.total()\n    {body}\n"
    _write(root, files)


def _changed(root):
    command = ["git", "status", "--porcelain"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()


@needs_proc
def test_what_tests_do_in_the_trials_of_a_fix_harms_nobody(tmp_path):
    """Each deed comes behind a missing import: fixed where the test passes, left alone where it does not."""
    root = tmp_path / "shop"
    _project(root, {name: deed for name, (deed, _passes) in DEEDS.items()}, patience=100, budget=900)
    plain, expected = _run(root)
    done, outcomes = _run(root, "--selfheal")
    assert (done.returncode, outcomes) == (plain.returncode, expected)
    healed = {name for name in DEEDS if (root / f"shop_{name}.py").read_text() == FIXED}
    assert healed == {name for name, (_deed, passes) in DEEDS.items() if passes}, done.stdout[-3000:]
    assert _changed(root) == sorted(f" M shop_{name}.py" for name in healed)
    assert _left(root) == []


@needs_proc
def test_tests_that_never_end_do_not_outlast_the_budget(tmp_path):
    """Three sleepers against a budget for one: nothing is written, and nothing sleeps on."""
    root = tmp_path / "shop"
    endless = {
        "sleep": f"{_CHILD}\ntime = __import__('time')\ntime.sleep(3600)",
        "loop": "while True:\n    pass",
        "join": f"{_CHILD}.wait()",
    }
    _project(root, endless, patience=4, budget=6)
    done, _outcomes = _run(root, "--selfheal")
    assert done.returncode == 1
    assert _changed(root) == []
    assert _left(root) == []
    queue = [sys.executable, "-m", "pytest_selfheal.cli", "review", "list"]
    shown = subprocess.run(queue, cwd=root, capture_output=True, text=True, check=True).stdout
    assert shown.count("NameError") == len(endless)


# What passing tests do to the process that heals at its end.
BESIDE = {
    "test_folder": _FOLDER,
    "test_environment": _ENVIRONMENT,
    "test_signals": _SIGNALS,
    "test_children": _CHILD,
    "test_path": "import sys\nsys.path[:0] = ['/nowhere']",
    "test_thread": "import threading, time\nthreading.Thread(target=time.sleep, args=(3600,), daemon=True).start()",
    "test_own_git": "import os\nos.environ.update(GIT_DIR='/nowhere', GIT_INDEX_FILE='/nowhere/x')",
    "test_own_python": "import os\nos.environ.update(PYTHONHOME='/nowhere', CI='1', PATH='/nowhere')",
}


@needs_proc
def test_what_tests_do_to_the_run_itself_does_not_stop_the_repair(tmp_path):
    """A run whose folder, environment, signals and path were changed by its tests still heals what is broken."""
    root = tmp_path / "shop"
    body = "\n".join("def {}():\n    {}\n".format(name, deed.replace("\n", "\n    ")) for name, deed in BESIDE.items())
    broken = "import shop\n\ndef test_total():\n    assert shop.total() == 3\n"
    files = {"pyproject.toml": PYPROJECT.format(patience=100, budget=300), "shop.py": PRODUCT}
    _write(root, {**files, "test_a.py": body, "test_b.py": broken})
    plain, expected = _run(root)
    _kill_left(root)
    done, outcomes = _run(root, "--selfheal")
    _kill_left(root)  # those of the run's own tests are the user's business
    assert (done.returncode, outcomes) == (plain.returncode, expected)
    assert (root / "shop.py").read_text() == FIXED, done.stdout[-3000:]
    assert _changed(root) == [" M shop.py"]


def _kill_left(root):
    mark = f"HOSTILE={root}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), 9)
        except OSError:
            continue
