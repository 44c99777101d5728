"""The tolerant reader: what it repairs, how it says so, and what it leaves alone."""

from __future__ import annotations

import json

import pytest

from pytest_selfheal.resilience import parse_json_detailed

REPAIRED = [
    ('{"a": [1, 2,],}', {"a": [1, 2]}, "trailing_comma"),
    ('{"a": 1, // why\n"b": 2}', {"a": 1, "b": 2}, "comment"),
    ('{"a": 1 /* x } */}', {"a": 1}, "comment"),
    ("{'a': 'it's', 'b': \"x\"}", {"a": "it's", "b": "x"}, "single_quotes"),
    ("{“a”: “b”}", {"a": "b"}, "smart_quotes"),
    ('{first: 1, second_one: "x"}', {"first": 1, "second_one": "x"}, "unquoted_key"),
    ('{"a": True, "b": None}', {"a": True, "b": None}, "python_literal"),
    ('{"a": "one\ntwo\n", "b": 1}', {"a": "one\ntwo\n", "b": 1}, "raw_control"),
    ('{"re": "\\w+\\.\\d"}', {"re": "\\w+\\.\\d"}, "bad_escape"),
    ('{"p": "D:\\src\\new"}', {"p": "D:\\src\\new"}, "windows_path"),
    ('{"a": 1 "b": 2}', {"a": 1, "b": 2}, "missing_comma"),
    ('[{"a": 1} {"a": 2}]', [{"a": 1}, {"a": 2}], "missing_comma"),
    ('{"a": +3, "b": .25}', {"a": 3, "b": 0.25}, "lenient_number"),
    ('{"say": "call it "done" now"}', {"say": 'call it "done" now'}, "inner_quote"),
    ('{"a": plain words, "b": 1}', {"a": "plain words", "b": 1}, "unquoted_value"),
    ('{"key: 1, "b": 2}', {"key": 1, "b": 2}, "missing_quote"),
    ('{key": 1, "b": 2}', {"key": 1, "b": 2}, "missing_quote"),
    ('{"a": "no end,\n "b": 2}', {"a": "no end", "b": 2}, "missing_quote"),
    ('{"a" "x"}', {"a": "x"}, "missing_colon"),
    ('{"a" => 1, "b" = 2}', {"a": 1, "b": 2}, "alt_colon"),
    ('{"a": "x" + "y"}', {"a": "xy"}, "string_concat"),
    ("{'a': (1, 2)}", {"a": [1, 2]}, "tuple"),
    ('{"a": `x`}', {"a": "x"}, "backtick"),
    ('{"a": 007}', {"a": "007"}, "leading_zero"),
    ('{"when": Date("2026-01-02")}', {"when": "2026-01-02"}, "call_wrapper"),
    ('{"a": 1}, "b": 2}', {"a": 1, "b": 2}, "premature_close"),
    ('"level": 3, "why": "slow"', {"level": 3, "why": "slow"}, "missing_braces"),
    ('"a": {"b": 1}, "c": [2]', {"a": {"b": 1}, "c": [2]}, "missing_braces"),
    ('{"a": [1, 2}', {"a": [1, 2]}, "owed_closer"),
    ('{"a": [{"b": 2}]]', {"a": [{"b": 2}]}, "mismatched_closer"),
    ('{"a": ""quoted"", "b": 1}', {"a": "quoted", "b": 1}, "adjacent_quote"),
    ('{"a": undefined, "b": 1}', {"a": None, "b": 1}, "undefined"),
]


@pytest.mark.parametrize(("text", "value", "kind"), REPAIRED, ids=[f"{row[2]}-{i}" for i, row in enumerate(REPAIRED)])
def test_slips_are_repaired_and_named(text, value, kind):
    """The value is what a person would read, and the repair is listed with its place in the text."""
    result = parse_json_detailed(text)
    assert result.value == value
    assert kind in {repair.kind for repair in result.repairs}
    assert all(0 <= repair.start <= repair.end <= len(text) + 1 for repair in result.repairs)


@pytest.mark.parametrize(("text", "value", "kind"), REPAIRED, ids=[f"{row[2]}-{i}" for i, row in enumerate(REPAIRED)])
def test_what_assumes_something_is_never_certain(text, value, kind):
    """Only lossless repairs may be applied unasked."""
    result = parse_json_detailed(text)
    lossless = all(repair.cls == "lossless" for repair in result.repairs)
    assert (result.confidence >= 0.9) is lossless
    assert result.level == ("repair" if lossless else "guess")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1, {"b": 2}, "c": 3}',
        "[[1, [2, 3], 4",
        '{"a": 1, "a": 2, "b" "c"}',
        '{"a": "x": "y"}',
        '{"a": "one "two": "three", "four" five"}',
        '{"a": [1, 2}, {"b": 3]}',
        "{" + "," * 5000 + "}",
    ],
    ids=range(7),
)
def test_what_has_several_readings_is_no_complete_answer(text):
    """Where a bracket or quote belongs is never invented."""
    result = parse_json_detailed(text)
    assert not (result.ok and result.complete)


@pytest.mark.parametrize("damage", [",", " // done\n", "}"], ids=["comma", "comment", "closer"])
def test_a_diff_in_a_damaged_text_keeps_its_last_newline(damage):
    """Strings that are not damaged come back byte for byte."""
    value = {"patch": "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a = \"\\n\"\n+a = '\\t'  \n", "n": 1}
    text = json.dumps(value)
    broken = text + damage if damage == "}" else text[:-1] + damage + "}"
    assert parse_json_detailed(broken).value == value


def test_salvage_keeps_what_is_there_and_says_that_it_is_not_all():
    """The mode to show something to a person: cut strings stay, marked incomplete."""
    text = '{"a": [1, 2], "b": "half a sen'
    assert parse_json_detailed(text).error.code == "truncated"
    kept = parse_json_detailed(text, mode="salvage")
    assert (kept.value, kept.complete) == ({"a": [1, 2], "b": "half a sen"}, False)
    assert kept.confidence <= 0.3


@pytest.mark.parametrize("end", range(1, 62))
def test_a_cut_answer_never_looks_complete(end):
    """At every place where the text can end, the value is refused or marked incomplete."""
    text = '{"list": [1, -2.5, true], "in": {"k": null, "s": "a\\u00e9\\n"}}'
    for mode in ("strict_recovery", "salvage"):
        result = parse_json_detailed(text[:end], mode=mode)
        assert not result.ok or not result.complete


def test_a_closed_fence_ends_a_number():
    """The writer went on after it, so the last digit was not cut; without the mark it may have been."""
    closed = parse_json_detailed('```json\n{"a": [1, 25\n```\n')
    assert (closed.value, closed.complete) == ({"a": [1, 25]}, False)
    assert parse_json_detailed('```json\n{"a": [1, 25').error.code == "truncated"


@pytest.mark.parametrize("text", ["{", "[", '{"a', '{"a":', '[{"a": {', '{"a": 1e', "```json\n[["])
def test_an_empty_value_never_stands_for_nothing(text):
    """Cut before its first value, a text is refused in both modes."""
    for mode in ("strict_recovery", "salvage"):
        assert parse_json_detailed(text, mode=mode).error.code in ("truncated", "nothing_found")
