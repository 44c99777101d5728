import asyncio
import sys

import pytest
import requests

if sys.version_info < (3, 11):
    pytest.skip("exception groups are 3.11+", allow_module_level=True)


def reset():
    return ConnectionResetError(104, "Connection reset by peer")


def test_all_transient():
    raise ExceptionGroup("loading", [reset(), ConnectionAbortedError(103, "aborted")])


def test_all_timeouts():
    raise ExceptionGroup("loading", [TimeoutError("a"), TimeoutError("b")])


def test_transient_and_bug():
    raise ExceptionGroup("loading", [reset(), KeyError("price")])


def test_transient_and_assertion():
    raise ExceptionGroup("loading", [reset(), AssertionError("wrong price")])


def test_timeout_and_type_error():
    raise ExceptionGroup("loading", [TimeoutError("a"), TypeError("bad operand")])


def test_transient_and_environment():
    raise ExceptionGroup("loading", [reset(), PermissionError(13, "Permission denied")])


def test_nested():
    raise ExceptionGroup("outer", [reset(), ExceptionGroup("inner", [TimeoutError(), AssertionError("no")])])


def test_one_bug():
    raise ExceptionGroup("loading", [ValueError("no price")])


def test_timeout_and_transient():
    raise ExceptionGroup("loading", [TimeoutError("a"), reset()])


def test_task_group_429(server):
    async def load():
        requests.get(f"{server}/s429", timeout=2).raise_for_status()

    async def run():
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(load())

    asyncio.run(run())


def test_task_group_bug():
    async def bad():
        return {}["price"]

    async def run():
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(bad())
            tasks.create_task(asyncio.sleep(1))

    asyncio.run(run())


def test_group_as_cause():
    try:
        raise ExceptionGroup("loading", [reset()])
    except ExceptionGroup as error:
        raise RuntimeError("could not load") from error
