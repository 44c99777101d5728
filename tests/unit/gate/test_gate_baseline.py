"""Gate: what the base branch tells, and which runs are judged."""

from __future__ import annotations

import pytest

from pytest_selfheal.gate import baseline_from
from pytest_selfheal.gate import choose_runs
from pytest_selfheal.gate import combined
from pytest_selfheal.gate import test_key as key_of
from pytest_selfheal.gate.baseline import BaseRun
from pytest_selfheal.gate.baseline import is_base_run
from pytest_selfheal.gate.matching import is_in
from pytest_selfheal.gate.settings import changed_keys
from pytest_selfheal.gate.shards import merged_failures
from pytest_selfheal.gate_policy import GatePolicy
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import Trust

KEY = "tests.test_a.test_one"
COMMIT = "c" * 40


def _baseline(*runs):
    return baseline_from(runs, GatePolicy(), flaky_since="2026-11-20", source="origin/main")


@pytest.mark.parametrize(
    ("nodeid", "key"),
    [
        ("tests/test_a.py::test_b", "tests.test_a.test_b"),
        ("tests/test_a.py::TestA::TestB::test_c", "tests.test_a.TestA.TestB.test_c"),
        ("tests/test_a.py::test_b[a::b/c.py]", "tests.test_a.test_b[a::b/c.py]"),
        ("tests\\test_a.py::test_b", "tests.test_a.test_b"),
        ("./tests/test_a.py::test_b", "tests.test_a.test_b"),
        ("tests/test_a.py", "tests.test_a"),
        ("tests.test_a.test_b", "tests.test_a.test_b"),
    ],
)
def test_a_test_has_one_key_whoever_names_it(nodeid, key):
    """Dotted module, classes and name."""
    assert key_of(nodeid) == key


@pytest.mark.parametrize(
    ("key", "expected"),
    [(KEY, True), ("tests.test_a", True), ("tests.test_ab.test_one", False), ("tests.test_a.test_b[x.y]", True)],
)
def test_tests_of_changed_files_are_found(key, expected):
    """By whole names, not by beginnings of names."""
    assert is_in(key, {"tests/test_a.py", "README.md"}) is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"trust": Trust.TRUSTED_CI}, True),
        ({"trust": Trust.COLLABORATOR, "commit": COMMIT, "clean": True}, False),
        ({"trust": Trust.UNTRUSTED, "commit": COMMIT, "clean": True}, False),
        ({"commit": COMMIT}, True),
        ({"commit": COMMIT, "failed": 1}, False),
        ({"commit": COMMIT, "failed": 1, "clean": True}, True),
        ({"commit": "d" * 40, "clean": True}, False),
        ({}, False),
    ],
    ids=["ci", "pull request", "fork", "green here", "work in progress", "red here", "other commit", "no commit"],
)
def test_who_speaks_for_the_base(run_record, changes, expected):
    """CI on the base branch, or a run of its very code: work in progress must not excuse a bug."""
    assert is_base_run(run_record(**changes), frozenset({COMMIT})) is expected


def test_the_last_three_runs_tell_what_fails(run_record, failure_record):
    """An older failure is no excuse, a healed one is no failure."""
    failing = BaseRun(run_record(), [failure_record()])
    healed = BaseRun(run_record(), [failure_record(outcome=Outcome.HEALED)])
    green = BaseRun(run_record(), [])
    unfinished = BaseRun(run_record(complete=False), [failure_record()])
    assert KEY in _baseline(green, green, failing).failing
    assert KEY not in _baseline(green, green, green, failing).failing
    assert KEY not in _baseline(unfinished, healed, green).failing
    assert _baseline().runs == 0


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"commit": COMMIT}, {"commit": COMMIT}, True),
        ({"commit": COMMIT}, {"commit": "d" * 40}, False),
        ({"commit": ""}, {"commit": ""}, False),
        ({"commit": COMMIT}, {"commit": COMMIT, "selection": ("-k x",)}, False),
        ({"commit": COMMIT}, {"commit": COMMIT, "exit_status": 2}, False),
        ({"commit": COMMIT, "started_at": "2026-11-01"}, {"commit": COMMIT}, False),
    ],
    ids=["one commit", "two commits", "no commit", "a part", "stopped early", "too old"],
)
def test_flaky_is_who_failed_and_passed_on_one_commit(run_record, failure_record, first, second, expected):
    """The store keeps no passing tests: a whole run without the failure shows that it passed."""
    found = _baseline(BaseRun(run_record(**second), []), BaseRun(run_record(**first), [failure_record()]))
    assert (KEY in found.flaky) is expected


def test_a_healed_test_is_flaky_and_uncertain_runs_tell_nothing(run_record, failure_record):
    """Both outcomes in one run; a run with changes in the tree proves neither."""
    healed = [failure_record(outcome=Outcome.HEALED)]
    assert _baseline(BaseRun(run_record(), healed)).flaky == {KEY}
    uncertain = _baseline(BaseRun(run_record(), healed, certain=False))
    assert (uncertain.flaky, uncertain.flaky_runs) == (frozenset(), 0)


def test_only_the_newest_started_run_is_judged(run_record):
    """A killed run hides the good one before it."""
    killed, good = run_record(id="new", complete=False), run_record(id="old")
    assert choose_runs([killed, good], 0) == [killed]
    assert choose_runs([], 0) == []


def test_shards_are_the_newest_of_each_name_in_one_ci_run(run_record):
    """A shard that ran again replaces itself; another CI run is left out."""
    again = run_record(id="2b", group="g", shard="2")
    runs = [again, run_record(id="1", group="g", shard="1"), run_record(id="2a", group="g", shard="2")]
    runs.append(run_record(id="x", group="other", shard="3"))
    assert [run.id for run in choose_runs(runs, 2)] == ["2b", "1"]


def test_shards_add_up_and_the_worst_decides(run_record):
    """Counts are sums, an unfinished shard makes the whole unfinished."""
    both = combined([run_record(passed=3, exit_status=0), run_record(id="b", passed=4, failed=1, exit_status=1)])
    assert (both.passed, both.failed, both.exit_status, both.complete) == (7, 1, 1, True)
    assert combined([run_record(), run_record(id="b", complete=False)]).complete is False
    assert combined([run_record(exit_status=1), run_record(exit_status=2)]).exit_status == 2


def test_a_failure_is_not_healed_by_another_shard(failure_record):
    """Of two outcomes the worse one stays."""
    healed, failed = failure_record(id="h", outcome=Outcome.HEALED), failure_record()
    assert merged_failures([healed, failed]) == [failed]


def test_changed_keys_are_named_with_their_table():
    """Added, removed and different values, however deep."""
    old = {"a": 1, "gate": {"x": {"warn": 1, "critical": 2}, "y": 1}}
    new = {"b": 1, "gate": {"x": {"warn": 1, "critical": 3}, "y": 1}}
    assert changed_keys(old, new) == ("a", "b", "gate.x.critical")
