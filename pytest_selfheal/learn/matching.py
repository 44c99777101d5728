"""Whether a piece of code is an instance of a template, and what its holes stand for then.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
from typing import Any

from pytest_selfheal.learn.forms import BLOCK
from pytest_selfheal.learn.forms import DOTTED
from pytest_selfheal.learn.forms import HOLE
from pytest_selfheal.learn.forms import REST
from pytest_selfheal.learn.forms import Form
from pytest_selfheal.learn.forms import key_of
from pytest_selfheal.learn.forms import local_names
from pytest_selfheal.learn.forms import walk

Holes = dict[str, Any]
"""What holes stand for: a form, a list of forms, or text for a name."""


def match(template: Any, part: Any, holes: Holes) -> bool:
    """Tell whether `part` is an instance of `template`; `holes` gets what they stand for, and is spoilt on failure."""
    if isinstance(template, Form):
        return _match_form(template, part, holes)
    if isinstance(template, list):
        return isinstance(part, list) and _match_list(template, part, holes)
    if isinstance(template, str) and template.startswith("$"):
        return isinstance(part, str) and _bind(holes, template[1:], part)
    return type(template) is type(part) and bool(template == part)


def _bind(holes: Holes, name: str, part: Any) -> bool:
    if name in holes:
        return key_of(holes[name]) == key_of(part)
    holes[name] = part
    return True


def _match_form(template: Form, part: Any, holes: Holes) -> bool:
    if not isinstance(part, Form):
        return False
    if template.kind == HOLE:
        return part.is_expression and _bind(holes, template.fields["id"], part)
    if template.kind == "Attribute" and part.kind == DOTTED:
        return _match_dotted(template, part, holes)
    if template.kind != part.kind:
        return False
    return all(match(inner, part.fields.get(name), holes) for name, inner in template.fields.items())


def _match_dotted(template: Form, part: Form, holes: Holes) -> bool:
    """`$X.attr` may be an attribute of a class that is imported, never one of a module."""
    receiver = template.fields["value"]
    owner, _, last = part.fields["name"].rpartition(".")
    if receiver.kind != HOLE or not isinstance(part.origin, ast.Attribute) or last != template.fields["attr"]:
        return False
    is_class = owner.rpartition(".")[2][:1].isupper()
    return is_class and _bind(holes, receiver.fields["id"], Form(DOTTED, {"name": owner}, part.origin.value))


def _match_list(template: list[Any], part: list[Any], holes: Holes) -> bool:
    rests = [index for index, item in enumerate(template) if isinstance(item, Form) and item.kind in (REST, BLOCK)]
    if _holds_keywords(template) or _holds_keywords(part):
        return _match_keywords(template, part, holes)
    if not rests:
        return len(template) == len(part) and all(match(x, y, holes) for x, y in zip(template, part, strict=True))
    first = rests[0]
    tail = len(template) - first - 1
    if len(part) < first + tail:
        return False
    middle, end = part[first : len(part) - tail], part[len(part) - tail :]
    return (
        all(match(x, y, holes) for x, y in zip(template[:first], part[:first], strict=True))
        and _bind(holes, template[first].fields["id"], middle)
        and all(match(x, y, holes) for x, y in zip(template[first + 1 :], end, strict=True))
    )


def _holds_keywords(items: list[Any]) -> bool:
    return any(
        isinstance(item, Form)
        and (item.kind == "keyword" or (item.kind == REST and str(item.fields["id"]).startswith("KW")))
        for item in items
    )


def _match_keywords(template: list[Form], part: list[Form], holes: Holes) -> bool:
    """The order of keywords means nothing."""
    left = list(part)
    rest = ""
    for item in template:
        if item.kind == REST:
            rest = item.fields["id"]
            continue
        found = next((other for other in left if other.fields["arg"] == item.fields["arg"]), None)
        if found is None or not match(item, found, holes):
            return False
        left.remove(found)
    return _bind(holes, rest, left) if rest else not left


def run_of(template: list[Form], body: list[Form], start: int) -> list[Form] | None:
    """Return the statements of `body` from `start` that a run of template statements stands for, as far as counted.

    A block at the end reaches to the last statement that uses what the statements before it bind, and must not be
    empty.
    """
    if not template or template[-1].kind != BLOCK:
        run = body[start : start + len(template)]
        return run if len(run) == len(template) else None
    head = body[start : start + len(template) - 1]
    bound = {form.fields["id"] for form in walk(head) if form.kind == "Name" and _is_stored(form)}
    last = start + len(head)
    for index in range(last, len(body)):
        if local_names(body[index]) & bound:
            last = index + 1
    return body[start:last] if last > start + len(head) else None


def _is_stored(form: Form) -> bool:
    return isinstance(getattr(form.origin, "ctx", None), ast.Store)
