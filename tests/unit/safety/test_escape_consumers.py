"""Escaped text, judged by who reads it: XML and HTML parsers, a Markdown parser, the runner of GitHub.

SELFHEAL_FUZZ=20000 asks for a longer search than the everyday suite can afford.
"""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from xml.parsers import expat

import pytest
from hypothesis import HealthCheck
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pytest_selfheal.model import RuleResult
from pytest_selfheal.model import Verdict
from pytest_selfheal.report.annotations import annotation_lines
from pytest_selfheal.report.markdown import LIMIT_BYTES
from pytest_selfheal.report.markdown import verdict_markdown
from pytest_selfheal.report.markdown import within_limit
from pytest_selfheal.report.tables import verdict_lines
from pytest_selfheal.report.verdict_junit import verdict_junit
from pytest_selfheal.safety.escape import code_span
from pytest_selfheal.safety.escape import terminal_line
from pytest_selfheal.safety.escape import visible
from pytest_selfheal.safety.escape import workflow_data
from pytest_selfheal.safety.escape import workflow_property
from pytest_selfheal.safety.escape import xml_text

SEARCH = settings(
    max_examples=int(os.environ.get("SELFHEAL_FUZZ", "100")), suppress_health_check=[HealthCheck.too_slow]
)
PIECES = [
    *(
        "::",
        "::error::",
        " ::error file=a::b",
        "##[",
        "##[error]x",
        "::stop-commands::t",
        "\u00a0::debug::",
        "\u2003::x::",
    ),
    *(
        "`",
        "``",
        "```\n",
        "|",
        "\\|",
        "\\",
        "<b>",
        "</td>",
        "<!--",
        "-->",
        "]]>",
        "<![CDATA[",
        "&lt;",
        "&#0;",
        "&",
        "'",
    ),
    *(
        '"',
        "<script>alert(1)</script>",
        "[a](http://x.example)",
        "![a](b)",
        "http://x.example",
        "@somebody",
        "#1",
        "*",
        "_",
    ),
    *("\x1b[2J", "\x1b]0;t\x07", "\x9b31m", "\x08", "\x7f", "\r", "\n", "\r\n", "\t", "\x0b", "\x0c", "\x85", "\u2028"),
    *(
        "\u202e",
        "\u2066",
        "\u200b",
        "\ufeff",
        "\U000e0041",
        "\ud800",
        "\udfff",
        "\ufffe",
        "\x00",
        "%",
        "%0A",
        "%25",
        "%3A",
    ),
    *(
        ",",
        ":",
        "=",
        ";",
        "\n---\n",
        "\n# h\n",
        "\n    code",
        "- ",
        "1. ",
        "> ",
        "~~~",
        "|---|",
        "$(x)",
        "${{ x }}",
        "é",
        " ",
    ),
]
HOSTILE = st.lists(
    st.one_of(st.sampled_from(PIECES), st.text(st.characters(exclude_categories=()), max_size=12)), max_size=10
).map("".join)


# ------------------------------------------------------------------------------- the runner of GitHub

NAMES = {"error", "warning", "notice", "debug", "group", "set-output", "add-mask", "stop-commands", "x", "save-state"}


def _commands(line):
    """What the runner takes a line for; after `ActionCommand.TryParseV2` and `TryParse` of actions/runner."""
    trimmed = line.lstrip()
    if trimmed.startswith("::"):
        end = trimmed.find("::", 2)
        if end >= 0:
            info = trimmed[2:end]
            name, _, rest = info.partition(" ")
            if name in NAMES:
                pairs = [part.split("=", 1) for part in rest.strip().split(",") if part]
                properties = {pair[0]: _unescaped(pair[1], more=True) for pair in pairs if len(pair) == 2}
                return name, properties, _unescaped(trimmed[end + 2 :], more=False)
    start = line.find("##[")
    if start >= 0:
        end = line.find("]", start)
        if end >= 0 and line[start + 3 : end].partition(" ")[0] in NAMES:
            return line[start + 3 : end].partition(" ")[0], {}, line[end + 1 :]
    return None


def _unescaped(text, *, more):
    for written, meant in [("%0D", "\r"), ("%0A", "\n"), *([("%3A", ":"), ("%2C", ",")] if more else []), ("%25", "%")]:
        text = text.replace(written, meant)
    return text


@pytest.mark.parametrize(
    "line", ["::error::x", "  ::error file=a,line=1::x", "text ##[error]x", "\u00a0::debug::x", "::stop-commands::t"]
)
def test_the_port_of_the_runner_sees_commands(line):
    """Else the tests below could not fail."""
    assert _commands(line)


@SEARCH
@given(HOSTILE)
def test_a_terminal_line_is_no_command(text):
    """Neither form, wherever in the line it stands; and it is one line without control characters."""
    line = terminal_line(text)
    assert _commands(line) is None
    assert line.splitlines() in ([line], [])
    assert not re.search("[\x00-\x1f\x7f-\x9f]", line)


@SEARCH
@given(HOSTILE, HOSTILE)
@example(",line=9::x", "%0A::error::y")
def test_a_command_of_ours_says_what_we_mean(title, text):
    """One command, its properties and its data exactly."""
    line = f"::error title={workflow_property(title)}::{workflow_data(text)}"
    name, properties, data = _commands(line)
    assert "\n" not in line
    assert "\r" not in line
    # The runner trims the blanks at the end of the properties, before it reads the escapes.
    shown = _unescaped(workflow_property(title).rstrip(), more=True)
    assert shown.rstrip() == visible(title, keep="\r\n").rstrip()
    assert (name, properties, data) == ("error", {"title": shown}, visible(text, keep="\r\n"))


# ------------------------------------------------------------------------------- XML and HTML


NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def _xml(document):
    texts, attributes = [], []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda _name, given: attributes.append(given)
    parser.CharacterDataHandler = texts.append
    parser.Parse(document.encode("utf-8"), True)
    return "".join(texts), attributes


class _Html(HTMLParser):
    def __init__(self, document):
        super().__init__(convert_charrefs=True)
        self.tags, self.text = [], ""
        self.feed(document)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, attrs))

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        self.tags.append(("comment", data))

    def unknown_decl(self, data):
        self.tags.append(("declaration", data))


@SEARCH
@given(HOSTILE)
def test_xml_text_is_text_to_parsers(text):
    """Content and attribute, for XML; the same for HTML: one element, one attribute, and the text."""
    escaped = xml_text(text)
    told, attributes = _xml(f'<a b="{escaped}">{escaped}</a>')
    shown = NOT_XML.sub(lambda match: visible(match[0]), text)
    assert re.sub("[\r\n]", "", told) == re.sub("[\r\n]", "", shown)  # XML reads every line break as one character
    assert len(attributes) == 1
    parsed = _Html(f'<p title="{escaped}">{escaped}</p>')
    assert [tag for tag, _attrs in parsed.tags] == ["p"]
    assert [name for name, _value in parsed.tags[0][1]] == ["title"]


# ------------------------------------------------------------------------------- Markdown

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")


def _tokens(text):
    return [child for token in MARKDOWN.parse(text) for child in [token, *(token.children or [])]]


@SEARCH
@given(HOSTILE)
@example("a\\")
@example("`")
def test_a_code_span_stays_one(text):
    """In a paragraph, in a list and in a cell: one span of code, and nothing else that means anything."""
    span = code_span(text)
    for document in (f"x {span} y", f"- {span}", f"| a | b |\n|---|---|\n| {span} | z |"):
        found = [token for token in _tokens(document) if token.type not in {"text", "inline"}]
        kinds = [token.type for token in found if not token.type.endswith(("_open", "_close"))]
        assert kinds == ["code_inline"]
    cells = [token for token in _tokens(f"| a | b |\n|---|---|\n| {span} | z |") if token.type == "td_open"]
    assert len(cells) == 2


def _verdict(text):
    rules = tuple(
        RuleResult(name, "what", word, text, text, 3, (text, "tests/a.py::b"), text)
        for name, word in (("G0", "block"), ("G2", "warn"), ("G7", "neutral"))
    )
    return Verdict("block", text, rules, commit=text, head=text, base=text, baseline=text, notes=(text,))


@SEARCH
@given(HOSTILE)
def test_a_verdict_is_the_same_table_whatever_tests_are_called(text):
    """One heading, one table of three rows, lists; no link, no HTML, no picture."""
    tokens = _tokens(verdict_markdown(_verdict(text), 0.0))
    kinds = [token.type for token in tokens]
    assert (kinds.count("heading_open"), kinds.count("table_open"), kinds.count("tr_open")) == (1, 1, 4)
    assert {"html_inline", "html_block", "link_open", "image", "fence", "code_block"}.isdisjoint(kinds)


@SEARCH
@given(HOSTILE)
def test_a_verdict_on_a_terminal_and_in_a_log_gives_no_orders(text):
    """Nor do the annotations, which are commands of ours and no others."""
    assert [line for line in verdict_lines(_verdict(text), 0.0) if _commands(line)] == []
    assert all("\n" not in line for line in verdict_lines(_verdict(text), 0.0))
    for line in annotation_lines(_verdict(text), []):
        name, properties, _data = _commands(line)
        assert (name in {"error", "warning"}, set(properties)) == (True, {"title"})


@SEARCH
@given(HOSTILE)
def test_a_verdict_as_junit_is_well_formed(text):
    """Three cases, whatever they say."""
    _told, attributes = _xml(verdict_junit(_verdict(text)))
    assert sum("classname" in given for given in attributes) == 3


def test_a_summary_keeps_to_the_limit_of_the_service():
    """Above 1 MiB all of it would be dropped; what is left out is said."""
    text = within_limit(["é" * 1000] * 5000)
    assert len(text.encode("utf-8")) <= LIMIT_BYTES
    assert "more lines were left out" in text
    assert within_limit(["a", "b"]) == "a\nb"
