"""What an edit between red and green teaches, and what it does not."""

from __future__ import annotations

import pytest

ATTRIBUTE = "AttributeError: 'Till' object has no attribute 'sum_up'"
ASSERTION = "AssertionError: assert 3 == 4"

NOTHING = {
    "a docstring": (
        ATTRIBUTE,
        'def f(t):\n    """Old."""\n    t.x()  # here\n',
        'def f(t):\n    """New."""\n    t.x()\n',
    ),
    "layout": (ATTRIBUTE, "def f(t):\n    t.x( 1 )  # here\n", "def f(t):\n    t.x(\n        1\n    )\n"),
    "an assertion": (ASSERTION, "def test():\n    assert f() == 4  # here\n", "def test():\n    assert f() == 3\n"),
    "an expected value": (ASSERTION, "def f():\n    return 4  # here\n", "def f():\n    return 3\n"),
    "a deletion": (ATTRIBUTE, "def f(t):\n    t.sum_up()  # here\n    g(t)\n", "def f(t):\n    g(t)\n"),
    "a handler": (
        ATTRIBUTE,
        "def f(t):\n    t.sum_up()  # here\n",
        "def f(t):\n    try:\n        t.sum_up()\n    except AttributeError:\n        pass\n",
    ),
    "suppressing": (
        ATTRIBUTE,
        "def f(t):\n    t.sum_up()  # here\n",
        "import contextlib\ndef f(t):\n    with contextlib.suppress(AttributeError):\n        t.sum_up()\n",
    ),
    "a literal instead of code": (
        "KeyError: 'a'",
        "def f(d):\n    return d['a'].b()  # here\n",
        "def f(d):\n    return ''\n",
    ),
    "a skip": (
        ATTRIBUTE,
        "def test(t):\n    t.sum_up()  # here\n",
        "import pytest\ndef test(t):\n    pytest.skip('sum_up')\n    t.sum_up()\n",
    ),
    "a definition": (
        ATTRIBUTE,
        "class Till:\n    def f(self):\n        self.sum_up()  # here\n",
        "class Till:\n    def sum_up(self):\n        return 1\n    def f(self):\n        self.sum_up()\n",
    ),
    "another function far away": (
        ATTRIBUTE,
        "def f(t):\n    t.sum_up()  # here\n\n\ndef g(u):\n    u.old_way()\n",
        "def f(t):\n    t.sum_up()\n\n\ndef g(u):\n    u.new_way()\n",
    ),
    "a rewrite": (
        ATTRIBUTE,
        "def f(t):  # here\n" + "".join(f"    a{n}(t.sum_up)\n" for n in range(12)),
        "def f(t):\n" + "".join(f"    b{n}(1, t.other)\n" for n in range(12)),
    ),
}


@pytest.mark.parametrize("row", NOTHING.values(), ids=NOTHING)
def test_it_teaches_nothing(row, lesson):
    """What makes one test green without saying how the same error is to be answered elsewhere is no lesson."""
    assert not lesson(*row)


def test_an_unrelated_edit_beside_the_cure_is_left_out(pattern):
    """Of one commit only what stands near the failure, or speaks of its names, is learned."""
    before = "def f(t):\n    return t.sum_up()  # here\n\n\ndef g(u):\n    return u.colour\n"
    after = "def f(t):\n    return t.total_of()\n\n\ndef g(u):\n    return u.shade\n"
    assert [edit.before for edit in pattern(ATTRIBUTE, before, after).edits] == ["$A.sum_up"]


def test_a_name_the_message_speaks_of_is_learned_wherever_it_stands(pattern):
    """An import that fails is repaired where the name is used as well."""
    error = "ImportError: cannot import name 'old' from 'lib'"
    before = (
        "from lib import old  # here\n\n\ndef far(a, b):\n    x = 1\n" + "    x += 1\n" * 30 + "    return old(a, b)\n"
    )
    after = before.replace("import old  # here", "import new").replace("old(a, b)", "new(b, a)")
    assert [edit.after for edit in pattern(error, before, after).edits] == ["lib.new($B, $A, **$KW)"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("ImportError: cannot import name 'x' from 'y'", "api"),
        ("ModuleNotFoundError: No module named 'y.z'", "api"),
        ("AttributeError: module 'y' has no attribute 'x'", "api"),
        ("AttributeError: 'Till' object has no attribute 'x'", "api"),
        ("TypeError: f() got an unexpected keyword argument 'x'", "api"),
        ("TypeError: Till.f() missing 1 required positional argument: 'x'", "api"),
        ("TypeError: cannot unpack non-iterable Reach object", "api"),
        ("DeprecationWarning: f is old", "api"),
        ("TypeError: use Door.open() instead of Door()", "api"),
        ("RuntimeError: borrow() must be used as a context manager", "api"),
        ("RuntimeError: the queue is empty", "value"),
        ("TypeError: float() argument must be a string or a real number, not 'list'", "value"),
        ("AttributeError: 'NoneType' object has no attribute 'x'", "value"),
        ("TypeError: 'NoneType' object is not iterable", "value"),
        ("TypeError: cannot unpack non-iterable NoneType object", "value"),
        ("TypeError: unsupported operand type(s) for +: 'int' and 'str'", "value"),
        ("KeyError: 'x'", "value"),
        ("IndexError: list index out of range", "value"),
        ("AssertionError: assert 1 == 2", "value"),
        ("ValueError: bad", "value"),
    ],
)
def test_the_class_of_an_error_decides_how_far_a_fix_may_go(error, expected):
    """Interfaces fail loudly when a fix is wrong; values do not."""
    from pytest_selfheal.learn.message import read_message

    kind, _, text = error.partition(": ")
    assert read_message(kind, text).error_class.value == expected
