"""The application, asked without a network: one request in, status, headers and body out."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import pytest

from pytest_selfheal.config import Policy
from pytest_selfheal.model import Category
from pytest_selfheal.model import ReviewEntry
from pytest_selfheal.model import utc_text
from pytest_selfheal.store import open_store
from pytest_selfheal.web.app import build_app
from pytest_selfheal.web.site import Site


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: list
    body: str

    def header(self, name):
        """The header's value, or empty."""
        return dict(self.headers).get(name, "")


async def _ask(app, method, target, headers, body):
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "server": ("127.0.0.1", 8765),
        "client": ("127.0.0.1", 50000),
    }
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    found = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
    return Answer(sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:]).decode())


@pytest.fixture
def new_site(tmp_path):
    """Build a site; keywords replace single fields."""

    def build(**changes):
        fields = {
            "root": tmp_path,
            "policy": Policy(),
            "open_store": lambda: open_store(tmp_path / ".selfheal"),
            "host": "127.0.0.1",
            "port": 8765,
            "session": "the-session",
            "form_key": "the-key",
        }
        return Site(**{**fields, **changes})

    return build


@pytest.fixture
def ask(new_site):
    """Send one request to the application of a site; headers as a dict or as pairs."""

    def send(target="/", *, method="GET", headers=None, body=b"", site=None):
        given = headers if isinstance(headers, list) else list((headers or {}).items())
        if not any(name.lower() == "host" for name, _value in given):
            given = [("Host", "127.0.0.1:8765"), *given]

        async def run():
            return await _ask(build_app(site or new_site()), method, target, given, body)

        return asyncio.run(run())

    return send


@pytest.fixture
def review(tmp_path):
    """Put an escalation with this id into the store."""

    def put(entry_id):
        now = utc_text(time.time())
        error = {"error_type": "KeyError", "error_message": "'a'", "failure_category": Category.UNKNOWN}
        facts = {
            "signature": entry_id,
            "nodeids": ("tests/test_a.py::test_one",),
            "reason": "no fixer",
            "created_at": now,
        }
        entry = ReviewEntry(entry_id, now, "run-1", "escalation", "open", **error, **facts)
        store = open_store(tmp_path / ".selfheal")
        assert store.commit([entry])
        store.close()

    return put
