"""The services that the desk talks to, played by small servers on the loopback interface.

Both have a bad moment at the start of every session, always the same one: the carrier drops the first connection that
asks for PD-1002, and the language model is overloaded when it gets its first request.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer

import pytest

from parceldesk.summaries import NoticeWriter
from parceldesk.tracking import Carrier
from parceldesk.tracking import Position

SCANS = {
    "PD-1001": {"status": "delivered", "place": "Utrecht"},
    "PD-1002": {"status": "in transit", "place": "Zwolle"},
}
RESET_ON_CLOSE = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class Service(ThreadingHTTPServer):
    """An HTTP server that remembers which of its bad moments it already had."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self._had: set[str] = set()
        self._lock = threading.Lock()

    def first_time(self, moment: str) -> bool:
        """Return True once per moment and session."""
        with self._lock:
            new = moment not in self._had
            self._had.add(moment)
            return new

    def shutdown_request(self, request: socket.socket) -> None:
        """Close without the polite goodbye, so that a reset is a reset."""
        self.close_request(request)


class JsonHandler(BaseHTTPRequestHandler):
    """Answers with JSON and keeps quiet."""

    def answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class CarrierHandler(JsonHandler):
    """The carrier: one address per parcel."""

    def do_GET(self) -> None:
        number = self.path.rpartition("/")[2]
        if number == "PD-1002" and self.server.first_time(number):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            return
        if number in SCANS:
            self.answer(200, SCANS[number])
        else:
            self.answer(404, {"error": "unknown number"})


class ModelHandler(JsonHandler):
    """The language model: words the facts it was given, the same way every time."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.first_time("warming up"):
            self.answer(503, {"error": {"type": "overloaded", "message": "the model is loading"}})
            return
        facts = json.loads(request["messages"][-1]["content"])
        text = f"Your parcel {facts['number']} waits in {facts['place']} because of {facts['reason']}; sorry!"
        self.answer(200, {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]})


def serve(handler: type[BaseHTTPRequestHandler]):
    """Run a service for as long as the fixture lives."""
    server = Service(handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def carrier_service():
    yield from serve(CarrierHandler)


@pytest.fixture(scope="session")
def model_service():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("no_proxy", "*")
        yield from serve(ModelHandler)


@pytest.fixture
def carrier(carrier_service: Service) -> Carrier:
    return Carrier(*carrier_service.server_address)


@pytest.fixture
def delay_notice(model_service: Service) -> str:
    """A notice as the language model words it."""
    writer = NoticeWriter(f"http://127.0.0.1:{model_service.server_port}")
    return writer.delay_notice(Position("PD-1002", "in transit", "Zwolle"), "snow")
