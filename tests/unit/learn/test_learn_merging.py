"""Patterns of several branches, and of several edits of one kind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_selfheal.learn.merging import generalised
from pytest_selfheal.learn.merging import united
from pytest_selfheal.learn.merging import with_parents
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import ErrorFacts
from pytest_selfheal.model import Evidence
from pytest_selfheal.model import LearnedPattern

ERROR = "TypeError: connect() takes 1 positional argument but 2 were given"
YES = (ERROR, "from db import connect\nc = connect(u, True)  # here\n", "from db import connect\nc = connect(u)\n")
NO = (ERROR, "from db import connect\nx = connect(h, False)  # here\n", "from db import connect\nx = connect(h)\n")

EVENTS = st.lists(
    st.builds(
        Evidence,
        id=st.sampled_from("abcdef"),
        at=st.sampled_from(["2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"]),
        result=st.sampled_from(["taught", "success", "failure"]),
    ),
    max_size=5,
    unique_by=lambda event: event.id,
)


def _pattern(events, name="p_1"):
    facts = ErrorFacts(ErrorClass.API, "TypeError")
    return LearnedPattern(name, "t", facts, evidence=tuple(events), created_at="2026-01-01T00:00:00.000Z")


@given(EVENTS, EVENTS)
def test_evidence_of_two_branches_counts_once(first, second):
    """Every event is there after uniting, none twice, and doing it again changes nothing."""
    once = united([_pattern(first)], [_pattern(second)])
    ids = [event.id for event in once[0].evidence]
    assert sorted(ids) == sorted({event.id for event in (*first, *second)})
    assert united(once, [_pattern(second)]) == once == united(once, once)


def test_uniting_keeps_the_patterns_of_both():
    """What only one side has is not lost."""
    both = united([_pattern([], "p_1")], [_pattern([], "p_2")])
    assert [pattern.id for pattern in both] == ["p_1", "p_2"]


def test_the_more_careful_status_wins():
    """What one side has put out of use stays so."""
    careful = replace(_pattern([]), status="suggest")
    assert united([_pattern([])], [careful])[0].status == united([careful], [_pattern([])])[0].status == "suggest"


def test_two_edits_of_one_kind_make_a_more_general_one(pattern, healed):
    """What differed between them, and was dropped by both, may be anything."""
    parent = generalised(pattern(*YES), pattern(*NO))
    assert parent.edits[0].before == "db.connect($V1, $V2, **$KW)"
    assert parent.edits[0].after == "db.connect($V1, **$KW)"


@pytest.mark.parametrize(
    "other",
    [
        (ERROR, "from net import connect\nc = connect(u, True)  # here\n", "from net import connect\nc = connect(u)\n"),
        (ERROR, "from db import connect\nc = connect(u, 1)  # here\n", "from db import connect\nc = connect([u])\n"),
        (
            "TypeError: close() takes 1 positional argument but 2 were given",
            "from db import close\nc = close(u, False)  # here\n",
            "from db import close\nc = close(u)\n",
        ),
    ],
    ids=["another module", "another edit", "another function"],
)
def test_edits_that_only_look_alike_stay_apart(other, pattern):
    """A general form must still say whose code it is about."""
    assert generalised(pattern(*YES), pattern(*other)) is None


def test_the_children_stay_and_name_their_parent(pattern):
    """The general form has the evidence of both; the specific ones are tried first."""
    event = Evidence("e1", "2026-01-01T00:00:00.000Z", "taught", by="person")
    first = replace(pattern(*YES), evidence=(event,))
    second = replace(pattern(*NO), evidence=(replace(event, id="e2"),))
    found = with_parents([first], second)
    parent = next(one for one in found if one.origin == "merged")
    assert {one.parents for one in found if one.origin != "merged"} == {(parent.id,)}
    assert {event.id for event in parent.evidence} == {"e1", "e2"}
