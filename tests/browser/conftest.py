"""A real browser, a page whose every complaint is kept, and a project with a queue."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from dataclasses import field

import pytest
from shop_project import CLEAN
from shop_project import start_server
from shop_project import write_shop

IN_CI = bool(os.environ.get("CI"))  # before the suite takes it away from the tests
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = ("--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync")


def _program():
    """Return the path of a Chromium, or None for the one Playwright fetched."""
    named = os.environ.get("SELFHEAL_BROWSER")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def chromium():
    """A running browser. Per module: while it runs it keeps an event loop that other tests must not meet."""
    from playwright.sync_api import Error
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tool:
        try:
            # Its sandbox needs rights that a container seldom gives; it only opens pages of ours.
            browser = tool.chromium.launch(executable_path=_program(), chromium_sandbox=False, args=list(QUIET))
        except Error as error:
            if IN_CI:
                raise  # there the browser is promised: scripts/install-browser.sh
            pytest.skip(f"no Chromium: run scripts/install-browser.sh ({str(error).splitlines()[0]})")
        yield browser
        browser.close()


@dataclass
class Watched:
    """A tab with everything that went wrong in it."""

    tab: object
    complaints: list = field(default_factory=list)
    requests: list = field(default_factory=list)


@pytest.fixture
def open_page(chromium):
    """Return a function that opens an address and returns the tab, watched from the beginning."""
    contexts = []

    def open_it(address, *, width=1280, scheme="light", script=True):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        contexts.append(context)
        watched = Watched(context.new_page())
        watched.tab.on("console", lambda message: watched.complaints.append(f"{message.type}: {message.text}"))
        watched.tab.on("pageerror", lambda error: watched.complaints.append(f"error: {error}"))
        watched.tab.on("dialog", lambda dialog: (watched.complaints.append("a dialog"), dialog.dismiss()))
        watched.tab.on("request", lambda request: watched.requests.append(request.url))
        watched.tab.goto(address)
        return watched

    yield open_it
    for context in contexts:
        context.close()


def _heal(root):
    env = {**os.environ, **CLEAN}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--selfheal=suggest"]
    subprocess.run(command, cwd=root, env=env, capture_output=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def templates(tmp_path_factory):
    """A project with one lost import and one bug in a git repository, before and after its first run."""
    fresh = write_shop(tmp_path_factory.mktemp("fresh") / "shop")
    healed = tmp_path_factory.mktemp("healed") / "shop"
    shutil.copytree(fresh, healed)
    _heal(healed)
    return fresh, healed


@pytest.fixture
def project(tmp_path, templates):
    """A copy of the project before its first run."""
    return shutil.copytree(templates[0], tmp_path / "shop")


@pytest.fixture
def queue(project, templates):
    """The project, with its suggestion and its escalation in the queue."""
    return shutil.copytree(templates[1], project, dirs_exist_ok=True)


@pytest.fixture
def heal(project):
    """Run pytest in the project so that everything becomes an entry of the queue."""
    return lambda: _heal(project)


@pytest.fixture
def serve(project):
    """Start `selfheal serve` on a free port and return its address."""
    started = []

    def start(*options):
        line, server = start_server(project, *options)
        started.append(server)
        return re.search(r"http://\S+", line)[0]

    yield start
    for server in started:
        server.terminate()
        _, errors = server.communicate(timeout=20)
        assert "Traceback" not in errors
