"""From evidence to a question: what is told first, how it is fenced, how much of it fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_selfheal.analysis.evidence import Evidence
from pytest_selfheal.analysis.evidence import Place
from pytest_selfheal.analysis.evidence import Resolved
from pytest_selfheal.analysis.excerpts import excerpt
from pytest_selfheal.analysis.question import context_lines
from pytest_selfheal.analysis.question import question
from pytest_selfheal.analysis.tokens import cut
from pytest_selfheal.analysis.tokens import tokens_in
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Phase

MODULE = '''"""A module."""

import math


class Cart:
    """Holds items."""

    def total(self):
        """Return the sum."""
        return sum(self.items)

    def count(self):
        """Return how many."""
        return math.ceil(len(self.items))


def other():
    """Do something else."""
    return 1
'''
LONG = MODULE + "".join(f"\n\ndef filler_{n}():\n    return {n}\n" for n in range(200))


def _evidence(message="it broke", **changes):
    failure = Failure("tests/test_a.py::test_a", Phase.CALL, "ValueError", message, stack_trace="E   ValueError")
    fields = {"failure": failure, "category": "unknown", "signature": "v1:1", **changes}
    return Evidence(**fields)


def test_a_file_that_fits_is_shown_whole():
    """Nothing is cut without need."""
    assert excerpt(MODULE, [11], 1000) == MODULE


def test_a_long_file_shows_its_imports_and_the_class_around_the_line():
    """What is left out is said, with how much it is."""
    shown = excerpt(LONG, [11], 300)
    assert "import math" in shown
    assert "class Cart:" in shown
    assert "def count" in shown
    assert "filler_7" not in shown
    assert "lines left out ...]" in shown


def test_with_less_room_only_the_function_is_shown():
    """The innermost definition is the last thing to go."""
    shown = excerpt(LONG, [11], 70)
    assert "return sum(self.items)" in shown
    assert "def count" not in shown


def test_a_file_that_does_not_parse_shows_the_neighbourhood():
    """A syntax error is what the question is about."""
    broken = LONG.replace("return sum(self.items)", "return sum(self.items")
    assert "return sum(self.items" in excerpt(broken, [11], 250)


@given(
    text=st.text(max_size=3000), lines=st.lists(st.integers(1, 80), min_size=1, max_size=4), room=st.integers(30, 400)
)
def test_an_excerpt_is_never_larger_than_its_room(text, lines, room):
    """Whatever the text, line ends and lines asked for."""
    assert tokens_in(excerpt(text, lines, room)) <= room


@given(text=st.text(max_size=2000), room=st.integers(0, 300))
def test_what_is_cut_fits(text, room):
    """Down to the note that says that something was cut."""
    assert tokens_in(cut(text, room)) <= max(room, tokens_in("\n[... left out ...]\n"))


@given(
    message=st.text(max_size=4000),
    source=st.text(max_size=20_000),
    room=st.integers(1500, 6000),
)
def test_a_question_keeps_to_its_budget(message, source, room):
    """Rules and data together, however long the error and the sources are."""
    places = (Place("src/a.py", 3, "frame"), Place("src/b.py", 1, "used"))
    asked = question(_evidence(message, places=places, sources={"src/a.py": source, "src/b.py": source[:500]}), room)
    assert tokens_in(asked.system) + tokens_in(asked.user) <= room


@given(message=st.text(max_size=300))
def test_nothing_foreign_stands_outside_the_fence(message):
    """The end of the fence stands as often as its beginning, and no text can hold it."""
    asked = question(_evidence(message, resolved=(Resolved("ValueError", message, "a repair", message),)), 6000)
    fence = asked.system.partition("<data-")[2][:16]
    assert asked.user.count(f"<data-{fence} ") == asked.user.count(f"</data-{fence}>")
    assert fence not in message
    assert asked.user.rpartition(f"</data-{fence}>")[2].strip().startswith("Find the defect")


def test_the_key_is_that_of_error_and_sources():
    """An address in the message makes no new question, a change of the source does."""
    places = (Place("src/a.py", 1, "frame"),)
    one, same, other = (
        question(_evidence(message, places=places, sources={"src/a.py": source}), 6000).key
        for message, source in [("at 0x1", "x = 1\n"), ("at 0x2", "x = 1\n"), ("at 0x1", "x = 2\n")]
    )
    assert one == same != other


def test_a_path_cannot_leave_its_attribute():
    """A file may be called anything."""
    places = (Place('a"><b>.py', 1, "frame"),)
    asked = question(_evidence(places=places, sources={'a"><b>.py': "x = 1\n"}), 6000)
    assert 'kind="source of a&quot;&gt;&lt;b&gt;.py"' in asked.user


def test_people_read_the_same():
    """Headings and indented text instead of a fence; notes at the end."""
    lines = context_lines(_evidence(notes=("src/b.py is left out",), resolved=(Resolved("E", "m", "did it"),)), 2000)
    assert lines[0] == "error:"
    assert "  error: ValueError: it broke" in lines
    assert "similar repairs of this project:" in lines
    assert lines[-1] == "note: src/b.py is left out"


@pytest.mark.parametrize("text", ["", "a", "é" * 10, "x" * 1000], ids=len)
def test_tokens_are_rather_too_many(text):
    """At least one for four characters."""
    assert tokens_in(text) * 4 >= len(text)
