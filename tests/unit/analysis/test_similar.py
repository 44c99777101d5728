"""Which earlier repairs are told."""

from __future__ import annotations

import pytest

from pytest_selfheal.analysis.similar import similar
from pytest_selfheal.model import Candidate
from pytest_selfheal.model import Category
from pytest_selfheal.model import Edit
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import Failure
from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import Origin
from pytest_selfheal.model import Patch
from pytest_selfheal.model import Phase
from pytest_selfheal.model import ReviewEntry

NOW = "2026-11-25T10:00:00.000Z"
FAILURE = Failure("tests/test_a.py::test_a", Phase.CALL, "shop.OrderError", "order has no parcel size")


@pytest.fixture
def entry():
    """Build an accepted entry of the queue."""

    def build(message, status="accepted", error_type="shop.OrderError", title="say the size"):
        patch = Patch((Edit("src/a.py", 0, 1, "x = 1\n", "x = 2\n"),), {"src/a.py": "0"})
        one = Candidate("c1", "ai:any", Origin.AI, title, patch, 0.5, ErrorClass.VALUE, learned=False)
        kind = Category.UNKNOWN
        return ReviewEntry(
            f"v1:{message}", NOW, "run-1", "suggestion", status, "v1:1", kind, error_type, message, (), "why", (one,)
        )

    return build


def test_the_most_similar_comes_first_with_its_edit(entry):
    """Shared words of the message and the same type count."""
    entries = [entry("a box has no lid", title="lid"), entry("order has no size")]
    found = similar(FAILURE, entries, (), ())
    assert [one.title for one in found] == ["say the size", "lid"]
    assert found[0].change == "in src/a.py:\n-x = 1\n+x = 2"


@pytest.mark.parametrize("status", ["open", "rejected", "fixed"])
def test_what_nobody_accepted_is_not_told(entry, status):
    """A suggestion is no repair."""
    assert similar(FAILURE, [entry("order has no size", status)], (), ()) == ()


def test_what_has_nothing_in_common_is_not_told(entry):
    """Another error in other words."""
    assert similar(FAILURE, [entry("connection reset", error_type="OSError")], (), ()) == ()


def test_an_applied_fix_counts_too(failure_record):
    """Its error is found by the signature; its edit is not kept."""
    record = failure_record(error_type="shop.OrderError", error_message="order has no size", signature="v1:9")
    event = HealingEvent("e1", NOW, "run-1", "fix", "ok", "v1:9", detail="import Size")
    (found,) = similar(FAILURE, (), [event], [record])
    assert (found.title, found.change) == ("import Size", "")
