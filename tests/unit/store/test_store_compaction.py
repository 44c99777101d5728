"""Compaction and maintenance: fewer files, the same answers."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest
from store_records import answers
from store_records import at
from store_records import event
from store_records import failure
from store_records import generated
from store_records import json_store
from store_records import result
from store_records import review
from store_records import run
from store_records import segments
from store_records import tree
from store_records import write_session

from pytest_selfheal.model import Outcome
from pytest_selfheal.model import Trust
from pytest_selfheal.store import json_store as json_store_module
from pytest_selfheal.store import lock
from pytest_selfheal.store.compact import CompactReport
from pytest_selfheal.store.memory import MemoryStore


def old_and_new_sessions(root, sessions=6):
    """Write finished sessions of every kind, the first of them far in the past; return all records."""
    written = []
    for number in range(sessions):
        days = -200.0 if number < 2 else -1.0 - number / 10
        records = [
            failure(f"f{number}", days, run_id=f"r{number}"),
            failure(f"h{number}", days, run_id=f"r{number}", outcome=Outcome.HEALED, signature="sig-b"),
            event(f"e{number}", days),
            result(f"p{number}", days, ok=number != 1),
            review(f"v{number}", days, status="open" if number == 0 else "rejected"),
            run(f"r{number}", days, complete=True, failed=1, passed=9),
        ]
        written += records
        write_session(root, *records, days=days)
    write_session(root, generated("sig-a", -200), days=-200)
    return [*written, generated("sig-a", -200)]


def ended(name, days=-1.0):
    """Return the records of a session with one failure whose run has ended."""
    return [failure(name, days), run(f"run-{name}", days, complete=True)]


def names(root):
    """Return the file names of the log."""
    return [path.name for path in segments(root)]


def test_compacting_changes_no_answer(root):
    """All finished segments become one; whatever is asked gets the same answer from the snapshot and from the log."""
    old_and_new_sessions(root)
    expected = answers(json_store(root))
    report = json_store(root, retention_days=1000).compact()
    assert (report.done, report.segments_before, report.segments_after) == (True, 7, 1)
    assert report.records == 37
    assert answers(json_store(root)) == expected
    assert json_store(root).verify().ok
    (root / "snapshot.json").unlink()
    assert answers(json_store(root)) == expected


def test_records_past_the_retention_become_counts(root):
    """Raw records go; totals and posteriors stay; open reviews and generated tests are never dropped."""
    old_and_new_sessions(root)
    before = answers(json_store(root))
    report = json_store(root).compact()
    assert report.dropped == {"failure": 4, "event": 2, "pattern_result": 2, "review": 1, "run": 2}
    for _ in range(2):
        store = json_store(root)
        after = answers(store)
        assert {one.id for one in after["failures"]} == {f"{kind}{n}" for kind in "fh" for n in range(2, 6)}
        assert {key: one.total for key, one in after["history"].items()} == {"sig-a": 6, "sig-b": 6}
        assert [len(one.occurrences) for one in after["history"].values()] == [4, 0]
        assert after["patterns"] == before["patterns"]
        assert after["generated_tests"] == before["generated_tests"]
        assert {one.id for one in after["reviews"]} == {"v0", "v2", "v3", "v4", "v5"}
        assert store.stats()["dropped"] == report.dropped
        (root / "snapshot.json").unlink(missing_ok=True)


def test_what_must_not_count_leaves_no_count(root):
    """Dropping an untrusted, a mass or a regression failure adds nothing to the totals."""
    mass = [failure(f"m{n}", -200, run_id="mass", nodeid=f"test_{n}") for n in range(12)]
    write_session(root, *mass, run("mass", -200, complete=True, failed=12), days=-200)
    others = [failure("u", -200, trust=Trust.UNTRUSTED), failure("g", -200, is_regression=True), failure("n", -200)]
    write_session(root, *others, days=-200)
    assert json_store(root).compact().dropped["failure"] == 15
    assert json_store(root).history(["sig-a"], since=at(-7))["sig-a"].total == 1


def test_compacting_again_and_again_keeps_the_counts(root):
    """Counts of earlier compactions are carried on, also when those segments are merged themselves."""
    for number in range(5):
        write_session(root, failure(f"a{number}", -300 + number), result(f"p{number}", -300), days=-300 + number)
        write_session(root, failure(f"b{number}", -2), days=-2)
        assert json_store(root).compact().done
        assert len(segments(root)) == 1
    store = json_store(root)
    assert store.history(["sig-a"], since=at(-7))["sig-a"].total == 10
    assert len(store.failures()) == 5
    assert store.patterns()[0].success_count == 5


def test_a_late_copy_of_a_merged_segment_is_not_counted_again(root):
    """A cache may bring a deleted segment back; the merged one remembers it."""
    segment = write_session(root, *ended("a", -80), days=-80)
    write_session(root, *ended("b"))
    data = segment.read_bytes()
    assert json_store(root).compact().done
    assert not segment.exists()
    segment.parent.mkdir(exist_ok=True)
    segment.write_bytes(data)
    assert json_store(root, days=30).compact().dropped == {"failure": 1, "run": 1}
    segment.parent.mkdir(exist_ok=True)
    segment.write_bytes(data)
    store = json_store(root)
    assert store.history(["sig-a"], since=at(-90))["sig-a"].total == 2
    assert store.verify().superseded == 1


def test_a_merged_segment_and_its_sources_together_count_once(root):
    """The state after a crash between writing the merged segment and deleting its sources."""
    old_and_new_sessions(root)
    sources = {path: path.read_bytes() for path in segments(root)}
    json_store(root).compact()
    expected = answers(json_store(root))
    for path, data in sources.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    assert answers(json_store(root)) == expected
    (root / "snapshot.json").unlink()
    assert answers(json_store(root)) == expected
    json_store(root).compact()
    assert len(segments(root)) == 1
    assert answers(json_store(root)) == expected


def test_the_winner_among_versions_survives(root):
    """Merging keeps the last version of each record, whichever segment holds it."""
    write_session(root, run("r", -1, passed=2), review("v", -1, status="accepted"))
    write_session(root, run("r", -2, passed=1), review("v", -2))
    json_store(root).compact()
    store = json_store(root)
    assert [one.passed for one in store.runs()] == [2]
    assert [one.status for one in store.reviews()] == ["accepted"]


def test_a_segment_that_is_still_written_is_left_alone(root):
    """A living writer keeps its file, even when its run has ended on paper."""
    writer = json_store(root)
    writer.append(run("r", complete=True))
    (own,) = segments(root)
    for name in "ab":
        write_session(root, *ended(name))
    assert json_store(root).compact().done
    assert own in segments(root)
    assert writer.append(failure("late"))
    assert {one.id for one in json_store(root).failures()} == {"a", "b", "late"}


def test_a_writer_compacting_its_own_store_keeps_its_segment(root):
    """Maintenance runs at the end of a session whose segment is still open."""
    for name in "ab":
        write_session(root, *ended(name))
    store = json_store(root)
    store.append(run("r", complete=True))
    assert store.compact().done
    assert store.append(failure("c"))
    assert len(segments(root)) == 2
    assert len(json_store(root).failures()) == len(store.failures()) == 3


@pytest.mark.parametrize(
    ("host", "records", "days", "merged"),
    [
        pytest.param(None, [], 0, True, id="dead process of this machine"),
        pytest.param("ffff", [], 0, False, id="other machine, run not ended"),
        pytest.param("ffff", [run(complete=True)], 0, True, id="other machine, run ended"),
        pytest.param("ffff", [], 2, True, id="other machine, two days ago"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="process ids are not asked for on Windows")
def test_only_segments_whose_writer_is_gone_are_merged(root, host, records, days, merged):
    """Dead here, ended, or older than a day."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    segment = write_session(root, failure("a"), *records)
    stamp, _, tag = segment.name.split("-")
    segment.rename(segment.with_name(f"{stamp}-{child.pid}-{(host or tag[:4]) + tag[4:]}"))
    write_session(root, *ended("b"))
    write_session(root, *ended("c"))
    report = json_store(root, days=days).compact()
    assert (report.done, report.segments_after) == (True, 1 if merged else 2)


def test_one_finished_segment_is_left_as_it_is(root):
    """There is nothing to gain."""
    write_session(root, failure(), run(complete=True))
    before = names(root)
    report = json_store(root).compact()
    assert (report.done, names(root)) == (False, before)
    assert "fewer than two" in report.reason
    assert CompactReport.from_dict(report.to_dict()) == report


def test_two_compactions_do_not_wait_for_each_other(root):
    """The second one says so and changes nothing."""
    old_and_new_sessions(root)
    before = tree(root / "log")
    with lock.held(root / "lock") as mine:
        report = json_store(root).compact()
    assert mine
    assert (report.done, report.reason) == (False, "another process is compacting this store")
    assert tree(root / "log") == before


def test_bad_lines_are_set_aside_before_their_segment_goes(root):
    """Nothing disappears without a trace."""
    segment = write_session(root, *ended("a"))
    with segment.open("ab") as file:
        file.write(b"bad\n")
    write_session(root, *ended("b"))
    assert json_store(root).compact().done
    assert len(list((root / "quarantine").iterdir())) == 1


def test_lines_of_unknown_kinds_survive(root):
    """What a newer version wrote is carried along unread."""
    segment = write_session(root, *ended("a"))
    with segment.open("ab") as file:
        file.write(b'{"v":1,"kind":"weather","id":"w","t":"","data":{"rain":true}}\n')
    write_session(root, *ended("b"))
    assert json_store(root).compact().done
    assert b'"rain":true' in segments(root)[0].read_bytes()


def test_emptied_months_and_stale_temporary_files_are_removed(root):
    """Leftovers of crashed writers do not pile up."""
    old_and_new_sessions(root)
    stale = [root / "log" / "2026-09" / ".x.jsonl.1-ab.tmp", root / ".snapshot.json.1-ab.tmp"]
    for path in stale:
        path.write_bytes(b"half")
        os.utime(path, (1_700_000_000, 1_700_000_000))
    json_store(root).compact()
    assert not any(path.exists() for path in stale)
    assert [path.name for path in (root / "log").iterdir()] == ["2026-09"]


def test_a_reader_that_is_open_notices_a_compaction(root):
    """Its next answer is read from the merged segment, with new records and without counting twice."""
    old_and_new_sessions(root)
    reader = json_store(root)
    reader.runs()
    json_store(root).compact()
    write_session(root, failure("new"))
    assert answers(reader) == answers(json_store(root))
    assert reader.warnings == ()


@pytest.mark.parametrize("seed", range(3))
def test_any_sequence_of_sessions_and_compactions_equals_plain_memory(root, seed):
    """As long as nothing grows too old, a compacted store and a dictionary cannot be told apart."""
    chance = random.Random(seed)
    memory = MemoryStore()
    for step in range(25):
        fields = {"signature": chance.choice(["sig-a", "sig-b"]), "run_id": f"r{chance.randrange(4)}"}
        records = [
            failure(f"f{chance.randrange(12)}", -chance.randrange(1, 5), **fields),
            run(f"r{chance.randrange(4)}", -chance.randrange(1, 5), complete=True, passed=step),
            result(f"p{chance.randrange(6)}", -chance.randrange(1, 5), ok=chance.random() < 0.7),
        ]
        write_session(root, *records)
        memory.commit(records)
        if chance.random() < 0.3:
            json_store(root).compact()
        elif chance.random() < 0.3:
            store = json_store(root)
            store.runs()
            store._view.save()
    assert answers(json_store(root)) == answers(memory)


def test_maintenance_does_nothing_in_a_small_store(root):
    """A few segments are read faster than a snapshot is written."""
    write_session(root, failure())
    before = tree(root)
    json_store(root).maintain()
    assert tree(root) == before


def test_maintenance_renews_the_snapshot_after_many_segments(root):
    """Above twenty uncovered segments a snapshot is written, once."""
    for number in range(json_store_module.SNAPSHOT_SEGMENTS + 1):
        write_session(root, failure(f"f{number}"))
    json_store(root).maintain()
    written = (root / "snapshot.json").stat().st_mtime_ns
    report = json_store(root).verify()
    assert (report.snapshot, report.uncovered_bytes, report.segments) == ("ok", 0, 21)
    json_store(root).maintain()
    assert (root / "snapshot.json").stat().st_mtime_ns == written


@pytest.mark.parametrize(("limit", "value"), [("COMPACT_SEGMENTS", 5), ("COMPACT_BYTES", 2000)])
def test_maintenance_compacts_a_large_store_once(root, monkeypatch, limit, value):
    """Merged segments do not count towards the limits, or every session would compact again."""
    monkeypatch.setattr(json_store_module, limit, value)
    old_and_new_sessions(root)
    json_store(root).maintain()
    after = names(root)
    assert len(after) == 1
    json_store(root).maintain()
    assert names(root) == after
