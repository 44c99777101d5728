"""The json-repair library behind its guard, and the log of failures."""

from __future__ import annotations

import json

import pytest

from pytest_selfheal.resilience import JSONFailureLog
from pytest_selfheal.resilience import parse_json
from pytest_selfheal.resilience import parse_json_detailed
from pytest_selfheal.resilience.json_recovery.library import is_conserved
from pytest_selfheal.resilience.json_recovery.library import repair_with_library

DAMAGED = '{"a": {"b": 1}, "c" ;; "d", "e": 2}'


def test_the_library_is_asked_only_on_request_and_never_believed():
    """Its answer has a confidence nobody applies unasked."""
    text = '{"a": 1, "b": [2, 3], "c" "d" "e": 5 6}'
    assert not parse_json_detailed(text).ok
    result = parse_json_detailed(text, last_resort=True)
    assert not result.ok or (result.level, result.confidence) == ("library", 0.4)


def test_the_library_runs_in_a_process_of_its_own():
    """It returns what it read when nothing of it is lost, and nothing when it takes too long."""
    assert repair_with_library('{"a": [1, 2, "x"', 20) == {"a": [1, 2, "x"]}
    assert repair_with_library('{"a": 1}', 0.0001) is None
    assert repair_with_library("just words", 20) is None


@pytest.mark.parametrize(
    ("text", "value", "kept"),
    [
        ('{"a": "x\\n", }', {"a": "x\n"}, True),
        ('{"a": "x\\n", }', {"a": "x"}, False),
        ('{"a": 1, "b": 2', {"a": 1}, False),
        ("{'a': True} # sure", {"a": True}, True),
        ('{"a": "\\u00e9",}', {"a": "é"}, True),
    ],
    ids=["kept", "newline lost", "member lost", "comment", "escape"],
)
def test_the_guard_sees_lost_content(text, value, kept):
    """Every character that carries content must still be there, and every line break."""
    assert is_conserved(text, value) is kept


def test_failures_and_repairs_are_logged_with_both_ends(tmp_path):
    """Head, tail and the place of the error are kept; valid JSON leaves no entry."""
    log = JSONFailureLog(tmp_path / "json.jsonl", context={"model": "m1"})
    text = "begin " + "x" * 2000 + DAMAGED + "y" * 2000 + " finish"
    assert not parse_json_detailed(text, log=log).ok
    assert parse_json('{"a": 1,}', log=log) == {"a": 1}
    assert parse_json('{"a": 1}', log=log) == {"a": 1}
    first, second = (json.loads(line) for line in (tmp_path / "json.jsonl").read_text("utf-8").splitlines())
    assert first["head"].startswith("begin")
    assert first["tail"].endswith("finish")
    assert (first["refused"], first["model"], first["length"]) == ("damaged", "m1", len(text))
    assert any(";;" in window for window in first["windows"])
    assert (second["refused"], second["repairs"], second["level"]) == (None, ["trailing_comma"], "repair")


def test_the_log_holds_no_secrets(tmp_path):
    """What an answer repeats of a secret does not reach the disk."""
    log = JSONFailureLog(tmp_path / "json.jsonl")
    parse_json_detailed("key ghp_0123456789abcdefghijABCDEFGHIJ012345 " * 3, log=log)
    assert "ghp_0123" not in (tmp_path / "json.jsonl").read_text("utf-8")


def test_the_log_rotates_and_never_raises(tmp_path):
    """A full file is moved aside; a folder that is missing costs the entry, not the answer."""
    log = JSONFailureLog(tmp_path / "json.jsonl", max_bytes=10)
    for _ in range(3):
        parse_json_detailed("nothing", log=log)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["json.jsonl", "json.jsonl.1"]
    parse_json_detailed("nothing", log=JSONFailureLog(tmp_path / "missing" / "json.jsonl"))
