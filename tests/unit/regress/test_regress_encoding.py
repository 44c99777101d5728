"""Values as source: what is written builds an equal value, and what cannot be written safely is refused."""

from __future__ import annotations

import ast
import collections
import datetime as dt
import decimal
import fractions
import importlib
import io
import os
import pathlib
import threading
import uuid

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_selfheal.regress.encoding import REBUILD
from pytest_selfheal.regress.encoding import CannotEncodeError
from pytest_selfheal.regress.encoding import Encoder
from pytest_selfheal.regress.recording import Call
from pytest_selfheal.regress.shrinking import is_long
from pytest_selfheal.regress.shrinking import smaller
from pytest_selfheal.regress.source import emit_call
from pytest_selfheal.regress.source import formatted

EXAMPLES = int(os.environ.get("REGRESSION_EXAMPLES", "200"))
"""How many hostile values are tried; the long measurement sets 20000."""

TEXTS = st.text(alphabet=st.characters(exclude_categories=()), max_size=40) | st.sampled_from(
    ['"""', "'''\n", "\\", "\r", "\0", "\x0c", "\ud800", "\u202e", '"); import os #', "{}", "\n# -*- coding: x -*-"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.binary(max_size=40)
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(dt.timezone.utc))
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.uuids()
    | TEXTS.filter(lambda text: "\0" not in text).map(pathlib.PurePosixPath)
)
KEYS = st.none() | st.booleans() | st.integers() | TEXTS | st.binary(max_size=9) | st.dates()
VALUES = (
    st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.lists(inner, max_size=3).map(tuple)
            | st.dictionaries(KEYS, inner, max_size=4)
            | st.lists(inner, max_size=3).map(collections.deque)
        ),
        max_leaves=12,
    )
    | st.sets(KEYS, max_size=5)
    | st.frozensets(KEYS, max_size=5)
)


class Plain:
    """An object of this project's own class."""

    def __init__(self):
        self.size = 3


def _encoder(refuse=lambda _text: ""):
    return Encoder({}, refuse, is_own=lambda module: module == __name__)


@settings(max_examples=EXAMPLES, deadline=None)
@given(value=VALUES, nodeid=TEXTS, message=TEXTS)
def test_what_is_written_builds_an_equal_value(value, nodeid, message, failure_of):
    """Pure ASCII, one expression of literals and constructors, and a file of the template's shape around it."""
    encoder = _encoder()
    text = encoder.encode(value)
    names = {name.partition(".")[0]: importlib.import_module(name) for name in encoder.modules}
    assert eval(text, dict(names)) == value  # the text is the encoder's own
    call = Call(f"builtins.repr({text})", tuple(sorted({"builtins", *encoder.modules})), "builtins:repr")
    emitted = emit_call(failure_of(nodeid, message), message, call)
    assert emitted.text.isascii()
    tree = ast.parse(emitted.text)
    assert [type(node).__name__ for node in tree.body] == ["Expr", "Import", "ImportFrom", "Assign", "FunctionDef"]
    assert ast.dump(tree.body[-1].body[-1].value) == ast.dump(ast.parse(call.text, mode="eval").body)


@pytest.fixture(scope="session")
def failure_of():
    """Make a failure record with hostile texts."""
    from dataclasses import replace

    from pytest_selfheal.model import Category
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import Outcome
    from pytest_selfheal.model import Phase
    from pytest_selfheal.model import Severity

    now = "2026-11-25T10:00:00.000Z"
    record = FailureRecord(
        "f1", now, "run-1", "t.py::t", Phase.CALL, "KeyError", "m", Category.UNKNOWN, Severity.MEDIUM, 0.3,
        "v1:0123456789abcdef", "o", "r", Outcome.FAILED, now,
    )  # fmt: skip
    return lambda nodeid, message: replace(record, nodeid=nodeid, error_type=message, error_message=message)


def test_ruff_formats_without_changing_the_meaning(failure_of):
    """A long call is broken into lines, the stamp fits the new text, and the tree is the same."""
    from pytest_selfheal.regress.source import is_untouched

    call = Call(f"builtins.repr({['x' * 30] * 9!r})", ("builtins",), "builtins:repr")
    emitted = emit_call(failure_of("t.py::t", "m"), "x", call)
    tidy = formatted(emitted)
    assert max(map(len, tidy.text.splitlines()[2:])) <= 120
    assert is_untouched(tidy.text)
    assert ast.dump(ast.parse(tidy.text)) == ast.dump(ast.parse(emitted.text))


def test_an_object_of_the_project_is_rebuilt_from_its_attributes():
    """Where no constructor call was recorded."""
    assert _encoder().encode(Plain()) == f"{REBUILD}({__name__}.Plain, {{'size': 3}})"


def _cycle():
    found = []
    found.append(found)
    return found


class Local:
    """A class whose name leads elsewhere."""

    __slots__ = ("value",)


@pytest.mark.parametrize(
    "value",
    [
        _cycle(),
        threading.Lock(),
        io.StringIO("x"),
        lambda: None,
        Local(),
        list(range(401)),
        "x" * 4001,
        iter([1]),
        (value for value in ()),
        type("Inner", (), {})(),
        {"password": "hunter2hunter2"},
        pathlib.Path("/somewhere/of/mine"),
        10**40_000,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_safe_form_is_refused(value):
    """Cycles, locks, files, functions without a name, slots, too much, secrets, places."""

    def refuse(text):
        return "no" if "/somewhere" in text or text.startswith("password=") else ""

    with pytest.raises(CannotEncodeError):
        _encoder(refuse).encode(value)


@pytest.mark.parametrize(
    "value",
    [decimal.Decimal("1.50"), fractions.Fraction(1, 3), uuid.UUID(int=5), range(2, 9, 3), float("inf"), {1, 2}, ...],
    ids=lambda value: type(value).__name__,
)
def test_library_values_come_back_equal(value):
    """By their own constructors."""
    encoder = _encoder()
    text = encoder.encode(value)
    assert eval(text, {name: importlib.import_module(name) for name in encoder.modules}) == value  # as above


def test_shorter_versions_keep_the_call_and_lose_elements():
    """Each is shorter, parses, and calls the same function."""
    text = f"app.f({list(range(60))!r}, {{'a': {'y' * 90!r}, 'b': [1, 2]}})"
    assert is_long(text)
    found = smaller(text)
    assert found
    for version in found:
        assert len(version) < len(text)
        assert ast.unparse(ast.parse(version, mode="eval").body.func) == "app.f"
    assert not is_long("app.f([1, 2])")
