"""Routes of the live page.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.responses import JSONResponse
from starlette.responses import PlainTextResponse
from starlette.responses import Response
from starlette.responses import StreamingResponse
from starlette.routing import Route

from pytest_selfheal.overview import gather
from pytest_selfheal.report.html.page import asset
from pytest_selfheal.report.html.page import html_report
from pytest_selfheal.report.html.page import report_policy
from pytest_selfheal.store.tail import follow
from pytest_selfheal.web.deciding import VERBS
from pytest_selfheal.web.deciding import Decision
from pytest_selfheal.web.deciding import decide
from pytest_selfheal.web.feed import MOST_LISTENERS
from pytest_selfheal.web.feed import Feed
from pytest_selfheal.web.guarding import Guard
from pytest_selfheal.web.guarding import remember
from pytest_selfheal.web.pages import live_page
from pytest_selfheal.web.pages import parts
from pytest_selfheal.web.site import same

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from collections.abc import Callable

    from starlette.requests import Request

    from pytest_selfheal.report.html.material import Material
    from pytest_selfheal.web.site import Site

_LIVE_RUNS = 50
_KEPT_S = 5.0
_BODY_LIMIT = 8192
_ASSETS = {"report.css": "text/css", "report.js": "text/javascript", "live.js": "text/javascript"}


def build_app(site: Site, is_closing: Callable[[], bool] = lambda: False) -> Starlette:
    """Return the application.

    Args:
        site: the project and who may see it.
        is_closing: tells when the server stops.
    """
    desk = Desk(site, is_closing)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        watching = asyncio.create_task(desk.feed.watch())
        yield
        watching.cancel()

    routes = [
        Route("/", desk.page),
        Route("/parts", desk.parts),
        Route("/events", desk.events),
        Route("/report", desk.report),
        Route("/assets/{name}", desk.asset),
        Route("/review/{verb}", desk.review, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan, middleware=[Middleware(Guard, site=site)])


class Kept(NamedTuple):
    """Material, when it was gathered, and how far the store reached then."""

    at: float
    position: dict[str, Any]
    material: Material


class Desk:
    """Answers the requests that the guard let through."""

    def __init__(self, site: Site, is_closing: Callable[[], bool]) -> None:
        self._site = site
        self._store = site.open_store()
        self._tail = follow(site.store_path, url=site.policy.store_url)
        self._kept: dict[int, Kept] = {}
        self._reading = asyncio.Lock()
        self._deciding = asyncio.Lock()
        self.feed = Feed(self._tail.new, is_closing, look_s=self._tail.looks_every_s)

    async def page(self, _request: Request) -> Response:
        """Return the live page."""
        return self._shown(await self._material())

    async def parts(self, _request: Request) -> Response:
        """Return the parts that are renewed when something happened."""
        return JSONResponse(parts(await self._material(), self._site.form_key))

    async def report(self, _request: Request) -> Response:
        """Return the full report, under its own policy."""
        material = await self._material(200)
        text = await asyncio.to_thread(html_report, material)
        policy = f"{report_policy()}; frame-ancestors 'none'"
        return HTMLResponse(text, headers={"Content-Security-Policy": policy})

    async def asset(self, request: Request) -> Response:
        """Return a style sheet or a script of this package."""
        name = request.path_params["name"]
        if name not in _ASSETS:
            return PlainTextResponse("no such file\n", 404)
        return Response(asset(name), media_type=_ASSETS[name])

    async def events(self, request: Request) -> Response:
        """Return the stream of events."""
        if self.feed.listeners >= MOST_LISTENERS:
            return PlainTextResponse("Too many pages are open.\n", 503, headers={"Retry-After": "10"})
        stream = self.feed.stream(request.headers.get("last-event-id", ""))
        return StreamingResponse(stream, media_type="text/event-stream")

    async def review(self, request: Request) -> Response:
        """Accept or reject an entry, one at a time."""
        verb = request.path_params["verb"]
        form = await _form(request)
        if form is None or verb not in VERBS:
            return PlainTextResponse("Not a form of this page.\n", 400)
        if not same(form.get("form_key", ""), self._site.form_key):
            return PlainTextResponse("Only this page itself may send this. Load it again and repeat.\n", 403)
        decision = await self._decide(verb, form.get("entry", ""), form.get("option", ""))
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse({"ok": decision.ok, "text": decision.text})
        return self._shown(await self._material(), decision)

    async def _decide(self, verb: str, entry_id: str, option: str) -> Decision:
        if self._deciding.locked():
            return Decision(1, "another decision is being carried out; wait for it and repeat")
        async with self._deciding:
            waiting = (await self._material()).open_reviews
            if all(entry.id != entry_id for entry in waiting):
                return Decision(1, "this entry is decided already, or gone")
            number = int(option) if option.isascii() and option.isdigit() and len(option) < 4 else None
            return await decide(self._site, verb, entry_id, number)

    async def _material(self, most_runs: int = _LIVE_RUNS) -> Material:
        async with self._reading:  # a store object is for one thread at a time
            return await asyncio.to_thread(self._gathered, most_runs)

    def _gathered(self, most_runs: int) -> Material:
        """Return the material; that of a moment ago when nothing was written since."""
        now, position = time.time(), self._tail.position()
        kept = self._kept.get(most_runs)
        if kept is None or kept.position != position or not 0 <= now - kept.at < _KEPT_S:
            material = gather(self._store, self._site.root, self._site.policy, now=now, most_runs=most_runs)
            kept = self._kept[most_runs] = Kept(now, position, material)
        return kept.material

    def _shown(self, material: Material, decision: Decision | None = None) -> Response:
        answer = HTMLResponse(live_page(material, self._site.form_key, decision))
        if not self._site.token:
            remember(answer, self._site)
        return answer


async def _form(request: Request) -> dict[str, Any] | None:
    """Return the fields of a small form; None when it is too large or no form."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_LIMIT:
            return None
    return {name: values[0] for name, values in parse_qs(body.decode("ascii", "replace")).items()}
