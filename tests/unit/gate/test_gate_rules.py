"""Gate: every rule at its boundary."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_selfheal.gate import Baseline
from pytest_selfheal.gate import Change
from pytest_selfheal.gate import Evidence
from pytest_selfheal.gate import Standing
from pytest_selfheal.gate import judge_run
from pytest_selfheal.gate.evidence import KnownFailure
from pytest_selfheal.gate.rates import wilson_lower
from pytest_selfheal.gate_policy import GatePolicy
from pytest_selfheal.health import judge_health
from pytest_selfheal.model import Category
from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import Health
from pytest_selfheal.model import Metric
from pytest_selfheal.model import Outcome

KEY = "tests.test_a.test_one"
SIGNATURE = "v1:0123456789abcdef"
HEAD = "a" * 40
FIX = HealingEvent("e", "t", "run-1", "fix", "ok", "v1:x", ("t.py::a",), ref="fix-1")
FLAKY = Baseline(3, {}, frozenset({KEY}), 20, "origin/main")
UNTOUCHED = Change(frozenset({"src/shop.py"}))


def _base(*ways, runs=3, **more):
    return Baseline(runs, {KEY: frozenset(KnownFailure(*way) for way in ways)}, source="origin/main", **more)


def _judge(run, failures=(), events=(), *, policy=None, **more):
    policy = policy or GatePolicy()
    health = judge_health([run], failures, events, policy, since=run.started_at, until=run.updated_at)
    verdict = judge_run(Evidence(run, failures, events, health, policy=policy, **more))
    return verdict, {(rule.rule, rule.title): rule for rule in verdict.rules}


def _by_rule(rules, name):
    return next(rule for (number, _title), rule in rules.items() if number == name)


def test_a_green_run_passes(run_record):
    """Nothing to say against a hundred passing tests."""
    verdict, rules = _judge(run_record())
    assert verdict.status == "pass"
    assert _by_rule(rules, "G0").verdict == "ok"
    assert {rule.rule for rule in verdict.rules} == {f"G{number}" for number in range(11)}


def test_without_a_run_the_gate_cannot_tell():
    """No record is no pass."""
    assert judge_run(Evidence(None)).status == "unknown"


@pytest.mark.parametrize(
    ("changes", "standing", "words"),
    [
        ({"complete": False}, {}, "did not finish"),
        ({"exit_status": 2}, {}, "exit status 2"),
        ({"exit_status": 3}, {}, "exit status 3"),
        ({"exit_status": 4}, {}, "exit status 4"),
        ({"exit_status": 5, "passed": 0}, {}, "no test was executed"),
        ({"lost_workers": 1}, {}, "1 worker"),
        ({"lost_records": 3}, {}, "3 record"),
        ({}, {"pytest_exit": 4}, "exit status 4"),
        ({}, {"pytest_exit": 1}, "it is another run"),
        ({}, {"pytest_exit": 137}, "exit status 137"),
        ({"exit_status": -1}, {"pytest_exit": 1}, "its results show no failure"),
        ({}, {"unstarted": "the last call never began"}, "the last call never began"),
        ({}, {"expected_shards": 4, "found_shards": 3}, "3 of 4 shards"),
        ({}, {"expected_shards": 4, "found_shards": 5}, "5 of 4 shards"),
        ({}, {"problems": ("a.xml: cut off",)}, "a.xml: cut off"),
        ({"collected": 2, "deselected": 1, "selection": ("-k one",)}, {}, "1 of 2 collected, 1 deselected: -k one"),
        ({"collected": 1, "selection": ("tests/test_a.py",)}, {}, "(1 collected: tests/test_a.py)"),
        ({"commit": "b" * 40}, {"head": HEAD, "in_ci": True}, "of commit bbbbbbbbbb, checked out is aaaaaaaaaa"),
    ],
)
def test_a_run_that_proves_nothing_blocks(run_record, changes, standing, words):
    """G0: what did not run to its end, only in part, or elsewhere."""
    verdict, rules = _judge(run_record(**changes), standing=Standing(**standing))
    assert verdict.status == "block"
    assert words in _by_rule(rules, "G0").value
    assert _by_rule(rules, "G0").advice


@pytest.mark.parametrize(
    ("changes", "more", "expected"),
    [
        ({}, {"standing": Standing(pytest_exit=0)}, "ok"),
        ({}, {"standing": Standing(expected_shards=4, found_shards=4)}, "ok"),
        ({"commit": HEAD}, {"standing": Standing(head=HEAD, in_ci=True)}, "ok"),
        ({"commit": "b" * 40}, {"standing": Standing(head=HEAD)}, "warn"),
        ({"commit": ""}, {"standing": Standing(head=HEAD, in_ci=True)}, "ok"),
        ({"collected": 101, "deselected": 1}, {}, "ok"),
        ({"selection": ("-k a",)}, {"policy": GatePolicy(selection="warn")}, "warn"),
        ({"selection": ("-k a",)}, {"standing": Standing(expected_shards=2, found_shards=2)}, "ok"),
    ],
    ids=["exit", "shards", "head", "old commit here", "no git", "deselected by addopts", "allowed", "shard"],
)
def test_what_g0_lets_pass(run_record, changes, more, expected):
    """A complete run of this commit; what the project itself deselects, and what it allows."""
    _verdict, rules = _judge(run_record(**changes), **more)
    assert _by_rule(rules, "G0").verdict == expected


def test_a_damaged_store_blocks(run_record):
    """G0 fails closed when records may be missing."""
    verdict, _rules = _judge(run_record(), degraded=("the store is read-only",))
    assert verdict.status == "block"


@pytest.mark.parametrize(
    "changes",
    [{"is_regression": True}, {"nodeid": "tests/regressions/test_regression_0a.py::test_it"}],
    ids=["marker", "folder"],
)
def test_a_failing_regression_test_blocks_by_its_own_rule(run_record, failure_record, changes):
    """G1 names the regression, whatever is known of it; G2 does not count it a second time."""
    record = failure_record(**changes)
    key = record.nodeid.replace("/", ".").replace(".py::", ".")
    known = Baseline(3, {key: frozenset({KnownFailure(SIGNATURE, "KeyError")})}, frozenset({key}), 50)
    verdict, rules = _judge(
        run_record(passed=99, failed=1, exit_status=1), [record], baseline=known, change=Change(frozenset())
    )
    assert verdict.status == "block"
    assert _by_rule(rules, "G1").tests == (record.nodeid,)
    assert [_by_rule(rules, name).verdict for name in ("G2", "G3", "G4")] == ["ok", "ok", "ok"]


@pytest.mark.parametrize(
    ("baseline", "change", "blocks", "warns"),
    [
        (Baseline(), Change(), "G2", None),
        (_base(), UNTOUCHED, "G2", None),
        (_base((SIGNATURE, "KeyError")), Change(), None, "G3"),
        (_base((SIGNATURE, "OtherName")), Change(), None, "G3"),
        (_base(("v1:another", "KeyError")), Change(), "G2", None),
        (_base(("", "KeyError")), Change(), None, "G3"),
        (_base(("", "ValueError")), Change(), "G2", None),
        (_base(("", "")), Change(), "G2", None),
        (FLAKY, UNTOUCHED, None, "G4"),
        (replace(FLAKY, flaky_runs=19), UNTOUCHED, "G2", None),
        (FLAKY, Change(frozenset({"tests/test_a.py"})), "G2", None),
        (FLAKY, Change(), "G2", None),
    ],
    ids=[
        "no baseline",
        "passes on the base",
        "same signature",
        "same signature, other class",
        "other signature, same class",
        "base without signature, same class",
        "base without signature, other class",
        "nothing known of the base's error",
        "flaky, 20 runs",
        "flaky, 19 runs",
        "flaky, file touched",
        "flaky, no diff",
    ],
)
def test_where_a_failing_test_belongs(run_record, failure_record, baseline, change, blocks, warns):
    """G2 new, G3 known on the base in the same way, G4 known as flaky: exactly one of them speaks."""
    run = run_record(passed=99, failed=1, exit_status=1)
    verdict, rules = _judge(run, [failure_record()], baseline=baseline, change=change)
    assert verdict.status == ("block" if blocks else "warn")
    spoken = {name: _by_rule(rules, name).verdict for name in ("G2", "G3", "G4")}
    assert {name: word for name, word in spoken.items() if word in {"block", "warn"}} == (
        {blocks: "block"} if blocks else {warns: "warn"}
    )
    assert _by_rule(rules, blocks or warns).tests == ("tests/test_a.py::test_one",)


def test_known_flaky_tests_can_be_made_to_block(run_record, failure_record):
    """`known_flaky = "block"`."""
    run = run_record(passed=99, failed=1, exit_status=1)
    policy = GatePolicy(known_flaky="block")
    verdict, _rules = _judge(run, [failure_record()], baseline=FLAKY, change=UNTOUCHED, policy=policy)
    assert verdict.status == "block"


def test_a_new_failure_says_how_to_reproduce_it(run_record, failure_record):
    """The exact command, quoted for a shell."""
    run = run_record(passed=98, failed=2, exit_status=1)
    records = [failure_record(), failure_record(id="f2", nodeid="tests/test_b.py::test_two[$(x)]")]
    _verdict, rules = _judge(run, records)
    advice = "reproduce with: pytest \"tests/test_a.py::test_one\" 'tests/test_b.py::test_two[$(x)]'"
    assert _by_rule(rules, "G2").advice == advice


def test_at_most_ten_tests_are_named(run_record, failure_record):
    """The others are counted."""
    records = [failure_record(id=str(n), nodeid=f"tests/test_a.py::test_{n}") for n in range(12)]
    _verdict, rules = _judge(run_record(passed=88, failed=12, exit_status=1), records)
    rule = _by_rule(rules, "G2")
    assert (rule.value, len(rule.tests), rule.more) == ("12", 10, 2)


def test_a_failure_the_store_does_not_know_blocks_too(run_record):
    """The run's own counts are believed over missing records."""
    _verdict, rules = _judge(run_record(passed=99, failed=1, exit_status=1), baseline=FLAKY, change=UNTOUCHED)
    assert _by_rule(rules, "G2").verdict == "block"


@pytest.mark.parametrize(
    ("change", "policy", "expected"),
    [
        (UNTOUCHED, GatePolicy(), "ok"),
        (Change(frozenset({"tests/test_a.py"})), GatePolicy(), "block"),
        (Change(frozenset({"tests/test_a.py"})), GatePolicy(new_flaky="warn"), "warn"),
        (Change(), GatePolicy(), "warn"),
    ],
    ids=["old test", "changed test", "changed test, warn", "no diff"],
)
def test_a_test_that_passed_only_on_a_retry(run_record, failure_record, change, policy, expected):
    """G5: an old one is reported, a new one blocks; who cannot tell warns."""
    verdict, rules = _judge(
        run_record(healed=1), [failure_record(outcome=Outcome.HEALED)], change=change, policy=policy
    )
    assert _by_rule(rules, "G5").verdict == expected
    assert verdict.status == {"ok": "pass"}.get(expected, expected)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([FIX], "block"),
        ([replace(FIX, result="failed")], "ok"),
        ([FIX, replace(FIX, id="u", action="undo", ref="fix-1")], "ok"),
        ([FIX, replace(FIX, id="u", action="undo", ref="fix-1", result="refused")], "block"),
    ],
    ids=["fixed", "taken back by us", "undone", "not undone"],
)
def test_a_fix_that_is_not_in_the_branch_blocks(run_record, events, expected):
    """G6: green on code that nobody has is no green."""
    _verdict, rules = _judge(run_record(), events=events)
    assert _by_rule(rules, "G6").verdict == expected
    assert ("commit the applied fix" in _by_rule(rules, "G6").advice) is (expected == "block")


@pytest.mark.parametrize(
    ("passed", "timeouts", "expected"),
    [
        (19, 19, "neutral"),
        (20, 1, "ok"),
        (20, 2, "warn"),
        (20, 4, "block"),
        (30, 3, "warn"),
        (1000, 99, "ok"),
        (1000, 199, "warn"),
        (1000, 200, "block"),
    ],
)
def test_rates_judge_from_twenty_tests_on_and_limits_belong_to_the_worse_side(run_record, passed, timeouts, expected):
    """G7: below the minimum sample there is no verdict; exactly at 10 % warns, at 20 % blocks."""
    _verdict, rules = _judge(run_record(passed=passed, timeouts=timeouts))
    assert rules["G7", "timeout rate"].verdict == expected


@pytest.mark.parametrize(
    ("passed", "failed", "expected"), [(15, 4, "neutral"), (16, 4, "ok"), (15, 5, "warn"), (10, 10, "block")]
)
def test_the_failure_rate_at_its_limits(run_record, passed, failed, expected):
    """25 % warns, 50 % blocks, 19 tests say nothing."""
    _verdict, rules = _judge(run_record(passed=passed, failed=failed, exit_status=1))
    assert rules["G7", "failure rate"].verdict == expected


@pytest.mark.parametrize(
    ("count", "seconds", "expected"),
    [(4, 500.0, "neutral"), (5, 119.9, "ok"), (5, 120.0, "warn"), (5, 240.0, "block")],
)
def test_the_mean_duration_at_its_limits(run_record, failure_record, count, seconds, expected):
    """Five healed or timed out tests are enough."""
    records = [
        failure_record(id=str(n), failure_category=Category.TIMEOUT, outcome=Outcome.HEALED, duration_s=seconds)
        for n in range(count)
    ]
    _verdict, rules = _judge(run_record(), records, change=UNTOUCHED)
    assert rules["G7", "mean recovery duration"].verdict == expected


def test_a_neutral_rule_shows_its_sample(run_record):
    """Too few tests are told as such, never as a pass."""
    _verdict, rules = _judge(run_record(passed=7))
    assert rules["G7", "failure rate"].value == "insufficient data (n=7 < 20)"


def test_rates_can_be_judged_by_the_lower_bound(run_record):
    """`rate_test = "wilson"`: 5 of 20 could be chance, 15 of 20 could not."""
    policy = GatePolicy(rate_test="wilson")
    assert wilson_lower(5, 20) == pytest.approx(0.1119, abs=0.0001)
    _verdict, rules = _judge(run_record(passed=15, failed=5, exit_status=1), policy=policy)
    assert rules["G7", "failure rate"].verdict == "ok"
    _verdict, rules = _judge(run_record(passed=5, failed=15, exit_status=1), policy=policy)
    assert rules["G7", "failure rate"].verdict == "block"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("auto-fix success", 0.90, "ok"),
        ("auto-fix success", 0.89, "warn"),
        ("mean recovery time", 29.9, "ok"),
        ("mean recovery time", 30.0, "warn"),
        ("escalation rate", 0.049, "ok"),
        ("escalation rate", 0.05, "warn"),
        ("escalation rate", None, "neutral"),
    ],
)
def test_long_term_goals_only_ever_warn(run_record, name, value, expected):
    """G8: 90 %, 30 s and 5 %, of the base branch."""
    unit = "seconds" if "time" in name else "share"
    trend = Health("healthy", "a", "b", 30, (Metric(name, value, 19 if value is None else 20, 1.0, unit, minimum=20),))
    _verdict, rules = _judge(run_record(), trend=trend)
    assert rules["G8", name].verdict == expected


def test_goals_can_be_left_out(run_record):
    """`kpi = "off"`."""
    verdict, _rules = _judge(run_record(), policy=GatePolicy(kpi="off"))
    assert "G8" not in {rule.rule for rule in verdict.rules}


@pytest.mark.parametrize(
    ("passed", "alike", "expected"),
    [(1, 8, "neutral"), (2, 8, "ok"), (1, 9, "block"), (20, 80, "ok"), (19, 81, "block")],
)
@pytest.mark.parametrize("signature", [SIGNATURE, ""], ids=["signature", "error"])
def test_one_error_nearly_everywhere_is_infrastructure(run_record, failure_record, passed, alike, expected, signature):
    """G9: more than 80 % of at least ten tests, by signature or by the error's words."""
    records = [
        failure_record(id=str(n), nodeid=f"tests/test_a.py::test_{n}", signature=signature) for n in range(alike)
    ]
    _verdict, rules = _judge(run_record(passed=passed, failed=alike, exit_status=1), records)
    assert _by_rule(rules, "G9").verdict == expected


@pytest.mark.parametrize(
    ("change", "expected", "words"),
    [
        (Change(), "neutral", "no base"),
        (UNTOUCHED, "ok", "unchanged"),
        (
            replace(UNTOUCHED, settings=("this change sets gate.failure_rate.warn anew",)),
            "warn",
            "gate.failure_rate.warn",
        ),
        (replace(UNTOUCHED, pytest_settings=("pytest.ini",)), "warn", "pytest.ini changes pytest's settings"),
    ],
)
def test_a_change_of_the_settings_is_told(run_record, change, expected, words):
    """G10: a person has to look."""
    _verdict, rules = _judge(run_record(), change=change)
    assert _by_rule(rules, "G10").verdict == expected
    assert words in _by_rule(rules, "G10").value
