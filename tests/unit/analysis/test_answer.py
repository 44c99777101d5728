"""What an answer has to look like."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_selfheal.analysis.answer import answer_of
from pytest_selfheal.analysis.answer import fits
from pytest_selfheal.model import Rewrite

EDIT = {"path": "a.py", "search": "x", "replace": "y"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["edits", "path", "search", "replace", "anchor", "explanation", "x"]), inner)
    ),
    max_leaves=12,
)


def test_an_answer_is_an_explanation_and_edits():
    """A missing or null anchor is none; blanks of the explanation are evened out."""
    answer = answer_of({"explanation": " it\n was  wrong ", "edits": [{**EDIT, "anchor": None}]})
    assert answer.explanation == "it was wrong"
    assert answer.rewrites == (Rewrite("a.py", "x", "y"),)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"edits": None},
        {"edits": "x"},
        {"edits": ["x"]},
        {"edits": [{**EDIT, "path": ""}]},
        {"edits": [{**EDIT, "path": 1}]},
        {"edits": [{**EDIT, "anchor": ["x"]}]},
        {"edits": [{"path": "a.py", "search": "x"}]},
        {"edits": [{**EDIT, "replace": "y" * 20_001}]},
        {"edits": [EDIT] * 11},
        {"edits": [], "explanation": ["x"]},
    ],
    ids=lambda value: json.dumps(value)[:30],
)
def test_anything_else_is_none(value):
    """Another shape, missing texts, more than a repair can need."""
    assert not fits(value)


@given(value=JSON)
def test_what_fits_can_be_read(value):
    """Whatever passes the check becomes an answer without an error."""
    if fits(value):
        assert len(answer_of(value).rewrites) == len(value["edits"])
