"""Whose attribute it is, as far as a file tells: an object made by another class is none of the lesson's.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.learn.forms import DOTTED
from pytest_selfheal.learn.forms import Form
from pytest_selfheal.learn.forms import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_selfheal.learn.forms import Code
    from pytest_selfheal.learn.message import Message

_FUNCTIONS = ("FunctionDef", "AsyncFunctionDef")
_OWN = frozenset({"self", "cls"})


def is_of_another_class(site: Form, message: Message, code: Code) -> bool:
    """Tell whether an attribute or a method call certainly belongs to another class than the one the error names.

    That is so where its owner is `self` in another class that has the attribute, or a variable that only ever gets
    objects which another class makes in plain sight. Where the error names no class, nothing is certain.
    """
    attribute = _attribute(site)
    taught = message.receiver or _class_of(message.callee)
    if attribute is None or not taught:
        return False
    owner, name = attribute.fields["value"], str(attribute.fields["attr"])
    if not isinstance(owner, Form) or owner.kind != "Name":
        return False
    if owner.fields["id"] in _OWN:
        inside = _around(site, ("ClassDef",), code)
        return inside is not None and inside.fields["name"] != taught and _has(inside, name)
    scope = _around(site, _FUNCTIONS, code) or code.form
    makers = list(_makers(scope, str(owner.fields["id"])))
    return bool(makers) and all(maker[:1].isupper() and maker != taught for maker in makers)


def _attribute(site: Form) -> Form | None:
    form = site.fields["func"] if site.kind == "Call" else site
    return form if isinstance(form, Form) and form.kind == "Attribute" else None


def _class_of(callee: str) -> str:
    """Return the class in `Client.submit`; empty for a function."""
    owner = callee.rpartition(".")[0].rpartition(".")[2]
    return owner if owner[:1].isupper() else ""


def _around(site: Form, kinds: tuple[str, ...], code: Code) -> Form | None:
    form: Form | None = site
    while form is not None and form.kind not in kinds:
        form = code.parents.get(id(form))
    return form


def _has(inside: Form, name: str) -> bool:
    """Tell whether a class defines a method or sets an attribute of this name."""
    for form in walk(inside):
        if form.kind in _FUNCTIONS and form.fields["name"] == name:
            return True
        targets = [form] if form.kind in ("AugAssign", "AnnAssign") else []
        targets += form.fields["targets"] if form.kind == "Assign" else []
        for target in (one.fields["target"] if one is form else one for one in targets):
            if target.kind == "Name" and target.fields["id"] == name:
                return True
            if target.kind == "Attribute" and target.fields["attr"] == name and _is_own(target.fields["value"]):
                return True
    return False


def _is_own(form: Form) -> bool:
    return form.kind == "Name" and form.fields["id"] in _OWN


def _makers(scope: Form, name: str) -> Iterator[str]:
    """Yield the last name of what each value of a variable is a call of; empty where it is something else."""
    for form in walk(scope):
        if form.kind == "Assign" and any(_is_named(target, name) for target in form.fields["targets"]):
            yield _called(form.fields["value"])
        elif form.kind == "withitem" and _is_named(form.fields["optional_vars"], name):
            yield _called(form.fields["context_expr"])
        elif (
            form.kind in ("For", "AsyncFor", "comprehension", "NamedExpr", "AnnAssign")
            and any(_is_named(inner, name) for inner in walk(form.fields["target"]))
        ) or (form.kind == "arg" and form.fields["arg"] == name):
            yield ""


def _is_named(form: object, name: str) -> bool:
    return isinstance(form, Form) and form.kind == "Name" and form.fields["id"] == name


def _called(value: Form) -> str:
    function = value.fields["func"] if value.kind == "Call" else None
    if not isinstance(function, Form) or function.kind not in ("Name", DOTTED, "Attribute"):
        return ""
    text = function.fields.get("name") or function.fields.get("id") or function.fields.get("attr")
    return str(text).rpartition(".")[2]
