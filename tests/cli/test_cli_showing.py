"""Commands that show: the page as a file, and the server's beginning and end."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys

import pytest
from shop_project import start_server


def test_the_report_is_one_file_about_what_happened(heal, selfheal, project):
    """With the fix that was applied, and its diff; nothing else is written."""
    heal("--selfheal")
    done = selfheal("report", "--html", "report.html")
    assert done.returncode == 0
    assert done.stdout.startswith("written: report.html (")
    page = (project / "report.html").read_text("utf-8")
    assert '<span class="add">+from decimal import Decimal' in page
    assert "TypeError" in page
    assert not list(project.glob(".report*"))


def test_a_project_that_never_ran_gets_an_empty_report(selfheal, project):
    """No error, and no store is made for it."""
    assert selfheal("report", "--html", "report.html", "--runs", "5").returncode == 0
    assert "No run has been recorded yet." in (project / "report.html").read_text("utf-8")
    assert not (project / ".selfheal").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((), "selfheal report --html"), (("--html", "no/such/folder/report.html"), "cannot be written")],
)
def test_a_report_without_a_place_is_a_usage_error(selfheal, arguments, words):
    """Exit status 2 and what to do."""
    done = selfheal("report", *arguments)
    assert done.returncode == 2
    assert words in done.stderr


def test_a_report_that_cannot_be_written_leaves_the_old_one(selfheal, project):
    """Replaced as a whole or not at all."""
    folder = project / "report.html"
    folder.mkdir()
    assert selfheal("report", "--html", "report.html").returncode == 2
    assert folder.is_dir()
    assert not list(project.glob(".report*"))


def test_without_the_extra_it_says_what_to_install():
    """Exit status 2, the missing package and the command."""
    program = (
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'uvicorn' else find(name, *rest)\n"
        "from pytest_selfheal.cli import main; raise SystemExit(main(['serve']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "needs uvicorn" in done.stderr
    assert "pip install 'pytest-selfheal[web]'" in done.stderr


@pytest.fixture
def server(project):
    """Start the server; return its first line and the process."""
    started = []

    def start(*options):
        line, process = start_server(project, *options)
        started.append(process)
        return line, process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT as a terminal does")
def test_control_c_is_its_normal_end(server):
    """It answers, then ends with 0 and no traceback, though a page has its stream open."""
    line, process = server()
    port = int(re.search(r":(\d+)/", line)[1])
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", "/events")
        with connection.getresponse() as answer:
            assert answer.status == 200
            assert answer.readline() == b"event: hello\n"
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")


def test_listening_for_the_network_needs_a_token(server):
    """The address carries one; on this machine it does not unless asked to."""
    assert "?token=" in server("--host", "0.0.0.0")[0]
    assert "?token=" in server("--token")[0]
    assert "?token=" not in server()[0]


def test_an_address_that_is_taken_is_a_usage_error(server, selfheal):
    """With the way out."""
    port = re.search(r":(\d+)/", server()[0])[1]
    done = selfheal("serve", "--port", port)
    assert done.returncode == 2
    assert "--port 0" in done.stderr


def test_a_wrong_port_is_a_usage_error(selfheal):
    """argparse explains."""
    assert selfheal("serve", "--port", "65536").returncode == 2
