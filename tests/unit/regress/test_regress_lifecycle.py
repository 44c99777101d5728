"""The states of a generated regression test, and what each run does to its record."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_selfheal.config import Policy
from pytest_selfheal.model import Category
from pytest_selfheal.model import GeneratedTest
from pytest_selfheal.model import History
from pytest_selfheal.model import Occurrence
from pytest_selfheal.regress.lifecycle import FAILED
from pytest_selfheal.regress.lifecycle import GUARDING
from pytest_selfheal.regress.lifecycle import OPEN
from pytest_selfheal.regress.lifecycle import PASSED
from pytest_selfheal.regress.lifecycle import RETIRED
from pytest_selfheal.regress.lifecycle import after_missing
from pytest_selfheal.regress.lifecycle import after_run
from pytest_selfheal.regress.lifecycle import has_target
from pytest_selfheal.regress.lifecycle import retired
from pytest_selfheal.regress.rule import is_due

DAY = "2026-11-25T10:00:00.000Z"
TEST = GeneratedTest(
    "v1:0123456789abcdef", DAY, "test_regression_0123456789ab", "regression", "", {}, "f1", 0.75,
    "tests/regressions/test_regression_0123456789ab.py", "tests/test_a.py::test_one", "", DAY,
)  # fmt: skip


def _after(*outcomes):
    test = TEST
    for outcome in outcomes:
        test = after_run(test, outcome, DAY)
    return test


@pytest.mark.parametrize(
    ("outcomes", "state", "counts"),
    [
        ((), OPEN, (0, 0, 0)),
        ((FAILED, FAILED), OPEN, (2, 0, 2)),
        ((FAILED, PASSED), GUARDING, (2, 1, 1)),
        ((PASSED,), GUARDING, (1, 1, 0)),
        ((PASSED, FAILED), GUARDING, (2, 1, 1)),
        ((PASSED, FAILED, PASSED), GUARDING, (3, 2, 1)),
    ],
)
def test_the_first_pass_makes_a_guard_for_ever(outcomes, state, counts):
    """Open until it passes once; a failing guard does not become a known bug again."""
    test = _after(*outcomes)
    assert (test.state, (test.run_count, test.pass_count, test.fail_count)) == (state, counts)


@given(st.lists(st.sampled_from([PASSED, FAILED])))
def test_counts_add_up_and_confidence_is_a_share(outcomes):
    """Whatever happens, every run is counted once, and a guard that wavers is believed less than one that does not."""
    test = _after(*outcomes)
    assert test.run_count == test.pass_count + test.fail_count == len(outcomes)
    assert 0 < test.confidence_score <= 1
    assert test.is_active
    steady = _after(*[PASSED] * len(outcomes))
    assert test.confidence_score <= steady.confidence_score


def test_a_new_test_is_believed_as_the_architecture_says():
    """0.75 before its first run; each run that tells the same adds to it."""
    assert TEST.confidence_score == pytest.approx(0.75)
    assert _after(FAILED).confidence_score == pytest.approx(0.8)
    assert _after(PASSED, FAILED, PASSED).confidence_score == pytest.approx(4 / 7)


@pytest.mark.parametrize(
    ("now", "state"),
    [
        ("2026-11-26T10:00:00.000Z", GUARDING),
        ("2027-02-23T09:59:59.999Z", GUARDING),
        ("2027-02-23T10:00:00.000Z", RETIRED),
        ("2030-01-01T00:00:00.000Z", RETIRED),
    ],
)
def test_a_target_gone_for_ninety_days_retires_its_guard(now, state):
    """Not a millisecond earlier: a branch may come back."""
    missed = after_missing(_after(PASSED), DAY, is_gone=True)
    assert (missed.state, missed.gone_since) == (GUARDING, DAY)
    later = after_missing(missed, now, is_gone=True)
    assert (later.state, later.is_active) == (state, state != RETIRED)


def test_a_target_that_came_back_is_missed_anew():
    """The days of being away are those in a row."""
    missed = after_missing(TEST, DAY, is_gone=True)
    back = after_missing(missed, DAY, is_gone=False)
    assert back.gone_since == ""
    assert after_missing(back, "2030-01-01T00:00:00.000Z", is_gone=True).state == OPEN
    assert after_run(missed, PASSED, DAY).gone_since == ""


def test_retired_is_the_end():
    """Nothing brings a retired test back by itself."""
    done = retired(TEST, DAY)
    assert retired(done, DAY) == done
    assert after_missing(done, DAY, is_gone=True) == done
    assert after_run(done, PASSED, DAY).state == RETIRED


@pytest.mark.parametrize(
    ("nodeid", "expected"),
    [
        ("test_a.py::test_one", True),
        ("test_a.py::test_one[a::b]", True),
        ("test_a.py::TestIt::test_one", True),
        ("test_a.py::test_on", False),
        ("test_a.py", True),
        ("gone.py::test_one", False),
        ("test_a.py::odd name", True),
    ],
)
def test_a_target_is_looked_for_by_file_and_name(tmp_path, nodeid, expected):
    """In doubt it is there."""
    (tmp_path / "test_a.py").write_text("def test_one(): pass\n")
    assert has_target(replace(TEST, nodeid=nodeid), tmp_path) is expected


def _history():
    seen = tuple(Occurrence(f"run-{number}", "t", f"2026-11-2{number}T10:00:00.000Z", "f") for number in range(3))
    return History("s", seen, 3)


@pytest.mark.parametrize("category", list(Category), ids=lambda category: category.value)
def test_which_categories_get_none_can_be_set(failure_record, category):
    """By default those that say nothing about the code; with an empty list all get one, with the category none."""
    outages = {"transient", "rate_limit", "environment", "missing_dependency", "timeout"}
    record = failure_record(failure_category=category)
    assert is_due(record, _history(), Policy()) is (category.value not in outages)
    assert is_due(record, _history(), Policy(no_regression_for=()))
    assert not is_due(record, _history(), Policy(no_regression_for=(category.value,)))
