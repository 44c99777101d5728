"""Lessons as patterns that can be read and written by hand, and back.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_selfheal.errors import DataError
from pytest_selfheal.learn.abstraction import Template
from pytest_selfheal.learn.abstraction import strength
from pytest_selfheal.learn.consuming import use_of
from pytest_selfheal.learn.forms import HOLE
from pytest_selfheal.learn.forms import REST
from pytest_selfheal.learn.forms import walk
from pytest_selfheal.learn.lessons import Lesson
from pytest_selfheal.learn.message import Message
from pytest_selfheal.learn.templates import dotted_names
from pytest_selfheal.learn.templates import parse_template
from pytest_selfheal.learn.templates import text_of
from pytest_selfheal.model import Change
from pytest_selfheal.model import ErrorFacts
from pytest_selfheal.model import LearnedPattern
from pytest_selfheal.model import Shape
from pytest_selfheal.model import stable_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from pytest_selfheal.learn.forms import Forms

_PLACE = re.compile(r" \((?:/|[A-Za-z]:[\\/])[^)]*\)")
"""Where a module lies on this machine is nobody else's business."""

_FORMS = ("expression", "statement", "statements")
_TITLE = 100


def pattern_of(
    lesson: Lesson, *, error_message: str = "", origin: str = "human", scope: str = "product"
) -> LearnedPattern:
    """Return a lesson as a pattern without evidence; the same lesson always gets the same id."""
    message = lesson.message
    error = ErrorFacts(
        error_class=lesson.error_class,
        type=message.type_name,
        names=tuple(sorted(message.names)),
        missing=message.missing,
        receiver=message.receiver,
        callee=message.callee,
        message=_PLACE.sub("", error_message.partition("\n")[0])[:300],
    )
    edits = tuple(_change(ladder) for ladder in lesson.ladders)
    renames = dict(sorted(lesson.renames.items()))
    identity = repr(
        (
            [error.error_class.value, error.type, error.missing, error.receiver, error.callee],
            [(edit.before, edit.after, edit.unless_keywords) for edit in edits],
            renames,
            scope,
        )
    )
    return LearnedPattern(
        id=f"p_{stable_id(identity)[:10]}",
        title=_title(edits, renames),
        error=error,
        origin=origin,
        edits=edits,
        renames=renames,
        imports=_needed(lesson),
        scope=scope,
    )


def lesson_of(pattern: LearnedPattern) -> Lesson:
    """Return what a pattern says to do.

    Raises:
        DataError: a template of it is no Python with holes, or its new side has a hole the old side lacks.
    """
    error = pattern.error
    names, use = frozenset(error.names), use_of(error.message)
    message = Message(error.type, error.error_class, names, error.missing, error.receiver, error.callee, use)
    ladders = tuple(_ladder(edit, message.names, pattern.id) for edit in pattern.edits)
    return Lesson(message, ladders, dict(pattern.renames), dict(pattern.imports), stated_class=error.error_class)


def _change(ladder: tuple[Template, ...]) -> Change:
    *wider, narrow = map(_shape, ladder)
    return Change(narrow.before, narrow.after, narrow.form, narrow.names, narrow.unless_keywords, tuple(wider))


def _shape(template: Template) -> Shape:
    names = dotted_names(template.before) | dotted_names(template.after)
    return Shape(
        text_of(template.before), text_of(template.after), _form(template), tuple(sorted(names)), template.absent
    )


def _form(template: Template) -> str:
    if isinstance(template.before, list) or isinstance(template.after, list):
        return "statements"
    return "statement" if template.before.is_statement else "expression"


def _ladder(edit: Change, tokens: AbstractSet[str], where: str) -> tuple[Template, ...]:
    return tuple(_template(shape, tokens, where) for shape in (*edit.within, edit))


def _template(shape: Shape, tokens: AbstractSet[str], where: str) -> Template:
    if shape.form not in _FORMS:
        raise DataError(f"form {shape.form!r} is none of {', '.join(_FORMS)}", where=where)
    before, after = (_parsed(text, shape) for text in (shape.before, shape.after))
    unknown = sorted(_holes(after) - _holes(before))
    if unknown:
        raise DataError(f"the new side uses ${', $'.join(unknown)}, which the old side does not bind", where=where)
    return Template(before, after, shape.unless_keywords, strength(before, tokens))


def _parsed(text: str, shape: Shape) -> Forms:
    forms = parse_template(text, set(shape.names), statements=shape.form != "expression")
    if shape.form == "statement" and isinstance(forms, list) and len(forms) == 1:
        return forms[0]
    return forms


def _holes(forms: Forms) -> set[str]:
    names = {form.fields["id"] for form in walk(forms) if form.kind in (HOLE, REST, "Block")}
    parts = (part for form in walk(forms) for part in form.fields.values())
    return names | {part[1:] for part in parts if isinstance(part, str) and part.startswith("$")}


def _needed(lesson: Lesson) -> dict[str, str]:
    """Return the imports of the example that have to do with the names of the edit."""
    names = {name for ladder in lesson.ladders for template in ladder for name in _both(template)}
    names |= {*lesson.renames, *lesson.renames.values()}
    tops = {name.partition(".")[0] for name in names}
    return {dotted: local for dotted, local in sorted(lesson.imports.items()) if dotted.partition(".")[0] in tops}


def _both(template: Template) -> set[str]:
    return dotted_names(template.before) | dotted_names(template.after)


def _title(edits: tuple[Change, ...], renames: Mapping[str, str]) -> str:
    parts = [f"{old} -> {new}" for old, new in renames.items()]
    parts += [f"{_line(edit.before)} -> {_line(edit.after)}" for edit in edits]
    text = "; ".join(parts)
    return text if len(text) <= _TITLE else f"{text[: _TITLE - 3]}..."


def _line(text: str) -> str:
    return " / ".join(line.strip() for line in text.splitlines())
