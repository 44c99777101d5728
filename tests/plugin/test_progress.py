"""What is seen while a run is being healed."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from pytest_selfheal.plugin.progress import LINE_EVERY_S
from pytest_selfheal.plugin.progress import Progress
from pytest_selfheal.plugin.screen import Screen

CART = "def total(items):\n    return sum(items, Decimal(0))\n"


class Clock:
    """Seconds that pass when told."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def progress(pytester, capsys):
    """Return a function that shows the progress of a run with some options; its text is in capsys."""

    def begin(*options):
        capsys.readouterr()
        clock = Clock()
        return Progress(Screen(pytester.parseconfigure("-p", "no:asyncio", *options)), clock), clock

    return begin


def test_a_long_healing_says_so_now_and_then(progress, capsys, monkeypatch):
    """In CI a plain line is written every ten seconds, safe for its log."""
    monkeypatch.setenv("CI", "true")
    shown, clock = progress()
    shown.error(0, 3, "tests/test_a.py::test_[::error::]")
    for _ in range(5):
        clock.now += LINE_EVERY_S / 2
        shown.trial()
    shown.error(1, 3, "::error::x")
    clock.now += LINE_EVERY_S
    shown.trial()
    shown.close()
    assert capsys.readouterr().out.splitlines() == [
        "selfheal: healing, error 1 of 3, trial 2, 10 s: tests/test_a.py::test_[::error::]",
        "selfheal: healing, error 1 of 3, trial 4, 20 s: tests/test_a.py::test_[::error::]",
        "selfheal: healing, error 2 of 3, trial 1, 35 s: ::error::x",
    ]


@pytest.mark.parametrize(
    ("options", "in_ci"),
    [(("-q",), True), (("--no-summary",), True), ((), False)],
    ids=["quiet", "no summary", "into a file"],
)
def test_nothing_is_said_where_nobody_wants_it(progress, capsys, monkeypatch, options, in_ci):
    """A quiet run is quiet, and what goes into a file or a pipe of somebody's own is left as it was."""
    monkeypatch.setenv("CI", "true") if in_ci else monkeypatch.delenv("CI", raising=False)
    shown, clock = progress(*options)
    shown.error(0, 1, "tests/test_a.py::test_a")
    clock.now += LINE_EVERY_S * 2
    shown.trial()
    shown.close()
    assert capsys.readouterr().out == ""


def test_a_short_healing_says_nothing_on_the_way(progress, capsys, monkeypatch):
    """What is fixed within moments needs no progress."""
    monkeypatch.setenv("CI", "true")
    shown, clock = progress()
    shown.error(0, 1, "tests/test_a.py::test_a")
    clock.now += LINE_EVERY_S / 2
    shown.trial()
    shown.close()
    assert capsys.readouterr().out == ""


@pytest.fixture
def cart(pytester):
    pytester.makepyfile(
        cart=CART, test_cart="from cart import total\n\n\ndef test_total():\n    assert total([3]) == 3\n"
    )
    return pytester


def on_a_terminal(folder, environ):
    """Run pytest with a pseudo terminal as its output; return what it wrote."""
    import pty

    ours, theirs = pty.openpty()
    keep = {key: value for key, value in os.environ.items() if key not in {"CI", "BUILD_NUMBER", "NO_COLOR"}}
    child = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--selfheal=suggest", "-p", "no:cacheprovider"],
        cwd=folder,
        env={**keep, "TERM": "xterm", "COLUMNS": "100", **environ},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    parts = []
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # how Linux says that nobody writes any more
            break
        if not data:
            break
        parts.append(data)
    os.close(ours)
    assert child.wait() == 1
    return b"".join(parts).decode()


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals")
def test_a_terminal_shows_a_bar_that_goes_away(cart):
    """It is replaced in place, cleared before other lines, and not there at the end."""
    shown = on_a_terminal(cart.path, {})
    bars = re.findall(
        r"\r(selfheal: healing \[[#.]{20}\] error 1 of 1, (?:trial \d, )?\d+ s: test_cart.py::test_total)", shown
    )
    assert len(bars) >= 2
    after = shown[shown.rindex("selfheal: healing") :]
    assert re.match(r"[^\r\n]*\r +\r", after)
    assert "SUGGESTED" in after


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals")
def test_ci_gets_no_bar_even_on_a_terminal(cart):
    """Some runners give their steps a terminal; a log keeps every state of a bar."""
    assert "selfheal: healing" not in on_a_terminal(cart.path, {"CI": "true"})
