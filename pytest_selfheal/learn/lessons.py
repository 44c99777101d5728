"""What one edit between red and green teaches.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.learn.abstraction import Template
from pytest_selfheal.learn.abstraction import abstract
from pytest_selfheal.learn.abstraction import strength
from pytest_selfheal.learn.difference import Path
from pytest_selfheal.learn.difference import differences
from pytest_selfheal.learn.forms import DOTTED
from pytest_selfheal.learn.forms import HOLE
from pytest_selfheal.learn.forms import Code
from pytest_selfheal.learn.forms import Form
from pytest_selfheal.learn.forms import key_of
from pytest_selfheal.learn.forms import local_names
from pytest_selfheal.learn.forms import walk
from pytest_selfheal.learn.relevance import concerns
from pytest_selfheal.learn.relevance import is_forbidden
from pytest_selfheal.learn.relevance import is_plain_value
from pytest_selfheal.learn.relevance import is_prose
from pytest_selfheal.learn.relevance import words
from pytest_selfheal.learn.sites import is_gone
from pytest_selfheal.model import ErrorClass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from pytest_selfheal.learn.forms import Names
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
        stated_class: the error class as it was written down; None leaves it to the lesson itself.
    """

    message: Message
    ladders: tuple[tuple[Template, ...], ...]
    renames: Mapping[str, str]
    imports: Mapping[str, str]
    stated_class: ErrorClass | None = None

    def __bool__(self) -> bool:
        return bool(self.ladders or self.renames)

    @property
    def error_class(self) -> ErrorClass:
        """How far it may go; an error that names the new form itself is of the API class."""
        if self.stated_class is not None:
            return self.stated_class
        introduced = {word for text in self._new_words() for word in text.split(".")}
        return ErrorClass.API if introduced & self.message.names else self.message.error_class

    def _new_words(self) -> set[str]:
        pairs = [template for ladder in self.ladders for template in ladder[-1:]]
        old = {word for pair in pairs for word in words(pair.before)} | {w for f in self.renames for w in f.split(".")}
        new = {word for pair in pairs for word in words(pair.after)} | {
            w for g in self.renames.values() for w in g.split(".")
        }
        return new - old


def learn(before: Code, after: Code, message: Message, lines: AbstractSet[int] | None = None) -> Lesson:
    """Return what the edit from `before` to `after` teaches about the error; a false lesson when nothing.

    Args:
        before: the file while the test failed.
        after: the file once it passed.
        message: the error.
        lines: lines of `before` that the traceback went through; only edits near them, or of names that the error
            speaks of, are learned from. None takes the whole edit.
    """
    paths = [path for path in differences(before.form, after.form) if not is_prose(path)]
    if lines is not None:
        paths = [path for path in paths if concerns(path, message, lines) and not is_plain_value(path, message)]
    renames = _import_renames(before, after, message)
    if lines is not None:
        renames = _related(renames, message, paths)
    if len(paths) > _MOST_PLACES:
        return Lesson(message, (), {}, {})
    paths = [path for path in paths if not is_forbidden(path)]
    swapped = dict(pair for path in paths if (pair := _renamed_here(path, before, after)))
    renames = {old: new for old, new in renames.items() if not _is_refuted(old, new, swapped)}
    certain = _certain({**renames, **swapped}, message, before.names)
    renames = {old: new for old, new in renames.items() if old in certain}
    ladders: dict[str, tuple[Template, ...]] = {}
    for path in paths:
        pair = _renamed_here(path, before, after)
        wide = _of_any_class(path, message)
        if pair is not None and wide is None and pair[0] in certain:
            _note(renames, *pair)
            continue
        both_names = all(isinstance(side, Form) and side.kind == DOTTED for side in path[-1])
        ladder = (wide,) if wide is not None else _ladder(path[:-1] if both_names else path, message)
        if ladder:
            made = tuple(_with_imports(template, after.bound) for template in ladder)
            ladders.setdefault(key_of(made[0].before) + key_of(made[0].after), made)
    imports = {dotted: local for local, dotted in after.bound.items()}
    renames = {old: new for old, new in renames.items() if not _is_reshaped(old, ladders)}
    return Lesson(message, tuple(ladders.values()), _cut(renames, message.missing), imports)


def _with_imports(template: Template, bound: Mapping[str, str]) -> Template:
    """Return a template whose new names, where imports of the example bind them, bring those imports along."""
    known = local_names(template.before)
    new = {name: bound[name] for name in local_names(template.after) - known if name in bound}
    return replace(template, after=_renamed(template.after, new)) if new else template


def _renamed(part: Any, new: Mapping[str, str]) -> Any:
    if isinstance(part, list):
        return [_renamed(item, new) for item in part]
    if not isinstance(part, Form):
        return part
    if part.kind == "Name" and part.fields["id"] in new:
        return Form(DOTTED, {"name": new[part.fields["id"]]}, part.origin)
    return Form(part.kind, {name: _renamed(inner, new) for name, inner in part.fields.items()}, part.origin)


def _renamed_here(path: Path, before: Code, after: Code) -> tuple[str, str] | None:
    """Return the old and the new dotted name where that is all that changed, and is no call that takes a detour."""
    old, new = path[-1]
    if not (isinstance(old, Form) and isinstance(new, Form) and old.kind == new.kind == DOTTED):
        return None
    return (old.fields["name"], new.fields["name"]) if _is_rename(old, new, path, before, after) else None


def _certain(renames: Mapping[str, str], message: Message, names: Names) -> dict[str, str]:
    """Return the renames of what is not to be used any more, and of siblings that went the same way."""
    gone = {old: new for old, new in renames.items() if is_gone(old, new, message, names)}
    ways = {(old.rpartition(".")[0], new.rpartition(".")[0]) for old, new in gone.items()}
    return {
        old: new
        for old, new in renames.items()
        if old in gone or (old.rpartition(".")[0], new.rpartition(".")[0]) in ways
    }


def _related(renames: dict[str, str], message: Message, paths: list[Path]) -> dict[str, str]:
    """Return the renames of imports that the error, or code that changed near it, speaks of, and their siblings."""
    spoken = message.names | {word for path in paths for side in path[-1] for word in words(side)}
    kept = {old: new for old, new in renames.items() if spoken & {old.rpartition(".")[2], new.rpartition(".")[2]}}
    homes = {old.rpartition(".")[0] for old in kept}
    return {old: new for old, new in renames.items() if old in kept or old.rpartition(".")[0] in homes}


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
        if old.rpartition(".")[0] == new.rpartition(".")[0] and _fits_missing(old, message.missing):
            renames[old] = new
    return renames


def _is_refuted(old: str, new: str, swapped: Mapping[str, str]) -> bool:
    """Tell whether the uses of an imported name became something else than its import alone lets expect.

    `import a.b` binds `a`, so that the tables of imports take it for the new name of what was `a.b` all along.
    """
    return any(used.startswith(f"{old}.") and now != new + used[len(old) :] for used, now in swapped.items())


def _fits_missing(old: str, missing: str) -> bool:
    return not missing or old == missing or old.startswith(f"{missing}.")


def _of_any_class(path: Path, message: Message) -> Template | None:
    """Return the template of a class attribute that is called otherwise, where the error names no class."""
    old, new = path[-1]
    if not (isinstance(old, Form) and isinstance(new, Form) and old.kind == new.kind == DOTTED) or message.receiver:
        return None
    (owner, _, was), (other, _, now) = (form.fields["name"].rpartition(".") for form in (old, new))
    if owner != other or not _is_class(owner) or owner.rpartition(".")[2] in message.names:
        return None
    if not isinstance(old.origin, ast.Attribute):
        return None
    sides = [
        Form("Attribute", {"value": Form(HOLE, {"id": "A"}, old.origin.value), "attr": name}, old.origin)
        for name in (was, now)
    ]
    return Template(sides[0], sides[1], (), strength(sides[0], message.names))


def _is_rename(old: Form, new: Form, path: Path, before: Code, after: Code) -> bool:
    """Tell a name that became another from a call that takes a detour (`A(x)` to `A.make(x)`)."""
    first, second = old.fields["name"], new.fields["name"]
    parent = path[-2][0] if len(path) > 1 else None
    is_callee = isinstance(parent, Form) and parent.kind == "Call" and parent.fields["func"] is old
    if not is_callee:
        return True
    if _is_class(first) and not _is_class(second):
        return False  # a function that makes one: the class may stay what it is elsewhere
    kept = first in before.bound.values() and first in after.bound.values()
    return not (second.startswith(f"{first}.") or kept)


def _is_class(dotted: str) -> bool:
    return dotted.rpartition(".")[2][:1].isupper()


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
