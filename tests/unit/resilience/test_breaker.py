"""The circuit breaker: what it counts, whom it lets through, and how processes share it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading

import pytest

from pytest_selfheal import CircuitBreaker
from pytest_selfheal import CircuitOpenError
from pytest_selfheal.errors import UsageError


def fail(error=None):
    raise error or ConnectionError("down")


def trip(breaker, times=5):
    for _ in range(times):
        with pytest.raises(ConnectionError):
            breaker.call(fail)


@pytest.fixture(params=["process", "shared"])
def breaker(request, tmp_path, world):
    """A breaker of either kind, with our clock."""
    folder = tmp_path / "breakers" if request.param == "shared" else None
    return CircuitBreaker("model", folder=folder, clock=world.clock)


def test_it_opens_at_the_fifth_failure_in_a_row(breaker):
    """The error of each call comes out unchanged; the sixth call is not made, and names the last error as its cause."""
    trip(breaker, 4)
    assert (breaker.state, breaker.failures) == ("closed", 4)
    last = ConnectionError("the fifth")
    with pytest.raises(ConnectionError) as caught:
        breaker.call(fail, last)
    assert caught.value is last
    with pytest.raises(CircuitOpenError, match="ConnectionError: the fifth") as refused:
        breaker.call(lambda: pytest.fail("called"))
    assert refused.value.__cause__ is last
    assert (refused.value.failures, refused.value.retry_in_s) == (5, 60)


def test_a_success_ends_the_row(breaker):
    """Only failures in a row count."""
    trip(breaker, 4)
    assert breaker.call(lambda: "well") == "well"
    trip(breaker, 4)
    assert breaker.state == "closed"


@pytest.mark.parametrize(
    "error",
    [AssertionError("x"), KeyboardInterrupt(), SystemExit(), asyncio.CancelledError(), pytest.skip.Exception("x")],
    ids=lambda error: type(error).__name__,
)
def test_what_says_nothing_of_the_service_is_not_counted(breaker, error):
    """Neither as failure nor as success, and it comes out unchanged."""
    trip(breaker, 3)
    for _ in range(9):
        with pytest.raises(type(error)) as caught:
            breaker.call(fail, error)
        assert caught.value is error
    assert (breaker.state, breaker.failures) == ("closed", 3)


def test_one_probe_after_the_reset_time(breaker, world):
    """59 s are too early; a good probe closes it, a bad one opens it for another 60 s."""
    trip(breaker)
    world.now += 59
    with pytest.raises(CircuitOpenError):
        breaker.call(fail)
    world.now += 1
    assert breaker.state == "half-open"
    trip(breaker, 1)
    assert breaker.state == "open"
    world.now += 60
    assert breaker.call(lambda: "well") == "well"
    assert (breaker.state, breaker.failures) == ("closed", 0)


def test_while_one_probes_the_others_are_refused(breaker, world):
    """However the probe ends, its place is free afterwards."""
    trip(breaker)
    world.now += 60

    def probe():
        with pytest.raises(CircuitOpenError, match="right now"):
            breaker.call(lambda: pytest.fail("called"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        breaker.call(probe)
    assert breaker.state == "half-open"
    assert breaker.call(lambda: "well") == "well"


def test_a_late_result_of_a_call_from_before_changes_nothing(breaker):
    """Neither a success nor a failure of a call that began before the breaker opened."""
    early = [breaker.passage(), breaker.passage()]
    for passage in early:
        passage.__enter__()
    trip(breaker)
    early[0].__exit__(None, None, None)
    early[1].__exit__(ConnectionError, ConnectionError(), None)
    assert (breaker.state, breaker.failures) == ("open", 5)


def test_a_clock_that_was_set_back_does_not_keep_it_open(breaker, world):
    """A probe is allowed instead of waiting for the jump to pass."""
    trip(breaker)
    world.now -= 100_000
    assert breaker.call(lambda: "well") == "well"


def test_an_old_row_of_failures_is_forgotten(breaker, world):
    """What yesterday's run left does not open it today."""
    trip(breaker, 4)
    world.now += 2 * 3600
    trip(breaker, 1)
    assert (breaker.state, breaker.failures) == ("closed", 1)


def test_listeners_hear_of_every_change(breaker, world, caplog):
    """Of the opening, the probe and the closing; a listener that fails is left out."""
    heard = []
    breaker.listen(lambda event: heard.append((event.kind, event.failures, event.error)))
    breaker.listen(lambda event: fail())
    trip(breaker)
    world.now += 60
    breaker.call(lambda: "well")
    error = "ConnectionError: down"
    assert heard == [("opened", 5, error), ("probing", 5, error), ("closed", 0, "")]
    assert "circuit breaker 'model' opened after 5 failures" in caplog.text


def test_reset_closes_it(breaker):
    """By hand."""
    trip(breaker)
    breaker.reset()
    assert breaker.state == "closed"


def test_async_failures_are_counted(breaker):
    """As a decorator and by `call_async`."""

    @breaker
    async def ask():
        await asyncio.sleep(0)
        fail()

    async def main():
        for turn in range(5):
            with pytest.raises(ConnectionError):
                await (ask() if turn % 2 else breaker.call_async(ask.__wrapped__))
        with pytest.raises(CircuitOpenError):
            await ask()

    asyncio.run(main())


def test_a_decorated_function_is_behind_the_breaker(breaker):
    """Name, arguments and result stay."""

    @breaker
    def add(a, b=1):
        return a + b

    assert (add(1), add(1, b=2), add.__name__) == (2, 3, "add")


def test_a_generator_is_refused(breaker):
    """Calling one does nothing, so nothing would be counted."""

    def numbers():
        yield 1

    with pytest.raises(UsageError, match="guard"):
        breaker(numbers)


def test_its_own_refusals_and_those_of_others_are_not_counted(breaker):
    """A refused call says nothing about the service."""
    with pytest.raises(CircuitOpenError):
        breaker.call(fail, CircuitOpenError("other", 5, 1.0, "down"))
    assert breaker.failures == 0


@pytest.mark.parametrize("arguments", [{"threshold": 0}, {"reset_s": 0}, {"folder": "somewhere"}], ids=str)
def test_senseless_arguments_are_refused(arguments):
    """With a word on what would make sense."""
    with pytest.raises(UsageError):
        CircuitBreaker(**arguments)


# ------------------------------------------------------------------------------------- many at once


def test_a_hundred_threads_get_one_probe(breaker, world):
    """All arrive while it is half open; one calls, 99 are refused, and nobody waits for the one."""
    trip(breaker)
    world.now += 60
    barrier = threading.Barrier(100)
    refused = threading.Semaphore(0)
    calls = []

    def probe():
        calls.append(1)
        for _ in range(99):
            assert refused.acquire(timeout=30)

    def run():
        barrier.wait()
        try:
            breaker.call(probe)
        except CircuitOpenError:
            refused.release()

    threads = [threading.Thread(target=run) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(calls), breaker.state) == (1, "closed")


def test_a_thousand_tasks_get_one_probe(breaker, world):
    """The one probe is slow; 999 tasks are refused meanwhile."""
    trip(breaker)
    world.now += 60
    calls = []

    async def main():
        refusals = []
        over = asyncio.Event()

        async def probe():
            calls.append(1)
            await over.wait()

        async def run():
            try:
                await breaker.call_async(probe)
            except CircuitOpenError as refusal:
                refusals.append(refusal)
                if len(refusals) == 999:
                    over.set()

        await asyncio.gather(*(run() for _ in range(1000)))

    asyncio.run(main())
    assert (len(calls), breaker.state) == (1, "closed")


def test_no_lock_is_held_during_a_call(breaker):
    """Ten calls that wait for each other all run."""
    barrier = threading.Barrier(10)
    threads = [threading.Thread(target=breaker.call, args=(barrier.wait, 30)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (barrier.broken, breaker.failures) == (False, 0)


def test_failures_of_many_threads_are_all_counted(breaker):
    """No update is lost."""
    barrier = threading.Barrier(4)

    def run():
        barrier.wait()
        trip(breaker, 1)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert breaker.failures == 4


# ------------------------------------------------------------------------------------- other processes


def test_two_breakers_of_one_name_share_their_state(tmp_path, world):
    """As two processes do; the cause of a refusal tells what the other one saw."""
    first, second = (CircuitBreaker("model", folder=tmp_path, clock=world.clock) for _ in range(2))
    trip(first, 3)
    trip(second, 2)
    for breaker in (first, second):
        assert breaker.state == "open"
    third = CircuitBreaker("model", folder=tmp_path, clock=world.clock)
    with pytest.raises(CircuitOpenError) as refused:
        third.call(fail)
    assert "ConnectionError: down" in str(refused.value.__cause__)


def test_another_process_sees_it_open(tmp_path):
    """A real one, with the real clock."""
    trip(CircuitBreaker("model", folder=tmp_path))
    program = (
        f"from pytest_selfheal import CircuitBreaker; print(CircuitBreaker('model', folder={str(tmp_path)!r}).state)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "open"


def test_a_process_that_dies_while_probing_frees_the_place(tmp_path, world):
    """The kernel gives its lock back; nothing is stale."""
    breaker = CircuitBreaker("model", folder=tmp_path, clock=world.clock)
    trip(breaker)
    world.now += 60
    program = (
        "import os\nfrom pytest_selfheal import CircuitBreaker\n"
        f"breaker = CircuitBreaker('model', folder={str(tmp_path)!r}, clock=lambda: {world.now})\n"
        "breaker.passage().__enter__()\nprint('probing', flush=True)\ninput()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline().strip() == b"probing"
        with pytest.raises(CircuitOpenError):
            breaker.call(lambda: pytest.fail("called"))
        other.kill()
    assert breaker.call(lambda: "well") == "well"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"failures": "many", "opened_at": null, "updated_at": 0, "error": ""}', b"\xff" * 99,
     b'{"failures": 1e999, "opened_at": 5, "updated_at": 0, "error": ""}', b"[" * 60_000],
    ids=["empty", "torn", "list", "null", "text for a number", "no text", "infinite", "deep"],
)  # fmt: skip
def test_an_unreadable_state_counts_as_closed(tmp_path, world, caplog, content):
    """It is said once, and the next change writes a good one."""
    breaker = CircuitBreaker("model", folder=tmp_path, clock=world.clock)
    trip(breaker)
    (path,) = tmp_path.glob("*.json")
    path.write_bytes(content)
    assert breaker.call(lambda: "called") == "called"
    assert breaker.state == "closed"
    assert caplog.text.count("cannot be read") == 1
    trip(breaker)
    assert json.loads(path.read_bytes())["failures"] == 5


def test_a_folder_that_cannot_be_used_leaves_it_to_the_process(tmp_path, world, caplog):
    """The breaker works on, alone, and says so once."""
    (tmp_path / "file").write_text("in the way")
    breaker = CircuitBreaker("model", folder=tmp_path / "file" / "breakers", clock=world.clock)
    trip(breaker)
    assert breaker.state == "open"
    world.now += 60
    assert breaker.call(lambda: "well") == "well"
    assert caplog.text.count("not shared with other processes") == 1


def test_a_folder_that_is_a_link_is_not_followed(tmp_path, world):
    """Nothing is written outside of the project."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "breakers").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    breaker = CircuitBreaker("model", folder=tmp_path / "breakers", clock=world.clock)
    trip(breaker)
    assert breaker.state == "open"
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_secrets_of_an_error_do_not_reach_the_file(tmp_path):
    """The state file holds the last error, redacted."""
    breaker = CircuitBreaker("model", folder=tmp_path)
    token = "sk-proj-" + "a1B2c3D4" * 6
    with pytest.raises(ConnectionError):
        breaker.call(fail, ConnectionError(f"Incorrect API key provided: {token}"))
    (path,) = tmp_path.glob("*.json")
    assert "ConnectionError" in path.read_text()
    assert token not in path.read_text()


@pytest.mark.parametrize("name", ["a/b", "..", "con", "ünï", "x" * 500, "a\0b"])
def test_any_name_makes_a_file_in_the_folder(tmp_path, name):
    """Names never lead out of it, and different names do not meet."""
    trip(CircuitBreaker(name, folder=tmp_path / "b"), 1)
    assert len(list((tmp_path / "b").glob("*.json"))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    assert CircuitBreaker(name + "2", folder=tmp_path / "b").failures == 0


def test_a_name_has_one_shared_breaker_in_a_project(tmp_path, monkeypatch):
    """Found from any file of the project, kept in its store, invisible to git."""
    (tmp_path / "pyproject.toml").write_text('[tool.selfheal]\nstore = "kept"\n')
    (tmp_path / "tests" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    breaker = CircuitBreaker.shared("model", near=tmp_path / "tests" / "deep")
    assert CircuitBreaker.shared("model") is breaker
    trip(breaker, 1)
    assert (tmp_path / "kept" / "breakers" / ".gitignore").read_text() == "*\n"
    assert len(list((tmp_path / "kept" / "breakers").glob("*.json"))) == 1
