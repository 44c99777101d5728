"""A language model's service on this machine: real HTTP, both wire formats, answers by schedule."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from typing import NamedTuple

import pytest

CITY = '{"city": "Lisbon", "days": 3}'


class Say(NamedTuple):
    """An answer with this text, cut off by the limit of tokens or not."""

    text: str
    cut_short: bool = False


class ModelServer(ThreadingHTTPServer):
    """Takes one step of `plan` per call, then `after` for ever; `keys` and `bodies` tell who asked what.

    A step is a word of `_CONTENT`, `slow`, `half-closed`, `malformed`, a status to refuse with and its headers, or a
    `Say`.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.plan = []
        self.after = "ok"
        self.calls = 0
        self.keys = []
        self.bodies = []
        self.closing = threading.Event()
        self.lock = threading.Lock()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def step(self):
        with self.lock:
            self.calls += 1
            return self.plan.pop(0) if self.plan else self.after

    def handle_error(self, request, client_address):
        """A client that hung up is part of the game."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.bodies.append(self.rfile.read(int(self.headers["content-length"])).decode())
        self.server.keys.append(self.headers.get("authorization") or self.headers.get("x-api-key"))
        step = self.server.step()
        if isinstance(step, Say):
            self._send(200, self._envelope(step.text, cut_short=step.cut_short))
        elif isinstance(step, tuple):
            self._refuse(*step)
        elif step == "slow":
            self.server.closing.wait(5)
            self.close_connection = True
        elif step == "half-closed":
            self._send(200, self._envelope(CITY), cut=20)
        elif step == "malformed":
            self._send(200, b'{"id": "x", "choices": [}')
        else:
            self._send(200, self._envelope(_CONTENT[step]))

    def _refuse(self, status, headers=None, code="server_error"):
        body = json.dumps({"type": "error", "error": {"type": code, "code": code, "message": f"told to say {status}"}})
        self._send(status, body.encode(), headers)

    def _send(self, status, body, headers=None, cut=None):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:cut])
        self.close_connection = self.close_connection or cut is not None

    def _envelope(self, text, cut_short=False):
        if self.path.endswith("/messages"):
            body = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": text}]}
            reason = "max_tokens" if cut_short else "end_turn"
            more = {"stop_reason": reason, "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}
        else:
            reason = "length" if cut_short else "stop"
            message = {"role": "assistant", "content": text}
            body = {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": reason}]}
            more = {"created": 1, "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
        return json.dumps({"id": "m1", "model": "stand-in", **body, **more}).encode()

    def log_message(self, *arguments):
        """Say nothing."""


_CONTENT = {
    "ok": CITY,
    "fenced": f"Here you are:\n```json\n{CITY}\n```\nAnything else?",
    "truncated": CITY[:18],
}


@pytest.fixture
def model_server():
    """Run a model server for one test."""
    server = ModelServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join(5)
    server.server_close()
