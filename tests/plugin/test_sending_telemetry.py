"""Telemetry of real runs: to the project's own providers, by its protocol, or not at all."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer

import pytest

TESTS = "def test_fine():\n    pass\n\ndef test_broken():\n    raise KeyError('x')\n"
OWN_PROVIDER = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

EXPORTER = InMemorySpanExporter()

def pytest_configure():
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(EXPORTER))
    trace.set_tracer_provider(provider)

def pytest_unconfigure():
    print("spans:", sorted(span.name for span in EXPORTER.get_finished_spans()))
"""
LOADED = """
import sys

def pytest_unconfigure():
    print("loaded:", sorted({"opentelemetry", "openai", "anthropic", "mcp", "pydantic"}.intersection(sys.modules)))
"""
ABSENT = "import sys\nsys.modules['opentelemetry'] = None\n"


class _Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.server.paths.append(self.path)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def collector():
    """A collector on this machine; `paths` are what was sent."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Collector)
    server.paths = []
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def project(pytester):
    """One passing and one failing test, with a conftest."""

    def build(conftest, tests=TESTS):
        pytester.makeconftest(conftest)
        pytester.makepyfile(test_it=tests)

    return build


def test_spans_go_to_the_providers_of_the_project(project, run):
    """A failure, what was done about it, and the run."""
    project(OWN_PROVIDER)
    done = run("--selfheal", env={"SELFHEAL_TELEMETRY": "1"})
    assert "spans: ['selfheal escalate', 'selfheal failure', 'selfheal run']" in done.stdout
    assert done.returncode == 1


def test_without_the_setting_nothing_of_it_is_loaded(project, run):
    """Nor any other optional library, also when something failed."""
    project(LOADED)
    assert "loaded: []" in run("--selfheal").stdout


def test_without_providers_it_goes_to_the_collector_of_the_environment(project, run, collector):
    """Spans and metrics, of a green run too."""
    project("", "def test_fine():\n    pass\n")
    address = f"http://127.0.0.1:{collector.server_address[1]}"
    done = run("--selfheal", env={"SELFHEAL_TELEMETRY": "1", "OTEL_EXPORTER_OTLP_ENDPOINT": address})
    assert sorted(set(collector.paths)) == ["/v1/metrics", "/v1/traces"]
    assert done.returncode == 0


def test_an_untrusted_run_sends_nothing(project, run, collector):
    """Whatever the settings say."""
    project("")
    address = f"http://127.0.0.1:{collector.server_address[1]}"
    env = {"SELFHEAL_TELEMETRY": "1", "OTEL_EXPORTER_OTLP_ENDPOINT": address, "SELFHEAL_TRUST": "untrusted"}
    run("--selfheal", env=env)
    assert collector.paths == []


@pytest.mark.parametrize("tests", [TESTS, "def test_fine():\n    pass\n"], ids=["red", "green"])
def test_without_the_library_the_extra_is_named_and_the_run_stands(project, run, tests):
    """One notice; the exit status is that of the tests."""
    project(ABSENT, tests)
    done = run("--selfheal", env={"SELFHEAL_TELEMETRY": "1"})
    assert "no telemetry was sent: pip install 'pytest-selfheal[otel]'" in done.stdout
    assert done.returncode == (1 if tests is TESTS else 0)


def test_a_collector_that_is_away_does_not_change_the_run(project, run):
    """Nobody listens at that port."""
    project("")
    done = run("--selfheal", env={"SELFHEAL_TELEMETRY": "1", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout
