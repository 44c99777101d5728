"""patterns.json: readable, stable, and never lost."""

from __future__ import annotations

import json

import pytest

from pytest_selfheal.errors import StoreError
from pytest_selfheal.model import Change
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import ErrorFacts
from pytest_selfheal.model import LearnedPattern
from pytest_selfheal.store.pattern_file import parse_patterns
from pytest_selfheal.store.pattern_file import patterns_text
from pytest_selfheal.store.pattern_file import read_patterns
from pytest_selfheal.store.pattern_file import write_patterns

ONE = LearnedPattern(
    "p_1", "f -> g", ErrorFacts(ErrorClass.API, "TypeError"), edits=(Change("f($A)", "g($A)"),), created_at="2026-01-02"
)
TWO = LearnedPattern("p_2", "h", ErrorFacts(ErrorClass.VALUE, "KeyError"), created_at="2026-01-01")


def test_what_is_written_is_read(tmp_path):
    """In the order of their making, so that git shows what was added."""
    write_patterns(tmp_path / "store", [ONE, TWO])
    assert read_patterns(tmp_path / "store/patterns.json").patterns == (TWO, ONE)


def test_the_text_depends_on_the_patterns_alone():
    """Writing what was read changes no byte, whatever the order."""
    text = patterns_text([ONE, TWO])
    assert patterns_text(parse_patterns(text.encode(), "x").patterns) == patterns_text([TWO, ONE]) == text
    assert text.endswith("}\n")


def test_a_missing_file_holds_nothing(tmp_path):
    """Nothing was learned yet."""
    assert read_patterns(tmp_path / "patterns.json").patterns == ()


def test_one_broken_pattern_spoils_no_other_and_is_kept(tmp_path):
    """What a person wrote wrongly is named, left out, and still there after the next writing."""
    document = json.loads(patterns_text([ONE]))
    broken = {"id": "p_mine", "title": 3}
    document["patterns"].append(broken)
    found = parse_patterns(json.dumps(document).encode(), "patterns.json")
    assert found.patterns == (ONE,)
    assert "pattern 2" in found.problems[0]
    write_patterns(tmp_path / "s", found.patterns, found.unusable)
    assert json.loads((tmp_path / "s/patterns.json").read_text())["patterns"][-1] == broken


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "JSON"),
        (b"[]", "format"),
        (b'{"format": "other", "version": 1, "patterns": []}', "format"),
        (b'{"format": "pytest-selfheal patterns", "version": 2, "patterns": []}', "version"),
        (b'{\n<<<<<<< ours\n"a": 1\n=======\n>>>>>>> theirs\n}', "merge"),
    ],
)
def test_a_file_that_cannot_be_read_as_a_whole_is_an_error(data, word):
    """Nothing may be written over it."""
    with pytest.raises(StoreError) as caught:
        parse_patterns(data, "patterns.json")
    assert word in caught.value.what
    assert caught.value.todo


def test_a_file_of_the_store_is_committed(tmp_path):
    """It is the one thing in the folder that git sees."""
    write_patterns(tmp_path / "s", [ONE])
    assert "!patterns.json" in (tmp_path / "s/.gitignore").read_text()
