import asyncio

import httpx


def test_429(server):
    httpx.get(f"{server}/retry429").raise_for_status()


def test_500(server):
    httpx.get(f"{server}/s500").raise_for_status()


def test_503(server):
    httpx.get(f"{server}/s503").raise_for_status()


def test_401(server):
    httpx.get(f"{server}/s401").raise_for_status()


def test_404(server):
    httpx.get(f"{server}/s404").raise_for_status()


def test_409(server):
    httpx.get(f"{server}/s409").raise_for_status()


def test_read_timeout(server):
    httpx.get(f"{server}/slow", timeout=0.2)


def test_pool_timeout():
    raise httpx.PoolTimeout("no connection became free")


def test_connect_timeout():
    raise httpx.ConnectTimeout("timed out")


def test_refused(nobody):
    httpx.get(f"http://127.0.0.1:{nobody}/")


def test_reset(server):
    httpx.get(f"{server}/reset")


def test_hang_up(server):
    httpx.get(f"{server}/hangup")


def test_half_body(server):
    httpx.get(f"{server}/halfway")


def test_garbage(server):
    httpx.get(f"{server}/garbage")


def test_html(server):
    httpx.get(f"{server}/html").json()


def test_bad_gzip(server):
    httpx.get(f"{server}/badgzip")


def test_redirects(server):
    httpx.get(f"{server}/loop", follow_redirects=True)


def test_bad_scheme():
    httpx.get("ftp://localhost/")


def test_bad_url():
    httpx.get("http://[::1")


def test_tls_to_plain(server):
    httpx.get(server.replace("http:", "https:"))


def test_closed_client(server):
    with httpx.Client() as client:
        pass
    client.get(server)


def test_stream_consumed(server):
    with httpx.stream("GET", f"{server}/ok") as answer:
        answer.json()


def test_async_timeout(server):
    async def load():
        async with httpx.AsyncClient() as client:
            await client.get(f"{server}/slow", timeout=0.2)

    asyncio.run(load())


def test_async_503(server):
    async def load():
        async with httpx.AsyncClient() as client:
            (await client.get(f"{server}/s503")).raise_for_status()

    asyncio.run(load())
