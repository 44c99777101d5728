"""The door: who may ask for what. Every request passes here before anything else looks at it.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.responses import RedirectResponse
from starlette.responses import Response

from pytest_selfheal.web.site import same

if TYPE_CHECKING:
    from starlette.types import ASGIApp
    from starlette.types import Message
    from starlette.types import Receive
    from starlette.types import Scope
    from starlette.types import Send

    from pytest_selfheal.web.site import Site

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser would hide the origin of our own forms
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_READING = ("GET", "HEAD")
_ASK_FOR_TOKEN = "This page needs its token. Open the address that `selfheal serve` printed; it ends with ?token=...\n"  # noqa: S105 - words


class Guard:
    """Lets requests through to `app`, or answers them itself.

    Args:
        app: what is guarded.
        site: knows names, token, session and form key.
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._answer(request)
        await (answer or self._app)(scope, receive, send_safely)

    def _answer(self, request: Request) -> Response | None:
        """Return what is said instead of the page; None lets the request through."""
        if len(request.headers.getlist("host")) != 1 or not self._site.answers_to(request.headers["host"]):
            words = "Unknown host name. Name it with `selfheal serve --allow-host NAME` if it is yours.\n"
            return PlainTextResponse(words, 421)
        if _comes_from_elsewhere(request):
            return PlainTextResponse("Requests from other sites are refused.\n", 403)
        if self._site.token and not self._is_known(request):
            return self._let_in(request) or PlainTextResponse(_ASK_FOR_TOKEN, 401)
        if request.method not in _READING and not self._is_own(request):
            return PlainTextResponse("Only this page itself may send this. Load it again and repeat.\n", 403)
        return None

    def _is_known(self, request: Request) -> bool:
        return same(request.cookies.get(self._site.cookie, ""), self._site.session)

    def _is_own(self, request: Request) -> bool:
        """Return whether a change is asked for by our page; its form key is checked where the form is read."""
        origin = request.headers.get("origin", "")
        host = request.headers["host"].lower()
        return self._is_known(request) and origin.lower() in {f"http://{host}", f"https://{host}"}

    def _let_in(self, request: Request) -> Response | None:
        given = parse_qs(request.url.query).get("token", [""])[0]
        if request.method != "GET" or not same(given, self._site.token):
            return None
        # The token leaves the address bar, and so histories and screenshots.
        answer = RedirectResponse("/" + request.scope["path"].lstrip("/\\"), 303)
        remember(answer, self._site)
        return answer


def remember(answer: Response, site: Site) -> None:
    """Give the visitor the cookie without which nothing can be changed."""
    answer.set_cookie(site.cookie, site.session, httponly=True, samesite="strict", path="/")


def _comes_from_elsewhere(request: Request) -> bool:
    """Return whether another site's page asks; only following a link from there is fine.

    `same-site` counts as elsewhere: another port of this machine is another program.
    """
    if request.headers.get("sec-fetch-site", "none") in {"same-origin", "none"}:
        return False
    navigates = request.headers.get("sec-fetch-mode") == "navigate"
    return not (request.method in _READING and navigates and request.headers.get("sec-fetch-dest") == "document")
