"""A failing operating system: nothing is raised, what was acknowledged stays, what is read is old or new."""

from __future__ import annotations

import errno
import os
import shutil

import pytest
from store_records import at
from store_records import failure
from store_records import json_store
from store_records import run
from store_records import run_program
from store_records import segments
from store_records import write_session

EVERY_FAULT = bool(os.environ.get("SELFHEAL_TEST_EVERY_FAULT"))
"""Try every kind of error at every call, instead of each call with one of them."""

CODES = [errno.ENOSPC, errno.EIO, errno.EACCES]

CALLS = [
    "open",
    "write",
    "fsync",
    "replace",
    "rename",
    "unlink",
    "mkdir",
    "rmdir",
    "scandir",
    "listdir",
    "fstat",
    "lstat",
    "read",
    "lseek",
    "ftruncate",
    "close",
    "kill",
]


class Faults:
    """Lets the n-th of all calls to the operating system fail; counts them."""

    def __init__(self, monkeypatch, number, code):
        self.fired = ""
        self._left = number
        self._code = code
        for name in CALLS:
            monkeypatch.setattr(os, name, self._wrapped(name, getattr(os, name)))

    def _wrapped(self, name, original):
        def call(*args, **kwargs):
            self._left -= 1
            if self._left == 0:
                self.fired = name
                raise OSError(self._code, os.strerror(self._code))
            return original(*args, **kwargs)

        return call


def template(folder):
    """Fill a store with three finished sessions, one of them past the retention time."""
    for number in range(3):
        days = -100.0 if number == 0 else -1.0
        write_session(folder, failure(f"f{number}", days), run(f"run-f{number}", days, complete=True), days=days)
    return folder


def session(root):
    """Do everything a session and a person do; return what was acknowledged."""
    store = json_store(root)
    acknowledged = [record.id for record in (failure("n1"), failure("n2")) if store.append(record)]
    store.history(["sig-a"], since=at(-7))
    if store.commit([failure("n3")]):
        acknowledged.append("n3")
    store.events()
    store.compact()
    store.maintain()
    store.stats()
    store.verify()
    assert {one.id for one in store.failures()} <= {"f0", "f1", "f2", "n1", "n2", "n3"}
    assert (len(acknowledged) == 3) or store.warnings
    store.close()
    return acknowledged


@pytest.mark.parametrize("turn", [0, 1, 2], ids=["ENOSPC", "EIO", "EACCES"])
def test_whichever_call_fails_the_store_goes_on(tmp_path, turn):
    """The n-th call fails, for every n: no exception, and a later reader finds the old state or the new one."""
    source = template(tmp_path / "template")
    code = CODES[turn]
    step = 1 if EVERY_FAULT else len(CODES)
    number = turn + 1 - step
    fired = {"first"}
    while "" not in fired:
        number += step
        root = tmp_path / str(number) / ".selfheal"
        shutil.copytree(source, root)
        with pytest.MonkeyPatch.context() as patch:
            faults = Faults(patch, number, code)
            acknowledged = session(root)
        fired.add(faults.fired)
        store = json_store(root)
        found = {one.id for one in store.failures()}
        total = store.history(["sig-a"], since=at(-7))["sig-a"].total
        assert {"f1", "f2", *acknowledged} <= found, (number, faults.fired)
        assert len(found | {"f0"}) == total, (number, faults.fired)
        assert {one.id for one in store.runs()} >= {"run-f1", "run-f2"}
        assert store.verify().bad_lines == 0
        shutil.rmtree(root.parent)
    assert {"open", "read", "lstat"} < fired
    assert number > 200


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES], ids=errno.errorcode.get)
def test_whichever_call_fails_at_the_first_append_the_session_goes_on(tmp_path, code):
    """The same for a store that does not exist yet."""
    number = 0
    fired = "first"
    while fired:
        number += 1
        root = tmp_path / str(number) / ".selfheal"
        with pytest.MonkeyPatch.context() as patch:
            faults = Faults(patch, number, code)
            store = json_store(root)
            kept = store.append(failure("a"))
            store.commit([failure("b")])
            assert {one.id for one in store.failures()} <= {"a", "b"}
            store.close()
        fired = faults.fired
        again = json_store(root)
        assert not kept or "a" in {one.id for one in again.failures()}
        assert again.append(failure("c")), (number, fired, again.warnings)
    assert number > 10


def test_a_short_write_is_taken_back(root, monkeypatch):
    """A full disk takes a part of a line: the part is cut off, the run goes on in memory with one warning."""
    store = json_store(root)
    store.append(failure("a"))
    original = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: original(fd, data[:25]))
    assert store.append(failure("b")) is False
    monkeypatch.undo()
    assert store.append(failure("c")) is False
    assert store.commit([failure("d")]) is False
    (segment,) = segments(root)
    assert segment.read_bytes().count(b"\n") == 1
    assert segment.read_bytes().endswith(b"\n")
    assert {one.id for one in store.failures()} == {"a", "b", "c", "d"}
    assert (store.lost, len(store.warnings)) == (3, 1)
    assert [one.id for one in json_store(root).failures()] == ["a"]


def test_a_part_that_cannot_be_taken_back_is_ignored_by_readers(root, monkeypatch):
    """If cutting off fails as well, the line is just a torn tail."""
    store = json_store(root)
    store.append(failure("a"))
    original = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: original(fd, data[:25]))
    monkeypatch.setattr(os, "ftruncate", lambda fd, size: (_ for _ in ()).throw(OSError(errno.EIO, "no")))
    store.append(failure("b"))
    monkeypatch.undo()
    reader = json_store(root)
    assert [one.id for one in reader.failures()] == ["a"]
    assert reader.warnings == ()
    assert reader.verify().torn_tails == 1


def test_a_commit_that_cannot_be_made_durable_says_so(root, monkeypatch):
    """The records are there, but the caller learns that a power loss may take them."""
    store = json_store(root)
    monkeypatch.setattr(os, "fsync", lambda fd: (_ for _ in ()).throw(OSError(errno.EIO, "no")))
    assert store.commit([failure("a")]) is False
    assert store.lost == 0
    assert "power loss" in store.warnings[0]
    assert len(json_store(root).failures()) == 1


PROGRAM = """if True:
    import array, base64, os, pathlib, sys  # what the child could not load any more
    root = pathlib.Path(sys.argv[1])
    from store_records import answers, failure, json_store
    {before}
    store = json_store(root)
    kept = sum(store.append(failure(f"f{{n}}")) for n in range(20))
    store.commit([])
    assert len(store.failures()) >= 20
    store.maintain()
    store.compact()
    print(kept, store.lost, len(store.warnings))
"""


def child(root, before):
    """Run a session of twenty records in a child process; return kept, lost and the number of warnings."""
    return [int(word) for word in run_program(PROGRAM.format(before=before), root).split()]


@pytest.mark.skipif(os.name == "nt", reason="limits of POSIX")
def test_a_file_size_limit_loses_only_what_does_not_fit(root):
    """What fitted is whole and readable, the rest is counted as lost."""
    before = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))"
    kept, lost, warnings = child(root, before)
    assert 0 < kept < 20
    assert (kept + lost, warnings) == (20, 1)
    store = json_store(root)
    assert len(store.failures()) == kept
    assert store.verify().torn_tails == 0


@pytest.mark.skipif(os.name == "nt", reason="permission bits of POSIX")
@pytest.mark.parametrize("existing", [False, True], ids=["no store yet", "store of somebody else"])
def test_a_folder_without_write_permission_costs_one_warning(tmp_path, existing):
    """Records stay in memory; what is there stays as it is."""
    root = tmp_path / "project" / ".selfheal"
    root.parent.mkdir()
    if existing:
        write_session(root, failure("old"))
    folders = [path for path in root.parent.rglob("*") if path.is_dir()]
    # Root may write anywhere, so the child gives its rights away first; and it must be able to reach the folder.
    before = "os.getuid() or os.setuid(65534)"
    for path in [*folders, root.parent]:
        path.chmod(0o555)
    opened = [path for path in root.parents if path.stat().st_uid == os.getuid() and not path.stat().st_mode & 0o1]
    modes = [(path, path.stat().st_mode) for path in opened]
    try:
        for path in opened:
            path.chmod(path.stat().st_mode | 0o5)
        kept, lost, warnings = child(root, before)
    finally:
        for path, mode in modes:
            path.chmod(mode)
        for path in [*folders, root.parent]:
            path.chmod(0o755)
    assert (kept, lost) == (0, 20)
    assert warnings >= 1
    assert [one.id for one in json_store(root).failures()] == (["old"] if existing else [])
