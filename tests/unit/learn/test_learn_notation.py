"""Patterns as people read and write them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_selfheal.errors import DataError
from pytest_selfheal.learn.notation import lesson_of
from pytest_selfheal.learn.notation import pattern_of
from pytest_selfheal.model import Change
from pytest_selfheal.model import LearnedPattern

ERROR = "TypeError: send() missing 1 required keyword-only argument: 'priority'"
BEFORE = "from bus import send\nsend(a, b)  # here\n"
AFTER = "from bus import send\nsend(a, b, priority=1)\n"


def test_a_pattern_is_readable(pattern):
    """Before and after are Python with holes; what the error says stands beside them."""
    made = pattern(ERROR, BEFORE, AFTER)
    (edit,) = made.edits
    assert (edit.before, edit.after) == ("bus.send(*$ARGS, **$KW)", "bus.send(*$ARGS, **$KW, priority=1)")
    assert (edit.names, edit.unless_keywords) == (("bus.send",), ("priority",))
    assert (made.error.type, made.error.callee, made.error.error_class.value) == ("TypeError", "send", "api")


def test_writing_and_reading_changes_nothing(pattern):
    """What is read back is written the same again, and as JSON too."""
    made = pattern(ERROR, BEFORE, AFTER)
    assert pattern_of(lesson_of(made), error_message=ERROR).edits == made.edits
    assert LearnedPattern.from_dict(made.to_dict()) == made


def test_the_same_lesson_has_the_same_id_wherever_it_is_taught(pattern):
    """Two people who repair two files alike teach one pattern; another repair is another one."""
    twin = pattern(ERROR, "import bus\nx = bus.send(1)  # here\n", "import bus\nx = bus.send(1, priority=1)\n")
    other = pattern(ERROR, BEFORE, AFTER.replace("priority=1", "priority=9"))
    assert twin.id == pattern(ERROR, BEFORE, AFTER).id != other.id


def test_no_path_of_this_machine_is_written_down(pattern):
    """The file is committed; where a module lies is nobody else's business."""
    error = "ImportError: cannot import name 'send' from 'bus' (/home/ann/work/bus.py)"
    made = pattern(error, "from bus import send  # here\nsend(1)\n", "from bus import post\npost(1)\n")
    assert "/home" not in repr(made)


@pytest.mark.parametrize(
    "edit",
    [
        Change("f($A", "g($A)"),
        Change("f($A)", "g($B)"),
        Change("f($A)", "g($A)", form="line"),
        Change("f($A)", "g($A)", within=(), names=(), unless_keywords=(), form="statement\n"),
    ],
    ids=["no Python", "a hole that nothing fills", "no such form", "no such form either"],
)
def test_a_pattern_written_wrongly_is_refused_with_its_id(edit, pattern):
    """The error says which pattern is meant and what is wrong."""
    broken = replace(pattern(ERROR, BEFORE, AFTER), id="p_mine", edits=(edit,))
    with pytest.raises(DataError) as caught:
        lesson_of(broken)
    assert caught.value.what
