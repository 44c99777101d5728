"""kill -9 while files are being changed: every file is whole, the next start finishes or rolls back, undo works."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from pytest_selfheal.repair.journal import Journal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")

KILLS = int(os.environ.get("SELFHEAL_TEST_FIX_KILLS", "1"))
STEP = int(os.environ.get("SELFHEAL_TEST_FIX_STEP", "6"))  # 1 kills at every boundary, which takes minutes
FILES = {"a.py": b"one\r\n\xff", "b/c.py": b"x = 1\n" * 5000}
NEW = {"a.py": b"two\n", "b/c.py": b"x = 2\n" * 5000}

# Each boundary gets a process of its own, forked from one that has everything imported, which kills itself right before
# its n-th call into the system or the buffers of a file.
DRIVER = """
import json, os, signal, sys, time
from pathlib import Path
from pytest_selfheal.repair.journal import Journal

OUTSIDE = ("posix", "_io")

def prepare(root, deed):
    for path, data in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    journal = Journal(root / "journal", time.time, root)
    entry = None
    if deed == "undo":
        entry = journal.commit(journal.apply("fix", NEW, root))
    elif deed == "recover":
        if not (child := os.fork()):
            journal.apply("fix", NEW, root)
            os._exit(0)
        os.waitpid(child, 0)
    return journal

def act(journal, root, deed):
    if deed == "undo":
        journal.undo()
    elif deed == "recover":
        journal.recover()
    else:
        entry = journal.apply("fix", NEW, root)
        journal.commit(entry) if deed == "apply" else journal.roll_back(entry)

def killed_before(number):
    left = number
    def look(frame, event, function):
        nonlocal left
        if event == "c_call" and getattr(function, "__module__", None) in OUTSIDE or (
            event == "c_call" and type(getattr(function, "__self__", None)).__module__ == "_io"
        ):
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
    return look

def main(top, deed):
    statuses = {0: 1}
    while list(statuses.values())[-1]:
        number = max(statuses) + STEP if len(statuses) > 1 else 1
        root = Path(top, str(number))
        root.mkdir()
        journal = prepare(root, deed)
        if not (child := os.fork()):
            sys.setprofile(killed_before(number))
            act(journal, root, deed)
            sys.setprofile(None)
            os._exit(0)
        statuses[number] = os.waitpid(child, 0)[1]
    print(json.dumps(statuses))

main(sys.argv[1], sys.argv[2])
"""


def _now(root):
    return {path: (root / path).read_bytes() for path in FILES}


def _whole(root):
    return all(data in (FILES[path], NEW[path]) for path, data in _now(root).items())


@pytest.mark.parametrize("deed", ["apply", "take back", "undo", "recover"])
def test_a_kill_between_any_two_system_calls_leaves_whole_files(tmp_path, deed):
    """Old or new text at once, all old or all new after the next start, undo at last."""
    program = f"STEP = {STEP}\nFILES = {FILES!r}\nNEW = {NEW!r}\n{DRIVER}"
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), deed], capture_output=True, check=True, timeout=120
    )
    statuses = json.loads(done.stdout)
    assert statuses.pop("0") == 1
    assert max(map(int, statuses)) > 30
    assert list(statuses.values()) == [signal.SIGKILL] * (len(statuses) - 1) + [0]
    states = set()
    for number in statuses:
        root = tmp_path / number
        assert _whole(root), f"{deed}, call {number}"
        journal = Journal(root / "journal", time.time, root)
        journal.recover()
        assert _now(root) in (FILES, NEW), f"{deed}, call {number}"
        assert journal.recover() == []
        if any(entry.state == "applied" for entry in journal.entries()):
            states.add("applied")
            assert _now(root) == NEW
            assert journal.undo().kept == ()
        assert _now(root) == FILES, f"{deed}, call {number}"
        left = [path.name for path in root.rglob("*") if path.is_file() and path.suffix not in (".py", ".json")]
        assert left == [], f"{deed}, call {number}"
    assert states == ({"applied"} if deed in ("apply", "undo") else set())


PROJECT = {
    "shop/__init__.py": "",
    **{f"shop/part{n}.py": "from collections import Mapping\n\nKIND = Mapping\n" for n in range(5)},
    "test_shop.py": "from shop import part0, part1, part2, part3, part4\n\n"
    "def test_kinds():\n    assert isinstance({}, part0.KIND)\n",
    "test_other.py": "def test_other():\n    pass\n",
    "pytest.ini": "[pytest]\npythonpath = .\n",
}
HEALED = {
    path: text.replace("from collections import", "from collections.abc import") for path, text in PROJECT.items()
}


def _pytest(root, *options):
    env = {**os.environ, "SELFHEAL_TRUST": "local", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=no", *options]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=root, env=env, stdout=quiet, stderr=quiet, start_new_session=True)


def _texts(root):
    return {path: (root / path).read_text() for path in PROJECT}


def test_a_heal_killed_while_it_writes_is_rolled_back_by_the_next_run(tmp_path):
    """Killed at random moments from the first byte of the journal on; the next run heals, and undo takes all back."""
    rng = random.Random(6)
    moments = []
    for number in range(KILLS):
        root = tmp_path / str(number)
        for path, text in PROJECT.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        run = _pytest(root, "--selfheal")
        journal = root / ".selfheal" / "journal"
        while run.poll() is None and not journal.is_dir():
            time.sleep(0.0005)
        time.sleep(rng.choice([rng.uniform(0, 0.02), rng.uniform(0, 1)]))  # writing takes ms, the proof after it 1 s
        with contextlib.suppress(ProcessLookupError):  # it was over already
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        texts = _texts(root)
        assert all(text in (PROJECT[path], HEALED[path]) for path, text in texts.items())
        moments.append("old" if texts == PROJECT else "new" if texts == HEALED else "mixed")
        _pytest(root, "--selfheal", "test_other.py").wait(120)
        assert _texts(root) in (PROJECT, HEALED)
        assert not list(root.rglob("*.tmp"))
        if number % 10 == 0:
            _pytest(root, "--selfheal").wait(120)
            assert _texts(root) == HEALED
            assert _pytest(root).wait(120) == 0
        if _texts(root) == HEALED:
            undo = [sys.executable, "-m", "pytest_selfheal.cli", "undo"]
            subprocess.run(undo, cwd=root, check=True, capture_output=True, timeout=60)
            assert _texts(root) == PROJECT
    print("state at the kill:", {state: moments.count(state) for state in sorted(set(moments))})
