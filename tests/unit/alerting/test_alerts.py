"""Alerts: what is new, whom it reaches, and that nothing of it can hurt a run."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pytest_selfheal.alarm import WEBHOOK
from pytest_selfheal.alarm import raise_alerts
from pytest_selfheal.gate_policy import AlertPolicy
from pytest_selfheal.gate_policy import GatePolicy
from pytest_selfheal.health import judge_health
from pytest_selfheal.store.memory import MemoryStore

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "schemas" / "selfheal-alert-1.json"


@pytest.fixture
def raised(run_record, tmp_path):
    """Raise alerts for a run of 100 tests; returns alerts, what the hook heard, and what went wrong."""
    kept = MemoryStore()

    def call(failed, *, environ=None, run_id="run-1", store=kept, **policy):
        run = run_record(passed=100 - failed, failed=failed)
        health = judge_health([run], (), (), GatePolicy(), since="2026-11-25T09:00", until="2026-11-25T10:06")
        heard, wrong = [], []
        alerts = raise_alerts(
            health,
            run_id,
            AlertPolicy(**policy),
            store=store,
            folder=tmp_path / "breakers",
            environ=environ or {},
            announce=heard.append,
            degrade=wrong.append,
        )
        return alerts, heard, wrong

    return call


@pytest.fixture
def server():
    """A web server on this machine that keeps what is posted, and answers with the status it is given."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(302 if "elsewhere" in self.path else 500 if "broken" in self.path else 204)
            self.send_header("Location", "/again")
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}", got
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.mark.parametrize(("failed", "levels"), [(24, []), (25, ["warning"]), (49, ["warning"]), (50, ["critical"])])
def test_a_limit_that_is_reached_raises_an_alert(raised, failed, levels):
    """At 25 and 50 %, with the figures behind it."""
    alerts, heard, wrong = raised(failed)
    assert [alert.level for alert in alerts] == levels
    assert (heard, wrong) == (alerts, [])
    assert all(f"{failed}.0% ({failed} of 100)" in alert.text for alert in alerts)


def test_an_alert_is_raised_once_for_each_level(raised):
    """The same again says nothing new; worse does, better does not."""
    assert len(raised(30)[0]) == 1
    assert raised(30, run_id="run-2")[0] == []
    assert [alert.level for alert in raised(60, run_id="run-3")[0]] == ["critical"]
    assert raised(30, run_id="run-4")[0] == []


def test_a_command_gets_the_alert_as_documented(raised, tmp_path):
    """On its standard input, in the published schema."""
    program = f"import sys; open({str(tmp_path / 'got')!r}, 'wb').write(sys.stdin.buffer.read())"
    _alerts, _heard, wrong = raised(50, command=(sys.executable, "-c", program))
    assert wrong == []
    document = json.loads((tmp_path / "got").read_bytes())
    Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(document)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("no-such-program-anywhere",), "cannot be started"),
        ((sys.executable, "-c", "raise SystemExit(3)"), "ended with status 3"),
        ((sys.executable, "-c", "import time; time.sleep(60)"), "not done after 0.5 s"),
    ],
    ids=["missing", "fails", "hangs"],
)
def test_a_command_that_goes_wrong_is_told_and_no_more(raised, command, words):
    """It never raises, and never holds up the run for longer than its time."""
    _alerts, heard, wrong = raised(50, command=command, timeout_s=0.5)
    assert len(heard) == 1
    assert words in str(wrong[0])


def test_a_webhook_is_posted_to(raised, server):
    """The address of the environment goes before the one in the file."""
    address, got = server
    _alerts, _heard, wrong = raised(50, environ={WEBHOOK: f"{address}/hook?a=b"}, webhook="https://never.invalid/")
    assert wrong == []
    assert [path for path, _body in got] == ["/hook?a=b"]
    assert json.loads(got[0][1])["schema"] == "selfheal-alert/1"


@pytest.mark.parametrize(
    ("path", "words"), [("/broken-s3cret", "status 500"), ("/elsewhere-s3cret", "status 302")], ids=["broken", "moved"]
)
def test_a_webhook_that_goes_wrong_is_told_without_its_address(raised, server, path, words):
    """Redirections are not followed; addresses of webhooks are secrets."""
    address, got = server
    _alerts, _heard, wrong = raised(50, webhook=address + path)
    assert len(got) == 1
    assert words in str(wrong[0])
    assert "s3cret" not in str(wrong[0])


@pytest.mark.parametrize("address", ["http://example.invalid/", "file:///etc/passwd", "ftp://127.0.0.1/", "nonsense"])
def test_addresses_that_would_leak_or_read_are_refused(raised, address):
    """Only https, or this machine."""
    _alerts, _heard, wrong = raised(50, webhook=address)
    assert "must begin with https://" in str(wrong[0])


def test_after_three_failures_in_a_row_nobody_calls_any_more(raised, server):
    """A dead webhook costs its time three times, not in every run."""
    address, got = server
    wrong = [raised(30, webhook=f"{address}/broken", store=MemoryStore())[2] for _ in range(5)]
    assert len(got) == 3
    assert "not called: it failed 3 times in a row" in str(wrong[4][0])
