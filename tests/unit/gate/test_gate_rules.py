"""Gate: every rule at its boundary."""

from __future__ import annotations

import pytest

from pytest_selfheal.config import GatePolicy
from pytest_selfheal.gate import Evidence
from pytest_selfheal.gate import judge_run
from pytest_selfheal.health import judge_health
from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import Outcome


def _judge(run, failures=(), events=(), degraded=()):
    health = judge_health([run], failures, events, GatePolicy(), since=run.started_at, until=run.updated_at)
    verdict = judge_run(Evidence(run, failures, events, health, degraded))
    return verdict, {(rule.rule, rule.title): rule for rule in verdict.rules}


def _by_rule(rules, name):
    return next(rule for (number, _title), rule in rules.items() if number == name)


def test_a_green_run_passes(run_record):
    """Nothing to say against a hundred passing tests."""
    verdict, rules = _judge(run_record())
    assert verdict.status == "pass"
    assert _by_rule(rules, "G0").verdict == "ok"


def test_without_a_run_the_gate_cannot_tell():
    """No record is no pass."""
    assert judge_run(Evidence(None, (), (), None)).status == "unknown"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"complete": False}, "never ended"),
        ({"exit_status": 2}, "exit status 2"),
        ({"exit_status": 5, "passed": 0}, "no test was executed"),
        ({"lost_workers": 1}, "1 worker"),
        ({"lost_records": 3}, "3 record"),
    ],
)
def test_an_incomplete_run_blocks(run_record, changes, words):
    """G0: what did not run to its end proves nothing."""
    verdict, rules = _judge(run_record(**changes))
    assert verdict.status == "block"
    assert words in _by_rule(rules, "G0").value


def test_a_damaged_store_blocks(run_record):
    """G0 fails closed when records may be missing."""
    verdict, _rules = _judge(run_record(), degraded=("the store is read-only",))
    assert verdict.status == "block"


def test_a_failing_regression_test_blocks_by_its_own_rule(run_record, failure_record):
    """G1 names the regression; G2 does not count it a second time."""
    verdict, rules = _judge(run_record(passed=99, failed=1, exit_status=1), [failure_record(is_regression=True)])
    assert verdict.status == "block"
    assert _by_rule(rules, "G1").tests == ("tests/test_a.py::test_one",)
    assert _by_rule(rules, "G2").verdict == "ok"


def test_a_failure_after_healing_blocks_and_says_how_to_reproduce(run_record, failure_record):
    """G2 with the exact test."""
    verdict, rules = _judge(run_record(passed=99, failed=1, exit_status=1), [failure_record()])
    assert verdict.status == "block"
    assert _by_rule(rules, "G2").advice == 'reproduce with: pytest "tests/test_a.py::test_one"'


def test_a_failure_the_store_does_not_know_blocks_too(run_record):
    """The run's own counts are believed over missing records."""
    _verdict, rules = _judge(run_record(passed=99, failed=1, exit_status=1))
    assert _by_rule(rules, "G2").verdict == "block"


def test_a_healed_test_does_not_block(run_record, failure_record):
    """A retry that helped is reported, not punished."""
    verdict, _rules = _judge(run_record(healed=1), [failure_record(outcome=Outcome.HEALED)])
    assert verdict.status == "pass"


def test_a_fix_that_is_not_in_the_branch_blocks(run_record):
    """G6: green on code that nobody has is no green."""
    event = HealingEvent("e", "t", "run-1", "fix", "ok", "v1:x", ("t.py::a",))
    verdict, rules = _judge(run_record(), events=[event])
    assert verdict.status == "block"
    assert "commit the applied fix" in _by_rule(rules, "G6").advice


@pytest.mark.parametrize(
    ("passed", "timeouts", "expected"),
    [
        (19, 19, "neutral"),
        (20, 1, "ok"),
        (20, 2, "warn"),
        (20, 4, "block"),
        (30, 3, "warn"),
        (1000, 99, "ok"),
    ],
)
def test_rates_judge_from_twenty_tests_on_and_limits_belong_to_the_worse_side(run_record, passed, timeouts, expected):
    """G7: below the minimum sample there is no verdict; exactly at 10 % warns, at 20 % blocks."""
    _verdict, rules = _judge(run_record(passed=passed, timeouts=timeouts))
    assert rules["G7", "timeout rate"].verdict == expected


def test_a_neutral_rule_shows_its_sample(run_record):
    """Too few tests are told as such, never as a pass."""
    _verdict, rules = _judge(run_record(passed=7))
    assert rules["G7", "failure rate"].value == "insufficient data (n=7 < 20)"
