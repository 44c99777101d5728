"""Applying fixes with a journal, and taking them back."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from pytest_selfheal.errors import ConfinementError
from pytest_selfheal.errors import PatchError
from pytest_selfheal.errors import UsageError
from pytest_selfheal.repair.journal import KEPT_S
from pytest_selfheal.repair.journal import Journal
from pytest_selfheal.repair.journal import _process_key
from pytest_selfheal.repair.patch import sha256

OLD = {"a.py": b"import os\r\n\xff", "b/c.py": b"x = 1"}
KILLS = int(os.environ.get("SELFHEAL_TEST_KILLS", "20"))
NEW = {"a.py": b"import sys\n", "b/c.py": b"x = 2"}


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self):
        self.seconds = 1_700_000_000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    (folder / "b").mkdir(parents=True)
    for path, data in OLD.items():
        (folder / path).write_bytes(data)
    (folder / "a.py").chmod(0o754)
    os.utime(folder / "a.py", ns=(10**18, 10**18 + 7))
    return folder


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def journal(tmp_path, clock):
    return Journal(tmp_path / "root" / ".selfheal" / "journal", clock)


def state(root):
    return {path: (root / path).read_bytes() for path in OLD}


def test_apply_writes_and_undo_restores_everything(journal, root):
    """After undo bytes, mode and time of modification are what they were."""
    entry = journal.commit(journal.apply("f1", NEW, root))
    assert (state(root), entry.state, entry.paths) == (NEW, "applied", ("a.py", "b/c.py"))
    assert (root / "a.py").stat().st_mode & 0o777 == 0o754
    undone = journal.undo()
    status = (root / "a.py").stat()
    assert (undone.entry.state, undone.restored, undone.kept) == ("undone", ("a.py", "b/c.py"), ())
    assert (state(root), status.st_mode & 0o777, status.st_mtime_ns) == (OLD, 0o754, 10**18 + 7)


def test_nothing_but_the_files_and_the_journal_is_touched(journal, root):
    """No temporary file stays behind."""
    journal.commit(journal.apply("f1", NEW, root))
    journal.undo()
    names = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert names - set(OLD) == {f".selfheal/journal/{journal.entries()[0].id}.json"}


def test_roll_back_restores_a_pending_fix_once(journal, root):
    """Rolling back twice equals rolling back once."""
    entry = journal.apply("f1", NEW, root)
    assert journal.roll_back(entry).restored == ("a.py", "b/c.py")
    assert journal.roll_back(entry).restored == ()
    assert (state(root), journal.entries()[0].state) == (OLD, "rolled_back")


def test_what_a_person_wrote_meanwhile_is_kept(journal, root):
    """A file changed after the fix is reported and left alone; the others are restored."""
    journal.commit(journal.apply("f1", NEW, root))
    (root / "a.py").write_bytes(b"mine\n")
    undone = journal.undo("f1")
    assert (undone.restored, undone.kept) == (("b/c.py",), ("a.py",))
    assert state(root) == {"a.py": b"mine\n", "b/c.py": OLD["b/c.py"]}


def test_undo_that_can_restore_nothing_stays_possible(journal, root):
    """When every file has changed since, the entry stays applied so that undo can be tried again."""
    journal.commit(journal.apply("f1", {"a.py": b"1\n"}, root))
    (root / "a.py").write_bytes(b"2\n")
    assert journal.undo().entry.state == "applied"
    (root / "a.py").write_bytes(b"1\n")
    assert journal.undo().restored == ("a.py",)


def test_undo_goes_back_one_fix_after_the_other(journal, root, clock):
    """Without an id the latest applied fix is taken back first."""
    for number in (1, 2):
        clock.seconds += 1
        journal.commit(journal.apply(f"f{number}", {"a.py": b"%d\n" % number}, root))
    assert journal.undo().entry.fix_id == "f2"
    assert journal.undo().entry.fix_id == "f1"
    assert state(root) == OLD


@pytest.mark.parametrize(
    ("name", "message"), [("", "no applied fix"), ("nope", "no fix is called 'nope'"), ("f1", "undone already")]
)
def test_undo_of_what_is_not_there_is_a_usage_error(journal, root, name, message):
    """Undo says what it could not find."""
    journal.commit(journal.apply("f1", NEW, root))
    journal.undo()
    with pytest.raises(UsageError, match=message):
        journal.undo(name)


def test_a_file_that_is_not_as_expected_stops_everything(journal, root):
    """The hash of the patch is checked before the first write."""
    with pytest.raises(PatchError, match=r"b/c\.py: the file has changed"):
        journal.apply("f1", NEW, root, expected={"b/c.py": sha256(b"other")})
    assert (state(root), journal.entries()) == (OLD, [])


@pytest.mark.parametrize("path", ["../out.py", "/etc/passwd", "link.py", "linked/c.py", "b", ""])
def test_paths_that_lead_out_are_refused(journal, root, path):
    """Nothing outside the root, behind a symbolic link or other than a regular file is written."""
    (root / "link.py").symlink_to(root / "a.py")
    (root / "linked").symlink_to(root / "b")
    (root.parent / "out.py").write_bytes(b"")
    with pytest.raises(ConfinementError):
        journal.apply("f1", {"a.py": b"new\n", path: b"new\n"}, root)
    assert state(root) == OLD


def test_a_missing_file_is_refused(journal, root):
    """Only files that exist are edited."""
    with pytest.raises(PatchError, match=r"gone\.py: cannot be read"):
        journal.apply("f1", {"gone.py": b""}, root)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
def test_a_failure_half_way_restores_what_was_written(journal, root):
    """When a later file cannot be written (here: too large), the earlier ones are put back and the cause is told."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(PatchError, match="cannot be written"):
            journal.apply("f1", {"a.py": b"new\n", "b/c.py": b"x" * 50_000}, root)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (state(root), journal.entries()[0].state) == (OLD, "rolled_back")


def test_damaged_entries_are_skipped(journal, root):
    """A torn or foreign file in the folder neither stops nor confuses the journal."""
    journal.commit(journal.apply("f1", NEW, root))
    folder = root / ".selfheal" / "journal"
    (folder / "torn.json").write_bytes(b'{"id": "x"')
    (folder / "other.json").write_bytes(b"[]")
    assert [entry.fix_id for entry in journal.entries()] == ["f1"]


def test_old_entries_are_forgotten(journal, root, clock):
    """After thirty days an entry is removed at the next start; younger ones stay."""
    journal.commit(journal.apply("f1", {"a.py": b"1\n"}, root))
    clock.seconds += KEPT_S + 1
    journal.commit(journal.apply("f2", {"a.py": b"2\n"}, root))
    journal.recover()
    assert [entry.fix_id for entry in journal.entries()] == ["f2"]


def test_recover_leaves_a_living_process_alone(journal, root, clock):
    """A pending fix of a running process, this one or another, is not taken back."""
    entry = journal.apply("f1", NEW, root)
    assert Journal(root / ".selfheal" / "journal", clock).recover() == []
    path = root / ".selfheal" / "journal" / f"{entry.id}.json"
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        data = json.loads(path.read_text())
        path.write_text(json.dumps({**data, "pid": sleeper.pid, "process": _process_key(sleeper.pid)}))
        assert journal.recover() == []
    finally:
        sleeper.communicate(b"\n")
    assert [done.restored for done in journal.recover()] == [("a.py", "b/c.py")]
    assert state(root) == OLD


PROGRAM = """
import sys, time
from pathlib import Path
from pytest_selfheal.repair.journal import Journal

root = Path(sys.argv[1])
journal = Journal(root / ".selfheal" / "journal", time.time)
print("ready", flush=True)
number = 0
while True:
    number += 1
    files = {f"f{i}.py": b"new %d\\n" % number * 200 for i in range(5)}
    entry = journal.apply("fix", files, root)
    journal.roll_back(entry)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_a_kill_at_any_moment_leaves_only_whole_old_files(tmp_path):
    """Killed at random moments: every file is the old or the new text, and recovery brings back the old one."""
    import random

    old = b"old\n" * 100
    for index in range(5):
        (tmp_path / f"f{index}.py").write_bytes(old)
    journal = Journal(tmp_path / ".selfheal" / "journal", Clock())
    for seed in range(KILLS):
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"ready\n"
        with process:
            try:
                process.wait(random.Random(seed).uniform(0.0, 0.03))
            except subprocess.TimeoutExpired:
                process.kill()
        found = [(tmp_path / f"f{index}.py").read_bytes() for index in range(5)]
        assert all(data == old or (data.startswith(b"new") and len(set(data.splitlines())) == 1) for data in found)
        journal.recover()
        assert [(tmp_path / f"f{index}.py").read_bytes() for index in range(5)] == [old] * 5
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".tmp")]
    assert {entry.state for entry in journal.entries()} <= {"rolled_back"}


def test_an_entry_made_for_another_folder_does_not_count(tmp_path):
    """A copied checkout, or a file somebody put there, must not write outside this project."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        (folder / "a.py").write_bytes(b"old")
    made = Journal(here / "journal", lambda: 1.0, there)
    made.commit(made.apply("fix", {"a.py": b"new"}, there))
    assert [entry.state for entry in made.entries()] == ["applied"]
    assert Journal(here / "journal", lambda: 1.0, here).entries() == []
    assert (there / "a.py").read_bytes() == b"new"


def test_an_undo_that_was_begun_is_finished_at_the_next_start(journal, root):
    """A process that died while it took a fix back leaves no mixture, and no other fix is taken back in its stead."""
    entry = journal.commit(journal.apply("f1", NEW, root))
    path = root / ".selfheal" / "journal" / f"{entry.id}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "state": "undoing", "pid": 2**22 + 1}))
    (root / "a.py").write_bytes(OLD["a.py"])
    assert [(done.entry.state, done.restored) for done in journal.recover()] == [("undone", ("b/c.py",))]
    assert state(root) == OLD


def test_entries_that_nobody_writes_any_more_are_cleared_away(journal, root):
    """The half-written entry of a dead process goes; that of a living one stays."""
    journal.commit(journal.apply("f1", NEW, root))
    folder = root / ".selfheal" / "journal"
    (folder / f"x.{2**22 + 1}.tmp").write_bytes(b"{")
    (folder / f"y.{os.getppid()}.tmp").write_bytes(b"{")
    journal.recover()
    assert [path.name for path in folder.glob("*.tmp")] == [f"y.{os.getppid()}.tmp"]


SWAPPING = """
import os, sys, time
from pathlib import Path
from pytest_selfheal.repair.journal import Journal

root, number = Path(sys.argv[1]), int(sys.argv[2])
left = number

def look(event, arguments):
    global left
    if event not in ("open", "os.rename", "os.remove", "os.chmod") or not left:
        return
    left -= 1
    if not left:
        (root / "b").rename(root / "was_b")
        (root / "b").symlink_to(root.parent / "outside")

sys.addaudithook(look)
try:
    Journal(root / "journal", time.time, root).apply("fix", {"a.py": b"new a", "b/c.py": b"x = 2"}, root)
except Exception as error:
    print(type(error).__name__)
print("swapped" if not left else "done")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="paths are used there")
def test_a_folder_swapped_for_a_link_at_any_moment_leads_nowhere(tmp_path):
    """Whenever it happens while a fix is written, nothing outside the project changes."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "c.py").write_bytes(b"x = 1")
    last = ""
    number = 0
    while "done" not in last:
        number += 1
        root = tmp_path / f"root{number}"
        (root / "b").mkdir(parents=True)
        for path, data in OLD.items():
            (root / path).write_bytes(data)
        command = [sys.executable, "-c", SWAPPING, str(root), str(number)]
        last = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
        assert [path.name for path in outside.iterdir()] == ["c.py"], number
        assert (outside / "c.py").read_bytes() == b"x = 1", number
    assert number > 8
