"""The syntax fixer: what it must rewrite, and what it must not touch."""

from __future__ import annotations

import ast

import pytest

from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Phase
from pytest_selfheal.repair.fixers.syntax import error_of
from pytest_selfheal.repair.fixers.syntax import propose
from pytest_selfheal.repair.fixers.syntax import repaired
from pytest_selfheal.repair.guards import refusal
from pytest_selfheal.repair.patch import apply_patch

# name: (broken text, the one text that was meant)
REWRITE = {
    "a colon before a comment": ("if x in y  # why\n    z = 1\n", "if x in y:  # why\n    z = 1\n"),
    "a colon after else": ("if x:\n    y = 1\nelse\n    y = 2\n", "if x:\n    y = 1\nelse:\n    y = 2\n"),
    "a colon after a class": ("class A\n    b = 1\n", "class A:\n    b = 1\n"),
    "a colon after a head of several lines": (
        "def f(\n    a,\n    b,\n) -> int\n    return a\n",
        "def f(\n    a,\n    b,\n) -> int:\n    return a\n",
    ),
    "colons in several places": (
        "def f(a)\n    if a\n        return 1\n    return 2\n",
        "def f(a):\n    if a:\n        return 1\n    return 2\n",
    ),
    "a brace by the layout": (
        "A = {\n    1: 2,\n    3: 4,\n\nB = [1]\n",
        "A = {\n    1: 2,\n    3: 4,\n}\n\nB = [1]\n",
    ),
    "a bracket at the end of the file": ("A = [\n    1,\n    2,\n", "A = [\n    1,\n    2,\n]\n"),
    "a bracket inside another": (
        "A = {\n    'x': [\n        1,\n        2,\n    'y': 3,\n}\n",
        "A = {\n    'x': [\n        1,\n        2,\n    ],\n    'y': 3,\n}\n",
    ),
    "a bracket around a generator": ("x = sum(a for a in b\ny = 1\n", "x = sum(a for a in b)\ny = 1\n"),
    "a call in a call": ("x = f(g(1)\ny = 1\n", "x = f(g(1))\ny = 1\n"),
    "a call that makes one value": ("x = a.get('b', False\ny = 1\n", "x = a.get('b', False)\ny = 1\n"),
    "a list of names on one line": ("x = ['a', 'b', 'c'\ny = 1\n", "x = ['a', 'b', 'c']\ny = 1\n"),
    "a list over two lines": ("x = ['a', 'b',\n     'c', 'd'\ny = 1\n", "x = ['a', 'b',\n     'c', 'd']\ny = 1\n"),
    "a quote at the end": ("x = 'a b\ny = 1\n", "x = 'a b'\ny = 1\n"),
    "a quote before a bracket": ("f('a b)\ny = 1\n", "f('a b')\ny = 1\n"),
    "an equals sign": ("if x = 3:\n    y = 1\n", "if x == 3:\n    y = 1\n"),
    "an equals sign after an attribute": ("while a.b = 3:\n    y = 1\n", "while a.b == 3:\n    y = 1\n"),
    "a comma in a list": ("x = [1, 2 3]\n", "x = [1, 2, 3]\n"),
    "a comma between lines": ("x = f(\n    a,\n    b\n    c,\n)\n", "x = f(\n    a,\n    b,\n    c,\n)\n"),
    "a comma between entries": ("x = {\n    'a': 1\n    'b': 2,\n}\n", "x = {\n    'a': 1,\n    'b': 2,\n}\n"),
    "a comma between keywords": ("f(a=1 b=2)\n", "f(a=1, b=2)\n"),
    "tabs among spaces": (
        "def f(x):\n    if x:\n\treturn 1\n    return 2\n",
        "def f(x):\n    if x:\n        return 1\n    return 2\n",
    ),
    "tabs but not those in strings": (
        "def f(x):\n    y = '''a\n\tb'''\n    if x:\n\treturn y\n    return 2\n",
        "def f(x):\n    y = '''a\n\tb'''\n    if x:\n        return y\n    return 2\n",
    ),
    "a line too deep": (
        "def f():\n    a = 1\n      b = 2\n    return a\n",
        "def f():\n    a = 1\n    b = 2\n    return a\n",
    ),
    "a line not deep enough": (
        "def f(x):\n    if x:\n        a = 1\n       b = 2\n    return a\n",
        "def f(x):\n    if x:\n        a = 1\n        b = 2\n    return a\n",
    ),
    "a function without its block": ("def f(x):\nreturn x\n", "def f(x):\n    return x\n"),
    "print statements": (
        (
            "import sys\nprint 'a'\nif x: print 'b %s' % x, (1, 2)\nprint >>sys.stderr, 'c', x\nprint\n"
            "print 'd',\nprint(x)\n"
        ),
        (
            "import sys\nprint('a')\nif x: print('b %s' % x, (1, 2))\nprint('c', x, file=sys.stderr)\nprint()\n"
            "print('d', end=\" \")\nprint(x)\n"
        ),
    ),
    "print over several lines": ("print 'a', (\n    1,\n)\n", "print('a', (\n    1,\n))\n"),
    "a built-in that takes one argument": ("x = max(len(a, b)\n", "x = max(len(a), b)\n"),
    "a result with nothing to call": ("import sys\nprint(f(1)\n", "import sys\nprint(f(1))\n"),
    "a module that is read from": (
        "import typing as t\nx: dict[str, t.Any\ny: int = 1\n",
        "import typing as t\nx: dict[str, t.Any]\ny: int = 1\n",
    ),
    "a function of the file": (
        "def g(a, b): ...\ndef f():\n    return g(1, 2\n",
        "def g(a, b): ...\ndef f():\n    return g(1, 2)\n",
    ),
    "a bracket before another assignment": ("a = x[1\nb = f(a)\n", "a = x[1]\nb = f(a)\n"),
    "nothing between the brackets": (
        "class A:\n    def f(self):\n        self.x = [\n        self.y = 1\n",
        "class A:\n    def f(self):\n        self.x = []\n        self.y = 1\n",
    ),
    "the end of a block of arguments": ("x = f(\n    1,\n    2,\n\ny = 1\n", "x = f(\n    1,\n    2,\n)\n\ny = 1\n"),
    "carriage returns stay": ("if x\r\n    y = 1\r\n", "if x:\r\n    y = 1\r\n"),
}


@pytest.mark.parametrize(("broken", "meant"), REWRITE.values(), ids=REWRITE)
def test_one_reading_is_sure(broken, meant):
    """What can be read in one way is written that way, and surely."""
    repairs = repaired(broken)
    assert [repair.text for repair in repairs] == [meant]
    assert repairs[0].confidence >= 0.85


UNSURE = {
    "a function that two packages of arguments fit": "x = max(f(a, b)\n",
    "a call that may be one of two values": "def f():\n    return g(a, b\n",
    "a bracket of a condition": "if len(a > 3:\n    x = 1\n",
    "a list in a call": "x = f([1, 2)\n",
    "a row of a table": "X = [\n    ('a', 1),\n    ('b', 2,\n    ('c', 3),\n]\n",
    "a comma or a colon": "x = {'a' 1}\n",
    "a comparison or an assignment": "while line = f():\n    x = 1\n",
    "a block of one or two lines": "def f(x):\n    if x:\n    a = 1\n    return 2\n",
}


@pytest.mark.parametrize("broken", UNSURE.values(), ids=UNSURE)
def test_several_readings_are_all_offered(broken):
    """What can be read in several ways comes back several times, each of which parses."""
    repairs = repaired(broken)
    assert len(repairs) > 1
    assert all(error_of(repair.text) is None for repair in repairs)


USUAL = {
    "a row of a table": (UNSURE["a row of a table"], "X = [\n    ('a', 1),\n    ('b', 2),\n    ('c', 3),\n]\n"),
    "a call": (UNSURE["a call that may be one of two values"], "def f():\n    return g(a, b)\n"),
    "a condition": (UNSURE["a bracket of a condition"], "if len(a) > 3:\n    x = 1\n"),
}


@pytest.mark.parametrize(("broken", "meant"), USUAL.values(), ids=USUAL)
def test_the_usual_reading_comes_first(broken, meant):
    """Tests are asked about the likely reading before the others."""
    assert repaired(broken)[0].text == meant


MAYBE = {
    "a condition that may have lost its body": "def f(x):\n    if x:\n    return 1\n",
    "a line that may have lost its condition": "def f(x):\n    y = 1\n        return y\n",
    "a bracket too many": "x = f(1))\n",
}


@pytest.mark.parametrize("broken", MAYBE.values(), ids=MAYBE)
def test_where_a_line_may_be_lost_nothing_is_sure(broken):
    """One reading that parses is still not sure when the break may have been another one."""
    assert [repair.confidence < 0.85 for repair in repaired(broken)] == [True]


HOPELESS = {
    "two names": "x = a b\n",
    "nonsense": "def def def\n",
    "an open triple quote": "x = '''a\ny = 1\n",
    "an assignment to a call": "f() = 1\n",
    "conflict markers": "<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> other\n",
    "no error at all": "x = 1\n",
}


@pytest.mark.parametrize("broken", HOPELESS.values(), ids=HOPELESS)
def test_the_rest_is_left_alone(broken):
    """What cannot be read, and what is not broken, gets no repair."""
    assert repaired(broken) == []


def failing(path, text):
    error = error_of(text)
    facts = {"filename": path, "lineno": error.lineno, "offset": error.offset}
    link = ErrorLink(f"builtins.{type(error).__name__}", message=str(error), facts=facts)
    return Failure("tests/test_it.py", Phase.COLLECT, link.type_name, link.message, chain=(link,))


def test_a_candidate_is_one_small_edit(make_project):
    """The candidate touches the broken line only, is sure, and passes the guards."""
    text = "def f(x):\n    # one\n    if x\n        return 1\n    return 2\n"
    project = make_project({"shop/a.py": text})
    (found,) = propose(failing("shop/a.py", text), project)
    assert [edit.old for edit in found.patch.edits] == ["    if x\n"]
    assert (found.learned, found.confidence) == (True, 0.95)
    assert refusal(found.patch, project.read, project.root) == ""


def test_several_readings_are_not_learned(make_project):
    """Candidates for an ambiguous text are suggestions at most."""
    text = "x, y = f(a, b\n"
    found = propose(failing("shop/a.py", text), make_project({"shop/a.py": text}))
    assert len(found) > 1
    assert not any(item.learned for item in found)


CHECKS = {
    "an assertion": "def test_a():\n    assert f(1\n",
    "an expected exception": "def test_a():\n    with raises(ValueError)\n        f(1)\n",
}


@pytest.mark.parametrize("text", CHECKS.values(), ids=CHECKS)
def test_checks_of_tests_are_not_completed(text, make_project):
    """In a test module no line that decides over pass and fail is rewritten."""
    project = make_project({"tests/test_a.py": text})
    assert propose(failing("tests/test_a.py", text), project) == []


def test_files_outside_are_not_touched(make_project):
    """A broken file of an installed package is not ours."""
    failure = failing("/usr/lib/python3/a.py", "if x\n    y = 1\n")
    assert propose(failure, make_project({"shop/a.py": "x = 1\n"})) == []


def test_encoding_and_mark_survive(make_project):
    """A file in another encoding, or with a byte order mark, keeps it."""
    project = make_project({"shop/a.py": ""})
    data = "# coding: latin-1\nif x\n    y = 'é'\n".encode("latin-1")
    (project.root / "shop/a.py").write_bytes(data)
    (found,) = propose(failing("shop/a.py", data.decode("latin-1")), project.laid_over({"shop/a.py": data}))
    (new,) = apply_patch(found.patch, project.read).values()
    assert new == data.replace(b"if x", b"if x:")
    assert ast.parse(new)
