"""Whether a template is sure of its sites far from the failure.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.learn.forms import DOTTED
from pytest_selfheal.learn.forms import Form
from pytest_selfheal.learn.forms import walk

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
