"""Crediting a fix with a green: what the error says by itself, and what only more runs can tell."""

from __future__ import annotations

import itertools

import pytest

from pytest_selfheal.model import Candidate
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Fix
from pytest_selfheal.model import Origin
from pytest_selfheal.model import Patch
from pytest_selfheal.model import Phase
from pytest_selfheal.model import Validation
from pytest_selfheal.repair.doubt import credit
from pytest_selfheal.repair.doubt import is_certain
from pytest_selfheal.repair.validate import RunResult

TESTS = ("test_a.py::test_one", "test_a.py::test_two")


def _fix(error_class=ErrorClass.API, origin=Origin.BUILTIN, *, specific=True):
    made = Candidate("c", "f", origin, "t", Patch((), {}), 0.9, error_class, learned=True, specific=specific)
    return Fix(made, Validation("screen", ok=True, reason=""))


def _runs(*outcomes):
    """Return what answers with one run after the other; a row holds the outcome of each test, `None` is a crash."""
    rows = iter(outcomes)

    def without(_nodeids):
        row = next(rows)
        return (
            RunResult(complete=False, reason="killed")
            if row is None
            else RunResult(complete=True, outcomes=dict(zip(TESTS, row, strict=True)))
        )

    return without


RED, GREEN, MIXED = ("failed", "failed"), ("passed", "passed"), ("failed", "passed")


@pytest.mark.parametrize(
    ("runs", "greens", "rounds", "kept", "lucky"),
    [
        ([RED], [], 1, True, ()),
        ([GREEN], [], 1, False, TESTS),
        ([MIXED], [], 1, True, TESTS[1:]),
        ([None], [], 1, False, ()),
        ([RED, RED, RED], [True, True], 3, True, ()),
        ([RED, GREEN], [], 3, False, TESTS),
        ([RED, RED], [False], 3, False, ()),
    ],
    ids=["red", "green", "one-of-two", "killed", "unsteady-proved", "unsteady-lucky", "unsteady-fix-fails"],
)
def test_green_is_credited_only_where_the_tests_fail_without_the_fix(runs, greens, rounds, kept, lucky):
    """One contrary run is enough to take the fix away, and tests that pass anyway are named."""
    answers = iter(greens)
    found = credit([_fix()], TESTS, without=_runs(*runs), passes=lambda _fix, _tests: next(answers), rounds=rounds)
    assert (bool(found.fixes), found.lucky) == (kept, lucky)
    assert bool(found.reason) is not kept
    assert next(itertools.chain(answers, [None])) is None


@pytest.mark.parametrize(
    ("error", "fix", "expected"),
    [
        ("NameError", _fix(), True),
        ("AssertionError", _fix(), False),
        ("NameError", _fix(ErrorClass.VALUE), False),
        ("NameError", _fix(origin=Origin.AI), False),
        ("NameError", _fix(specific=False), False),
    ],
    ids=["names-its-cause", "assertion", "value", "model", "unspecific"],
)
def test_only_an_error_that_names_its_cause_needs_no_second_run(error, fix, expected):
    """The candidate must answer just that error, and not come from a model."""
    failure = Failure(TESTS[0], Phase.CALL, error, "", chain=(ErrorLink(error, mro=("Exception",)),))
    assert is_certain(failure, fix.candidate) is expected
