"""Recovery: what is tried again, when, where, and when it stops."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_selfheal.config import Policy
from pytest_selfheal.model import Category
from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Phase
from pytest_selfheal.recover import MemoryLog
from pytest_selfheal.recover import Recovery
from pytest_selfheal.recover import Retry
from pytest_selfheal.recover import Stop
from pytest_selfheal.recover import Storm
from pytest_selfheal.recover import Wish

STEADY = replace(Policy(), retry_jitter=False)
KEY = "o1:outage"


@pytest.fixture
def failure():
    def make(phase="call", bases=(), **facts):
        link = ErrorLink("net.Down", ("net.Down", *bases, "builtins.Exception"), "down", facts=facts)
        return Failure("t.py::t", Phase(phase), "net.Down", "down", chain=(link,))

    return make


def recovery(policy=STEADY, tests=0):
    storm = Storm(policy.storm_failures, policy.storm_pause_s, MemoryLog(), "one")
    return Recovery(policy, lambda: 0.0, storm, tests)


@pytest.mark.parametrize(
    ("category", "tries", "alone"),
    [
        (Category.TRANSIENT, 3, False),
        (Category.RATE_LIMIT, 3, False),
        (Category.TIMEOUT, 2, True),
        (Category.CRASH, 2, True),
        (Category.PARSE, 2, False),
    ],
)
def test_each_recoverable_category_has_its_strategy(category, tries, alone, diagnosis, failure):
    """How many tries there are with the first, and whether they happen in a fresh process."""
    plans = [recovery().plan(failure(), diagnosis(category=category), failed, 0.0) for failed in (1, 2, 3)]
    assert [type(plan) for plan in plans] == [Retry] * (tries - 1) + [Stop] * (4 - tries)
    assert plans[0].alone is alone


OTHERS = set(Category) - {
    Category.TRANSIENT,
    Category.RATE_LIMIT,
    Category.TIMEOUT,
    Category.CRASH,
    Category.PARSE,
}


@pytest.mark.parametrize("category", sorted(OTHERS))
def test_every_other_category_is_reported_as_it_is(category, diagnosis, failure):
    """An assertion, a type error, a missing import are never tried again."""
    assert recovery().plan(failure(), diagnosis(category=category), 1, 0.0) == Stop()


@pytest.mark.parametrize(
    ("phase", "retried"), [("setup", True), ("call", True), ("teardown", False), ("collect", False)]
)
def test_teardown_and_collection_are_not_retried(phase, retried, diagnosis, failure):
    """Running a test again because its teardown failed could hide what it leaks."""
    assert recovery().plan(failure(phase), diagnosis(), 1, 0.0).again is retried


@pytest.mark.parametrize(
    ("facts", "delay"),
    [
        ({}, 2.0),
        ({"retry_after": 7.5}, 7.5),
        ({"retry_at": 0.5}, 0.5),
        ({"retry_at": 3, "retry_after": 9}, 9.0),
        ({"retry_after": 60}, 60.0),
        ({"retry_after": 61}, None),
    ],
    ids=str,
)
def test_what_the_service_asks_for_is_the_delay_up_to_a_cap(facts, delay, diagnosis, failure):
    """Retry-After and the test's own wish go before the backoff; too long a wait is refused with its reason."""
    plan = recovery().plan(failure(**facts), diagnosis(category=Category.RATE_LIMIT), 1, 0.0)
    assert plan == (
        Retry(delay) if delay else Stop("deferred beyond this run: it asks to wait 61 s, more than retry_after_cap_s")
    )


@pytest.mark.parametrize(
    ("wish", "category", "again"),
    [
        (Wish(retries=0), Category.TRANSIENT, False),
        (Wish(retries=5), Category.TRANSIENT, True),
        (Wish(retries=5), Category.ASSERTION, False),
        (Wish(only=("Down",)), Category.ASSERTION, True),
        (Wish(only=("net.Down",)), Category.UNKNOWN, True),
        (Wish(only=("builtins.Exception",)), Category.UNKNOWN, True),
        (Wish(only=("rate_limit",)), Category.TRANSIENT, False),
        (Wish(only=("transient",)), Category.TRANSIENT, True),
        (Wish(never=("transient",)), Category.TRANSIENT, False),
        (Wish(never=("Down",)), Category.TRANSIENT, False),
        (Wish(only=("Down",), never=("Down",)), Category.TRANSIENT, False),
    ],
    ids=str,
)
def test_the_authors_wish_decides_what_is_retried(wish, category, again, diagnosis, failure):
    """`only` opens what the category would not, `never` closes what it would, a number alone changes the number."""
    assert recovery().plan(failure(), diagnosis(category=category), 1, 0.0, wish).again is again


def test_a_hundred_waiting_tests_are_enough_to_see_an_outage_end(diagnosis, failure):
    """More are only taken in when the service itself says when it will be back."""
    made = recovery()
    assert made.plan(failure(), diagnosis(), 1, 0.0, waiting=99).again
    assert "100 tests wait already" in made.plan(failure(), diagnosis(), 1, 0.0, waiting=100).reason
    assert made.plan(failure(retry_after=1), diagnosis(), 1, 0.0, waiting=100).again


def test_a_wished_delay_replaces_the_backoff(diagnosis, failure):
    """The author knows how long the service takes."""
    assert recovery().plan(failure(), diagnosis(), 1, 0.0, Wish(delay_s=4.5)) == Retry(4.5)


def test_an_outage_is_left_alone_after_five_retries_that_failed(diagnosis, failure):
    """Other outages are still retried, and tests that wait for this one need not wait any longer."""
    made = recovery()
    for _ in range(5):
        assert made.plan(failure(), diagnosis(outage_key=KEY), 1, 0.0).again
        made.ended(KEY, 0.0, recovered=False)
    assert made.plan(failure(), diagnosis(outage_key=KEY), 1, 0.0).reason.startswith("not retried: the same outage")
    assert made.refusal(KEY, 0.0)
    assert made.plan(failure(), diagnosis(outage_key="o1:other"), 1, 0.0).again


def test_waiting_stops_when_the_budget_is_spent(diagnosis, failure):
    """A wait that would exceed the run's budget is not begun."""
    made = recovery(replace(STEADY, retry_budget_s=5.0))
    made.waited(3.5)
    assert "waiting budget of 5 s" in made.plan(failure(), diagnosis(), 1, 0.0).reason


@pytest.mark.parametrize(("tests", "most"), [(0, 100), (400, 100), (1000, 200)])
def test_only_a_share_of_the_tests_is_retried(tests, most, diagnosis, failure):
    """A hundred tests always may be; beyond that a fifth of the run."""
    made = recovery(tests=tests)
    for number in range(most):
        assert made.plan(failure(), diagnosis(), 1, 0.0).again, number
        made.begins(KEY, 0.0)
    assert made.plan(failure(), diagnosis(), 1, 0.0).reason == (
        f"not retried: {most} tests of this run have been retried already"
    )
    assert made.plan(failure(), diagnosis(), 2, 0.0).again
