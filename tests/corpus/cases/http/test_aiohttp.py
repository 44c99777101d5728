import asyncio

import aiohttp


def load(url, read="json", timeout=2):
    async def run():
        limits = aiohttp.ClientTimeout(total=timeout)
        async with aiohttp.ClientSession(timeout=limits) as session, session.get(url) as answer:
            answer.raise_for_status()
            return await getattr(answer, read)()

    return asyncio.run(run())


def test_429(server):
    load(f"{server}/retry429")


def test_500(server):
    load(f"{server}/s500")


def test_403(server):
    load(f"{server}/s403")


def test_404(server):
    load(f"{server}/s404")


def test_slow(server):
    load(f"{server}/slow", timeout=0.2)


def test_refused(nobody):
    load(f"http://127.0.0.1:{nobody}/")


def test_reset(server):
    load(f"{server}/reset")


def test_hang_up(server):
    load(f"{server}/hangup")


def test_half_body(server):
    load(f"{server}/halfway", read="read")


def test_content_type(server):
    load(f"{server}/html")


def test_bad_json(server):
    load(f"{server}/badjson")


def test_bad_url():
    load("not a url")


def test_tls_to_plain(server):
    load(server.replace("http:", "https:"))


def test_closed_session(server):
    async def run():
        session = aiohttp.ClientSession()
        await session.close()
        await session.get(server)

    asyncio.run(run())


def test_redirects(server):
    load(f"{server}/loop")
