"""Saying which value is meant: keys, types, predicates, schemas and models."""

from __future__ import annotations

import pytest

from pytest_selfheal.errors import UsageError
from pytest_selfheal.resilience import parse_json
from pytest_selfheal.resilience import parse_json_detailed

TEXT = 'Input was {"id": 7}.\nMy answer is {"verdict": "bug", "line": 12}'
SCHEMA = {"type": "object", "required": ["verdict"], "properties": {"line": {"type": "integer"}}}


def _has_verdict(value):
    return value["verdict"] == "bug"


@pytest.mark.parametrize(
    "expect",
    [["verdict"], ("verdict", "line"), {"verdict"}, _has_verdict, SCHEMA],
    ids=["list", "tuple", "set", "predicate", "schema"],
)
def test_an_expectation_chooses_among_values(expect):
    """A value of another shape is no candidate, wherever it stands."""
    assert parse_json(TEXT, expect=expect) == {"verdict": "bug", "line": 12}


def test_a_model_gives_its_own_object():
    """With a pydantic model the caller gets what the model made of the value."""
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("Answer", verdict=(str, ...), line=(int, ...))
    assert parse_json(TEXT, expect=model) == model(verdict="bug", line=12)
    assert parse_json(TEXT, expect=pydantic.TypeAdapter(model)).line == 12
    assert parse_json("so: [1, 2, {}]", expect=list) == [1, 2, {}]
    assert parse_json("[1, 2]", expect=list[int]) == [1, 2]


def test_the_value_inside_an_envelope_is_found():
    """Exactly one fitting value inside is taken out, and the result says from where."""
    result = parse_json_detailed('{"data": {"items": [{"verdict": "bug"}]}, "ok": true}', expect=["verdict"])
    assert result.value == {"verdict": "bug"}
    assert result.source == "nested($.data.items[0])"
    assert result.confidence < 0.9
    prose = parse_json_detailed('Done: {"data": {"verdict": "bug"},}', expect=["verdict"])
    assert (prose.value, prose.source) == ({"verdict": "bug"}, "nested($.data)")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"id": 1}', "unexpected"),
        ('{"a": {"verdict": 1}, "b": {"verdict": 2}}', "ambiguous"),
        ('one {"verdict": 1}\nor {"verdict": 2}', "ambiguous"),
        ('{"verdict": 1}\n{"verdict": 2}', "ambiguous"),
        ('{"a" ;; {"verdict": 1}', "damaged"),
    ],
    ids=["none", "two inside", "two", "sequence", "inside damage"],
)
def test_an_expectation_never_settles_a_tie(text, code):
    """Two values of the right shape stay a question, and damage stays damage."""
    assert parse_json_detailed(text, expect=["verdict"]).error.code == code


@pytest.mark.parametrize(
    ("expect", "good", "bad"),
    [
        (dict, "{}", "[]"),
        (list, "[]", "{}"),
        (int, "3", "true"),
        (float, "3", '"3"'),
        (bool, "true", "1"),
        (str, '"x"', "1"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_types_are_those_of_json(expect, good, bad):
    """A truth value is no number."""
    assert parse_json_detailed(good, expect=expect).ok
    assert parse_json_detailed(bad, expect=expect).error.code == "unexpected"


@pytest.mark.parametrize(
    "expect", [3, [], [1], {"type": "nonsense"}], ids=["number", "no keys", "not strings", "schema"]
)
def test_nonsense_is_a_usage_error(expect):
    """A mistake of the caller is not reported as a mistake of the text."""
    with pytest.raises(UsageError):
        parse_json("{}", expect=expect)


def test_an_unknown_mode_is_a_usage_error():
    """The two modes are named."""
    with pytest.raises(UsageError, match="salvage"):
        parse_json_detailed("{}", mode="lenient")
