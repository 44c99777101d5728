"""The snapshot in blocks: whatever happens to it, the answers are those of the log."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import invariant
from hypothesis.stateful import precondition
from hypothesis.stateful import rule
from store_records import answers
from store_records import at
from store_records import event
from store_records import failure
from store_records import generated
from store_records import json_store
from store_records import one_of_each
from store_records import result
from store_records import review
from store_records import run
from store_records import segments
from store_records import write_session

from pytest_selfheal.store import snapshot as snapshots
from pytest_selfheal.store.layered import Layered
from pytest_selfheal.store.memory import MemoryStore


def save(root):
    """Renew the snapshot as maintenance does when it is due."""
    store = json_store(root)
    store.runs()
    store._view.save()


def blocks(root):
    """Return the files of blocks, those that the summary names first and in its order."""
    named = [root / "snapshot" / name for name in snapshots.read(root / "snapshot.json").files]
    return [*named, *sorted(set((root / "snapshot").iterdir()) - set(named))]


def mass(name, count, executed=12):
    """Return the failures of a run that failed as a whole, and its end."""
    failures = [failure(f"{name}{n}", run_id=name, nodeid=f"test_{n}") for n in range(count)]
    return failures, run(name, complete=True, failed=executed)


class Saving(RuleBasedStateMachine):
    """Sessions, snapshots and compactions in any order: the store answers as a dictionary of its records does."""

    sessions = st.lists(
        st.builds(
            lambda number, days, signature, name, text: failure(
                f"id{number}", -days, signature=signature, run_id=name, error_message=text, nodeid=f"test_{number % 3}"
            ),
            st.integers(0, 8),
            st.integers(1, 6),
            st.sampled_from(["sig-a", "sig-b"]),
            st.sampled_from(["r1", "r2"]),
            st.sampled_from(["x", "y"]),
        )
        | st.builds(lambda number, days: event(f"id{number}", -days), st.integers(0, 3), st.integers(1, 6))
        | st.builds(lambda number, days: review(f"id{number}", -days), st.integers(0, 2), st.integers(1, 6))
        | st.builds(lambda number, ok: result(f"id{number}", ok=ok), st.integers(0, 2), st.booleans())
        | st.builds(
            lambda name, days: run(name, -days, complete=True, failed=12),
            st.sampled_from(["r1", "r2"]),
            st.integers(1, 3),
        )
        | st.builds(generated, st.sampled_from(["sig-a", "sig-b"]))
        | st.builds(lambda number: mass(f"m{number}", 12)[0][number], st.integers(0, 11)),
        min_size=1,
        max_size=5,
    )

    def __init__(self):
        super().__init__()
        self.root = Path(tempfile.mkdtemp()) / ".selfheal"
        self.memory = MemoryStore()
        self.reader = json_store(self.root)

    @rule(records=sessions)
    def write(self, records):
        write_session(self.root, *records)
        self.memory.commit(records)

    @precondition(lambda self: self.root.exists())
    @rule()
    def save(self):
        save(self.root)

    @precondition(lambda self: self.root.exists())
    @rule()
    def compact(self):
        json_store(self.root, retention_days=1000).compact()

    @invariant()
    def answers_are_those_of_a_dictionary(self):
        expected = answers(self.memory)
        for store in (json_store(self.root), self.reader):
            assert answers(store) == expected
            for question in ({"limit": 2}, {"run_id": "r1"}, {"since": at(-3)}, {"limit": 3, "since": at(-4)}):
                assert store.failures(**question) == self.memory.failures(**question)
                assert store.events(**question) == self.memory.events(**question)
            assert store.warnings == ()
        counts = json_store(self.root).stats()["records"]
        assert {kind: count for kind, count in counts.items() if count} == self.memory.stats()["records"]

    def teardown(self):
        report = json_store(self.root).verify()
        assert report.ok, report
        shutil.rmtree(self.root.parent)


TestSaving = Saving.TestCase
TestSaving.settings = settings(max_examples=15, stateful_step_count=8, deadline=None)


def with_two_snapshots(root):
    """Write records, a snapshot, more records; return the tree before and after the second snapshot."""
    write_session(root, *one_of_each(), failure("f2", signature="sig-b"))
    save(root)
    write_session(root, failure("f3"), review("r2"), event("e2"))
    before = {path: path.read_bytes() for path in [root / "snapshot.json", *blocks(root)]}
    expected = answers(json_store(root))
    save(root)
    after = {path: path.read_bytes() for path in [root / "snapshot.json", *blocks(root)]}
    return before, after, expected


def lay(root, files):
    """Leave exactly these files of a snapshot."""
    for path in (root / "snapshot").iterdir():
        path.unlink()
    for path, data in files.items():
        path.write_bytes(data)


def test_what_is_new_goes_into_a_further_file(root):
    """A later snapshot leaves the blocks of the earlier one as they are."""
    before, after, expected = with_two_snapshots(root)
    assert {path: data for path, data in after.items() if path in before and path.suffix == ".jsonl"} == {
        path: data for path, data in before.items() if path.suffix == ".jsonl"
    }
    assert len(after) == len(before) + 1
    assert answers(json_store(root)) == expected


def test_a_crash_at_any_byte_of_a_snapshot_leaves_the_old_one(root):
    """Blocks first, under a name that nothing mentions, then the summary at once."""
    before, after, expected = with_two_snapshots(root)
    (added,) = set(after) - set(before)
    states = [{**before, added.with_name(f".{added.name}.1-ab.tmp"): after[added][:size]} for size in (0, 1, 99)]
    states += [{**before, added: after[added][:size]} for size in range(0, len(after[added]) + 1, 37)]
    summary = after[root / "snapshot.json"]
    temporary = root / ".snapshot.json.1-ab.tmp"
    states += [{**before, added: after[added], temporary: summary[:size]} for size in range(0, len(summary) + 1, 97)]
    for files in states:
        lay(root, files)
        store = json_store(root)
        assert answers(store) == expected
        assert store.warnings == ()
        temporary.unlink(missing_ok=True)


def test_a_summary_whose_blocks_are_cut_short_is_not_trusted(root):
    """As after a power loss that kept the later file and lost a part of the earlier one."""
    _, after, expected = with_two_snapshots(root)
    added = blocks(root)[-1]
    for size in range(0, len(after[added]), 53):
        added.write_bytes(after[added][:size])
        store = json_store(root)
        assert answers(store) == expected
        assert len(store.warnings) <= 1


@pytest.mark.parametrize("number", [0, 1])
def test_a_block_with_any_byte_flipped_is_not_trusted(root, number):
    """Its hash guards it: the log is read instead, with a warning, and the next snapshot is sound."""
    _, after, expected = with_two_snapshots(root)
    path = blocks(root)[number]
    warned = 0
    for position in range(0, len(after[path]), 29):
        path.write_bytes(after[path][:position] + bytes([after[path][position] ^ 4]) + after[path][position + 1 :])
        status = json_store(root).verify().snapshot
        assert status == "damaged" or number == 0  # there are blocks in it that the later file replaced
        store = json_store(root)
        assert answers(store) == expected
        assert status == "damaged" or store.warnings == ()
        warned += len(store.warnings)
    assert warned
    json_store(root).compact()
    assert json_store(root).verify().snapshot == "ok"


def test_a_snapshot_of_an_earlier_version_is_replaced_without_a_word(root):
    """The log holds everything: it is read once, and maintenance writes the present form."""
    write_session(root, *one_of_each())
    expected = answers(json_store(root))
    (root / "snapshot.json").write_bytes(b'{"version":1,"sha256":"' + b"0" * 64 + b'","body":{}}\n')
    store = json_store(root)
    assert answers(store) == expected
    assert store.warnings == ()
    store.maintain()
    assert snapshots.read(root / "snapshot.json").counts["failure"] == 1


@pytest.mark.parametrize("covered", [0, 5, 12, 13])
def test_a_run_that_failed_as_a_whole_is_one_wherever_the_snapshot_ends(root, covered):
    """Its failures and its end count together, whichever of them the snapshot holds."""
    failures, end = mass("m", 12)
    records = [*failures, end]
    write_session(root, failure("single"), *records[:covered])
    save(root)
    write_session(root, *records[covered:], failure("other"))
    assert json_store(root).history(["sig-a"], since=at(-7))["sig-a"].total == 2
    save(root)
    assert json_store(root).history(["sig-a"], since=at(-7))["sig-a"].total == 2


def test_a_snapshot_that_had_to_be_read_whole_is_renewed(root):
    """So that only one run pays for it."""
    write_session(root, failure("a", run_id="r"))
    save(root)
    write_session(root, failure("b", run_id="r", nodeid="test_b"))
    store = json_store(root)
    assert store.history(["sig-a"], since=at(-7))["sig-a"].total == 2
    store.maintain()
    assert json_store(root).verify().uncovered_bytes == 0


def test_the_files_of_a_snapshot_do_not_pile_up(root, monkeypatch):
    """After a few additions all is written anew, and what it replaces is deleted."""
    monkeypatch.setattr(snapshots, "MOST_FILES", 3)
    for number in range(8):
        write_session(root, failure(f"f{number}"))
        save(root)
        assert len(blocks(root)) <= 3
    assert len(json_store(root).failures()) == 8
    assert json_store(root).verify().ok


def test_leftovers_of_killed_writers_go_after_a_day(root):
    """A file that no summary names may be one that somebody is about to name."""
    write_session(root, failure())
    save(root)
    young, old = (root / "snapshot" / name for name in ("20260921T000000Z-1-aa.jsonl", "20260901T000000Z-1-bb.jsonl"))
    for path in (young, old):
        path.write_bytes(b"half")
    os.utime(old, (1_700_000_000, 1_700_000_000))
    os.utime(young, (1_790_000_000, 1_790_000_000))
    write_session(root, failure("b"))
    save(root)
    assert (young.exists(), old.exists()) == (True, False)


def test_a_reader_notices_that_its_snapshot_was_replaced(root, monkeypatch):
    """The blocks it still wanted are gone: it takes the new snapshot, without a warning."""
    write_session(root, failure("a"), review())
    save(root)
    reader = json_store(root)
    assert len(reader.runs()) == 0
    assert isinstance(reader._view.fold, Layered)
    monkeypatch.setattr(snapshots, "MOST_FILES", 1)
    write_session(root, failure("b"))
    save(root)
    assert {one.id for one in reader.failures()} == {"a", "b"}
    assert len(reader.reviews()) == 1
    assert reader.warnings == ()


def test_a_question_about_one_signature_reads_no_raw_record(root, monkeypatch):
    """A red run asks a store of any size for its own signatures only."""
    write_session(root, *(failure(f"f{n}", signature=f"sig-{n % 5}") for n in range(40)), review())
    save(root)
    opened = []
    original = os.open
    monkeypatch.setattr(os, "open", lambda path, *more: opened.append(str(path)) or original(path, *more))
    store = json_store(root)
    assert store.history(["sig-3"], since=at(-7))["sig-3"].total == 8
    assert (len(store.reviews()), store.patterns(), store.stats()["records"]["failure"]) == (1, [], 40)
    assert not [path for path in opened if "/log/" in path]


def test_the_newest_failures_are_read_from_the_stretches_that_hold_them(root, monkeypatch):
    """A limit and a time leave the older stretches of the log alone."""
    for number in range(6):
        write_session(root, failure(f"f{number}", -number - 1))
    save(root)
    read = []
    original = os.open
    monkeypatch.setattr(os, "open", lambda path, *more: read.append(str(path)) or original(path, *more))
    store = json_store(root)
    assert [one.id for one in store.failures(limit=2)] == ["f0", "f1"]
    assert len([path for path in read if "/log/" in path]) == 2
    read.clear()
    assert [one.id for one in store.failures(since=at(-1.5))] == ["f0"]
    assert len([path for path in read if "/log/" in path]) == 1


def test_verification_finds_records_that_are_no_longer_what_the_snapshot_knew(root):
    """A line taken out and a line exchanged are no damage to the eye; the snapshot remembers both."""
    path = write_session(root, *(failure(f"f{n}") for n in range(6)))
    save(root)
    lines = path.read_bytes().splitlines(keepends=True)
    other = write_session(root.with_name("other"), failure("f9")).read_bytes()
    path.write_bytes(b"".join([lines[0], lines[0], other, *lines[3:]]))
    report = json_store(root).verify()
    assert (report.bad_lines, report.altered, report.snapshot) == (0, 2, "stale")
    assert "2 record(s)" in " ".join(report.problems)


def test_a_link_in_the_place_of_the_blocks_is_refused(root, tmp_path):
    """Nothing is written through it."""
    write_session(root, failure())
    (tmp_path / "elsewhere").mkdir()
    (root / "snapshot").symlink_to(tmp_path / "elsewhere")
    store = json_store(root)
    store.runs()
    with pytest.raises(OSError, match="link"):
        store._view.save()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_store_of_many_signatures_is_divided(root):
    """Rows lie in buckets of their signatures; each is found again, also what a later snapshot added."""
    chance = random.Random(4)
    names = [f"sig-{n}" for n in range(40)]
    records = [
        failure(
            f"{n:032x}", -chance.random() * 5, signature=chance.choice(names), run_id=f"r{n % 70}", nodeid=f"t{n % 9}"
        )
        for n in range(9000)
    ]
    memory = MemoryStore()
    memory.commit(records)
    for start, stop in itertools.pairwise([0, 8500, 9000]):
        write_session(root, *records[start:stop])
        save(root)
    assert snapshots.read(root / "snapshot.json").buckets == 8
    store = json_store(root)
    assert store.history(names, since=at(-3)) == memory.history(names, since=at(-3))
    assert store.failures(limit=50) == memory.failures(limit=50)
    assert len(segments(root)) == 2
