"""The confidence of a pattern over time."""

from __future__ import annotations

import itertools

import pytest

from pytest_selfheal.model import Pattern
from pytest_selfheal.model import PatternResult
from pytest_selfheal.report.html.beliefs import confidence_over_time
from pytest_selfheal.store.memory import MemoryStore


def _result(number, *, ok, name="imports", prior=(8.0, 2.0)):
    moment = f"2026-11-25T10:00:{number:02}.000Z"
    strategy = {"fixer": name, "prior": list(prior)}
    return PatternResult(f"r{number}{name}", moment, name, "api:NameError", strategy, ok, "run", moment)


def test_each_result_moves_it_and_the_last_is_what_the_store_says():
    """Successes raise it, failures lower it, other patterns leave it alone."""
    store = MemoryStore()
    oks = [True, True, False, True]
    store.commit([*(_result(number, ok=ok) for number, ok in enumerate(oks)), _result(9, ok=False, name="other")])
    pattern = next(one for one in store.patterns() if one.pattern_name == "imports")
    values = confidence_over_time(pattern, store.pattern_results())
    assert values[0] == pytest.approx(0.8)
    assert [later > earlier for earlier, later in itertools.pairwise(values)] == oks
    assert values[-1] == pytest.approx(pattern.confidence_score)


def test_what_was_dropped_with_age_counts_from_the_beginning():
    """Only its sum is known."""
    pattern = Pattern("imports", "api:NameError", {"prior": [1, 1]}, 9, 1, 10 / 12, "", "")
    assert confidence_over_time(pattern, [_result(1, ok=True)]) == [pytest.approx(9 / 11), pytest.approx(10 / 12)]


@pytest.mark.parametrize("prior", [None, "x", [1], [0, 1], [float("inf"), 1], ["1", "2"]])
def test_a_damaged_prior_counts_as_knowing_nothing(prior):
    """As the store reads it."""
    assert confidence_over_time(Pattern("imports", "", {"prior": prior}, 0, 0, 0.5, "", ""), []) == [0.5]
