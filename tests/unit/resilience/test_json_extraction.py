"""Finding the one value an answer carries, and refusing when it carries none or several."""

from __future__ import annotations

import pytest

from pytest_selfheal.resilience import JSONRecoveryError
from pytest_selfheal.resilience import parse_json
from pytest_selfheal.resilience import parse_json_detailed

WANTED = {"verdict": "retry", "lines": [3, 14]}
BODY = '{"verdict": "retry", "lines": [3, 14]}'


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (f"Gladly, it's here:\n\n{BODY}\n\nThat's \"all\".", "inline"),
        (f"```json\n{BODY}\n```", "fence(json)"),
        (f"~~~~\n{BODY}\n~~~~", "fence()"),
        (f"````md\n{BODY}\n````", "fence(md)"),
        (f"  1. so:\n\n     ```json\n     {BODY}\n     ```\n", "fence(json)"),
        (f"```json\n{BODY}", "fence(json)"),
        (f"{BODY}\n```", "inline"),
        (f"see ```json {BODY}``` there", "fence(json)"),
        (f"<answer>{BODY}</answer>", "tag"),
        (f"<reasoning>not {{'a': 1}}</reasoning>{BODY}", "whole"),
        (f"hm, {{'verdict': 'fail'}}\n</think>\n{BODY}", "whole"),
        (f"  \ufeff{BODY}\u200b ", "whole"),
        (f"> {BODY[:20]}\n> {BODY[20:]}", "whole"),
        (f"12:00 [WARN] pool(7) got={BODY}", "inline"),
        (f"handler({BODY});", "inline"),
        (f"First [1], then list[int] and {{x}} or [a](b):\n{BODY}\nsee [2]", "inline"),
        (f"```python\nd = {{'verdict': 1}}\n```\n\n```json\n{BODY}\n```", "fence(json)"),
        (f"```json\n{BODY}\n```\n```json\n{BODY}\n```", "fence(json)"),
        (f'Example:\n```json\n{{"verdict": "<word>"}}\n```\nMine:\n```json\n{BODY}\n```', "fence(json)"),
        (BODY.replace('"', "&quot;"), "whole"),
        (BODY.replace('"', '\\"'), "whole"),
        (BODY + "}", "inline"),
    ],
    ids=range(22),
)
def test_the_value_is_found(text, source):
    """Whatever stands around it, the value comes back whole, with where it was."""
    result = parse_json_detailed(text)
    assert result.value == WANTED
    assert (result.source, result.complete) == (source, True)
    assert result.confidence >= 0.9


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('maybe {"a": 1}\nor {"a": 2}', "ambiguous"),
        ("```json\n[{}, 1]\n```\n```json\n[{}, 2]\n```", "ambiguous"),
        ('{"outer": {"inner": 1}, "b" ;; "c": {"d": 2}', "damaged"),
        ('```json\n{"a": [{"b": 1}, {"c" ;; 2}]}\n```', "damaged"),
        ("- [ ] one\n- [x] two\n", "nothing_found"),
        ("a {placeholder} and body { color: red; }", "nothing_found"),
        ('"a": 1}, {"b": 2}', "fragment"),
        ('{"a": [1, 2, ...], "b": 3}', "elided"),
        ('{"k": , "m": [5]}', "missing_value"),
        ('{"a": [1, {"b": 2, "c": 3}', "truncated"),
    ],
    ids=lambda value: value[:14],
)
def test_doubt_is_refused(text, code):
    """Nothing found inside damage, no first or last of several, never an empty value for nothing."""
    result = parse_json_detailed(text)
    if code == "truncated":
        assert (result.ok, result.complete) == (True, False)
        return
    assert (result.ok, result.value, result.error.code) == (False, None, code)
    with pytest.raises(JSONRecoveryError):
        parse_json(text)


def test_an_ambiguous_text_lists_its_candidates():
    """The error names each place and why it was not taken."""
    error = parse_json_detailed('maybe {"a": 1}\nor {"a": 2}').error
    assert [item.span for item in error.candidates] == [(6, 14), (18, 26)]
    assert all("as good as another" in item.reason_rejected for item in error.candidates)
    assert "candidate at 6..14" in str(error)


def test_objects_in_a_row_are_a_sequence():
    """A log of one object per line is a list of all of them, marked as such, never only the last."""
    result = parse_json_detailed('{"n": 1}\n{"n": 2}\n{"n": 3}\n')
    assert result.value == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert [repair.kind for repair in result.repairs] == ["sequence"]
    assert result.confidence < 0.9


def test_a_secret_next_to_the_failure_is_not_shown():
    """Errors end up in logs."""
    error = parse_json_detailed('{"token": "ghp_0123456789abcdefghijABCDEFGHIJ012345", "x" ;; 1}').error
    assert "ghp_0123" not in str(error)


def test_require_asks_for_certainty():
    """A value that was guessed or cut does not pass as certain."""
    assert parse_json_detailed(f"so: {BODY}").require() == WANTED
    with pytest.raises(JSONRecoveryError) as caught:
        parse_json_detailed('{"a": [1, 2]').require()
    assert caught.value.code == "not_certain"
    assert parse_json_detailed('{"a": [1, 2]').require(0.0, complete=False) == {"a": [1, 2]}


def test_the_reason_a_model_stopped_overrules_a_closed_value():
    """A list cut between two items and closed again cannot be told from the text."""
    result = parse_json_detailed("[1, 2]", finish_reason="length")
    assert (result.value, result.complete) == ([1, 2], False)
