"""What is JSON stays what it is; what is none ends in a value or in the one documented error."""

from __future__ import annotations

import json
import math
import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_selfheal.errors import SelfHealError
from pytest_selfheal.resilience import JSONLimits
from pytest_selfheal.resilience import JSONRecoveryError
from pytest_selfheal.resilience import parse_json
from pytest_selfheal.resilience import parse_json_detailed

# One text per rule of RFC 8259: structure, numbers, strings, literals, white space.
VALID = [
    "[]",
    "{}",
    "[[]]",
    "[ ]",
    '[""]',
    " [1] ",
    "[1,\n2]",
    "[null]",
    "[1]\n",
    "true",
    "-0",
    "[-0.0]",
    "[0e+1]",
    "[1E22]",
    "[1e-2]",
    "[123.456e78]",
    "[-1]",
    '"text"',
    '[" "]',
    '["\\"\\\\\\/\\b\\f\\n\\r\\t"]',
    '["\\u0060\\u012a\\u12AB"]',
    '["\\uD801\\udc37"]',
    '["\\ud83d\\ude39\\ud83d\\udc8d"]',
    '["\\uFFFF"]',
    '["\u2028\u2029"]',
    '["\x7f"]',
    '["a/*b*/c//d"]',
    '["new\\u000Aline"]',
    '["€𝄞"]',
    '{"":0}',
    '{"a":"b","a":"c"}',
    '{"a":[]}',
    '{"a\\u0000b":1}',
    '{"min":-1.0e+28,"max":1.0e+28}',
    '{"x":[{"id":"xxxxxxxxxxxxxxxxxxxx"}],"id":"y"}',
    "[1,2,null,[true,[false]]]",
    '["```json\\n{}\\n```"]',
    '"{\\"inner\\": 1}"',
]

INVALID = [
    "[1 true]",
    "[a\u00e5]",
    '["": 1]',
    '[""],',
    "[,1]",
    "[1,,2]",
    '["x"]]',
    '["",]',
    '["x"',
    "[x",
    "[3[4]]",
    "[1:2]",
    "[,]",
    "[-]",
    '["a",\n4\n,1,',
    "[1,\n1\n,1",
    "[*]",
    "[++1234]",
    "[-01]",
    "[-2.]",
    "[.-1]",
    "[0.1.2]",
    "[0x1]",
    "[1e]",
    "[1eE2]",
    "[2.e3]",
    "[1+2]",
    "[NaN]",
    '["\\uD800\\"]',
    '["\\u00A"]',
    '["\\x00"]',
    '["\\🌀"]',
    '["\\a"]',
    '{"x", null}',
    '{"x"::"b"}',
    "{key: 'value'}",
    '{"a":"b"}/**/',
    '{"a":"b"}/**//',
    '{"a":"b",,"c":"d"}',
    '{"a" b}',
    '{:"b"}',
    '{"a":',
    '{"id":0,,,,,}',
    '{"a":"a" 123}',
    '{[: "x"}',
    "",
    " ",
    "<.>",
    "[<null>]",
    "aå",
    "[True]",
    "1]",
    '{"x": true,',
    "[][]",
    "]",
    "\ufeff",
    "*",
    '{"":',
    "[\u2060]",
    '\\u000A""',
    '["a\x00a"]',
    "2@",
    "{}}",
    '{"":[{"":[',
    "nul",
    '"x',
    "'single'",
    "[\ud800",
]


@pytest.mark.parametrize("text", VALID)
def test_valid_json_is_never_altered(text):
    """The value is the one of the standard parser, read at the level strict without a repair."""
    result = parse_json_detailed(text)
    assert parse_json(text) == json.loads(text) == result.value
    assert (result.level, result.repairs, result.complete, result.confidence) == ("strict", (), True, 1.0)


@pytest.mark.parametrize("mode", ["strict_recovery", "salvage"])
@pytest.mark.parametrize("text", INVALID)
def test_invalid_json_ends_in_a_container_or_the_one_error(text, mode):
    """Nothing else is raised, and no empty value stands for nothing."""
    result = parse_json_detailed(text, mode=mode)
    assert result.ok is (result.error is None)
    assert result.ok or isinstance(result.error, JSONRecoveryError)
    assert not result.ok or isinstance(result.value, (dict, list))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.sampled_from([None, 0, 2]),
)
def test_whatever_json_can_write_is_read_back(value, indent):
    """Round trip of arbitrary values, bare and in a fence; a fenced one may be refused only as empty."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    assert parse_json(text) == value
    fenced = parse_json_detailed(f"Here:\n```json\n{text}\n```\n")
    assert fenced.value == value or not fenced.ok


PIECES = [
    *"{}[]:,\"'\\/#`<>() \n\te",
    "...",
    "```",
    "```json\n",
    "\n```\n",
    '"a"',
    '"a": ',
    "1",
    "-",
    "true",
    "None",
    "\\n",
]
PIECES += [
    "\\u12",
    "“",
    "”",
    "//x\n",
    "/*",
    "*/",
    "<think>",
    "</think>",
    "&quot;",
    '{"k": "v"}',
    "[1, 2]",
    "é",
    "\ud800",
]
TOKENS = st.sampled_from(PIECES)


@given(st.lists(TOKENS, max_size=60).map("".join), st.sampled_from(["strict_recovery", "salvage"]))
def test_soup_of_tokens_never_raises_anything_else(text, mode):
    """A result always comes, its span lies in the text, and its error says where."""
    result = parse_json_detailed(text, mode=mode)
    assert 0 <= result.span[0] <= result.span[1]
    assert isinstance(result.warnings, tuple)
    assert result.ok or result.error.code


@given(st.binary(max_size=60))
def test_bytes_never_raise_anything_else(data):
    """Bytes that are no text are refused like any other text."""
    result = parse_json_detailed(data)
    assert result.ok or result.error.code


def test_bytes_with_a_byte_order_mark_are_read():
    """UTF-8 with a mark, as some tools write it."""
    assert parse_json('{"é": [1]}'.encode("utf-8-sig")) == {"é": [1]}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("no answer today", "nothing_found"),
        ("[" * 5000, "too_deep"),
        ('{"a": ' * 5000, "too_deep"),
        ('{"n": %s}' % ("7" * 5000), "number_too_long"),
        (b"\xff\xfe\xff", "encoding"),
        ("<think>perhaps {}", "cut_inside_draft"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_refusals_have_a_code(text, code):
    """The code says why; the error is a ValueError and one of ours."""
    with pytest.raises(JSONRecoveryError) as caught:
        parse_json(text)
    assert caught.value.code == code
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, SelfHealError)


def test_a_text_over_the_limit_is_refused_even_when_it_is_valid():
    """The limit of characters holds for everything."""
    assert parse_json_detailed("[1, 2, 3]", limits=JSONLimits(characters=5)).error.code == "too_long"
    with pytest.raises(JSONRecoveryError):
        parse_json("[1, 2, 3]", limits=JSONLimits(characters=5))


def test_the_error_travels_between_processes():
    """Workers send their errors to the controller pickled."""
    error = parse_json_detailed('one {"a": 1}\nor {"a": 2}').error
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.code, again.candidates) == (str(error), error.code, error.candidates)


def test_the_room_works_without_pytest():
    """Importing and using it loads no pytest."""
    program = (
        "import sys; sys.modules['pytest'] = sys.modules['_pytest'] = None\n"
        "from pytest_selfheal.resilience import parse_json\n"
        "print(parse_json('x {\"a\": [1,],}'), 'json_repair' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (run.stdout.strip(), run.stderr) == ("{'a': [1]} False", "")


def test_an_unknown_name_of_the_room_is_an_attribute_error():
    """The lazy table does not hide typing errors."""
    import pytest_selfheal.resilience

    with pytest.raises(AttributeError, match="parse_yaml"):
        pytest_selfheal.resilience.parse_yaml  # noqa: B018


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ('{"k": 1, "k": 2}', "duplicate_key"),
        ("[NaN]", "nonfinite"),
        ("[1e999]", "float_overflow"),
        ('["\\ud800"]', "lone_surrogate"),
        ('["\\frac{1}{2}"]', "suspicious_control_char"),
        ('"[1, 2]"', "double_encoded"),
    ],
    ids=lambda value: value[:12],
)
def test_what_parsers_accept_in_silence_is_told(text, warning):
    """Oddities of valid JSON are warnings, the value stays."""
    result = parse_json_detailed(text)
    assert warning in result.warnings
    assert result.level == "strict"
    assert math.isnan(result.value[0]) if warning == "nonfinite" else result.value == json.loads(text)
