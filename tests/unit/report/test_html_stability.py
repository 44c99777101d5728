"""Which tests count as unstable."""

from __future__ import annotations

import pytest

from pytest_selfheal.model import Outcome
from pytest_selfheal.report.html.stability import unstable_tests

OUTCOMES = {"h": Outcome.HEALED, "f": Outcome.FAILED, "e": Outcome.ESCALATED}


@pytest.fixture
def judge(failure_record, run_record):
    """Judge tests given as one letter per run: h healed, f failed, e escalated, . nothing."""

    def build(executed=(), **tests):
        count = max(map(len, tests.values()))
        passed = executed or [100] * count
        runs = [run_record(id=f"run-{number}", passed=passed[number]) for number in range(count)]
        failures = [
            failure_record(run_id=f"run-{number}", nodeid=name, outcome=OUTCOMES[letter])
            for name, letters in tests.items()
            for number, letter in reversed(list(enumerate(letters)))
            if letter != "."
        ]
        return unstable_tests(runs, failures)

    return build


@pytest.mark.parametrize(
    ("letters", "score"),
    [
        ("..h.", 1),
        ("h..h", 2),
        ("f.f.", 2),
        ("f.fh", 2 + 1),
        ("e.e.", 2),
        ("f...", None),
        ("..ff", None),
        ("fff.", None),
        ("f..f", None),
    ],
)
def test_healed_or_coming_back_twice_is_unstable(judge, letters, score):
    """A test that broke once and was repaired is not, nor one that stays broken."""
    found = judge(test=letters)
    assert [test.score for test in found] == ([] if score is None else [score])


def test_the_worst_comes_first(judge):
    """By contradictions, then by failures, then by name."""
    assert [test.nodeid for test in judge(b="h...", a="h...", c="hh..", d="f.f.")] == ["d", "c", "a", "b"]


def test_runs_of_a_few_tests_prove_no_return(judge):
    """A run with -k did not select the test; its silence is no pass."""
    assert judge(executed=[100, 3, 100, 3, 100], test="f.f.f") == []


def test_failing_and_healed_in_one_run_is_failed(failure_record, run_record):
    """Two phases of one test may end differently."""
    records = [failure_record(outcome=Outcome.HEALED), failure_record(id="f2"), failure_record(id="f3", run_id="run-2")]
    runs = [run_record(), run_record(id="run-0"), run_record(id="run-2"), run_record(id="run-3")]
    assert [(test.states, test.healed, test.failed) for test in unstable_tests(runs, records)] == [("f.f.", 0, 2)]
