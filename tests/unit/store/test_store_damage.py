"""Damaged files: reading never fails, loses as little as it can, and says what it found."""

from __future__ import annotations

import json

import pytest
from store_records import NOON
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
from store_records import write_session

from pytest_selfheal.store import quarantine
from pytest_selfheal.store import view as views
from pytest_selfheal.store.lines import encode


def quarantined(root):
    """Return the parsed entries of the quarantine."""
    return [json.loads(path.read_bytes()) for path in sorted((root / "quarantine").glob("*"))]


def add_line(segment, raw):
    """Append bytes to a segment as a stranger would."""
    with segment.open("ab") as file:
        file.write(raw)


def with_snapshot(root):
    """Write a session of every kind and a snapshot that covers it; return the answers of the store."""
    write_session(root, run(), failure(), failure("f2", signature="sig-b"), event(), review(), result(), generated())
    store = json_store(root)
    expected = answers(store)
    store._view.save()
    return expected


def test_a_segment_cut_anywhere_loses_at_most_the_record_it_was_cut_in(root):
    """Cut at each byte of its last three records: reading never fails and what is whole is kept."""
    records = [failure(f"f{n}") for n in range(6)]
    segment = write_session(root, *records)
    data = segment.read_bytes()
    ends = [position + 1 for position, byte in enumerate(data) if byte == 0x0A]
    for size in range(ends[2], len(data) + 1):
        segment.write_bytes(data[:size])
        store = json_store(root)
        whole = sum(end <= size for end in ends)
        assert len(store.failures()) == store.history(["sig-a"], since=at(-7))["sig-a"].total == whole
        assert store.warnings == ()


def test_a_segment_shorter_than_its_snapshot_is_read_again(root):
    """The log is the truth: a snapshot that knows more than the log is not used."""
    with_snapshot(root)
    (segment,) = segments(root)
    segment.write_bytes(b"".join(segment.read_bytes().splitlines(keepends=True)[:2]))
    store = json_store(root)
    assert [one.id for one in store.failures()] == ["f1"]
    assert store.history(["sig-b"], since=at(-7))["sig-b"].total == 0


def test_a_segment_deleted_by_hand_is_forgotten(root):
    """Deleting files of the log is how a user makes the store forget."""
    with_snapshot(root)
    segments(root)[0].unlink()
    store = json_store(root)
    assert store.runs() == store.reviews() == store.failures() == []


def test_a_snapshot_with_any_byte_flipped_is_ignored(root):
    """A checksum guards it: the answers are those of the log, with one warning."""
    expected = with_snapshot(root)
    path = root / "snapshot.json"
    data = path.read_bytes()
    for position in [*range(130), *range(130, len(data), 41), *range(len(data) - 4, len(data))]:
        path.write_bytes(data[:position] + bytes([data[position] ^ 0x11]) + data[position + 1 :])
        store = json_store(root)
        assert answers(store) == expected
        assert len(store.warnings) == 1
        assert "snapshot.json" in store.warnings[0]


@pytest.mark.parametrize("content", [b"", b"{}", b"\x00" * 500, b'{"version":2,"body":{}}\n'])
def test_a_snapshot_of_another_shape_is_ignored_and_written_again(root, content):
    """The next maintenance repairs it."""
    expected = with_snapshot(root)
    (root / "snapshot.json").write_bytes(content)
    store = json_store(root)
    assert answers(store) == expected
    store.maintain()
    healthy = json_store(root)
    assert answers(healthy) == expected
    assert healthy.warnings == ()
    assert healthy.verify().snapshot == "ok"


def test_what_a_snapshot_covers_is_not_read_again(root, monkeypatch):
    """History, runs, reviews, tests and patterns come from the snapshot; only new bytes are read."""
    expected = with_snapshot(root)
    write_session(root, failure("f3"))
    read = []
    original = views.read_lines

    def counted(path, start=0, stop=None):
        for item in original(path, start, stop):
            read.append(item)
            yield item

    monkeypatch.setattr(views, "read_lines", counted)
    store = json_store(root)
    assert store.history(["sig-a"], since=at(-7))["sig-a"].total == expected["history"]["sig-a"].total + 1
    assert (store.runs(), store.reviews(), store.patterns(), store.generated_tests()) == (
        expected["runs"],
        expected["reviews"],
        expected["patterns"],
        expected["generated_tests"],
    )
    assert len(read) == 1


BAD_LINES = [
    pytest.param(b"no json at all", "not JSON", id="no JSON"),
    pytest.param(b'{"v":1,"kind":"run","id":"r","t":"","data":{"id":"r"}}', "not a run record", id="wrong schema"),
    pytest.param(b'{"v":7}', "format 1", id="newer line"),
    pytest.param(encode(failure("future", days=3)), "future", id="future"),
    pytest.param(b"\xff\xfe\x00", "not JSON", id="binary"),
    pytest.param(b"[" * 10_000, "not JSON", id="deep"),
    pytest.param(b"x" * 600_000, "longer than", id="too long"),
]


@pytest.mark.parametrize(("raw", "why"), BAD_LINES)
def test_a_bad_line_is_set_aside_with_its_reason_and_reading_goes_on(root, raw, why):
    """One warning names segment, byte and reason; the records around the line are read."""
    segment = write_session(root, failure("a"))
    size = segment.stat().st_size
    add_line(segment, raw + b"\n" + encode(failure("b")) + b"\n")
    store = json_store(root)
    assert {one.id for one in store.failures()} == {"a", "b"}
    (entry,) = quarantined(root)
    assert entry["segment"] == f"2026-09/{segment.name}"
    assert entry["offset"] == size
    assert why in entry["reason"]
    assert raw.decode("latin-1").startswith(entry["line"])
    (warning,) = store.warnings
    assert segment.name in warning
    assert why in warning


def test_a_bad_line_is_set_aside_and_told_only_once(root):
    """Later readers skip it silently."""
    segment = write_session(root, failure("a"))
    add_line(segment, b"bad\n")
    json_store(root).runs()
    second = json_store(root)
    assert [one.id for one in second.failures()] == ["a"]
    assert second.warnings == ()
    assert len(quarantined(root)) == 1


def test_the_quarantine_is_capped(root, monkeypatch):
    """A store full of garbage does not grow without limit."""
    segment = write_session(root, failure("a"))
    monkeypatch.setattr(quarantine, "CAP", 3000)
    add_line(segment, (b"y" * 1000 + b"\n") * 5)
    store = json_store(root)
    assert [one.id for one in store.failures()] == ["a"]
    assert len(quarantined(root)) == 2
    assert store.stats()["quarantine_bytes"] <= 3000
    assert len(store.warnings) == 2
    assert "full" in store.warnings[1]


def test_a_torn_tail_is_normal(root):
    """Half a line at the end is what a kill leaves behind: no warning, no quarantine, and not part of a snapshot."""
    segment = write_session(root, failure("a"))
    add_line(segment, encode(failure("b"))[:100])
    store = json_store(root)
    store._view.refresh()
    store._view.save()
    assert (store.warnings, (root / "quarantine").exists()) == ((), False)
    add_line(segment, encode(failure("b"))[100:] + b"\n")
    assert {one.id for one in json_store(root).failures()} == {"a", "b"}


def test_a_record_from_tomorrow_is_believed(root):
    """Clocks of two machines differ; only more than a day is refused."""
    write_session(root, failure("a", days=0.9))
    assert len(json_store(root).failures()) == 1


def test_a_writer_whose_clock_runs_ahead_refuses_its_own_future_records(root):
    """What every reader would set aside is not accepted first."""
    store = json_store(root)
    assert store.append(failure("a", days=2)) is False
    assert "future" in store.warnings[0]


def test_a_failure_written_again_at_the_same_time_after_a_snapshot_has_one_winner(root):
    """The snapshot does not hold the text that decides; it is looked up."""
    write_session(root, failure("a", signature="sig-b"))
    store = json_store(root)
    store._view.refresh()
    store._view.save()
    write_session(root, failure("a", signature="sig-a"))
    late = json_store(root)
    assert [one.signature for one in late.failures()] == ["sig-b"]
    assert late.history(["sig-b"], since=at(-7))["sig-b"].total == 1


def test_files_of_others_in_the_log_are_ignored_and_reported(root):
    """A stray file is neither read nor deleted."""
    segment = write_session(root, failure("a"))
    (segment.parent / "notes.txt").write_text("hello")
    (root / "mine").mkdir()
    store = json_store(root)
    assert len(store.failures()) == 1
    assert store.verify().unknown_files == ("log/2026-09/notes.txt", "mine")


def test_year_ends_and_leap_days_are_only_dates(tmp_path):
    """Segments of two years lie in their months and read as one store."""
    for number, seconds in enumerate((1_798_761_599.9, 1_798_761_600.1, 1_835_351_999.0)):
        root = tmp_path / ".selfheal"
        store = json_store(root, days=(seconds - NOON) / 86_400)
        store.append(failure(f"f{number}"))
        store.close()
    assert [path.parent.name for path in segments(root)] == ["2026-12", "2027-01", "2028-02"]
    assert len(json_store(root).failures()) == 3
