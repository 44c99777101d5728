"""Whether a change only spells names right."""

from __future__ import annotations

import ast

import pytest

from pytest_selfheal.repair.guards import refusal
from pytest_selfheal.repair.patch import edits_between
from pytest_selfheal.repair.patch import patch_of
from pytest_selfheal.repair.respelling import only_respelt

SPELT = {
    "the class that is raised": ("raise NotFuond(path)", "raise NotFound(path)"),
    "a keyword of it": ("raise NotFound(paylaod=1)", "raise NotFound(payload=1)"),
    "an attribute inside": ("raise NotFound(self.timetsamp(1))", "raise NotFound(self.timestamp(1))"),
    "the class that is caught": (
        "try:\n    f()\nexcept KeEyrror:\n    g()",
        "try:\n    f()\nexcept KeyError:\n    g()",
    ),
    "a function of a module": ("with contextlib.supperss(E): f()", "with contextlib.suppress(E): f()"),
}


@pytest.mark.parametrize(("old", "new"), SPELT.values(), ids=SPELT)
def test_a_slip_of_the_finger_may_be_put_right_anywhere(old, new):
    """A name that exists nowhere cannot have been a check that works."""
    assert only_respelt(ast.parse(old), ast.parse(new))


OTHERWISE = {
    "another class": ("raise ValueError(x)", "raise TypeError(x)"),
    "a close class that exists": ("class NotFuond: ...\nraise NotFuond", "class NotFuond: ...\nraise NotFound"),
    "an assertion": ("assert reslut == 1", "assert result == 1"),
    "an assertion of unittest": ("self.assertEqual(reslut, 1)", "self.assertEqual(result, 1)"),
    "another value": ("raise E(1)", "raise E(2)"),
    "one argument less": ("raise E(a, b)", "raise E(a)"),
    "a statement more": ("raise NotFuond", "raise NotFound\nf()"),
    "another import": ("from a import cusotmer", "from a import customer"),
    "a whole word": ("raise Approver(x)", "raise Approved(x)"),
}


@pytest.mark.parametrize(("old", "new"), OTHERWISE.values(), ids=OTHERWISE)
def test_anything_else_is_more_than_spelling(old, new):
    """Values, shapes, assertions and names that exist are not spelt anew."""
    assert not only_respelt(ast.parse(old), ast.parse(new))


FINISHED = {
    "a handler": ("try:\n    f()\nexcept OSError\n    g()\n", "except OSError\n", "except OSError:\n", ""),
    "a handler with brackets": ("try:\n    f()\nexcept (A, B:\n    g()\n", "(A, B:", "(A, B):", ""),
    "a suppression": ("with suppress(E)\n    f()\n", "suppress(E)\n", "suppress(E):\n", ""),
    "a wider handler": ("try:\n    f()\nexcept A\n    g()\n", "except A\n", "except (A, B):\n", "touches a check"),
    "an assertion's bracket": ("assert f(x == 3\n", "f(x == 3", "f(x) == 3", "touches a check"),
}


@pytest.mark.parametrize(("text", "broken", "whole", "reason"), FINISHED.values(), ids=FINISHED)
def test_a_check_may_be_given_its_missing_colon(tmp_path, text, broken, whole, reason):
    """The head of a handler is the same with its colon and its bracket; what it catches is not touched."""
    (tmp_path / "a.py").write_text(text)
    new = text.replace(broken, whole).encode()
    patch = patch_of(edits_between("a.py", text.encode(), new), lambda _path: text.encode())
    found = refusal(patch, lambda _path: text.encode(), tmp_path)
    assert reason in found if reason else found == ""
