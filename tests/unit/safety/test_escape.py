"""Foreign text shows itself and does nothing."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_selfheal.safety.escape import code_span
from pytest_selfheal.safety.escape import python_literal
from pytest_selfheal.safety.escape import terminal_line
from pytest_selfheal.safety.escape import visible
from pytest_selfheal.safety.escape import workflow_data
from pytest_selfheal.safety.escape import workflow_property
from pytest_selfheal.safety.escape import xml_text

ANY = st.text(st.characters(exclude_categories=()), max_size=60)
NASTY = st.lists(
    st.one_of(
        ANY, st.sampled_from(["::error::", "##[error]", "\x1b[31m", "`", "``", "|", "\u202e", "\r\n", "%0A", "]]>"])
    ),
    max_size=8,
).map("".join)
PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), ANY, st.binary(max_size=9)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.tuples(inner, inner), st.tuples(inner), st.dictionaries(ANY, inner, max_size=3)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc", "a\\x0ab\\x09c"),
        ("\x9b2J", "\\x9b2J"),
        ("abc\u202edef", "abc\\u202edef"),
        ("\u2028", "\\u2028"),
        ("\ud800", "\\ud800"),
        ("caf\u00e9 \U0001f600", "caf\u00e9 \U0001f600"),
    ],
)
def test_acting_characters_are_written_out(text, shown):
    """Controls, bidi marks, separators and surrogates appear as escapes; letters stay."""
    assert visible(text) == shown


def test_kept_characters_stay():
    """Line breaks can be kept for texts of several lines."""
    assert visible("a\nb\x00", keep="\n") == "a\nb\\x00"


@settings(max_examples=300)
@given(NASTY)
def test_terminal_lines_carry_no_command(text):
    """Nothing printed can be an escape sequence, a second line, or a runner's command."""
    line = terminal_line(text)
    assert len(line.splitlines()) <= 1
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", line)
    assert "##[" not in line
    assert not line.lstrip().startswith("::")


@settings(max_examples=300)
@given(NASTY, st.integers(1, 200))
def test_code_spans_cannot_be_left(text, limit):
    """The fence is longer than any backtick run inside, the content is bounded, and no table cell ends early."""
    span = code_span(text, limit)
    fence = re.match("`+", span)[0]
    inside = span[len(fence) : -len(fence)]
    assert span.endswith(fence)
    assert all(len(run) < len(fence) for run in re.findall("`+", inside))
    assert not inside.startswith("`")
    assert not inside.endswith("`")
    assert "|" not in span
    assert "\n" not in span
    assert len(inside) <= max(limit, len("(empty)")) + 2


@settings(max_examples=300)
@given(NASTY)
def test_xml_text_parses_back(text):
    """Any text gives well-formed XML, as element content and as an attribute."""
    escaped = xml_text(text)
    root = ET.fromstring(f'<a b="{escaped}">{escaped}</a>')
    assert "\x1b" not in (root.text or "")
    plain = re.sub("[^ -~]", "", text)
    assert re.sub("[^ -~]", "", xml_text(plain)) == escaped if plain == text else True


@settings(max_examples=300)
@given(PLAIN)
def test_literals_evaluate_to_the_value(value):
    """A literal is ASCII on one line and reads back as an equal value."""
    source = python_literal(value)
    assert source.isascii()
    assert len(source.splitlines()) <= 1
    if "float(" not in source:
        assert ast.literal_eval(source) == value


def test_literals_of_odd_numbers():
    """Infinity and huge integers, which have no plain literal, still have a source."""
    assert eval(python_literal([float("inf"), 10**5000])) == [float("inf"), 10**5000]


def test_foreign_objects_have_no_literal():
    """A subclass of str may lie in its repr, so it is refused."""
    with pytest.raises(TypeError):
        python_literal(type("Sly", (str,), {"__repr__": lambda self: "exit()"})("x"))


@settings(max_examples=300)
@given(NASTY)
def test_workflow_data_reads_back(text):
    """A runner that decodes the data gets one line; decoding gives the visible text again."""
    data = workflow_data(text)
    assert len(data.splitlines()) <= 1
    decoded = data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    assert decoded == visible(text, keep="\r\n")
    assert not set(":,") & set(workflow_property(text))
