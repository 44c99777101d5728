"""Findings of a linter that a test runs: what is suggested, and what is not touched."""

from __future__ import annotations

import pytest

from pytest_selfheal.repair.fixers.lint_findings import propose

FOUND = {
    "a whole import": ("import os\nx = 1\n", "shop/a.py:1:1: 'os' imported but unused", "x = 1\n"),
    "one name of an import": (
        "from re import I, compile\ncompile('')\n",
        "shop/a.py:1: F401 [*] `re.I` imported but unused",
        "from re import compile\ncompile('')\n",
    ),
    "two names of an import of several lines": (
        "from os import (\n    path,\n    getcwd,\n    sep,\n)\nsep\n",
        "shop/a.py:1:1: 'os.path' imported but unused\nshop/a.py:1:1: 'os.getcwd' imported but unused",
        "from os import sep\nsep\n",
    ),
    "the name of an exception": (
        "try:\n    x = 1\nexcept (OSError, KeyError) as error:\n    x = 2\n",
        "shop/a.py:3:1: local variable 'error' is assigned to but never used",
        "try:\n    x = 1\nexcept (OSError, KeyError):\n    x = 2\n",
    ),
    "a string with nothing to fill in": (
        "x = f'a'\n",
        "shop/a.py:1:5: f-string is missing placeholders",
        "x = 'a'\n",
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
def test_unused_names_go(text, message, expected, make_project, failing, healed):
    """What a failing test lists as unused is taken out where nothing can miss it; side effects stay."""
    project = make_project({"shop/a.py": text})
    failure = failing("AssertionError", f"{message}\nassert 1 == 0")
    assert healed(propose, failure, project) == {"shop/a.py": expected}


UNUSED = "imported but unused"
DOUBTED = {
    "a module that may do something when it is imported": ({}, "import b\nx = 1\n", "'b'", "x = 1\n"),
    "a name that another file gets from here": (
        {"shop/b.py": "from shop.a import os\n"},
        "import os\nx = 1\n",
        "'os'",
        "x = 1\n",
    ),
    "a name that another file reads from here": (
        {"shop/b.py": "from shop import a\n\na.os.getcwd()\n"},
        "import os\nx = 1\n",
        "'os'",
        "x = 1\n",
    ),
}


@pytest.mark.parametrize(("others", "text", "name", "expected"), DOUBTED.values(), ids=DOUBTED)
def test_what_others_may_need_is_a_suggestion(others, text, name, expected, make_project, failing, healed):
    """An import that could be missed somewhere is only suggested to go."""
    project = make_project({"shop/__init__.py": "", "shop/a.py": text, **others})
    failure = failing("AssertionError", f"shop/a.py:1:1: {name} {UNUSED}\nassert 1 == 0")
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
    "an f-string with doubled braces": (
        "shop/a.py",
        "x = f'{{a}}'\n",
        "shop/a.py:1:5: f-string is missing placeholders",
    ),
    "a value that is not computed by a call": (
        "shop/a.py",
        "def f(y):\n    x = y.z\n",
        "shop/a.py:2:5: local variable 'x' is assigned to but never used",
    ),
    "a file of the tests": ("tests/a.py", "import os\n", "tests/a.py:1:1: 'os' imported but unused"),
    "a message about something else": ("shop/a.py", "import os\n", "shop/a.py:1:1: undefined name 'os'"),
}


@pytest.mark.parametrize(("path", "text", "message"), LEFT.values(), ids=LEFT)
def test_other_findings_are_left_alone(path, text, message, make_project, failing):
    """What may be there on purpose is not suggested to go."""
    assert propose(failing("AssertionError", message, path), make_project({path: text})) == []
