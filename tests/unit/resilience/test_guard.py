"""`guard`: the order of its parts, and every kind of function."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import json
import subprocess
import sys
import time

import pytest

from pytest_selfheal import CircuitBreaker
from pytest_selfheal import CircuitOpenError
from pytest_selfheal import TimeLimitError
from pytest_selfheal import guard
from pytest_selfheal.errors import UsageError

RESET = ConnectionResetError("reset")


def plain(call, log):
    def ask():
        return call()

    return ask


def asynchronous(call, log):
    async def ask():
        await asyncio.sleep(0)
        return call()

    return ask


def yielding(call, log):
    def ask():
        log.append("begin")
        try:
            yield call()
        finally:
            log.append("end")

    return ask


def async_yielding(call, log):
    async def ask():
        log.append("begin")
        try:
            await asyncio.sleep(0)
            yield call()
        finally:
            log.append("end")

    return ask


def use(function):
    """Use a function of any kind as pytest would use a fixture; return its value."""
    if inspect.isasyncgenfunction(function):

        async def run():
            async with contextlib.asynccontextmanager(function)() as value:
                return value

        return asyncio.run(run())
    if inspect.isgeneratorfunction(function):
        with contextlib.contextmanager(function)() as value:
            return value
    return asyncio.run(function()) if inspect.iscoroutinefunction(function) else function()


KINDS = pytest.mark.parametrize("kind", [plain, asynchronous, yielding, async_yielding])


@KINDS
def test_every_kind_of_function_is_repeated(world, failing, kind):
    """It stays what it is, and a generator is begun anew for each try and cleaned up once each."""
    call, log = failing(RESET, RESET), []
    function = kind(call, log)
    guarded = guard(retries=2, effects=world.effects)(function)
    for check in (inspect.isasyncgenfunction, inspect.isgeneratorfunction, inspect.iscoroutinefunction):
        assert check(guarded) == check(function)
    assert use(guarded) == "answer"
    assert (call.calls, world.waits) == (3, [1.0, 2.0])
    assert log in ([], ["begin", "end"] * 3)


@KINDS
def test_every_kind_of_function_is_limited(kind):
    """The call is stopped, and its error is the limit's."""

    def hang():
        for _ in range(300):
            time.sleep(0.01)

    async def hang_async():
        await asyncio.sleep(20)

    async def ask_async():
        await hang_async()

    async def ask_async_yielding():
        await hang_async()
        yield

    functions = {asynchronous: ask_async, async_yielding: ask_async_yielding}
    function = functions.get(kind) or kind(hang, [])
    with pytest.raises(TimeLimitError):
        use(guard(timeout=0.05, retries=0)(function))


@KINDS
def test_every_kind_of_function_is_behind_the_breaker(world, failing, kind):
    """The fifth failure opens it; the sixth use calls nothing."""
    call = failing(*[RESET] * 9)
    breaker = CircuitBreaker("model", clock=world.clock)
    guarded = guard(breaker=breaker, retries=0, effects=world.effects)(kind(call, []))
    for _ in range(5):
        with pytest.raises(ConnectionResetError):
            use(guarded)
    with pytest.raises(CircuitOpenError):
        use(guarded)
    assert call.calls == 5


@KINDS
def test_every_kind_of_answer_is_parsed(world, failing, kind):
    """An answer that cannot be parsed is asked for again, and its generator cleaned up; the breaker stays out of it."""
    answers = iter(["{", "not even close", '{"a": 1}'])
    log = []
    breaker = CircuitBreaker("model", threshold=1, clock=world.clock)
    guarded = guard(parse=json.loads, breaker=breaker, effects=world.effects)(kind(lambda: next(answers), log))
    assert use(guarded) == {"a": 1}
    assert (len(world.waits), breaker.state) == (2, "closed")
    assert log in ([], ["begin", "end"] * 3)


def test_without_parentheses_it_has_the_usual_limits(failing):
    """A bare decorator."""
    call = failing()
    assert guard(call)() == "answer"


def test_arguments_and_signature_pass_through():
    """Pytest reads the names of other fixtures from it."""

    @guard()
    def ask(client, /, question, *, polite=True):
        """Ask a question."""
        return client, question, polite

    assert ask("c", "why?", polite=False) == ("c", "why?", False)
    assert list(inspect.signature(ask).parameters) == ["client", "question", "polite"]
    assert ask.__doc__ == "Ask a question."


def test_a_call_that_opens_the_breaker_raises_its_own_error(world, failing):
    """And does not wait for a try that would be refused."""
    breaker = CircuitBreaker("model", threshold=2, clock=world.clock)
    call = failing(*[RESET] * 9)
    with pytest.raises(ConnectionResetError):
        guard(breaker=breaker, retries=5, effects=world.effects)(call)()
    assert (call.calls, len(world.waits)) == (2, 1)


def test_a_timeout_counts_for_the_breaker():
    """The limit stands inside the breaker."""
    breaker = CircuitBreaker("model", threshold=1)
    with pytest.raises(TimeLimitError):
        guard(timeout=0.05, retries=0, breaker=breaker)(time.sleep)(9)
    assert breaker.state == "open"


def test_a_bug_in_the_parse_step_is_not_retried(world, failing):
    """Only a ValueError says that the answer is to blame."""
    call = failing()
    with pytest.raises(TypeError):
        guard(parse=lambda answer: answer + 1, effects=world.effects)(call)()
    assert call.calls == 1


def test_the_last_bad_answer_raises_the_error_of_parsing(world, failing):
    """Unchanged, after the retries are used up."""
    call = failing(answer="{")
    with pytest.raises(json.JSONDecodeError):
        guard(parse=json.loads, retries=1, effects=world.effects)(call)()
    assert call.calls == 2


def test_an_answer_that_is_no_text_is_no_case_for_the_parser(failing):
    """With a word on what to return instead."""
    with pytest.raises(UsageError, match="not text"):
        guard(parse=dict)(failing(answer=object()))()


def test_a_partial_is_a_parse_step(failing):
    """How a predicate gets to `parse_json`."""
    step = functools.partial(json.loads, parse_int=str)
    assert guard(parse=step)(failing(answer="[1]"))() == ["1"]


def test_a_generator_passes_everything_on():
    """Values sent, exceptions thrown in, and its return value."""
    log = []

    @guard()
    def talk():
        try:
            log.append((yield "first"))
            yield "second"
        except KeyError as error:
            log.append(error)
            yield "third"
        return "end"

    running = talk()
    assert next(running) == "first"
    assert running.send("hello") == "second"
    error = KeyError("x")
    assert running.throw(error) == "third"
    with pytest.raises(StopIteration) as ended:
        next(running)
    assert (ended.value.value, log) == ("end", ["hello", error])


def test_an_async_generator_passes_everything_on():
    """As above."""
    log = []

    @guard()
    async def talk():
        try:
            log.append((yield "first"))
            yield "second"
        except KeyError:
            yield "third"
        finally:
            log.append("closed")

    async def main():
        running = talk()
        assert await running.__anext__() == "first"
        assert await running.asend("hello") == "second"
        assert await running.athrow(KeyError("x")) == "third"
        await running.aclose()

    asyncio.run(main())
    assert log == ["hello", "closed"]


def test_the_error_of_a_test_reaches_the_clean_up_and_comes_out():
    """What happens after the `yield` is neither guarded nor repeated."""
    log = []

    @contextlib.contextmanager
    @guard(retries=5)
    def service():
        try:
            yield "service"
        finally:
            log.append("closed")

    with pytest.raises(ConnectionResetError), service():
        raise RESET
    assert log == ["closed"]


@pytest.mark.parametrize("kind", [yielding, async_yielding])
def test_a_generator_that_does_not_yield_is_refused(kind):
    """As pytest does it, in our words."""

    def empty():
        return
        yield

    async def empty_async():
        return
        yield

    with pytest.raises(UsageError, match="without a `yield`"):
        use(guard()(empty if kind is yielding else empty_async))


@pytest.mark.parametrize(
    "options",
    [{"timeout": 0}, {"retries": -1}, {"on_open": "pass"}, {"on": 3}],
    ids=str,
)
def test_senseless_options_are_refused(options):
    """When the decorator is made, not when the first test runs."""
    with pytest.raises(UsageError):
        guard(**options)


def test_a_finished_fixture_is_refused():
    """The order of the decorators is told."""

    @pytest.fixture
    def service():
        return 1

    with pytest.raises(UsageError, match="above @guard"):
        guard()(service)


# ------------------------------------------------------------------------------------------ on_open


@pytest.fixture
def refusing(world):
    """A breaker that is open."""
    breaker = CircuitBreaker("model", threshold=1, clock=world.clock)
    with pytest.raises(ConnectionResetError):
        breaker.call(guard(retries=0)(_raise))
    return breaker


def _raise():
    raise RESET


@KINDS
@pytest.mark.parametrize(
    ("on_open", "expected"),
    [("fail", CircuitOpenError), ("skip", pytest.skip.Exception), ("xfail", pytest.xfail.Exception)],
)
def test_the_test_gets_what_its_author_chose(refusing, kind, on_open, expected):
    """With the reason in it, and the refusal as its cause."""
    guarded = guard(breaker=refusing, on_open=on_open)(kind(lambda: pytest.fail("called"), []))
    with pytest.raises(expected, match="'model'") as caught:
        use(guarded)
    assert "ConnectionResetError: reset" in str(caught.value)


def test_outside_of_pytest_a_refusal_is_an_error():
    """Nothing can be skipped there; nothing is imported either."""
    program = """
import sys
from pytest_selfheal import CircuitBreaker, CircuitOpenError, guard
breaker = CircuitBreaker("model", threshold=1)
@guard(breaker=breaker, retries=0, on_open="skip")
def ask():
    raise ConnectionError("down")
for expected in (ConnectionError, CircuitOpenError):
    try:
        ask()
    except expected:
        pass
assert "pytest" not in sys.modules and "_pytest" not in sys.modules
print("fine")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "fine", done.stderr


def test_the_package_loads_nothing_before_a_name_is_used():
    """`import pytest_selfheal` is next to nothing."""
    program = "import sys; import pytest_selfheal; print(*[n for n in sys.modules if n.startswith('pytest_selfheal.')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
