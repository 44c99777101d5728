"""Merging stores: a set of records whatever the order, and safe against what others made."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import invariant
from hypothesis.stateful import rule
from store_records import NOON
from store_records import answers
from store_records import event
from store_records import failure
from store_records import json_store
from store_records import one_of_each
from store_records import review
from store_records import segments
from store_records import tree
from store_records import write_session

from pytest_selfheal.errors import StoreError
from pytest_selfheal.store import merging
from pytest_selfheal.store.clock import Clock
from pytest_selfheal.store.memory import MemoryStore

CLOCK = Clock(lambda: NOON)


def merge(destination, *sources):
    return merging.merge_into_folder(merging.Reading(CLOCK), sources, destination, CLOCK)


class Merging(RuleBasedStateMachine):
    """Three stores are written, compacted and merged in any order; a model of sets says what each must answer."""

    names = st.sampled_from(["a", "b", "c"])
    records = st.builds(
        lambda make, number, days, text: make(f"id{number}", -days, **text),
        st.sampled_from([failure]),
        st.integers(0, 5),
        st.integers(1, 6),
        st.fixed_dictionaries({"error_message": st.sampled_from(["x", "y"])}),
    ) | st.builds(
        lambda number, days, status: review(f"id{number}", -days, status=status),
        st.integers(0, 3),
        st.integers(1, 6),
        st.sampled_from(["open", "rejected"]),
    )

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.model = {name: [] for name in "abc"}

    @rule(name=names, records=st.lists(records, min_size=1, max_size=4))
    def write(self, name, records):
        write_session(self.folder / name, *records)
        self.model[name] += records

    @rule(name=names)
    def compact(self, name):
        json_store(self.folder / name).compact()

    @rule(name=names, others=st.lists(names, min_size=1, max_size=2))
    def merge(self, name, others):
        sources = [self.folder / other for other in others if (self.folder / other).exists()]
        merge(self.folder / name, *sources)
        for other in others:
            self.model[name] += [record for record in self.model[other] if record not in self.model[name]]
        assert merge(self.folder / name, *sources).written == 0

    @invariant()
    def answers_are_those_of_the_set(self):
        for name, records in self.model.items():
            expected = MemoryStore()
            expected.commit(records)
            assert answers(json_store(self.folder / name)) == answers(expected)

    def teardown(self):
        shutil.rmtree(self.folder)


TestMerging = Merging.TestCase
TestMerging.settings = settings(max_examples=10, stateful_step_count=8, deadline=None)


def test_sources_stay_as_they_are(root, tmp_path):
    """They may be artifacts on a read-only medium."""
    write_session(root, *one_of_each())
    before = tree(root)
    report = merge(tmp_path / "all", root)
    assert (report.read, report.written, report.refused) == (6, 6, {})
    assert tree(root) == before


GOOD = b'{"v":1,"kind":"no_such_kind","id":"x","t":"2026-01-01T00:00:00.000Z","data":{}}'


@pytest.mark.parametrize(
    ("line", "why"),
    [
        pytest.param(b"not json", "not JSON", id="no JSON"),
        pytest.param(b"[" * 100_000, "not JSON", id="deep"),
        pytest.param(b'{"v":1,"x":"' + b"y" * 300_000 + b'"}', "longer than 262144 bytes", id="long"),
        pytest.param(GOOD, "unknown kind", id="foreign kind"),
        pytest.param(GOOD.replace(b"2026-01", b"2036-01"), "dated more than a day in the future", id="future"),
        pytest.param(GOOD.replace(b"no_such_kind", b"failure"), "not a failure record", id="wrong shape"),
    ],
)
def test_a_hostile_line_is_refused_and_counted(root, tmp_path, line, why):
    """The good lines around it are taken."""
    path = write_session(root, failure("a"))
    path.write_bytes(line + b"\n" + path.read_bytes() + b'{"torn')
    report = merge(tmp_path / "all", root)
    assert (report.written, report.refused) == (1, {why: 1})


def test_links_in_a_source_are_never_followed(root, tmp_path):
    """Neither files nor folders, nor the source itself."""
    path = write_session(tmp_path / "elsewhere", failure("secret"))
    month = root / "log" / "2026-09"
    month.mkdir(parents=True)
    (month / "20260921T000000Z-1-000000000000.jsonl").symlink_to(path)
    (root / "log" / "2026-10").symlink_to(path.parent)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert merge(tmp_path / "all", root).refused == {"symbolic link": 2}
    with pytest.raises(StoreError, match="symbolic link"):
        merge(tmp_path / "all", tmp_path / "link")
    assert not (tmp_path / "all").exists()


def test_a_source_larger_than_any_store_is_refused_whole(root, tmp_path, monkeypatch):
    """Before anything was written."""
    write_session(root, failure("a"))
    monkeypatch.setattr(merging, "MOST_BYTES", 100)
    with pytest.raises(StoreError, match="more than 100 bytes"):
        merge(tmp_path / "all", root)
    assert not (tmp_path / "all").exists()


def test_a_segment_a_source_claims_to_replace_stays_in_the_destination(root, tmp_path):
    """What a hostile merged segment says about names holds for its own store only."""
    kept = write_session(tmp_path / "all", event("kept"))
    name = f"{kept.parent.name}/{kept.name}"
    claim = {"id": "m#0", "updated_at": "2026-01-01T00:00:00.000Z", "replaces": {name: 10**9}}
    line = {"v": 1, "kind": "merged", "id": claim["id"], "t": claim["updated_at"], "data": claim}
    month = root / "log" / "2026-09"
    month.mkdir(parents=True)
    (month / "20260921T000000Z-merged-000000000000.jsonl").write_text(json.dumps(line) + "\n")
    merge(tmp_path / "all", root)
    assert [one.id for one in json_store(tmp_path / "all").events()] == ["kept"]
    assert segments(tmp_path / "all") == [kept]
