"""What the pages are gathered from."""

from __future__ import annotations

import pytest

from pytest_selfheal import overview
from pytest_selfheal.config import Policy
from pytest_selfheal.model import Candidate
from pytest_selfheal.model import Category
from pytest_selfheal.model import Edit
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import Origin
from pytest_selfheal.model import Patch
from pytest_selfheal.model import ReviewEntry
from pytest_selfheal.repair.patch import sha256
from pytest_selfheal.store.memory import MemoryStore

NOW = 1_795_600_000.0  # 25 November 2026


@pytest.fixture
def gather(tmp_path):
    """Gather from records in a project with one file."""
    (tmp_path / "a.py").write_text("a = 1\n")

    def build(*records, **options):
        store = MemoryStore()
        assert store.commit(records)
        return overview.gather(store, tmp_path, Policy(), now=NOW, **options)

    return build


def _entry(path, text, status="open"):
    patch = Patch((Edit(path, 0, 0, "", "import x\n"),), {path: sha256(text)})
    option = Candidate("c1", "imports", Origin.BUILTIN, "import x", patch, 0.9, ErrorClass.API, learned=True)
    moment = "2026-11-25T10:00:00.000Z"
    error = {"error_type": "NameError", "error_message": "x", "failure_category": Category.MISSING_IMPORT}
    told = {"nodeids": ("t.py::t",), "reason": "asked", "candidates": (option,)}
    return ReviewEntry("v1:a", moment, "run-1", "suggestion", status, signature="v1:a", **error, **told)


def test_an_open_suggestion_comes_with_its_diff(gather):
    """As the file is now."""
    assert "+import x" in gather(_entry("a.py", b"a = 1\n")).diffs["c1"]


@pytest.mark.parametrize(
    ("path", "text", "status"),
    [
        ("a.py", b"other\n", "open"),
        ("gone.py", b"", "open"),
        ("../secret.py", b"s\n", "open"),
        ("a.py", b"a = 1\n", "fixed"),
    ],
    ids=["edited since", "gone", "outside", "decided"],
)
def test_there_is_no_diff_for_what_cannot_be_decided(gather, tmp_path, path, text, status):
    """A record must not make a page show what lies outside of the project either."""
    (tmp_path.parent / "secret.py").write_text("s\n")
    assert gather(_entry(path, text, status)).diffs == {}


def test_secrets_in_diffs_are_masked(gather, tmp_path):
    """A source line beside an edit is no reason to pass a token on."""
    token = "ghp_" + "a1B2c3D4" * 5
    text = f"KEY = '{token}'\n"
    (tmp_path / "a.py").write_text(text)
    diff = gather(_entry("a.py", text.encode())).diffs["c1"]
    assert "+import x" in diff
    assert token not in diff


def test_only_the_wanted_runs_and_theirs_count(gather, run_record, failure_record):
    """Older runs, their failures and their share of health are left out."""
    runs = [run_record(id=f"run-{n}", started_at=f"2026-11-25T10:0{n}:00.000Z", failed=n) for n in range(4)]
    failures = [
        failure_record(id=f"f{n}", run_id=f"run-{n}", created_at=f"2026-11-25T10:0{n}:30.000Z") for n in range(4)
    ]
    found = gather(*runs, *failures, most_runs=2)
    assert [run.id for run in found.runs] == ["run-3", "run-2"]
    assert [record.run_id for record in found.failures] == ["run-3", "run-2"]
    assert found.health.runs == 2
    assert found.health.metrics[0].numerator == 5


def test_too_many_failures_are_cut_but_for_those_of_the_last_run(gather, run_record, failure_record, monkeypatch):
    """The page says so."""
    monkeypatch.setattr(overview, "MOST_FAILURES", 3)
    runs = [run_record(id=f"run-{n}", started_at=f"2026-11-25T10:0{n}:00.000Z") for n in range(2)]
    failures = [
        failure_record(id=f"f{n}", run_id=f"run-{int(n > 1)}", created_at=f"2026-11-25T10:0{n}:30.000Z")
        for n in range(7)
    ]
    cut = gather(*runs, *failures)
    assert (len(cut.last_failures), len(cut.failures), cut.newest_failures) == (5, 5, 3)
    assert gather(*runs, *failures[:2]).newest_failures == 0
