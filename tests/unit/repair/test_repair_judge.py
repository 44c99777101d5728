"""What a run in a child proves."""

from __future__ import annotations

import re

import pytest

from pytest_selfheal.repair.validate import RunError
from pytest_selfheal.repair.validate import RunResult
from pytest_selfheal.repair.validate import judge

A = "t.py::a"
B = "t.py::b"


def run(outcomes, status=0, **rest):
    return RunResult(complete=True, exitstatus=status, outcomes=outcomes, **rest)


PROVED = {
    "all passed": (run({A: "passed"}), [A], {}),
    "unexpectedly passed": (run({A: "xpassed"}), [A], {}),
    "another test failed before too": (run({A: "passed", B: "failed"}, 1), [A], {"known_failures": {B}}),
    "skipped as before": (run({A: "skipped"}), [A], {"skipped_before": {A}}),
    "a file whose tests all passed": (run({A: "passed", B: "skipped"}), ["t.py"], {}),
    "a folder": (run({"d/t.py::a": "passed"}), ["d"], {}),
}


@pytest.mark.parametrize(("result", "wanted", "more"), PROVED.values(), ids=PROVED.keys())
def test_a_run_that_proves_the_fix(result, wanted, more):
    """Every wanted test was found and passed, and nothing else broke."""
    validation = judge("screen", result, wanted, **more)
    assert (validation.ok, validation.stage) == (True, "screen")


REFUSED = {
    "still failing": (run({A: "failed"}, 1, errors={A: RunError("KeyError", "x")}), [A], {}, r"a \(KeyError: x\)"),
    "failing although known": (run({A: "failed"}, 1), [A], {"known_failures": {A}}, "still failing"),
    "another test broke": (run({A: "passed", B: "error"}, 1), [A], {}, "t.py::b"),
    "not found": (run({B: "passed"}), [A], {}, "t.py::a was not found"),
    "a parameter not found": (run({"t.py::a[1]": "passed"}), ["t.py::a[2]"], {}, "was not found"),
    "skipped now": (run({A: "skipped"}), [A], {}, "is skipped now"),
    "expected to fail now": (run({A: "xfailed"}), [A], {}, "is xfailed now"),
    "a file without tests": (run({}), ["t.py"], {}, "was not found"),
    "a file whose tests are all skipped": (run({A: "skipped", B: "skipped"}), ["t.py"], {}, "no test of t.py runs now"),
    "a file that cannot be collected": (run({}, 2, collection_errors=("t.py",)), ["t.py"], {}, "still failing: t.py"),
    "interrupted": (run({A: "passed"}, 2), [A], {}, "status 2"),
    "killed": (RunResult(complete=False, reason="the tests were still running after 3 s"), [A], {}, "after 3 s"),
}  # fmt: skip


@pytest.mark.parametrize(("result", "wanted", "more", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_run_that_proves_nothing(result, wanted, more, reason):
    """Any doubt makes the validation fail, with a reason a person understands."""
    validation = judge("confirm", result, wanted, **more)
    assert not validation.ok
    assert re.search(reason, validation.reason)


def test_results_survive_the_trip_through_json():
    """What a child writes is read back as it was."""
    result = run({A: "failed"}, 1, errors={A: RunError("KeyError", "'x'", chain=({"type_name": "KeyError"},))})
    assert RunResult.from_dict(result.to_dict()) == result
