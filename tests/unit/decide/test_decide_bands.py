"""Decide: the confidence bands and what lowers them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_selfheal.config import Policy
from pytest_selfheal.decide import Context
from pytest_selfheal.decide import decide
from pytest_selfheal.model import Apply
from pytest_selfheal.model import Ask
from pytest_selfheal.model import Candidate
from pytest_selfheal.model import Edit
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import Escalate
from pytest_selfheal.model import Fix
from pytest_selfheal.model import Origin
from pytest_selfheal.model import Patch
from pytest_selfheal.model import Suggest
from pytest_selfheal.model import Validation

GREEN = Validation("screen", ok=True, reason="", passed=1)


def _fix(confidence=0.95, text="import json\n", *, learned=True):
    patch = Patch((Edit("a.py", 0, 0, "", text),), {"a.py": "0" * 64})
    candidate = Candidate(text, "missing_import", Origin.BUILTIN, text, patch, confidence, ErrorClass.API, learned)
    return Fix(candidate, GREEN)


@pytest.mark.parametrize(
    ("confidence", "learned", "expected"),
    [
        (0.95, True, Apply),
        (0.75, True, Apply),
        (0.75 - 1e-12, True, Apply),
        (0.749, True, Suggest),
        (0.70, True, Suggest),
        (0.699, True, Ask),
        (0.1, True, Ask),
        (0.95, False, Suggest),
    ],
)
def test_the_bands(confidence, learned, expected):
    """>= 0.75 and learned acts, >= 0.70 suggests, below asks; the bounds belong to the higher band."""
    assert type(decide([_fix(confidence, learned=learned)], [], Policy(), Context())) is expected


def test_context_lowers_an_apply_to_a_suggestion_with_its_reason():
    """The reason a person reads is the context's own."""
    action = decide([_fix()], [], Policy(), Context(("a merge is in progress",)))
    assert isinstance(action, Suggest)
    assert action.reason == "a merge is in progress"


def test_context_never_raises_a_low_confidence():
    """What would be asked stays asked."""
    assert isinstance(decide([_fix(0.5)], [], Policy(), Context(("anything",))), Ask)


def test_two_fixes_that_both_pass_are_asked_however_sure():
    """Green tests cannot tell which of two meanings was intended."""
    action = decide([_fix(text="import a\n"), _fix(text="import b\n")], [], Policy(), Context())
    assert isinstance(action, Ask)
    assert len(action.options) == 2


def test_the_same_patch_found_twice_is_one_fix():
    """Two routes to one text are no ambiguity."""
    assert isinstance(decide([_fix(), _fix(0.9)], [], Policy(), Context()), Apply)


def test_nothing_validated_but_something_proposed_is_shown_as_options():
    """A person may know what the tests do not."""
    action = decide([], [_fix().candidate], Policy(), Context(), "the budget is spent")
    assert isinstance(action, Ask)
    assert action.reason == "the budget is spent"


def test_nothing_at_all_is_escalated():
    """Do not guess."""
    assert isinstance(decide([], [], Policy(), Context()), Escalate)


@pytest.mark.parametrize("confidence", [0.1, 0.5, 0.75, 1.0])
def test_what_a_model_thought_of_is_only_ever_suggested(confidence):
    """Whatever it claims to be: a person decides."""
    fix = _fix(confidence)
    fix = replace(fix, candidate=replace(fix.candidate, origin=Origin.AI))
    action = decide([fix], [], Policy(), Context())
    assert isinstance(action, Suggest)
    assert "only a person can tell" in action.reason
