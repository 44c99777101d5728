"""The diffs of applied fixes, found again from the journal."""

from __future__ import annotations

import pytest

from pytest_selfheal.repair.diffs import applied_diffs
from pytest_selfheal.repair.journal import Journal

FIRST, SECOND, THIRD = b"a = 1\n", b"import x\na = 1\n", b"import x\nimport y\na = 1\n"


@pytest.fixture
def project(tmp_path):
    """A file to fix."""
    (tmp_path / "a.py").write_bytes(FIRST)
    return tmp_path


@pytest.fixture
def fix(project):
    """Apply and keep a fix; return the journal."""
    journal = Journal(project / ".selfheal" / "journal", iter(range(1, 100)).__next__, project)

    def apply(name, text):
        journal.commit(journal.apply(name, {"a.py": text}, project))
        return journal

    return apply


def test_the_file_as_it_is_gives_the_new_text(project, fix):
    """Named by the fix and by the entry."""
    journal = fix("one", SECOND)
    diffs = applied_diffs(journal.entries(), project)
    assert diffs["one"].splitlines()[3:] == ["+import x", " a = 1"]
    assert diffs[journal.entries()[0].id] == diffs["one"]


def test_a_later_fix_of_the_same_file_keeps_the_text_between(project, fix):
    """What the second found is what the first wrote."""
    fix("one", SECOND)
    diffs = applied_diffs(fix("two", THIRD).entries(), project)
    assert "+import x" in diffs["one"]
    assert "+import y" not in diffs["one"]
    assert "+import y" in diffs["two"]


def test_a_text_that_is_nowhere_any_more_has_no_diff(project, fix):
    """Edited since: rather nothing than something else."""
    journal = fix("one", SECOND)
    (project / "a.py").write_text("mine\n")
    assert applied_diffs(journal.entries(), project) == {}


def test_a_link_that_took_the_file_s_place_is_not_followed(project, fix, tmp_path_factory):
    """What lies outside of the project is not shown."""
    journal = fix("one", SECOND)
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "a.py"
    elsewhere.write_bytes(SECOND)
    (project / "a.py").unlink()
    (project / "a.py").symlink_to(elsewhere)
    assert applied_diffs(journal.entries(), project) == {}


def test_undecodable_bytes_are_shown_as_well_as_they_can_be(project, fix):
    """A diff for people never fails."""
    assert "+" in applied_diffs(fix("one", b"# coding: utf-8\n\xff\n").entries(), project)["one"]
