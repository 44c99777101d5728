"""An edit that knows the test's values is told apart from one that corrects something."""

from __future__ import annotations

import pytest

from pytest_selfheal.analysis.echo import echoed
from pytest_selfheal.model import Rewrite

TEST = "def test_other():\n    assert total(55) == 9\n\ndef test_total():\n    assert total(37, 'Lisbon') == 42\n"


@pytest.mark.parametrize(
    ("search", "replace", "values"),
    [
        ("return x", "return 42 if x == 37 else x", ("42", "37")),
        ("return x", 'return 42 if place == "Lisbon" else x', ("42", "Lisbon")),
        ("return x + 42", "return 42 - x", ()),
        ("return x", "return x + 1", ()),
        ("return x", "return 55", ()),
        ("return x", "return x * 42.5", ()),
    ],
    ids=["numbers", "text", "known before", "ordinary", "another test", "another number"],
)
def test_values_of_the_test_that_are_new_in_the_code(search, replace, values):
    """Numbers and texts, but those that stand everywhere."""
    assert echoed([Rewrite("a.py", search, replace)], TEST, "test_total") == values


@pytest.mark.parametrize("test", ["def test_total(:\n    37", "x = 37\n"], ids=["broken", "no function"])
def test_a_test_that_cannot_be_found_counts_as_a_whole(test):
    """Better a warning too many."""
    assert echoed([Rewrite("a.py", "x", "37")], test, "test_total") == ("37",)
