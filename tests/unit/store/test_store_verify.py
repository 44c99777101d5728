"""Verification: it sees everything and touches nothing."""

from __future__ import annotations

import pytest
from store_records import failure
from store_records import json_store
from store_records import one_of_each
from store_records import run
from store_records import tree
from store_records import write_session

from pytest_selfheal.store.verify import VerifyReport


def test_a_sound_store_has_no_problems(root):
    """Counts are distinct records; a snapshot that is merely behind is fine."""
    write_session(root, *one_of_each())
    store = json_store(root)
    store._view.refresh()
    store._view.save()
    later = write_session(root, failure(), failure("f2"))
    report = store.verify()
    assert report.ok
    assert (report.segments, report.records["failure"], report.snapshot) == (2, 2, "ok")
    assert report.uncovered_bytes == later.stat().st_size
    assert VerifyReport.from_dict(report.to_dict()) == report


def test_no_store_is_no_problem(root):
    """Before the first run there is nothing to verify."""
    report = json_store(root).verify()
    assert (report.ok, report.exists, report.snapshot) == (True, False, "missing")


def test_each_damage_is_counted_and_named(root):
    """Torn tails are normal; bad lines, a damaged snapshot and a missing version file are problems."""
    segment = write_session(root, failure())
    (root / "store.json").unlink()
    (root / "snapshot.json").write_bytes(b"junk")
    with segment.open("ab") as file:
        file.write(b"bad\ntorn")
    before = tree(root)
    report = json_store(root).verify()
    assert (report.torn_tails, report.bad_lines, report.snapshot, report.version) == (1, 1, "damaged", None)
    assert len(report.problems) == 3
    assert tree(root) == before


@pytest.mark.parametrize("damage", ["delete", "shorten", "change"])
def test_a_snapshot_that_no_longer_fits_the_log_is_stale(root, damage):
    """It is checked against the log, not only against its checksum."""
    segment = write_session(root, failure("f1"), failure("f2"))
    write_session(root, run())
    store = json_store(root)
    store._view.refresh()
    store._view.save()
    data = segment.read_bytes()
    if damage == "delete":
        segment.unlink()
    else:
        segment.write_bytes(data[:200] if damage == "shorten" else data.replace(b"sig-a", b"sig-z"))
    report = json_store(root).verify()
    assert (report.snapshot, report.ok) == ("stale", False)


def test_a_newer_store_is_reported_not_read(root):
    """The problem says what to do."""
    write_session(root, failure())
    (root / "store.json").write_text('{"version": 9}')
    report = json_store(root).verify()
    assert "upgrade" in report.problems[0]
    assert report.segments == 0
