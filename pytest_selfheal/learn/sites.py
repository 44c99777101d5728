"""Whether a template is sure of its sites far from the failure.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.learn.forms import DOTTED
from pytest_selfheal.learn.forms import Form
from pytest_selfheal.learn.forms import walk
from pytest_selfheal.model import ErrorClass

if TYPE_CHECKING:
    from pytest_selfheal.learn.abstraction import Template
    from pytest_selfheal.learn.forms import Names
    from pytest_selfheal.learn.message import Message

_COMMON_TYPES = (list, dict, str, set, tuple, int, float, bytes, frozenset, object, type, Exception, type(lambda: 0))
_COMMON = frozenset(name for kind in _COMMON_TYPES for name in dir(kind)) | frozenset(
    [
        "close",
        "fileno",
        "flush",
        "mode",
        "name",
        "open",
        "read",
        "readable",
        "readline",
        "readlines",
        "seek",
        "tell",
        "truncate",
        "write",
        "writelines",
    ]
)


def is_distinctive(template: Template, names: Names, message: Message) -> bool:
    """Tell whether the old form names something that can be told from other code without running it.

    A dotted name can; an attribute can when no common type has it and at most one class of the project does - none
    where the error says that it is gone: a class that still has it is another one.
    """
    before = template.before
    bare = isinstance(before, Form) and before.kind in ("Name", "Constant")
    if template.strength < 1 or bare:
        return False
    if any(form.kind == DOTTED for form in walk(before)):
        return True
    attributes = [form.fields["attr"] for form in walk(before) if form.kind == "Attribute"]
    rare = [name for name in attributes if name not in _COMMON and not name.startswith("$")]
    gone = message.names if message.type_name == "AttributeError" else frozenset()
    return any(names.owners(name) <= (name not in gone) for name in rare)


def is_gone(old: str, new: str, message: Message, names: Names) -> bool:
    """Tell whether a name is not to be used any more wherever it stands: the error says so, or it is not there.

    Where another function was called instead of one that works, only that call was wrong.
    """
    if message.error_class is not ErrorClass.API:
        return False
    if message.missing and (old == message.missing or old.startswith(f"{message.missing}.")):
        return True
    return says_gone(old.rpartition(".")[2], new.rpartition(".")[2], message) or names.exists(old) is False


def says_gone(old: str, new: str, message: Message) -> bool:
    """Tell whether an error says that a name is not there, is old, or that another is to be used for it."""
    if message.type_name == "TypeError":
        return new in message.names  # "use connect() instead"; naming the function alone, it speaks of its arguments
    return old in message.names


def swaps_what_works(template: Template, message: Message, names: Names) -> bool:
    """Tell whether the edit calls something else instead of what is still there."""
    return _swaps_names(template, message, names) or _swaps_attributes(template, message)


def _swaps_names(template: Template, message: Message, names: Names) -> bool:
    old = {form.fields["name"] for form in walk(template.before) if form.kind == DOTTED}
    new = {form.fields["name"] for form in walk(template.after) if form.kind == DOTTED}
    swapped = {name for name in old - new if not any(other.startswith(f"{name}.") for other in new)}
    come = new - old
    return bool(swapped and come) and not any(is_gone(x, y, message, names) for x in swapped for y in come)


def _swaps_attributes(template: Template, message: Message) -> bool:
    old = {form.fields["attr"] for form in walk(template.before) if form.kind == "Attribute"}
    new = {form.fields["attr"] for form in walk(template.after) if form.kind == "Attribute"}
    swapped, come = old - new, new - old
    return bool(swapped and come) and not any(says_gone(x, y, message) for x in swapped for y in come)
