"""`split_on_timeout`: halves, order, and what did not go through."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_selfheal import BatchError
from pytest_selfheal import split_on_timeout
from pytest_selfheal.errors import SelfHealError


class TooLargeError(Exception):
    """As an HTTP client raises it."""

    status_code = 413


class PromptError(Exception):
    """As a model's client raises it."""


def doubling(largest, error=TimeoutError, poison=()):
    """A function for lists that fails for more than `largest` items, and for poisoned ones."""

    def work(items):
        work.sizes.append(len(items))
        if len(items) > largest or any(item in poison for item in items):
            raise error("too much")
        return [item * 2 for item in items]

    work.sizes = []
    return work


def test_a_batch_that_fits_is_one_call():
    """Nothing is split without need."""
    work = doubling(99)
    assert split_on_timeout(work, range(8)).values == [item * 2 for item in range(8)]
    assert work.sizes == [8]


def test_halves_are_tried_until_they_fit():
    """Depth first, so that values come in order."""
    work = doubling(2)
    result = split_on_timeout(work, range(7))
    assert result.values == [item * 2 for item in range(7)]
    assert work.sizes == [7, 4, 2, 2, 3, 2, 1]
    assert result.calls == 7


def test_nothing_is_called_for_nothing():
    """An empty batch is done."""
    work = doubling(1)
    assert split_on_timeout(work, []).values == []
    assert work.sizes == []


def test_items_that_fail_alone_are_reported():
    """With their place and error; the others are done, and asking for all values fails."""
    result = split_on_timeout(doubling(99, poison=(3,)), range(6))
    assert [(failed.index, failed.item) for failed in result.failed] == [(3, 3)]
    assert [done.value for done in result.done] == [0, 2, 4, 8, 10]
    with pytest.raises(BatchError, match="1 of 6 items failed even alone") as caught:
        _ = result.values
    assert isinstance(caught.value.__cause__, TimeoutError)


@pytest.mark.parametrize(
    "error",
    [TooLargeError, lambda text: PromptError("prompt is too long: 210000 tokens > 200000 maximum")],
    ids=["HTTP 413", "words"],
)
def test_too_large_is_split_as_well(error):
    """Not only what takes too long."""
    assert split_on_timeout(doubling(1, error), range(3)).values == [0, 2, 4]


@pytest.mark.parametrize("error", [ValueError, KeyError, AssertionError, ConnectionResetError, KeyboardInterrupt])
def test_other_errors_come_out_at_once(error):
    """A bug does not go away with fewer items."""
    work = doubling(1, error)
    with pytest.raises(error):
        split_on_timeout(work, range(4))
    assert work.sizes == [4]


def test_the_caller_may_say_what_to_split():
    """As exception classes or a predicate."""
    assert split_on_timeout(doubling(1, ValueError), range(3), on=ValueError).values == [0, 2, 4]
    assert split_on_timeout(doubling(1, ValueError), range(3), on=lambda error: True).values == [0, 2, 4]


@pytest.mark.parametrize("answer", [[1], [1, 2, 3], "ab", None, {"a": 1, "b": 2}], ids=repr)
def test_an_answer_that_is_not_one_value_each_is_refused(answer):
    """Nobody could tell which value belongs to which item."""
    with pytest.raises(SelfHealError, match="2 items"):
        split_on_timeout(lambda items: answer, [1, 2])


def test_async_functions_are_awaited():
    """One call after the other."""
    work = doubling(2)

    async def ask(items):
        await asyncio.sleep(0)
        return work(items)

    async def main():
        return await split_on_timeout(ask, range(7))

    assert asyncio.run(main()).values == [item * 2 for item in range(7)]


@given(count=st.integers(0, 40), largest=st.integers(1, 50), poison=st.sets(st.integers(0, 40), max_size=5))
def test_every_item_ends_in_one_of_two_lists(count, largest, poison):
    """In order, with at most 2n - 1 calls."""
    work = doubling(largest, poison=poison)
    result = split_on_timeout(work, list(range(count)))
    assert [done.item for done in result.done] == [item for item in range(count) if item not in poison]
    assert [failed.item for failed in result.failed] == [item for item in range(count) if item in poison]
    assert len(work.sizes) == result.calls <= max(2 * count - 1, 0)
