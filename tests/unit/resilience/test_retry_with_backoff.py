"""`retry_with_backoff`: what is called again, when, and when no more."""

from __future__ import annotations

import asyncio
import urllib.error
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_selfheal import Pace
from pytest_selfheal import RetryAdvice
from pytest_selfheal import retry_with_backoff
from pytest_selfheal.errors import UsageError


def http(status, **headers):
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return urllib.error.HTTPError("http://service.invalid/", status, "said no", message, None)


def test_a_transient_failure_is_called_again(world, failing):
    """With waits that grow, drawn from the whole range."""
    call = failing(ConnectionResetError("reset"), http(503))
    assert retry_with_backoff(call, effects=world.effects)() == "answer"
    assert (call.calls, world.waits) == (3, [1.0, 2.0])


def test_the_last_error_comes_out_unchanged(world, failing):
    """After the attempts are used up; three calls are made by default."""
    last = ConnectionResetError("third")
    call = failing(ConnectionResetError("first"), ConnectionResetError("second"), last)
    with pytest.raises(ConnectionResetError) as caught:
        retry_with_backoff(call, effects=world.effects)()
    assert caught.value is last
    assert call.calls == 3


@pytest.mark.parametrize(
    "error",
    [
        http(401),
        http(403),
        http(400),
        http(404),
        AssertionError("1 == 2"),
        TypeError("takes 1 argument"),
        KeyError("city"),
        RuntimeError("no idea"),
        KeyboardInterrupt(),
        pytest.skip.Exception("not here"),
    ],
    ids=lambda error: f"{type(error).__name__} {getattr(error, 'code', '')}".strip(),
)
def test_what_waiting_does_not_cure_is_not_called_again(world, failing, error):
    """A refusal, a bug, a wish to end."""
    call = failing(error)
    with pytest.raises(type(error)):
        retry_with_backoff(call, effects=world.effects)()
    assert (call.calls, world.waits) == (1, [])


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_not_called_again_even_when_asked_to(world, failing, status):
    """Whatever `on` says."""
    call = failing(http(status))
    with pytest.raises(urllib.error.HTTPError):
        retry_with_backoff(call, on=OSError, effects=world.effects)()
    assert call.calls == 1


class QuotaError(Exception):
    """As the clients of model services raise it: HTTP 429 with a code."""

    status_code = 429
    code = "insufficient_quota"


def test_an_exhausted_quota_is_not_called_again(world, failing):
    """It is no rate limit, although the status is the same."""
    call = failing(QuotaError())
    with pytest.raises(QuotaError):
        retry_with_backoff(call, on=QuotaError, effects=world.effects)()
    assert call.calls == 1


def test_retry_after_is_a_lower_limit(world, failing):
    """Beyond the cap of our own waits, with jitter on top of it."""
    call = failing(http(429, Retry_After="17"))
    assert retry_with_backoff(call, effects=world.effects)() == "answer"
    assert world.waits == [17.5]


def test_retry_after_beyond_the_budget_ends_it(world, failing, caplog):
    """There is no point in coming earlier than asked."""
    call = failing(http(429, Retry_After="120"))
    with pytest.raises(urllib.error.HTTPError):
        retry_with_backoff(call, pace=Pace(budget_s=60), effects=world.effects)()
    assert (call.calls, world.waits) == (1, [])
    assert "budget of 60 s" in caplog.text


def test_the_budget_counts_calls_and_waits(world):
    """Each call takes 20 s of 50, each wait half a second."""
    calls = []

    def slow():
        calls.append(world.now)
        world.now += 20
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        retry_with_backoff(slow, pace=Pace(attempts=99, cap_s=1, budget_s=50), effects=world.effects)()
    assert len(calls) == 3


@pytest.mark.parametrize(
    "on",
    [KeyError, (ValueError, KeyError), lambda error: "city" in str(error), lambda error: RetryAdvice(retry=True)],
    ids=["class", "classes", "predicate", "advice"],
)
def test_the_caller_may_say_what_to_retry(world, failing, on):
    """Then the classifier does not decide."""
    call = failing(KeyError("city"))
    assert retry_with_backoff(on=on, effects=world.effects)(call)() == "answer"
    assert call.calls == 2


def test_an_advice_may_bring_its_own_delay(world, failing):
    """In seconds."""
    advice = RetryAdvice(retry=True, delay_s=4)
    retry_with_backoff(failing(KeyError()), on=lambda error: advice, effects=world.effects)()
    assert world.waits == [4.5]


@pytest.mark.parametrize("on", [42, "KeyError", (), (KeyError, "x"), KeyboardInterrupt], ids=repr)
def test_an_on_that_names_no_exceptions_is_refused(on):
    """Before anything is called."""
    with pytest.raises(UsageError, match="which exceptions"):
        retry_with_backoff(on=on)


def test_async_functions_are_called_again(world, failing):
    """Without blocking the event loop."""
    call = failing(ConnectionResetError(), ConnectionResetError())

    @retry_with_backoff(effects=world.effects)
    async def ask():
        await asyncio.sleep(0)
        return call()

    assert asyncio.run(ask()) == "answer"
    assert (call.calls, len(world.waits)) == (3, 2)


def test_a_cancelled_task_ends(world):
    """A cancellation is no failure."""

    @retry_with_backoff(effects=world.effects)
    async def ask():
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(ask())
    assert world.waits == []


def test_a_generator_is_refused():
    """It cannot be called again."""

    def numbers():
        yield 1

    with pytest.raises(UsageError, match="guard"):
        retry_with_backoff(numbers)


@pytest.mark.parametrize("numbers", [{"attempts": 0}, {"base_s": -1}, {"budget_s": -1}], ids=str)
def test_a_senseless_pace_is_refused(numbers):
    """With a word on what would make sense."""
    with pytest.raises(UsageError, match="cannot be kept"):
        Pace(**numbers)


@given(
    failed=st.integers(1, 10**6),
    asked=st.none() | st.floats(0, 1e6),
    draw=st.floats(0, 1, exclude_max=True),
    base=st.floats(0, 100),
    cap=st.floats(0, 1000),
)
def test_waits_stay_within_their_limits(failed, asked, draw, base, cap):
    """Never negative, never over the cap, never under what the service asked for."""
    wait = Pace(base_s=base, cap_s=cap).wait_s(failed, asked, lambda: draw)
    assert (asked or 0) <= wait <= (asked or 0) + cap
