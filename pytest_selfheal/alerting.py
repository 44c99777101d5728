"""Sends an alert to a command or a web address; what it is about and how often is decided elsewhere.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_selfheal.errors import AlertError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.model import Alert

_HOSTS_HERE = ("127.0.0.1", "localhost", "::1")


def payload(alert: Alert) -> bytes:
    """Return the alert as one line of ASCII JSON: `selfheal-alert/1`."""
    return json.dumps({"schema": "selfheal-alert/1", **alert.to_dict()}, ensure_ascii=True).encode("ascii")


def run_command(command: Sequence[str], alert: Alert, timeout_s: float) -> None:
    """Start a program with the alert on its standard input, and wait for it.

    Raises:
        AlertError: it cannot be started, fails, or is not done in time; then it is ended.
    """
    import subprocess

    try:
        done = subprocess.run(list(command), input=payload(alert), capture_output=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        raise AlertError(f"not done after {timeout_s:g} s and ended", where=command[0]) from None
    except OSError as error:
        raise AlertError(f"cannot be started ({error.strerror})", where=command[0]) from error
    if done.returncode:
        raise AlertError(f"ended with status {done.returncode}", where=command[0])


def post(address: str, alert: Alert, timeout_s: float) -> None:
    """Post the alert as JSON; redirections are not followed, and only this machine is spoken to without encryption.

    Raises:
        AlertError: the address is not allowed, the server does not answer in time or does not accept it. The message
            never holds the address: many services put a secret into it.
    """
    import http.client
    from urllib.parse import urlsplit

    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme not in {"https", "http"} or (parts.scheme == "http" and host not in _HOSTS_HERE):
        raise AlertError(
            "must begin with https://", where="the webhook's address", todo="http:// works on this machine"
        )
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(host, parts.port, timeout=timeout_s)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target, payload(alert), {"Content-Type": "application/json"})
            status = connection.getresponse().status
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise AlertError(f"no answer ({type(error).__name__})", where="the webhook") from None
    if not 200 <= status < 300:
        raise AlertError(f"answered with status {status}", where="the webhook")
