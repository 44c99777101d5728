"""Generated regression tests: the text is safe whatever the data, and proved by running it."""

from __future__ import annotations

import ast
import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_selfheal.config import Policy
from pytest_selfheal.model import Category
from pytest_selfheal.model import FailureRecord
from pytest_selfheal.model import History
from pytest_selfheal.model import Occurrence
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import Phase
from pytest_selfheal.model import Severity
from pytest_selfheal.regress.rule import is_due
from pytest_selfheal.regress.rule import times_seen
from pytest_selfheal.regress.source import emit
from pytest_selfheal.regress.source import is_untouched
from pytest_selfheal.regress.source import short_id
from pytest_selfheal.regress.writing import write_test

EXAMPLES = int(os.environ.get("REGRESSION_EXAMPLES", "300"))
RECORD = FailureRecord(
    "f1",
    "t",
    "run-1",
    "tests/test_a.py::test_one",
    Phase.CALL,
    "KeyError",
    "'name'",
    Category.UNKNOWN,
    Severity.MEDIUM,
    0.3,
    "v1:0123456789abcdef",
    "o",
    "r",
    Outcome.FAILED,
    "2026-11-25T10:00:00.000Z",
)
HOSTILE = st.text(alphabet=st.characters(exclude_categories=()), max_size=60) | st.sampled_from(
    ['"""', "'''\n", "\\", "\r", "\0", "\x0c", "\ud800", "\u202e", '"); import os #', "{}", "\n# -*- coding: x -*-"]
)


def _shape(text):
    """The tree with every string constant blanked: what is left is the template."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
        if isinstance(node, ast.FunctionDef):
            node.name = "test"
    return ast.dump(tree)


@settings(max_examples=EXAMPLES, deadline=None)
@given(nodeid=HOSTILE, error_type=HOSTILE, message=HOSTILE, seen=HOSTILE)
def test_no_name_or_message_can_change_the_shape_of_the_file(nodeid, error_type, message, seen):
    """Whatever a test is called and its error says, the file is pure ASCII and its tree is the template's."""
    emitted = emit(replace(RECORD, nodeid=nodeid, error_type=error_type, error_message=message), seen)
    assert emitted.text.isascii()
    assert _shape(emitted.text) == _shape(emit(RECORD, "x").text)


@given(HOSTILE)
def test_file_names_come_from_the_signature_alone(signature):
    """Twelve hexadecimal digits, whatever the signature holds."""
    name = short_id(signature)
    assert len(name) == 12
    assert set(name) <= set("0123456789abcdef")


def test_an_edited_file_is_recognised():
    """One changed byte below the stamp makes the file a person's."""
    text = emit(RECORD, "x").text
    assert is_untouched(text)
    assert not is_untouched(text.replace("DATA", "DATE", 1))
    assert not is_untouched("no stamp at all")


def test_writing_twice_changes_nothing_and_a_persons_edit_stays(tmp_path):
    """The same signature is the same file; what a person changed is never overwritten."""
    emitted = emit(RECORD, "x")
    assert write_test(emitted, tmp_path, "tests/regressions") == ""
    target = tmp_path / "tests" / "regressions" / emitted.file_name
    before = target.stat().st_mtime_ns
    assert write_test(emitted, tmp_path, "tests/regressions") == ""
    assert target.stat().st_mtime_ns == before
    target.write_text(target.read_text() + "# mine\n")
    assert "edited by a person" in write_test(emit(replace(RECORD, nodeid="x"), "x"), tmp_path, "tests/regressions")
    assert target.read_text().endswith("# mine\n")


@pytest.mark.parametrize("folder", ["../elsewhere", "/elsewhere", "a/../../b", ".git/hooks"])
def test_nothing_is_written_outside_the_project(tmp_path, folder):
    """A regression_dir that leads out is refused."""
    root = tmp_path / "project"
    root.mkdir()
    assert write_test(emit(RECORD, "x"), root, folder) != ""
    assert not list(tmp_path.rglob("test_regression*"))


def test_a_linked_folder_is_refused(tmp_path):
    """A symbolic link below the root could lead anywhere."""
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "outside").mkdir()
    (root / "tests").symlink_to(tmp_path / "outside")
    assert "link" in write_test(emit(RECORD, "x"), root, "tests/regressions")


def _history(count, *, generated=False):
    seen = tuple(Occurrence(f"run-{n}", "t", f"2026-11-2{n}T10:00:00.000Z", "f") for n in range(count))
    return History(RECORD.signature, seen, count, test_generated=generated)


@pytest.mark.parametrize(
    ("record", "history", "expected"),
    [
        (RECORD, _history(3), True),
        (RECORD, _history(2), False),
        (RECORD, _history(9, generated=True), False),
        (replace(RECORD, is_regression=True), _history(3), False),
        (replace(RECORD, failure_category=Category.ASSERTION), _history(3), True),
        (replace(RECORD, failure_category=Category.TRANSIENT), _history(3), False),
        (replace(RECORD, failure_category=Category.ENVIRONMENT), _history(3), False),
        (replace(RECORD, failure_category=Category.SYNTAX, phase=Phase.COLLECT), _history(3), True),
    ],
)
def test_three_occurrences_make_a_test_due(record, history, expected):
    """Three, not two; once per signature; never for a flaky network; never for a regression test itself."""
    assert is_due(record, history, Policy()) is expected


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [((0, 1, 2), 1), ((0, 40, 80), 2), ((0, 61, 122), 3), ((122, 0, 61), 3), ((), 0)],
    ids=["while writing code", "counted from the last counted", "an hour apart", "any order", "never"],
)
def test_runs_near_to_each_other_count_once(minutes, expected):
    """A red test that is run again and again within the gap is one error."""
    times = [f"2026-11-25T{10 + minute // 60}:{minute % 60:02}:00.000Z" for minute in minutes]
    seen = tuple(Occurrence(f"run-{at}", "t", at, "f") for at in times)
    assert times_seen(History("s", seen, len(seen)), 3600.0) == expected


def test_attempts_and_tests_of_one_run_are_one_sight():
    """Retries of a test, and ten tests that one mistake breaks, are no repetition, whatever the time between them."""
    times = [f"2026-11-2{day}T10:00:00.000Z" for day in range(5)]
    seen = tuple(Occurrence("run-1", f"t{number}", at, "f") for number, at in enumerate(times))
    assert times_seen(History("s", seen, len(seen)), 3600.0) == 1
