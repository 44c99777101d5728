"""Markup that cannot be injected into."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_selfheal.report.html.markup import Html
from pytest_selfheal.report.html.markup import el
from pytest_selfheal.report.html.markup import together
from pytest_selfheal.safety.escape import html_text

HOSTILE = st.text(
    st.sampled_from("<>&\"'=/`!-?; \n\tab\x00\x1f\x7f\u2028\u202e\u200b\ud800") | st.characters(), max_size=80
)


class Reader(HTMLParser):
    """What a parser makes of markup."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.text, self.attributes, self.other = [], "", [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        self.other.append(data)

    def handle_decl(self, decl):
        self.other.append(decl)


def _read(markup):
    reader = Reader()
    reader.feed(markup)
    reader.close()
    return reader


@given(text=HOSTILE)
def test_text_stays_text_for_a_parser(text):
    """As content and as an attribute: one element, and the very text, with hidden characters written out."""
    found = _read(el("p", text, title=text))
    assert found.tags == ["p"]
    assert found.other == []
    shown = found.text
    assert [name for name, _value in found.attributes] == ["title"]
    assert found.attributes[0][1] == shown
    visible = "".join(character for character in text if character.isascii() and character.isprintable())
    assert visible in shown or len(shown) > len(visible)
    assert not set(shown) & set("\x00\x1f\x7f\u2028\u202e\u200b\ud800")


@given(text=HOSTILE)
def test_escaped_text_has_nothing_left_to_act(text):
    """None of the five characters that HTML gives a meaning."""
    escaped = html_text(text)
    assert not set(escaped) & set("<>\"'")
    escaped.encode("utf-8")


def test_markup_is_taken_as_it_is_and_everything_else_escaped():
    """Only what these functions made is markup; joining it by other means makes it text again."""
    inner = el("b", "<i>")
    assert el("p", inner) == "<p><b>&lt;i&gt;</b></p>"
    assert el("p", f"{inner}") == "<p>&lt;b&gt;&amp;lt;i&amp;gt;&lt;/b&gt;</p>"
    assert not isinstance(inner + "x", Html)
    assert together([inner, None, "&"]) == "<b>&lt;i&gt;</b>&amp;"


@pytest.mark.parametrize(
    ("attributes", "written"),
    [
        ({"class_": "a", "for_": "b"}, ' class="a" for="b"'),
        ({"aria_label": 'say "x"'}, ' aria-label="say &quot;x&quot;"'),
        ({"open": True, "hidden": False, "id": None}, " open"),
        ({"width": 1.5, "x": 0}, ' width="1.5" x="0"'),
    ],
)
def test_attributes_are_written_as_html_wants_them(attributes, written):
    """Underscores become hyphens, True a bare name, False and None nothing."""
    assert el("p", **attributes) == f"<p{written}></p>"


def test_void_elements_have_no_end():
    """HTML ones no slash, SVG ones a slash, unless they hold a title."""
    assert el("br") == "<br>"
    assert el("rect", x=1) == '<rect x="1"/>'
    assert el("rect", el("title", "a")) == "<rect><title>a</title></rect>"
