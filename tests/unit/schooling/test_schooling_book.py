"""The patterns of a project: what is added, counted, held back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_selfheal.config import Policy
from pytest_selfheal.model import Change
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import ErrorFacts
from pytest_selfheal.model import Evidence
from pytest_selfheal.model import LearnedPattern
from pytest_selfheal.model import PatternResult
from pytest_selfheal.schooling.book import Book
from pytest_selfheal.schooling.book import pattern_ids

NOW = "2026-03-01T00:00:00.000Z"
TAUGHT = Evidence("e1", "2026-02-01T00:00:00.000Z", "taught", "a.py", "person")
ONE = LearnedPattern(
    "p_1",
    "f -> g",
    ErrorFacts(ErrorClass.API, "TypeError", callee="f", names=("f",)),
    edits=(Change("f($A)", "g($A)"),),
    evidence=(TAUGHT,),
    created_at="2026-02-01T00:00:00.000Z",
)


@pytest.fixture
def book(tmp_path):
    """Return a function that opens the book of one store."""
    return lambda **options: Book(tmp_path / "store", Policy(**options.pop("policy", {})), lambda: NOW, **options)


def result(ok, *, run="r1", fixer="pattern:p_1", site="b.py"):
    """Return what came of a candidate."""
    strategy = {"fixer": fixer, "site": site, "fix": "fix1"}
    return PatternResult("i", NOW, "n", "s", strategy, ok, run, NOW)


def test_what_is_added_is_there_the_next_time(book):
    """With its evidence; and the new ones are named."""
    first = book()
    assert first.add([ONE]) == [ONE]
    first.save()
    assert book().patterns == (ONE,)
    assert book().add([ONE]) == []


def test_nothing_is_written_without_a_change(book, tmp_path):
    """A run that learned nothing touches no file."""
    book().save()
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("results", "counted"),
    [
        ([result(True)], ["success"]),
        ([result(True), result(True)], ["success"]),
        ([result(True), result(True, run="r2")], ["success", "success"]),
        ([result(False)], ["failure"]),
        ([result(True, fixer="pattern:p_1:sweep")], ["swept"]),
        ([result(False, fixer="pattern:p_1:sweep")], ["failure"]),
        ([result(True, fixer="missing_import+pattern:p_1")], ["success"]),
        ([result(True, fixer="missing_import")], []),
        ([result(True, fixer="pattern:p_9")], []),
    ],
)
def test_what_came_of_a_pattern_counts_once_a_run_and_place(book, results, counted):
    """A sweep that holds is no further use; one that breaks something is a failure."""
    opened = book()
    opened.add([ONE])
    opened.record(results, by="run")
    assert [event.result for event in opened.patterns[0].evidence[1:]] == counted


def test_an_undone_fix_counts_twice_against_its_pattern(book):
    """And the pattern only suggests from then on."""
    opened = book()
    opened.add([ONE])
    opened.record([result(True)], by="run")
    assert opened.judge(opened.patterns[0]).learned
    assert [pattern.id for pattern in opened.reverted("fix1")] == ["p_1"]
    assert opened.patterns[0].evidence[-1].result == "reverted"
    assert not opened.judge(opened.patterns[0]).learned


def test_a_sweep_can_be_taken_back_as_well(book):
    """It held, which was no further success; taking it back is a failure all the same."""
    opened = book()
    opened.add([ONE])
    before = opened.judge(opened.patterns[0])
    opened.record([result(True, fixer="pattern:p_1:sweep")], by="run")
    assert opened.judge(opened.patterns[0]) == before
    opened.reverted("fix1")
    assert not opened.judge(opened.patterns[0]).learned


def test_only_what_the_base_branch_has_acts_alone(book):
    """A pull request cannot bring along what then edits the code, nor change what is known under its name."""
    changed = replace(ONE, edits=(Change("f($A)", "evil($A)"),))
    assert book(base=[ONE]).judge(ONE).learned
    assert not book(base=[]).judge(ONE).learned
    assert not book(base=[ONE]).judge(changed).learned
    assert not book(base=[replace(ONE, evidence=())]).judge(ONE).learned


@pytest.mark.parametrize(("gate", "alone"), [("standard", True), ("strict", False)])
def test_the_gate_decides_which_bound_must_be_reached(gate, alone, book):
    """Three successes have a mean of 0.8 and a lower bound of 0.67."""
    went_well = [Evidence(f"s{n}", NOW, "success", "ab"[n % 2], "person") for n in range(3)]
    earned = replace(ONE, error=ErrorFacts(ErrorClass.VALUE, "TypeError"), evidence=(TAUGHT, *went_well))
    opened = book(policy={"auto_gate": gate})
    opened.add([earned])
    (used,) = opened.usable()
    assert used[1].learned is alone


def test_a_pattern_can_be_forgotten(book):
    """With everything that was known of it."""
    opened = book()
    opened.add([ONE])
    opened.forget("p_1")
    assert opened.patterns == ()


def test_retired_patterns_are_not_tried(book):
    """They stay in the file."""
    opened = book()
    opened.add([replace(ONE, status="retired")])
    assert opened.usable() == []
    assert len(opened.patterns) == 1


@pytest.mark.parametrize(
    ("fixer", "ids"),
    [
        ("pattern:p_1", ["p_1"]),
        ("pattern:p_1+pattern:p_1:sweep", ["p_1"]),
        ("did_you_mean+pattern:p_2", ["p_2"]),
        ("did_you_mean", []),
    ],
)
def test_the_patterns_behind_a_candidate(fixer, ids):
    """A candidate of several steps can have several."""
    assert pattern_ids(fixer) == ids
