"""`timeout_after` in the main thread, in other threads and in tasks."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import threading
import time

import pytest

from pytest_selfheal import TimeLimitError
from pytest_selfheal import TimeoutWatch
from pytest_selfheal import timeout_after
from pytest_selfheal.config import GatePolicy
from pytest_selfheal.errors import UsageError

SHORT = 0.05
LONG = 20
needs_alarm = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this platform has no interval timer")


def hang():
    for _ in range(2000):
        time.sleep(0.01)


def hang_behind_a_client():
    """Hang as inside a library that wraps every Exception and calls again."""
    for _ in range(3):
        with contextlib.suppress(Exception):
            hang()


def swallow_everything():
    with contextlib.suppress(BaseException):
        hang()
    return "a result"


def fail_while_stopping():
    try:
        hang()
    finally:
        raise KeyError("clean-up failed")


HANGING = [hang, hang_behind_a_client, swallow_everything, fail_while_stopping]


def in_main_thread(function):
    return function()


def in_other_thread(function):
    caught = []

    def run():
        try:
            function()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if caught:
        raise caught[0]


@pytest.mark.parametrize("where", [in_main_thread, in_other_thread])
@pytest.mark.parametrize("function", HANGING)
def test_whatever_the_code_does_it_ends_with_the_limit(function, where):
    """A hanging block is stopped, and neither a library nor a broad except can hide that."""

    def limited():
        with timeout_after(SHORT, name="job"):
            function()

    with pytest.raises(TimeLimitError, match=r"job: stopped after its limit of 0\.05 s") as caught:
        where(limited)
    assert any(function.__name__ in place for place in caught.value.places)


@pytest.mark.parametrize("where", [in_main_thread, in_other_thread])
def test_a_block_in_time_is_left_alone(where):
    """The result comes back and nothing arrives afterwards."""
    results = []

    def limited():
        for number in range(50):
            with timeout_after(LONG):
                results.append(number)

    where(limited)
    assert results == list(range(50))


def test_a_late_block_that_could_not_be_stopped_fails_as_well():
    """In a thread a waiting call of C runs to its end; the limit is noticed there."""

    def limited():
        with timeout_after(SHORT):
            time.sleep(4 * SHORT)

    with pytest.raises(TimeLimitError):
        in_other_thread(limited)


def test_the_error_is_a_timeout_for_everybody():
    """Code that knows nothing of us catches TimeoutError."""
    with pytest.raises(TimeoutError), timeout_after(SHORT):
        hang()


@pytest.mark.parametrize(
    "error", [KeyError("x"), KeyboardInterrupt(), SystemExit(1)], ids=lambda error: type(error).__name__
)
def test_other_errors_pass_unchanged(error):
    """What the block raises in time is what comes out."""
    with pytest.raises(type(error)) as caught, timeout_after(LONG):
        raise error
    assert caught.value is error


@pytest.mark.parametrize(("outer", "inner", "expected"), [(LONG, SHORT, "inner"), (SHORT, LONG, "outer")])
def test_the_limit_that_comes_first_wins(outer, inner, expected):
    """Nested limits keep apart whose time is up."""
    with (
        pytest.raises(TimeLimitError) as caught,
        timeout_after(outer, name="outer"),
        timeout_after(inner, name="inner"),
    ):
        hang()
    assert caught.value.name == expected


def test_the_outer_limit_goes_on_after_the_inner_one():
    """What is left of the outer time is put back."""
    ended = []

    def nested():
        with pytest.raises(TimeLimitError), timeout_after(SHORT, name="inner"):
            hang()
        ended.append("inner")
        hang()

    with pytest.raises(TimeLimitError) as caught:
        timeout_after(4 * SHORT, name="outer")(nested)()
    assert (ended, caught.value.name) == (["inner"], "outer")


def _count_to(number):
    return sum(1 for _ in range(number))


# Python ignores, with this warning, what is raised in callbacks that the shield does not know.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("where", [in_main_thread, in_other_thread])
def test_whenever_the_time_is_up_the_limit_stays_in_its_block(where):
    """Limits as short as their blocks, nested, end in the middle of everything, and nothing else comes out."""
    rng = random.Random(7)
    ended = []

    def nested():
        inner, outer = (timeout_after(rng.uniform(0.0001, 0.002)) for _ in range(2))
        outer(lambda: inner(_count_to)(rng.randrange(20_000)))()

    def limited():
        for _ in range(150):
            try:
                nested()
            except BaseException as error:  # noqa: BLE001 - what it is is the question
                ended.append(type(error))

    before = signal.getsignal(getattr(signal, "SIGALRM", signal.SIGINT))
    where(limited)
    assert set(ended) == {TimeLimitError}
    assert signal.getsignal(getattr(signal, "SIGALRM", signal.SIGINT)) is before


@pytest.fixture
def alarms():
    """Install a foreign alarm handler that counts; take it out afterwards."""
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(time.monotonic()))
    left = signal.setitimer(signal.ITIMER_REAL, 0)
    yield rung
    signal.setitimer(signal.ITIMER_REAL, *left)
    signal.signal(signal.SIGALRM, before)


@needs_alarm
def test_an_alarm_of_somebody_else_still_rings(alarms):
    """One that comes first rings inside the block and does not end it."""
    signal.setitimer(signal.ITIMER_REAL, SHORT)
    with timeout_after(LONG):
        while not alarms:
            time.sleep(0.01)
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


@needs_alarm
def test_an_alarm_of_somebody_else_is_put_back(alarms):
    """Its handler and the rest of its time are there after the block."""
    handler = signal.getsignal(signal.SIGALRM)
    signal.setitimer(signal.ITIMER_REAL, LONG, 7)
    with pytest.raises(TimeLimitError), timeout_after(SHORT):
        hang()
    left, interval = signal.getitimer(signal.ITIMER_REAL)
    assert 0 < left < LONG
    assert interval == 7
    assert signal.getsignal(signal.SIGALRM) is handler


@needs_alarm
def test_an_alarm_that_raises_ends_the_block_with_its_own_error():
    """As pytest-timeout does."""

    def ring(*_):
        raise LookupError("theirs")

    before = signal.signal(signal.SIGALRM, ring)
    left = signal.setitimer(signal.ITIMER_REAL, SHORT)
    try:
        with pytest.raises(LookupError, match="theirs"), timeout_after(LONG):
            hang()
    finally:
        signal.setitimer(signal.ITIMER_REAL, *left)
        signal.signal(signal.SIGALRM, before)


def test_a_decorator_limits_each_call():
    """Name and signature stay, recursion is fine."""

    @timeout_after(LONG)
    def factorial(n):
        """Multiply."""
        return n * factorial(n - 1) if n else 1

    assert factorial(5) == 120
    assert (factorial.__name__, factorial.__doc__) == ("factorial", "Multiply.")


def test_async_code_is_cancelled():
    """As a block and as a decorated function, and its finally blocks run."""
    closed = []

    @timeout_after(SHORT)
    async def job():
        try:
            await asyncio.sleep(LONG)
        finally:
            closed.append("job")

    async def block():
        async with timeout_after(SHORT):
            await asyncio.sleep(LONG)

    for work in (job, block):
        with pytest.raises(TimeLimitError):
            asyncio.run(work())
    assert closed == ["job"]


def test_swallowing_the_cancellation_does_not_help():
    """A result after the time is up is no result."""

    async def job():
        async with timeout_after(SHORT):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(LONG)

    with pytest.raises(TimeLimitError):
        asyncio.run(job())


def test_a_cancellation_from_outside_stays_one():
    """The limit does not claim what it did not do."""

    async def job():
        async with timeout_after(LONG):
            await asyncio.sleep(LONG)

    async def main():
        task = asyncio.create_task(job())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_limits_of_tasks_do_not_mix():
    """Of many tasks only those over their limit end."""

    async def job(limit):
        async with timeout_after(limit):
            await asyncio.sleep(4 * SHORT)
            return "done"

    async def main():
        return await asyncio.gather(*(job(SHORT if n % 2 else LONG) for n in range(20)), return_exceptions=True)

    ended = asyncio.run(main())
    assert [outcome == "done" for outcome in ended] == [n % 2 == 0 for n in range(20)]


def test_a_plain_with_in_async_code_is_refused():
    """It would stop whatever task happens to run."""

    async def job():
        with timeout_after(LONG):
            await asyncio.sleep(0)

    with pytest.raises(UsageError, match="async with"):
        asyncio.run(job())


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_limit_of_nothing_is_refused(seconds):
    """Zero would stop everything, or nothing."""
    with pytest.raises(UsageError, match="is none"):
        timeout_after(seconds)


def test_a_generator_is_refused():
    """It has no end to wait for."""

    def numbers():
        yield 1

    with pytest.raises(UsageError, match="guard"):
        timeout_after(1)(numbers)


# ---------------------------------------------------------------------------------------- the five actions


def test_a_timeout_is_cleaned_up_told_and_logged(caplog):
    """In this order, once each; an error of a listener replaces nothing."""
    done = []

    def cleanup():
        done.append("cleanup")
        raise OSError("already closed")

    def listen(event):
        done.append((event.kind, event.name, event.limit_s))

    with pytest.raises(TimeLimitError), timeout_after(SHORT, name="ask", on_timeout=listen, cleanup=cleanup):
        hang()
    assert done == ["cleanup", ("timeout", "ask", SHORT)]
    assert "ask timed out after" in caplog.text


def test_listeners_of_a_watch_hear_of_all_its_limits():
    """Until they end it."""
    heard = []
    watch = TimeoutWatch()
    end = watch.listen(heard.append)
    for _ in range(2):
        with pytest.raises(TimeLimitError), timeout_after(SHORT, watch=watch):
            hang()
        end()
    assert [event.kind for event in heard] == ["timeout"]


def _count(watch, event, passed, timed_out):
    for _ in range(passed):
        watch.passed()
    for _ in range(timed_out):
        watch.timed_out(event)


@pytest.fixture
def event():
    from pytest_selfheal import TimeoutEvent

    return TimeoutEvent("timeout", "ask", 1.0, 1.0)


@pytest.mark.parametrize(
    ("passed", "timed_out", "levels"),
    [
        pytest.param(9, 9, [], id="too few samples"),
        pytest.param(90, 9, [], id="below 10 %"),
        pytest.param(30, 4, ["warning"], id="above 10 %"),
        pytest.param(30, 9, ["warning", "critical"], id="then above 20 %"),
        pytest.param(10, 90, ["critical"], id="once for each level"),
    ],
)
def test_a_high_rate_raises_an_alert(world, event, passed, timed_out, levels):
    """The levels are those of the gate, and each is told when it is reached."""
    watch = TimeoutWatch(GatePolicy(), world.clock)
    heard = []
    watch.listen(heard.append)
    _count(watch, event, passed, timed_out)
    assert [told.level for told in heard if told.kind == "alert"] == levels


def test_timeouts_older_than_an_hour_are_forgotten(world, event):
    """The rate is that of the last hour."""
    watch = TimeoutWatch(GatePolicy(), world.clock)
    _count(watch, event, 0, 19)
    world.now += 3601
    heard = []
    watch.listen(heard.append)
    _count(watch, event, 29, 2)
    assert [told.kind for told in heard] == ["timeout", "timeout"]
