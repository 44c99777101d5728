"""What every store promises, whatever it is made of."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from store_records import answers
from store_records import at
from store_records import event
from store_records import failure
from store_records import generated
from store_records import one_of_each
from store_records import result
from store_records import review
from store_records import run

from pytest_selfheal.model import Origin
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import Trust
from pytest_selfheal.store.protocol import KeepsResults


def test_every_kind_of_record_comes_back_as_it_was_written(new_store):
    """A store gives back what it was given, of each kind."""
    store = new_store(*one_of_each())
    assert (store.runs(), store.events(), store.reviews(), store.generated_tests()) == (
        [run()],
        [event()],
        [review()],
        [generated()],
    )
    assert store.failures() == [replace(failure(), occurrence_count=1, test_generated=True)]
    assert (store.warnings, store.lost) == ((), 0)


def test_an_empty_store_answers_everything_with_nothing(new_store):
    """Asking an empty store is no error."""
    store = new_store()
    assert store.runs() == store.failures() == store.events() == store.reviews() == store.patterns() == []
    (history,) = store.history(["sig-a"], since=at(-7)).values()
    assert (history.occurrences, history.total, history.test_generated) == ((), 0, False)


def test_a_later_write_of_a_record_replaces_the_earlier_one(new_store):
    """The later `updated_at` wins, in whichever order the two are written."""
    store = new_store(run(days=-1, passed=5), run(days=-2, passed=3), event(days=-2), event(days=-1, detail="new"))
    assert [one.passed for one in store.runs()] == [5]
    assert [one.detail for one in store.events()] == ["new"]


def test_of_two_writes_at_one_time_the_greater_text_wins(new_store):
    """A run's end replaces its start even when the clock did not move."""
    store = new_store(run(complete=True), run(complete=False))
    assert [one.complete for one in store.runs()] == [True]


def test_of_two_failures_written_at_one_time_one_wins_everywhere(new_store):
    """The index and the full record agree on the winner of a tie."""
    first, second = failure(signature="sig-a"), failure(signature="sig-b")
    store = new_store(second, first, second)
    assert [one.signature for one in store.failures()] == ["sig-b"]
    assert {key: len(one.occurrences) for key, one in store.history(["sig-a", "sig-b"], since=at(-7)).items()} == {
        "sig-a": 0,
        "sig-b": 1,
    }


@pytest.mark.parametrize("seed", range(5))
def test_writing_twice_and_in_any_order_changes_nothing(new_store, seed):
    """Records are a set: repetition and order do not matter."""
    records = [*one_of_each(), failure("f2", signature="sig-b"), run("run-f2"), review(status="accepted", days=0)]
    shuffled = [*records, *records]
    random.Random(seed).shuffle(shuffled)
    store = new_store(*shuffled)
    assert answers(store)["history"]["sig-b"].total == 1
    assert [entry.status for entry in store.reviews()] == ["accepted"]
    assert len(store.failures()) == 2


@pytest.mark.parametrize(
    ("records", "occurrences", "total"),
    [
        pytest.param([failure("a"), failure("b")], 2, 2, id="distinct runs"),
        pytest.param([failure("a", run_id="r"), failure("b", run_id="r")], 1, 1, id="two attempts in one run"),
        pytest.param([failure("a", run_id="r"), failure("b", run_id="r", nodeid="x")], 2, 2, id="two tests in one run"),
        pytest.param([failure("a", outcome=Outcome.HEALED)], 0, 1, id="healed"),
        pytest.param([failure("a", outcome=Outcome.ESCALATED)], 1, 1, id="escalated"),
        pytest.param([failure("a", is_regression=True)], 0, 0, id="regression test"),
        pytest.param([failure("a", trust=Trust.UNTRUSTED)], 0, 0, id="untrusted run"),
        pytest.param([failure("a", trust=Trust.COLLABORATOR)], 1, 1, id="collaborator's run"),
        pytest.param([failure("a", days=-8)], 0, 1, id="before the window"),
        pytest.param([failure("a", days=-7)], 1, 1, id="at the window's start"),
    ],
)
def test_occurrences_are_distinct_unhealed_trusted_failures_in_the_window(new_store, records, occurrences, total):
    """The repetition rule counts each test once per run, and only what may teach something."""
    history = new_store(*records).history(["sig-a"], since=at(-7))["sig-a"]
    assert (len(history.occurrences), history.total) == (occurrences, total)


def test_occurrences_are_ordered_and_point_at_the_first_failure(new_store):
    """Oldest first; of several failures in one run and test the first one is named."""
    store = new_store(failure("late", -1), failure("b", -2.0, run_id="r"), failure("a", -2.1, run_id="r"))
    found = store.history(["sig-a"], since=at(-7))["sig-a"].occurrences
    assert [one.failure_id for one in found] == ["a", "late"]
    assert [one.created_at for one in found] == [at(-2.1), at(-1)]


def test_the_window_may_be_given_without_milliseconds(new_store):
    """`since` is compared as a time, not as text."""
    store = new_store(failure("a", created_at="2026-09-20T00:00:00.114Z"))
    assert store.history(["sig-a"], since="2026-09-20T00:00:00Z")["sig-a"].occurrences
    assert not store.history(["sig-a"], since="2026-09-20T02:00:01+02:00")["sig-a"].occurrences


@pytest.mark.parametrize(
    ("failing", "passed", "complete", "counted"),
    [
        pytest.param(10, 2, True, 0, id="10 of 12"),
        pytest.param(10, 3, True, 10, id="10 of 13 is under 80 %"),
        pytest.param(8, 2, True, 8, id="exactly 80 %"),
        pytest.param(9, 0, True, 9, id="too few"),
        pytest.param(12, 0, False, 12, id="no end recorded"),
    ],
)
def test_a_run_that_failed_as_a_whole_teaches_nothing(new_store, failing, passed, complete, counted):
    """More than 80 % of at least 10 tests with one signature is one outage, not many repetitions."""
    failures = [failure(f"f{n}", run_id="r", nodeid=f"test_{n}") for n in range(failing)]
    store = new_store(*failures, run("r", failed=failing, passed=passed, complete=complete))
    assert store.history(["sig-a"], since=at(-7))["sig-a"].total == counted


def test_counts_of_failures_are_those_of_now(new_store):
    """`occurrence_count` and `test_generated` are computed on reading, whatever was written."""
    written = failure("a", occurrence_count=77, test_generated=True, signature="sig-b")
    store = new_store(written, failure("b", signature="sig-b"), failure("c"), generated("sig-a"))
    found = {one.id: (one.occurrence_count, one.test_generated) for one in store.failures()}
    assert found == {"a": (2, False), "b": (2, False), "c": (1, True)}


def test_failures_can_be_limited_to_a_run_a_time_and_a_number(new_store):
    """Newest first, filtered before they are limited."""
    store = new_store(failure("a", -3), failure("b", -2), failure("c", -1, run_id="r"), failure("d", -1.5, run_id="r"))
    assert [one.id for one in store.failures()] == ["c", "d", "b", "a"]
    assert [one.id for one in store.failures(limit=2)] == ["c", "d"]
    assert [one.id for one in store.failures(run_id="r", limit=1)] == ["c"]
    assert [one.id for one in store.failures(since=at(-2))] == ["c", "d", "b"]
    assert store.failures(limit=0) == []


def test_runs_and_events_come_newest_first(new_store):
    """Limits keep the newest, `run_id` those of one run."""
    store = new_store(run("a", -3), run("b", -1), event("x", -2), event("y", -1, run_id="other"))
    assert [one.id for one in store.runs(limit=1)] == ["b"]
    assert [one.id for one in store.events()] == ["y", "x"]
    assert [one.id for one in store.events(run_id="other")] == ["y"]


def test_reviews_can_be_chosen_by_status(new_store):
    """The queue shows open entries when asked for them."""
    store = new_store(review("a", -3), review("b", -2, status="rejected"), review("c", -1))
    assert [one.id for one in store.reviews(status="open")] == ["c", "a"]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        pytest.param({}, 3 / 5, id="no prior: Beta(1, 1)"),
        pytest.param({"prior": [9, 1]}, 11 / 13, id="prior"),
        pytest.param({"prior": [0, 1]}, 3 / 5, id="impossible prior"),
        pytest.param({"prior": "certain"}, 3 / 5, id="prior of another type"),
    ],
)
def test_a_pattern_s_confidence_is_the_posterior_mean(new_store, strategy, expected):
    """Two successes and one failure move the prior."""
    results = [result(f"p{n}", ok=n != 0, fix_strategy=strategy) for n in range(3)]
    (pattern,) = new_store(*results).patterns()
    assert (pattern.success_count, pattern.failure_count) == (2, 1)
    assert pattern.confidence_score == pytest.approx(expected)


def test_patterns_are_described_by_their_latest_result_and_ranked(new_store):
    """The newest strategy counts; the most certain pattern comes first."""
    store = new_store(
        result("a", -3, fix_strategy={"learned": False}),
        result("b", -1, fix_strategy={"learned": True, "origin": "human"}),
        result("c", -2, ok=False, pattern_name="guess", fix_strategy={"learned": "yes", "origin": "nobody"}),
    )
    best, worst = store.patterns()
    assert (best.pattern_name, best.learned, best.origin) == ("add-import", True, Origin.HUMAN)
    assert (best.created_at, best.last_used_at) == (at(-3), at(-1))
    assert (worst.pattern_name, worst.learned, worst.origin) == ("guess", False, Origin.BUILTIN)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(failure("bad", duration_s=float("nan")), id="no number"),
        pytest.param(failure("bad", attempt="second"), id="wrong type"),
        pytest.param(failure("bad", stack_trace="x" * 300_000), id="too long"),
    ],
)
def test_a_record_that_could_not_be_read_back_is_refused(new_store, broken):
    """Refusing costs one record and one warning; the others are kept."""
    store = new_store(failure("good"))
    assert store.commit([broken, failure("later")]) is False
    assert (store.lost, len(store.warnings)) == (1, 1)
    assert {one.id for one in store.failures()} == {"good", "later"}


def test_stats_count_distinct_records_by_kind(new_store):
    """Writing a record again does not raise the count."""
    counts = new_store(*one_of_each(), failure("f2"), failure("f2")).stats()["records"]
    assert counts == {"event": 1, "failure": 2, "generated_test": 1, "pattern_result": 1, "review": 1, "run": 1}


def test_closing_twice_and_maintaining_are_harmless(new_store):
    """Nothing is lost by tidying up."""
    store = new_store(failure())
    for _ in range(2):
        store.maintain()
        store.close()
    assert len(store.failures()) == 1
    assert store.append(failure("f2"))
    assert len(store.failures()) == 2


def test_single_results_come_oldest_first_where_they_are_kept(new_store):
    """A store may keep sums only; one that says it keeps results gives all of them."""
    late, early = result("p1", -1.0), result("p2", -2.0, ok=False)
    store = new_store(late, early)
    if not isinstance(store, KeepsResults):
        pytest.skip("keeps sums only")
    assert store.pattern_results() == [early, late]
