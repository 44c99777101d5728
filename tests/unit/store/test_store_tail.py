"""Following a log while others write it."""

from __future__ import annotations

import store_records

from pytest_selfheal.store.tail import Tail


def test_only_what_was_appended_since_is_given_once(root):
    """From any number of writers, in a store that need not exist at first."""
    tail = Tail(root)
    assert tail.new() == []
    one, two = store_records.json_store(root), store_records.json_store(root)
    one.append(store_records.run("run-1"))
    assert [record.id for record in tail.new()] == ["run-1"]
    two.append(store_records.run("run-2"))
    one.append(store_records.run("run-3"))
    assert {record.id for record in tail.new()} == {"run-2", "run-3"}
    assert tail.new() == []


def test_what_was_there_before_is_not_given(root):
    """The page shows it already."""
    store = store_records.json_store(root)
    store.append(store_records.run("run-1"))
    tail = Tail(root)
    store.append(store_records.run("run-2"))
    assert [record.id for record in tail.new()] == ["run-2"]


def test_a_line_in_the_making_is_waited_for_and_a_bad_one_left_out(root):
    """Its writer is still at it."""
    store = store_records.json_store(root)
    store.append(store_records.run("run-1"))
    tail = Tail(root)
    segment = next((root / "log").rglob("*.jsonl"))
    store.append(store_records.run("run-2"))
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-20])
    assert tail.new() == []
    segment.write_bytes(whole + b"{ not json }\n")
    assert [record.id for record in tail.new()] == ["run-2"]


def test_a_compaction_brings_nothing_twice(root):
    """It only moves what was read."""
    store = store_records.json_store(root)
    store.append(store_records.run("run-1"))
    store.close()
    tail = Tail(root)
    store_records.json_store(root).compact()
    assert tail.new() == []


def test_a_store_that_is_refused_is_silent(root, tmp_path):
    """A link in its place is not followed."""
    root.symlink_to(tmp_path)
    assert Tail(root).new() == []


def test_the_position_changes_with_every_record_and_with_nothing_else(root):
    """What was made from the store stays good as long as it is the same."""
    tail = Tail(root)
    store = store_records.json_store(root)
    empty = tail.position()
    store.append(store_records.run("run-1"))
    one = tail.position()
    tail.new()
    assert empty == {} != one == tail.position()
    store.append(store_records.run("run-2"))
    assert tail.position() != one
