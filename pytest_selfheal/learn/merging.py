"""Patterns of several people, branches and sites joined: the same ones once, alike ones as a more general one.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import DataError
from pytest_selfheal.learn.abstraction import Template
from pytest_selfheal.learn.abstraction import strength
from pytest_selfheal.learn.forms import DOTTED
from pytest_selfheal.learn.forms import HOLE
from pytest_selfheal.learn.forms import Form
from pytest_selfheal.learn.forms import key_of
from pytest_selfheal.learn.forms import walk
from pytest_selfheal.learn.lessons import Lesson
from pytest_selfheal.learn.notation import lesson_of
from pytest_selfheal.learn.notation import pattern_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    from pytest_selfheal.model import LearnedPattern

MOST_EVIDENCE = 500
"""Of one pattern; the oldest goes first. By then a single event moves nothing."""

_MOST_EXAMPLES = 5
_NAMES = ("attr", "arg", "id")
_STATUS_ORDER = ("active", "suggest", "retired")
_STRONG = 1.0


def united(patterns: Iterable[LearnedPattern], others: Iterable[LearnedPattern]) -> list[LearnedPattern]:
    """Return the patterns of both; of one that both hold, the evidence of both, each piece once.

    Uniting in any order, or twice, gives the same patterns.
    """
    found = {pattern.id: pattern for pattern in patterns}
    for other in others:
        known = found.get(other.id)
        found[other.id] = other if known is None else joined(known, other)
    return sorted(found.values(), key=lambda pattern: (pattern.created_at, pattern.id))


def joined(first: LearnedPattern, second: LearnedPattern) -> LearnedPattern:
    """Return one pattern of two with the same id."""
    evidence = {event.id: event for event in (*second.evidence, *first.evidence)}
    ordered = sorted(evidence.values(), key=lambda event: (event.at, event.id))
    examples = {(item.test, item.file, item.diff): item for item in (*first.examples, *second.examples)}
    created = min(filter(None, (first.created_at, second.created_at)), default="")
    return replace(
        first,
        evidence=tuple(ordered[-MOST_EVIDENCE:]),
        examples=tuple(sorted(examples.values(), key=lambda item: (item.at, item.test, item.file)))[:_MOST_EXAMPLES],
        parents=tuple(sorted({*first.parents, *second.parents})),
        status=max(first.status, second.status, key=_severity),
        created_at=created,
    )


def _severity(status: str) -> int:
    return _STATUS_ORDER.index(status) if status in _STATUS_ORDER else 1


def generalised(first: LearnedPattern, second: LearnedPattern) -> LearnedPattern | None:
    """Return the pattern of which both are cases; None when they have nothing distinctive in common.

    Both must answer the same kind of error with one edit of one kind. What differs becomes a hole when the same pair
    of things differs on the old side: `connect($A, True)` and `connect($A, False)` make `connect($A, $B)`.
    """
    a, b = first.error, second.error
    same_kind = (a.error_class, a.type, first.scope) == (b.error_class, b.type, second.scope)
    if not same_kind or first.id == second.id or len(first.edits) != 1 or len(second.edits) != 1:
        return None
    if first.renames != second.renames:
        return None
    try:
        one, two = lesson_of(first), lesson_of(second)
    except DataError:
        return None
    template = _anti_unified(one.ladders[0][-1], two.ladders[0][-1], set(a.names) & set(b.names))
    if template is None:
        return None
    message = replace(
        one.message,
        names=one.message.names & two.message.names,
        missing=a.missing if a.missing == b.missing else "",
        receiver=a.receiver if a.receiver == b.receiver else "",
        callee=a.callee if a.callee == b.callee else "",
    )
    if (message.receiver, message.callee) == ("", "") and (a.receiver or a.callee):
        return None  # the error would no longer tell whose code is meant
    lesson = Lesson(message, ((template,),), first.renames, {**second.imports, **first.imports}, a.error_class)
    made = pattern_of(lesson, error_message=a.message, origin="merged", scope=first.scope)
    return replace(made, status="active", evidence=(), created_at=max(first.created_at, second.created_at))


def with_parents(patterns: Sequence[LearnedPattern], new: LearnedPattern) -> list[LearnedPattern]:
    """Return the patterns with `new` among them and, where it and another have a general form, with that form too.

    The general form starts with the evidence of its children; they stay and are tried first.
    """
    found = united(patterns, [new])
    for other in patterns:
        parent = generalised(other, new) if other.id != new.id else None
        if parent is None or parent.id in (other.id, new.id):
            continue
        evidence = {event.id: event for child in (other, new) for event in child.evidence}
        parent = replace(parent, evidence=tuple(sorted(evidence.values(), key=lambda event: (event.at, event.id))))
        children = {other.id, new.id}
        found = [
            replace(item, parents=tuple(sorted({*item.parents, parent.id}))) if item.id in children else item
            for item in united(found, [parent])
        ]
    return found


def _anti_unified(first: Template, second: Template, tokens: set[str]) -> Template | None:
    pairs: dict[tuple[str, str], str] = {}
    before = _common(first.before, second.before, pairs, may_add=True)
    after = _common(first.after, second.after, pairs, may_add=False)
    if before is None or after is None or first.absent != second.absent:
        return None
    made = Template(before, after, first.absent, strength(before, tokens))
    return made if made.strength >= _STRONG and _is_anchored(before) else None


def _is_anchored(before: Any) -> bool:
    """Whether a name is left by which the old form can be told from other code."""
    return any(
        form.kind == DOTTED
        or any(isinstance(form.fields.get(key), str) and form.fields[key][:1] != "$" for key in _NAMES)
        for form in walk(before)
        if form.kind != HOLE
    )


def _common(first: Any, second: Any, pairs: dict[tuple[str, str], str], *, may_add: bool) -> Any:
    """Return what both have in common, with holes where they differ; None when that is no template."""
    if isinstance(first, list) and isinstance(second, list):
        if len(first) != len(second):
            return None
        items = [_common(x, y, pairs, may_add=may_add) for x, y in zip(first, second, strict=True)]
        return None if any(item is None for item in items) else items
    if not isinstance(first, Form) or not isinstance(second, Form):
        return None
    if first.key == second.key and (first.kind == "Rest" or not _holds_holes(first)):
        return first
    if first.kind == second.kind and first.kind not in (HOLE, DOTTED, "Constant", "Name"):
        return _common_fields(first, second, pairs, may_add=may_add)
    if not (first.is_expression and second.is_expression):
        return None
    name = _hole(f"E{first.key}", f"E{second.key}", pairs, may_add=may_add)
    return Form(HOLE, {"id": name}, first.origin) if name else None


def _common_fields(first: Form, second: Form, pairs: dict[tuple[str, str], str], *, may_add: bool) -> Form | None:
    fields: dict[str, Any] = {}
    for name, part in first.fields.items():
        other = second.fields.get(name)
        if key_of(part) == key_of(other) and not _holds_holes(part):
            fields[name] = part
        elif isinstance(part, str) and isinstance(other, str) and name == "attr":
            hole = _hole(f"N{part}", f"N{other}", pairs, may_add=may_add)
            if not hole:
                return None
            fields[name] = f"${hole}"
        else:
            fields[name] = _common(part, other, pairs, may_add=may_add)
            if fields[name] is None:
                return None
    return Form(first.kind, fields, first.origin)


def _holds_holes(part: Any) -> bool:
    return any(form.kind in (HOLE, "Rest") for form in walk(part))


def _hole(first: str, second: str, pairs: dict[tuple[str, str], str], *, may_add: bool) -> str:
    if (first, second) not in pairs:
        if not may_add:
            return ""
        pairs[first, second] = f"V{len(pairs) + 1}"
    return pairs[first, second]
