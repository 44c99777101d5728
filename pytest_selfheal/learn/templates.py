"""Templates as text a person can read and write: `$A.append($B, **$KW)`.

`$NAME` is a hole for one expression (or, as a statement of its own, for statements), `*$NAME` for any arguments,
`**$NAME` for any keyword arguments. Which dotted names are meant as imports bind them is listed beside the text.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import DataError
from pytest_selfheal.learn.forms import BLOCK
from pytest_selfheal.learn.forms import DOTTED
from pytest_selfheal.learn.forms import HOLE
from pytest_selfheal.learn.forms import REST
from pytest_selfheal.learn.forms import Form
from pytest_selfheal.learn.forms import Forms
from pytest_selfheal.learn.forms import walk

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

_PREFIX = "_selfheal_hole_"
_HOLE = re.compile(r"\$([A-Za-z]\w*)")


def text_of(forms: Forms) -> str:
    """Return the text of a template."""
    parts = forms if isinstance(forms, list) else [forms]
    return "\n".join(unparse(part, lambda form: f"${form.fields['id']}") for part in parts)


def unparse(form: Form, fill: Callable[[Form], str]) -> str:
    """Return Python text of a form; `fill` gives the text of holes, rests, blocks and dotted names but their own."""
    node = _node(form, fill)
    return ast.unparse(ast.fix_missing_locations(node))


def _node(form: Form, fill: Callable[[Form], str]) -> ast.AST:
    if form.kind == HOLE:
        return ast.Name(id=fill(form))
    if form.kind == DOTTED:
        return ast.Name(id=form.fields["name"])
    if form.kind == BLOCK:
        return ast.Expr(value=ast.Name(id=fill(form)))
    if form.kind == REST:
        value = ast.Name(id=fill(form))
        return ast.keyword(arg=None, value=value) if is_keywords(form) else ast.Starred(value=value)
    fields: dict[str, Any] = {}
    for name, part in form.fields.items():
        if isinstance(part, Form):
            fields[name] = _node(part, fill)
        elif isinstance(part, list):
            fields[name] = [_node(item, fill) if isinstance(item, Form) else item for item in part]
        else:
            fields[name] = part
    if form.kind in ("FunctionDef", "AsyncFunctionDef", "ClassDef"):
        fields["type_params"] = []
    if form.kind == "Module":
        fields["type_ignores"] = []
    node: ast.AST = getattr(ast, form.kind)(**fields)
    return node


def is_keywords(form: Form) -> bool:
    """Tell whether a rest stands for keyword arguments."""
    return str(form.fields["id"]).startswith("KW")


def parse_template(text: str, names: AbstractSet[str], *, statements: bool) -> Forms:
    """Return the template that a text describes.

    Args:
        text: one expression, or statements.
        names: the dotted names in it that imports bind.
        statements: which of the two.

    Raises:
        DataError: the text is no Python with holes.
    """
    source = _HOLE.sub(rf"{_PREFIX}\1", text)
    try:
        tree = ast.parse(source) if statements else ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise DataError(f"a template is no Python with $HOLES: {text[:80]!r} ({error})") from None
    if isinstance(tree, ast.Module):
        return [_form(node, names) for node in tree.body]
    return _form(tree, names)


def _form(node: ast.AST, names: AbstractSet[str]) -> Form:
    special = _special(node, names)
    if special is not None:
        return special
    fields: dict[str, Any] = {}
    for name, part in ast.iter_fields(node):
        if name in ("ctx", "type_comment", "kind", "type_ignores", "type_params"):
            continue
        if isinstance(part, ast.AST):
            fields[name] = _form(part, names)
        elif isinstance(part, list):
            fields[name] = [_form(item, names) if isinstance(item, ast.AST) else item for item in part]
        elif isinstance(part, str) and part.startswith(_PREFIX) and name in ("attr", "arg"):
            fields[name] = f"${part.removeprefix(_PREFIX)}"
        else:
            fields[name] = part
    return Form(type(node).__name__, fields, node)


def _special(node: ast.AST, names: AbstractSet[str]) -> Form | None:
    if isinstance(node, ast.Expr) and (name := _hole(node.value)):
        return Form(BLOCK, {"id": name}, node)
    if isinstance(node, ast.Starred) and (name := _hole(node.value)):
        return Form(REST, {"id": name}, node)
    if isinstance(node, ast.keyword) and node.arg is None and (name := _hole(node.value)):
        return Form(REST, {"id": name if name.startswith("KW") else f"KW{name}"}, node)
    if name := _hole(node):
        return Form(HOLE, {"id": name}, node)
    if isinstance(node, (ast.Name, ast.Attribute)):
        dotted = _dotted(node)
        if dotted in names:
            return Form(DOTTED, {"name": dotted}, node)
    return None


def _hole(node: ast.AST) -> str:
    return node.id.removeprefix(_PREFIX) if isinstance(node, ast.Name) and node.id.startswith(_PREFIX) else ""


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def dotted_names(forms: Forms) -> set[str]:
    """Return the dotted names in a template."""
    return {form.fields["name"] for form in walk(forms) if form.kind == DOTTED}
