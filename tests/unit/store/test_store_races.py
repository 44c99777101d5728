"""Moments between two steps: what another process does there is staged in a call to the operating system."""

from __future__ import annotations

import os

from store_records import answers
from store_records import at
from store_records import failure
from store_records import json_store
from store_records import run
from store_records import write_session


def ended(root, name, days=0.0):
    """Write a session with one failure whose run has ended."""
    return write_session(root, failure(name), run(f"run-{name}", complete=True), days=days)


def at_call(monkeypatch, name, wanted, act):
    """Run `act` once, just before the first call of `os.<name>` whose path `wanted` accepts."""
    original = getattr(os, name)
    pending = [act]

    def call(path, *args, **kwargs):
        if pending and wanted(os.fspath(path)):
            pending.pop()()
        return original(path, *args, **kwargs)

    monkeypatch.setattr(os, name, call)
    return pending


def test_a_compaction_between_listing_and_reading_is_noticed(root, monkeypatch):
    """A segment that vanished was merged: the reader lists again and misses nothing."""
    for name in "abc":
        ended(root, name)
    reader = json_store(root)
    pending = at_call(monkeypatch, "open", lambda path: path.endswith(".jsonl"), json_store(root).compact)
    assert reader.history(["sig-a"], since=at(-7))["sig-a"].total == 3
    assert pending == []
    assert reader.warnings == ()


def test_a_compaction_while_the_folders_are_listed_is_noticed(root, monkeypatch):
    """The merged segment may appear in a folder already listed, its sources vanish from one still to come."""
    writer = json_store(root)
    writer.append(failure("live"))
    ended(root, "a", days=15)
    ended(root, "b", days=15)
    passes = []

    def second_pass(path):
        passes.extend([path] if path.endswith("2026-10") else [])
        return len(passes) == 2

    pending = at_call(monkeypatch, "scandir", second_pass, json_store(root).compact)
    assert json_store(root).history(["sig-a"], since=at(-7))["sig-a"].total == 3
    assert pending == []


def test_a_month_removed_while_a_segment_is_created_is_made_again(root, monkeypatch):
    """A compaction removes folders it emptied, perhaps the one a new segment is meant for."""
    ended(root, "a")
    store = json_store(root, days=15)
    month = root / "log" / "2026-10"
    pending = at_call(monkeypatch, "open", lambda path: "2026-10" in path, month.rmdir)
    assert store.append(failure("b"))
    assert pending == []
    assert len(json_store(root).failures()) == 2


def test_two_processes_creating_the_folder_at_once_share_it(root, monkeypatch):
    """The loser of the race uses the winner's folder and leaves nothing behind."""
    pending = at_call(
        monkeypatch,
        "open",
        lambda path: path.endswith("store.json") and ".tmp" in path,
        lambda: json_store(root).append(failure("a")),
    )
    assert json_store(root).append(failure("b"))
    assert pending == []
    assert len(json_store(root).failures()) == 2
    assert [path.name for path in root.parent.iterdir()] == [".selfheal"]


def test_files_are_durable_before_they_get_their_name(root, monkeypatch):
    """A power loss after the rename must not find an empty file: each is synchronised under its temporary name."""
    ended(root, "a")
    ended(root, "b")
    seen = []
    original = os.fsync

    def fsync(fd):
        names = {path.name for path in root.rglob("*") if path.name.endswith(".tmp")}
        seen.append((sorted(name.split(".")[1] for name in names), (root / "snapshot.json").exists()))
        return original(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    assert json_store(root).compact().done
    waiting = [(names[0].partition("-")[0], done) for names, done in seen if names]
    segment, blocks = [("20260921T141320Z", False)] * 2
    assert waiting == [segment, blocks, ("snapshot", False)]


def test_a_commit_makes_segment_and_folders_durable_once(root, monkeypatch):
    """The first commit synchronises the file and the names leading to it, later ones only the file."""
    calls = []
    original = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: calls.append(fd) or original(fd))
    store = json_store(root)
    store.append(failure("a"))
    calls.clear()
    store.commit([failure("b")])
    first = len(calls)
    store.commit([failure("c")])
    assert (first, len(calls) - first) == (1 if os.name == "nt" else 4, 1)


def test_a_reader_between_the_versions_of_a_record_sees_one_of_them(root):
    """A record written again is never seen twice or not at all."""
    writer = json_store(root)
    reader = json_store(root)
    for number in range(3):
        writer.append(run("r", days=number / 10, passed=number))
        assert [one.passed for one in reader.runs()] == [number]
    assert answers(json_store(root))["runs"] == reader.runs()
