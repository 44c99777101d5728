"""The folder: when it appears, what stands in it, and what is refused."""

from __future__ import annotations

import json
import os
import stat

import pytest
from store_records import answers
from store_records import failure
from store_records import json_store
from store_records import run
from store_records import run_program
from store_records import segments
from store_records import tree
from store_records import write_session

from pytest_selfheal.errors import StoreVersionError
from pytest_selfheal.store import open_store

posix = pytest.mark.skipif(os.name == "nt", reason="links and permission bits of POSIX")


def test_opening_and_reading_creates_nothing(root):
    """A store that is only asked leaves no trace."""
    store = open_store(root)
    answers(store)
    store.stats()
    store.verify()
    store.maintain()
    assert store.compact().done is False
    assert store.commit([]) is True
    store.close()
    assert list(root.parent.iterdir()) == []


def test_the_first_append_creates_the_whole_folder(root):
    """Marker files keep git, backups and older versions away."""
    json_store(root).append(failure())
    assert sorted(path.name for path in root.iterdir()) == [".gitignore", "CACHEDIR.TAG", "log", "store.json"]
    assert json.loads((root / "store.json").read_bytes()) == {"format": "pytest-selfheal", "version": 1}
    assert (root / ".gitignore").read_text().split("\n")[1:] == ["*", "!patterns.json", ""]
    assert (root / "CACHEDIR.TAG").read_bytes().startswith(b"Signature: 8a477f597d28d172789f06886806bc55")
    assert [path.name for path in root.parent.iterdir()] == [".selfheal"]


@posix
def test_segments_are_private_and_named_after_time_and_process(root):
    """Error messages may hold what others should not read."""
    segment = write_session(root, failure())
    assert segment.parent.name == "2026-09"
    assert segment.name.startswith(f"20260921T141320Z-{os.getpid()}-")
    assert stat.S_IMODE(segment.stat().st_mode) == 0o600


def test_each_process_object_writes_its_own_segment(root):
    """Two stores in one folder never share a file and see each other's records at once."""
    one, other = json_store(root), json_store(root)
    one.append(failure("a"))
    other.append(failure("b"))
    assert len(segments(root)) == 2
    assert len(one.failures()) == len(other.failures()) == 2


def test_a_record_can_be_read_by_others_before_anything_is_committed(root):
    """An append reaches the file at once, as one line."""
    json_store(root).append(failure())
    (segment,) = segments(root)
    assert segment.read_bytes().count(b"\n") == 1
    assert len(json_store(root).failures()) == 1


def test_a_folder_with_other_files_gets_no_ignore_file(root):
    """A store set to a folder of sources by mistake does not hide them from git."""
    root.mkdir()
    (root / "main.py").write_text("print()\n")
    assert json_store(root).append(failure())
    assert sorted(path.name for path in root.iterdir()) == ["log", "main.py", "store.json"]


@pytest.mark.parametrize("present", [(), (".gitignore", "patterns.json"), ("journal",)], ids=repr)
def test_a_folder_of_ours_is_completed(root, present):
    """A fresh clone holds only what is meant to be committed; the rest is added, nothing replaced."""
    root.mkdir()
    for name in present:
        (root / name).write_text("mine")
    assert json_store(root).append(failure())
    assert {"store.json", ".gitignore", "CACHEDIR.TAG", "log"} <= {path.name for path in root.iterdir()}
    assert all((root / name).read_text() == "mine" for name in present)


def test_a_store_of_a_newer_version_is_left_alone(root):
    """One warning that says what to do; nothing is read, nothing is written, appends count as lost."""
    write_session(root, failure())
    (root / "store.json").write_text('{"format": "pytest-selfheal", "version": 2}')
    before = tree(root)
    store = json_store(root)
    assert store.append(failure("f2")) is False
    assert [one.id for one in store.failures()] == ["f2"]
    store.commit([run()])
    store.maintain()
    store.compact()
    assert (store.lost, len(store.warnings)) == (2, 1)
    assert "format 2" in store.warnings[0]
    assert "upgrade pytest-selfheal" in store.warnings[0]
    assert isinstance(store.error, StoreVersionError)
    assert tree(root) == before


def test_after_a_look_by_an_older_version_the_newer_reads_on(root):
    """Refusing leaves the store as it was."""
    write_session(root, failure())
    original = (root / "store.json").read_bytes()
    (root / "store.json").write_text('{"format": "pytest-selfheal", "version": 2}')
    json_store(root).append(failure("f2"))
    (root / "store.json").write_bytes(original)
    assert [one.id for one in json_store(root).failures()] == ["f1"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": "two"}', b"[" * 4000, b"x" * 5000, None])
def test_a_damaged_version_file_does_not_lock_the_records_away(root, content):
    """Lines carry their own version, so the file is only needed to say no."""
    write_session(root, failure())
    (root / "store.json").unlink() if content is None else (root / "store.json").write_bytes(content)
    store = json_store(root)
    assert store.append(failure("f2"))
    assert len(store.failures()) == 2


@pytest.mark.parametrize("where", [".selfheal", ".selfheal/log"])
def test_a_file_in_the_place_of_a_folder_costs_one_warning(tmp_path, where):
    """Nothing can be written; the records stay readable in this process and the file as it is."""
    path = tmp_path / where
    path.parent.mkdir(exist_ok=True)
    path.write_text("I was here first")
    store = json_store(tmp_path / ".selfheal")
    assert store.append(failure("a")) is False
    assert store.commit([failure("b")]) is False
    assert {one.id for one in store.failures()} == {"a", "b"}
    assert store.lost == 2
    assert store.warnings
    store.maintain()
    assert path.read_text() == "I was here first"


def test_a_parent_that_is_a_file_costs_one_warning(tmp_path):
    """The folder cannot exist there."""
    (tmp_path / "file").write_text("")
    store = json_store(tmp_path / "file" / ".selfheal")
    assert store.append(failure()) is False
    assert len(store.failures()) == 1
    assert store.warnings


@posix
@pytest.mark.parametrize("name", ["", "log", "log/2026-09", "lock", "quarantine", "snapshot.json", "store.json"])
def test_a_linked_path_is_refused(tmp_path, name):
    """A link in the store could make us write or read anywhere: what lies behind it stays untouched and unread."""
    root = tmp_path / ".selfheal"
    segment = write_session(root, failure(), run(complete=True))
    write_session(root, failure("f2"), run(complete=True))
    with segment.open("ab") as file:
        file.write(b"not a record\n")
    outside = tmp_path / "outside"
    inside = root / name
    if not inside.exists():
        outside.mkdir() if name == "quarantine" else outside.write_text("")
    else:
        inside.rename(outside)
    inside.symlink_to(outside)
    before = outside.read_bytes() if outside.is_file() else tree(outside)
    store = json_store(root)
    store.append(failure("f3"))
    answers(store)
    store.maintain()
    store.compact()
    assert (outside.read_bytes() if outside.is_file() else tree(outside)) == before
    assert name == "store.json" or any("symbolic link" in text for text in store.warnings)


@posix
def test_a_linked_segment_is_refused_with_a_warning(root, tmp_path):
    """Its records are not read, those of the real segments are."""
    write_session(root, failure("a"))
    segment = write_session(root, failure("b"))
    segment.rename(tmp_path / "elsewhere.jsonl")
    segment.symlink_to(tmp_path / "elsewhere.jsonl")
    store = json_store(root)
    assert [one.id for one in store.failures()] == ["a"]
    assert "symbolic link" in "".join(store.warnings)


@posix
def test_a_pipe_in_the_place_of_a_segment_does_not_block(root):
    """Only regular files are opened."""
    segment = write_session(root, failure("a"))
    os.mkfifo(segment.with_name(segment.name.replace("20260921T", "20260922T")))
    store = json_store(root)
    assert [one.id for one in store.failures()] == ["a"]
    assert "not a regular file" in "".join(store.warnings)


def test_a_store_opened_for_reading_changes_no_byte(root):
    """Not even bad lines are set aside; appended records stay in memory."""
    segment = write_session(root, failure())
    with segment.open("ab") as file:
        file.write(b"not a record\n")
    before = tree(root)
    store = json_store(root, read_only=True)
    assert store.append(failure("f2")) is False
    assert {one.id for one in store.failures()} == {"f1", "f2"}
    store.maintain()
    assert store.compact().done is False
    assert (store.lost, store.warnings) == (1, ())
    assert tree(root) == before


def test_a_folder_deleted_during_the_run_is_made_again(root):
    """A test that cleans up ignored files does not take later records with it."""
    import shutil

    store = json_store(root)
    store.append(failure("a"))
    shutil.rmtree(root)
    assert store.append(failure("b"))
    assert [one.id for one in json_store(root).failures()] == ["b"]


@posix
def test_a_forked_child_writes_a_segment_of_its_own(root):
    """One writer per file holds even when a process is copied."""
    program = """if True:
        import os, pathlib, sys
        import store_records
        store = store_records.json_store(pathlib.Path(sys.argv[1]))
        store.append(store_records.failure("parent"))
        if not os.fork():
            store.append(store_records.failure("child"))
            os._exit(0)
        os.wait()
        store.append(store_records.failure("parent2"))
    """
    run_program(program, root)
    assert sorted(path.read_bytes().count(b"\n") for path in segments(root)) == [1, 2]
    assert len(json_store(root).failures()) == 3


def test_opening_a_store_imports_nothing_heavy(root):
    """A store costs a start-up nothing it does not need."""
    program = """if True:
        import json, hashlib, pathlib, sys, dataclasses, typing, datetime, shutil
        before = set(sys.modules)
        from pytest_selfheal.store import open_store
        assert not [name for name in sys.modules if name.startswith("pytest_selfheal.store.")]
        open_store(pathlib.Path(sys.argv[1])).runs()
        print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before} - {"pytest_selfheal"}))
    """
    heavy = {"asyncio", "urllib", "ssl", "sqlite3", "multiprocessing", "unittest", "statistics", "tempfile", "secrets"}
    assert not heavy & set(run_program(program, root).split())
