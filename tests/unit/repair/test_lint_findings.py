"""Findings of a linter that a test runs: what is suggested, and what is not touched."""

from __future__ import annotations

import pytest

from pytest_selfheal.repair.fixers.lint_findings import propose

FOUND = {
    "a whole import": ("import os\nx = 1\n", "shop/a.py:1:1: 'os' imported but unused", "x = 1\n"),
    "one name of an import": (
        "from a import b, c\nc()\n",
        "shop/a.py:1: F401 [*] `a.b` imported but unused",
        "from a import c\nc()\n",
    ),
    "a variable, but not its call": (
        "def f(g):\n    x = g(1)\n    return 2\n",
        "shop/a.py:2:5: local variable 'x' is assigned to but never used",
        "def f(g):\n    g(1)\n    return 2\n",
    ),
    "several at once": (
        "import os\nimport re\nre.I\n\n\ndef f(g):\n    x = g()\n",
        "shop/a.py:1:1: 'os' imported but unused\nshop/a.py:7:5: local variable 'x' is assigned to but never used",
        "import re\nre.I\n\n\ndef f(g):\n    g()\n",
    ),
}


@pytest.mark.parametrize(("text", "message", "expected"), FOUND.values(), ids=FOUND)
def test_unused_names_are_suggested_to_go(text, message, expected, make_project, failing, healed):
    """What a failing test lists as unused is taken out in a suggestion, side effects stay."""
    project = make_project({"shop/a.py": text})
    failure = failing("AssertionError", f"{message}\nassert 1 == 0")
    assert healed(propose, failure, project) == {}
    assert healed(propose, failure, project, learned=False) == {"shop/a.py": expected}


LEFT = {
    "an import that a package passes on": (
        "shop/__init__.py",
        "import os\n",
        "shop/__init__.py:1:1: 'os' imported but unused",
    ),
    "an import with a comment": ("shop/a.py", "import os  # keep\n", "shop/a.py:1:1: 'os' imported but unused"),
    "a line that is another by now": ("shop/a.py", "x = 1\n", "shop/a.py:1:1: 'os' imported but unused"),
    "a file of the tests": ("tests/a.py", "import os\n", "tests/a.py:1:1: 'os' imported but unused"),
    "a message about something else": ("shop/a.py", "import os\n", "shop/a.py:1:1: undefined name 'os'"),
}


@pytest.mark.parametrize(("path", "text", "message"), LEFT.values(), ids=LEFT)
def test_other_findings_are_left_alone(path, text, message, make_project, failing):
    """What may be there on purpose is not suggested to go."""
    assert propose(failing("AssertionError", message, path), make_project({path: text})) == []
