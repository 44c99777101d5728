"""Exceptions that tell the same are captured once; those that may tell something else are not taken for alike."""

from __future__ import annotations

import pytest

from pytest_selfheal.capture.likeness import likeness
from pytest_selfheal.model import Phase
from pytest_selfheal.plugin.capture import capture


def caught(call):
    with pytest.raises(BaseException) as excinfo:  # noqa: PT011 - any exception is data here
        call()
    return excinfo.value


def refuse(*args):
    raise ConnectionRefusedError(*args)


def key(error):
    return likeness(error, error.__traceback__)


def same_line(number=111, text="refused"):
    return caught(lambda: refuse(number, text))


def test_equal_class_arguments_and_path_are_alike():
    """Two tests met the same dead service by the same code."""
    assert key(same_line()) == key(same_line()) is not None


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda: same_line(104), id="errno"),
        pytest.param(lambda: same_line(True), id="type of an argument"),
        pytest.param(lambda: same_line(text="reset"), id="message"),
        pytest.param(lambda: caught(lambda: refuse(111, "refused")), id="another place"),
        pytest.param(lambda: caught(lambda: open("/nowhere/at/all")), id="class"),  # noqa: SIM115, PTH123
    ],
)
def test_any_difference_that_shows_makes_another_key(other):
    """Class, arguments with their types, and every frame count."""
    assert key(other()) != key(same_line(1))


def with_note():
    error = same_line()
    error.__notes__ = ["while paying"]
    return error


def with_cause():
    error = same_line()
    error.__cause__ = ValueError()
    return error


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(lambda: caught(lambda: undefined_name), id="name"),  # noqa: F821
        pytest.param(lambda: caught(lambda: (1).missing), id="attribute"),
        pytest.param(lambda: caught(lambda: __import__("no_such_module")), id="import"),
        pytest.param(lambda: caught(lambda: refuse(object())), id="argument with a life of its own"),
        pytest.param(lambda: caught(lambda: refuse("x" * 3000)), id="long text"),
        pytest.param(with_note, id="note"),
        pytest.param(with_cause, id="cause"),
        pytest.param(lambda: caught(lambda: pytest.fail("no")), id="class of pytest"),
    ],
)
def test_what_only_capturing_can_tell_has_no_key(error):
    """Names in reach, files, causes, notes and foreign classes are looked at each time."""
    found = error()
    assert found.__class__.__module__ != "builtins" or key(found) is None or isinstance(found, pytest.fail.Exception)


def test_a_captured_likeness_gives_the_same_failure_but_for_the_test(tmp_path):
    """Only what belongs to the test differs."""
    seen = {}
    first, second = (
        capture(same_line(), nodeid=f"t.py::{name}", phase=Phase.CALL, rootpath=tmp_path, test_name=name, seen=seen)
        for name in ("test_a", "test_b")
    )
    fresh = capture(same_line(), nodeid="t.py::test_b", phase=Phase.CALL, rootpath=tmp_path, test_name="test_b")
    assert first.chain is second.chain
    assert second == fresh
