"""Sources of failing tests: kept once, capped, let go, never a reason to fail."""

from __future__ import annotations

import json
import os

import pytest

from pytest_selfheal.model import Frame
from pytest_selfheal.model import OpenFailure
from pytest_selfheal.store.kept_sources import KeptSources

A = {"src/a.py": b"x = 1\n", "src/b.py": b"y = 2\n"}


def failure(nodeid, sources, day=1):
    """Return an open failure of some day."""
    at = f"2026-01-{day:02}T00:00:00.000Z"
    frames = (Frame("src/a.py", 1, "f", in_app=True),)
    return OpenFailure(nodeid, "TypeError", "no", "v1:1", "run", at, sources, frames)


@pytest.fixture
def kept(tmp_path):
    """The kept sources of a store."""
    return KeptSources(tmp_path / ".selfheal")


def objects(root):
    """Return the files that hold texts or lists."""
    return [path for path in (root / ".selfheal" / "objects").glob("??/*") if path.is_file()]


def test_what_was_kept_comes_back(kept):
    """Texts, frames and error are there for the run that finds the test green."""
    one = failure("t.py::a", kept.put(A))
    kept.update([one], ())
    assert kept.failure(kept.waiting()["t.py::a"]) == one
    assert kept.sources(one) == A


def test_equal_texts_are_kept_once(kept, tmp_path):
    """Many failures of one run touch the same files."""
    lists = {kept.put(A), kept.put(dict(A)), kept.put({**A, "src/c.py": A["src/a.py"]})}
    assert len(lists) == 2
    kept.update([failure(f"t.py::{n}", one) for n, one in enumerate(lists)], ())
    assert len(objects(tmp_path)) == 2 + 2


def test_what_nobody_waits_for_is_deleted(kept, tmp_path):
    """A closed failure takes its texts along, unless another needs them."""
    first, second = kept.put(A), kept.put({"src/a.py": A["src/a.py"]})
    kept.update([failure("t.py::a", first), failure("t.py::b", second)], ())
    kept.update((), ["t.py::a"])
    assert list(kept.waiting()) == ["t.py::b"]
    assert len(objects(tmp_path)) == 2
    kept.update((), ["t.py::b"])
    assert objects(tmp_path) == []


def test_the_oldest_go_when_the_cap_is_reached(tmp_path):
    """The newest failures are the ones somebody is working on."""
    kept = KeptSources(tmp_path / ".selfheal", cap_bytes=6000)
    for day in range(1, 6):
        kept.update([failure(f"t.py::{day}", kept.put({"a.py": os.urandom(2000)}), day)], ())
    assert list(kept.waiting()) == ["t.py::4", "t.py::5"]
    assert sum(path.stat().st_size for path in objects(tmp_path)) <= 6000


def test_what_is_past_its_time_goes(kept):
    """A test that was deleted never gets green."""
    kept.update([failure("t.py::old", kept.put(A), 1), failure("t.py::new", kept.put(A), 9)], ())
    kept.update((), (), not_before="2026-01-05T00:00:00.000Z")
    assert list(kept.waiting()) == ["t.py::new"]


def test_a_new_failure_of_a_test_replaces_the_old_one(kept):
    """The edit is what lies between the last red and the green."""
    kept.update([failure("t.py::a", kept.put(A))], ())
    kept.update([failure("t.py::a", kept.put({"src/a.py": b"x = 3\n"}), 2)], ())
    assert kept.sources(kept.failure(kept.waiting()["t.py::a"])) == {"src/a.py": b"x = 3\n"}


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"version": 99, "open": {}}', b'{"version": 1, "open": 3}'])
def test_a_damaged_list_means_nothing_is_waiting(kept, tmp_path, damage):
    """Nothing is learned then, and nothing else happens."""
    kept.update([failure("t.py::a", kept.put(A))], ())
    (tmp_path / ".selfheal/objects/open.json").write_bytes(damage)
    assert kept.waiting() == {}


def test_a_damaged_text_is_as_good_as_none(kept, tmp_path):
    """A text that is not what its name says is not compared with anything."""
    one = failure("t.py::a", kept.put(A))
    for path in objects(tmp_path):
        path.write_bytes(b"damaged")
    assert kept.sources(one) == {}


def test_only_the_owner_can_read_them(kept, tmp_path):
    """They are not redacted."""
    kept.put(A)
    assert {path.stat().st_mode & 0o077 for path in objects(tmp_path)} == {0}


def test_git_does_not_see_them(kept, tmp_path):
    """The store's own .gitignore covers them."""
    kept.put(A)
    assert "*" in (tmp_path / ".selfheal/.gitignore").read_text().splitlines()


def test_the_list_is_small(kept, tmp_path):
    """It is read by every run that follows a failure."""
    sources = kept.put(A)
    kept.update([failure(f"tests/test_long_name.py::test_{n}", sources) for n in range(500)], ())
    assert len(json.loads((tmp_path / ".selfheal/objects/open.json").read_bytes())["open"]) == 500
    assert (tmp_path / ".selfheal/objects/open.json").stat().st_size < 300_000
