import asyncio
import sys

import pytest


def test_wait_for():
    asyncio.run(asyncio.wait_for(asyncio.sleep(5), 0.05))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout is 3.11+")
def test_timeout_block():
    async def run():
        async with asyncio.timeout(0.05):
            await asyncio.sleep(5)

    asyncio.run(run())


def test_cancelled():
    async def run():
        task = asyncio.current_task()
        asyncio.get_running_loop().call_soon(task.cancel)
        await asyncio.sleep(1)

    asyncio.run(run())


def test_loop_in_loop():
    async def nothing():
        pass

    async def run():
        coroutine = nothing()
        try:
            asyncio.run(coroutine)
        finally:
            coroutine.close()

    asyncio.run(run())


def test_closed_loop():
    loop = asyncio.new_event_loop()
    loop.close()
    loop.call_soon(print)


def test_await_nothing():
    async def run():
        await None

    asyncio.run(run())


def test_open_connection(nobody):
    asyncio.run(asyncio.open_connection("127.0.0.1", nobody))


def test_incomplete_read(server):
    async def run():
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.rsplit(":", 1)[1]))
        writer.write(b"GET /hangup HTTP/1.1\r\n\r\n")
        await reader.readexactly(10)

    asyncio.run(run())


def test_invalid_state():
    async def run():
        asyncio.get_running_loop().create_future().result()

    asyncio.run(run())


def test_queue_empty():
    asyncio.Queue().get_nowait()


def test_gather():
    async def bad():
        raise ValueError("no price")

    async def run():
        await asyncio.gather(bad(), asyncio.sleep(0))

    asyncio.run(run())
