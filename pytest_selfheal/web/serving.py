"""Binding the address and running the server.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import contextlib
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import uvicorn

from pytest_selfheal.errors import UsageError
from pytest_selfheal.web.app import build_app
from pytest_selfheal.web.site import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_selfheal.web.site import Site


def serve(site: Site, announce: Callable[[str], None]) -> None:
    """Serve until interrupted; `announce` hears the address, with the token when one is needed.

    Raises:
        UsageError: the address cannot be bound, or anybody on the network could come in without a token.
    """
    if not is_loopback(site.host) and not site.token:
        raise UsageError("other machines can reach this address, so a token is needed", where=site.host)
    bound = _bound(site.host, site.port)
    port = bound.getsockname()[1]
    site = replace(site, port=port, names=site.names | {site.host.lower()})
    holder: list[uvicorn.Server] = []
    app = build_app(site, is_closing=lambda: holder[0].should_exit if holder else False)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # addresses may hold the token
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        limit_concurrency=64,
        timeout_graceful_shutdown=5,
    )
    holder.append(uvicorn.Server(config))
    shown = f"[{site.host}]" if ":" in site.host else site.host
    announce(f"http://{shown}:{port}/" + (f"?token={site.token}" if site.token else ""))
    with bound, contextlib.suppress(KeyboardInterrupt):
        holder[0].run(sockets=[bound])


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(
            f"cannot listen there ({reason})", where=f"{host}:{port}", todo="choose another: --port 0 takes a free one"
        ) from error
