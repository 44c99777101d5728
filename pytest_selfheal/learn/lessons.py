"""What one edit between red and green teaches.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_selfheal.learn.abstraction import Template
from pytest_selfheal.learn.abstraction import abstract
from pytest_selfheal.learn.difference import Path
from pytest_selfheal.learn.difference import differences
from pytest_selfheal.learn.forms import DOTTED
from pytest_selfheal.learn.forms import HOLE
from pytest_selfheal.learn.forms import Code
from pytest_selfheal.learn.forms import Form
from pytest_selfheal.learn.forms import key_of
from pytest_selfheal.learn.forms import walk
from pytest_selfheal.model import ErrorClass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_selfheal.learn.message import Message

_CONTAINERS = frozenset({"comprehension", "withitem", "ExceptHandler", "arguments", "arg", "match_case"})
_SCOPES = frozenset({"Module", "FunctionDef", "AsyncFunctionDef", "ClassDef"})
_ENOUGH = 0.5
_MOST_PLACES = 8
"""An edit in more places than this is a rewrite; what of it healed the test cannot be told."""


@dataclass(frozen=True)
class Lesson:
    """What an edit teaches, ready to be tried elsewhere.

    Attributes:
        message: the error the edit answered.
        ladders: for each place that changed its templates, the widest (most specific) first.
        renames: dotted names that became others wherever they stood.
        imports: what the new text imports: dotted name to the local name it was given.
    """

    message: Message
    ladders: tuple[tuple[Template, ...], ...]
    renames: Mapping[str, str]
    imports: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.ladders or self.renames)

    @property
    def error_class(self) -> ErrorClass:
        """How far it may go; an error that names the new form itself is of the API class."""
        introduced = {word for text in self._new_words() for word in text.split(".")}
        return ErrorClass.API if introduced & self.message.names else self.message.error_class

    def _new_words(self) -> set[str]:
        pairs = [template for ladder in self.ladders for template in ladder[-1:]]
        old = {word for pair in pairs for word in words(pair.before)} | {w for f in self.renames for w in f.split(".")}
        new = {word for pair in pairs for word in words(pair.after)} | {
            w for g in self.renames.values() for w in g.split(".")
        }
        return new - old


def words(forms: object) -> set[str]:
    """Return the names and texts that stand concrete in a template."""
    found: set[str] = set()
    for form in walk(forms):
        if form.kind == DOTTED:
            found.update(form.fields["name"].split("."))
        if form.kind == HOLE:
            continue
        found.update(
            part
            for name, part in form.fields.items()
            if name in ("attr", "id", "arg", "name", "value") and isinstance(part, str)
        )
    return found


def learn(before: Code, after: Code, message: Message) -> Lesson:
    """Return what the edit from `before` to `after` teaches about the error; a false lesson when nothing."""
    renames = _import_renames(before, after, message)
    paths = differences(before.form, after.form)
    if len(paths) > _MOST_PLACES:
        return Lesson(message, (), {}, {})
    ladders: dict[str, tuple[Template, ...]] = {}
    for path in paths:
        old, new = path[-1]
        if _is_prose(path):
            continue
        if isinstance(old, Form) and isinstance(new, Form) and old.kind == new.kind == DOTTED:
            if _is_rename(old, new, path, before, after):
                _note(renames, old.fields["name"], new.fields["name"])
                continue
            ladder = _ladder(path[:-1], message)
        else:
            ladder = _ladder(path, message)
        if ladder:
            ladders.setdefault(key_of(ladder[0].before) + key_of(ladder[0].after), ladder)
    imports = {dotted: local for local, dotted in after.bound.items()}
    renames = {old: new for old, new in renames.items() if not _is_reshaped(old, ladders)}
    return Lesson(message, tuple(ladders.values()), _cut(renames, message.missing), imports)


def _is_prose(path: Path) -> bool:
    old, new = path[-1]
    if not (isinstance(old, Form) and isinstance(new, Form)) or len(path) < 2:
        return False
    parent = path[-2][0]
    return old.kind == new.kind == "Constant" and isinstance(parent, Form) and parent.kind == "Expr"


def _import_renames(before: Code, after: Code, message: Message) -> dict[str, str]:
    """Tell which imported names became which by the tables of what imports bind."""
    gone = {dotted: local for local, dotted in before.bound.items() if dotted not in after.bound.values()}
    come = {dotted: local for local, dotted in after.bound.items() if dotted not in before.bound.values()}
    renames: dict[str, str] = {}
    for old, local in gone.items():
        for new, other in come.items():
            if old.rpartition(".")[2] == new.rpartition(".")[2] or local == other:
                renames[old] = new
    if not renames and len(gone) == len(come) == 1:
        (old,), (new,) = gone, come
        if old.rpartition(".")[0] == new.rpartition(".")[0] and (old in message.missing or not message.missing):
            renames[old] = new
    return renames


def _is_rename(old: Form, new: Form, path: Path, before: Code, after: Code) -> bool:
    """Tell a name that became another from a call that takes a detour (`A(x)` to `A.make(x)`)."""
    first, second = old.fields["name"], new.fields["name"]
    parent = path[-2][0] if len(path) > 1 else None
    is_callee = isinstance(parent, Form) and parent.kind == "Call" and parent.fields["func"] is old
    if not is_callee:
        return True
    kept = first in before.bound.values() and first in after.bound.values()
    return not (second.startswith(f"{first}.") or kept)


def _note(renames: dict[str, str], old: str, new: str) -> None:
    covered = any(old == known or old.startswith(f"{known}.") for known in renames)
    exact = renames.get(old)
    if not covered or (exact is not None and new.startswith(f"{exact}.")):
        renames[old] = new


def _is_reshaped(old: str, ladders: Mapping[str, tuple[Template, ...]]) -> bool:
    """Tell whether calls of the name changed more than its name: then only whole calls may be rewritten."""
    for ladder in ladders.values():
        for template in ladder:
            for form in walk(template.before):
                if form.kind == DOTTED and form.fields["name"] == old:
                    return True
    return False


def _cut(renames: Mapping[str, str], missing: str) -> dict[str, str]:
    """Cut a rename at the part that the error calls missing: what stands behind it did not change."""
    found: dict[str, str] = {}
    for old, new in renames.items():
        first, second = old.split("."), new.split(".")
        while (
            missing
            and ".".join(first).startswith(f"{missing}.")
            and len(first) > 1
            and len(second) > 1
            and first[-1] == second[-1]
        ):
            first.pop()
            second.pop()
        found[".".join(first)] = ".".join(second)
    return found


def _ladder(path: Path, message: Message) -> tuple[Template, ...]:
    """Return the templates from the smallest place outwards until one is concrete enough, the widest first."""
    index = len(path) - 1
    while index and _is_container(path[index][0]):
        index -= 1
    ladder: list[Template] = []
    while True:
        old, new = path[index]
        template = abstract(old, new, message.names)
        if _is_usable(template):
            if not ladder or template.strength > ladder[-1].strength:  # more context alone tells nothing
                ladder.append(template)
            if template.strength >= _ENOUGH:
                break
        above = path[index - 1][0] if index else None
        if not isinstance(above, Form) or above.kind in _SCOPES:
            break
        index -= 1
    return tuple(reversed(ladder))


def _is_container(form: object) -> bool:
    return isinstance(form, Form) and form.kind in _CONTAINERS


def _is_usable(template: Template) -> bool:
    old = template.before
    if isinstance(old, list):
        return bool(old)
    if not (isinstance(old.origin, (ast.expr, ast.stmt))):
        return False
    bare = old.kind in ("Name", "Constant", HOLE) and template.strength < _ENOUGH
    return not bare and not any(form.kind == "JoinedStr" for form in walk(old))


def with_names(lesson: Lesson, message: Message) -> Lesson:
    """Return the lesson as if it had been taught by another error."""
    return replace(lesson, message=message)
