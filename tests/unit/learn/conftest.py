"""Lessons from two texts, applied to a third."""

from __future__ import annotations

import pytest

from pytest_selfheal.learn.forms import Code
from pytest_selfheal.learn.lessons import learn
from pytest_selfheal.learn.message import read_message
from pytest_selfheal.learn.notation import lesson_of
from pytest_selfheal.learn.notation import pattern_of
from pytest_selfheal.learn.replaying import Place
from pytest_selfheal.learn.replaying import replay
from pytest_selfheal.repair.dotted_names import DottedNames

HERE = "# here"


def marked(text):
    """Return a text without its mark, and the line the mark stood on."""
    line = next((number for number, row in enumerate(text.splitlines(), 1) if row.endswith(HERE)), 1)
    return "\n".join(row.removesuffix(HERE).rstrip() for row in text.split("\n")), line


def message(error):
    """Return the facts of an error written as in a traceback."""
    kind, _, text = error.partition(": ")
    return read_message(kind, text)


@pytest.fixture
def lesson():
    """Return a function that learns from an edit; the mark `# here` tells where the test failed."""

    def make(error, before, after):
        text, line = marked(before)
        return learn(Code(text, DottedNames()), Code(after, DottedNames()), message(error), {line})

    return make


@pytest.fixture
def pattern(lesson):
    """Return a function that gives what an edit teaches as a pattern."""
    return lambda error, before, after: pattern_of(lesson(error, before, after), error_message=error)


@pytest.fixture
def healed(pattern):
    """Return a function that teaches one edit, writes it down, reads it back and answers an error with it.

    The text comes back as it is when the pattern does not fit.
    """

    def heal(error, before, after, text, other_error="", *, sweep=False):
        taught = pattern(error, before, after)
        known, met = lesson_of(taught), message(other_error or error)
        plain, line = marked(text)
        if not known or not known.message.allows(met):
            return plain
        return replay(known, Code(plain, DottedNames()), met, None if sweep else Place(line))[0]

    return heal
