"""Calls that no longer work the way they are written, written anew: one function for each shape.

A function gets the call and what its file binds, and answers with edits and the imports they need; None when the call
does not have the shape it knows.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_selfheal.repair.imports import Import
from pytest_selfheal.repair.patch import insert
from pytest_selfheal.repair.patch import replace
from pytest_selfheal.repair.scope import names_bound_anywhere
from pytest_selfheal.repair.symbols import bindings
from pytest_selfheal.repair.symbols import dotted

if TYPE_CHECKING:
    from pytest_selfheal.model import Edit
    from pytest_selfheal.repair.patch import Source

Answer = tuple["list[Edit]", "list[Import]"]
_PLAIN = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant, ast.List, ast.Tuple, ast.Dict)


@dataclass(frozen=True)
class Site:
    """A call in its file. `holder` is the function it decorates, for decorators."""

    call: ast.Call
    tree: ast.Module
    source: Source
    package: str
    holder: ast.FunctionDef | ast.AsyncFunctionDef | None = None

    @property
    def bound(self) -> dict[str, str]:
        """The names that only imports bind, with what they stand for."""
        return bindings(self.tree, self.package)

    def text(self, node: ast.AST) -> str:
        """Return the source of a node."""
        return replace(self.source, _start(node), _end(node), "").old

    def rewritten(self, node: ast.AST, new: str) -> Edit:
        """Return the edit that writes a node anew."""
        return replace(self.source, _start(node), _end(node), new)

    def name_for(self, wanted: str, preferred: str = "") -> tuple[str, list[Import]] | None:
        """Return how the file can write a dotted name, and the import that takes; None when its name is taken."""
        module, _, name = wanted.rpartition(".")
        for local, what in sorted(self.bound.items()):
            if what == wanted:
                return local, []
        for local, what in sorted(self.bound.items()):
            if what == module:
                return f"{local}.{name}", []
        if preferred:
            local, _, _rest = preferred.partition(".")
            form = Import(module, alias=local if local != module else "")
        else:
            local, preferred, form = name, name, Import(module, name)
        return None if local in names_bound_anywhere(self.tree) else (preferred, [form])


Shape = Callable[[Site], "Answer | None"]


def joined_frames(site: Site) -> Answer | None:
    """`one.append(two, ...)` of frames or series: `pandas.concat([one, two], ...)`."""
    call, func = site.call, site.call.func
    allowed = {"ignore_index", "verify_integrity", "sort", "other", "to_append"}
    if not isinstance(func, ast.Attribute) or any(keyword.arg not in allowed for keyword in call.keywords):
        return None
    others = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg in ("other", "to_append"))]
    if len(others) != 1 or isinstance(others[0], (ast.DictComp, ast.Starred)):
        return None
    name = site.name_for("pandas.concat", "pd.concat")
    if name is None:
        return None
    (other,) = others
    if isinstance(other, ast.Dict):
        frame = site.name_for("pandas.DataFrame", "pd.DataFrame")
        if frame is None or not is_on(call, "ignore_index"):
            return None
        more = f", {frame[0]}([{site.text(other)}])"
    elif isinstance(other, ast.List):
        more = "".join(f", {site.text(item)}" for item in other.elts)
    else:
        more = f", {site.text(other)}"
    rest = [site.text(keyword) for keyword in call.keywords if keyword.arg not in ("other", "to_append")]
    arguments = ", ".join([f"[{site.text(func.value)}{more}]", *rest])
    return [site.rewritten(call, f"{name[0]}({arguments})")], name[1]


def numpy_function(site: Site) -> Answer | None:
    """`array.ptp(...)`: `numpy.ptp(array, ...)`."""
    func = site.call.func
    if not isinstance(func, ast.Attribute):
        return None
    name = site.name_for(f"numpy.{func.attr}", f"np.{func.attr}")
    if name is None:
        return None
    rest = [site.text(part) for part in (*site.call.args, *site.call.keywords)]
    return [site.rewritten(site.call, f"{name[0]}({', '.join([site.text(func.value), *rest])})")], name[1]


def membership(site: Site) -> Answer | None:
    """`mapping.has_key(key)`: `key in mapping`."""
    func = site.call.func
    if not isinstance(func, ast.Attribute) or len(site.call.args) != 1 or site.call.keywords:
        return None
    (key,) = site.call.args
    if not isinstance(key, _PLAIN):
        return None
    text = f"{site.text(key)} in {site.text(func.value)}"
    parent = _parent(site.tree, site.call)
    alone = isinstance(parent, (ast.If, ast.While, ast.Return, ast.Assign))
    return [site.rewritten(site.call, text if alone else f"({text})")], []


def next_item(site: Site) -> Answer | None:
    """`iterator.next()`: `next(iterator)`."""
    func = site.call.func
    if not isinstance(func, ast.Attribute) or site.call.args or site.call.keywords:
        return None
    return [site.rewritten(site.call, f"next({site.text(func.value)})")], []


def listed(site: Site) -> Answer | None:
    """`element.getchildren()`: `list(element)`."""
    func = site.call.func
    if not isinstance(func, ast.Attribute) or site.call.args or site.call.keywords:
        return None
    return [site.rewritten(site.call, f"list({site.text(func.value)})")], []


def inspected(site: Site) -> Answer | None:
    """`engine.table_names()`: `sqlalchemy.inspect(engine).get_table_names()`."""
    func = site.call.func
    if not isinstance(func, ast.Attribute):
        return None
    name = site.name_for("sqlalchemy.inspect")
    if name is None:
        return None
    method = {"table_names": "get_table_names"}.get(func.attr, func.attr)
    return [site.rewritten(func, f"{name[0]}({site.text(func.value)}).{method}")], name[1]


def safe_loading(site: Site) -> Answer | None:
    """`yaml.load(text)` without a loader: `yaml.safe_load(text)`; never a loader that builds objects."""
    call = site.call
    if len(call.args) + len(call.keywords) != 1 or any(keyword.arg in (None, "Loader") for keyword in call.keywords):
        return None
    if call.args and isinstance(call.args[0], ast.Starred):
        return None
    wanted = dotted(call.func, site.bound)
    safe = {"yaml.load": "yaml.safe_load", "yaml.load_all": "yaml.safe_load_all"}.get(wanted)
    name = site.name_for(safe) if safe else None
    return ([site.rewritten(call.func, name[0])], name[1]) if name is not None else None


def unpacked(site: Site) -> Answer | None:
    """`select([a, b])`, `case([(test, value)], ...)`: the members of the list as arguments of their own."""
    call = site.call
    if not call.args or len(call.args) > 2 or any(item.arg not in ("else_", "value") for item in call.keywords):
        return None
    first, *condition = call.args
    if condition and (call.keywords or not dotted(call.func, site.bound).endswith("select")):
        return None
    if isinstance(first, (ast.ListComp, ast.GeneratorExp)) and not condition:
        return [insert(site.source, _start(first), "*")], []
    if not isinstance(first, (ast.List, ast.Tuple)) or not first.elts:
        return None
    text = site.text(first)
    if not text.startswith(("[", "(")) or (isinstance(first, ast.Tuple) and not text.endswith(")")):
        return None
    inside = text[1:-1].strip()
    if call.keywords or "\n" not in inside:
        inside = inside.rstrip(",")
    if condition:
        where = f"{site.text(call.func)}({inside.rstrip(',')}).where({site.text(condition[0])})"
        return [site.rewritten(call, where)], []
    return [site.rewritten(first, inside)], []


def textual_sql(site: Site) -> Answer | None:
    """`connection.execute("SELECT ...")`: the string as `text("SELECT ...")`; strings put together stay as they are."""
    call = site.call
    statement = call.args[0] if call.args else None
    if isinstance(statement, ast.Constant):
        if not isinstance(statement.value, str):
            return None
    elif not isinstance(statement, (ast.Name, ast.Attribute)):
        return None
    name = site.name_for("sqlalchemy.text")
    if name is None:
        return None
    return [site.rewritten(call.args[0], f"{name[0]}({site.text(call.args[0])})")], name[1]


def parameters(site: Site) -> Answer | None:
    """`connection.execute(statement, a=1)`: the parameters as one mapping."""
    call = site.call
    if len(call.args) != 1 or not call.keywords or any(keyword.arg is None for keyword in call.keywords):
        return None
    inside = ", ".join(f'"{keyword.arg}": {site.text(keyword.value)}' for keyword in call.keywords)
    arguments = f"{site.text(call.args[0])}, {{{inside}}}"
    return [site.rewritten(call, f"{site.text(call.func)}({arguments})")], []


def filled(site: Site) -> Answer | None:
    """`frame.fillna(method="ffill")`: `frame.ffill()`."""
    func = site.call.func
    methods = [keyword for keyword in site.call.keywords if keyword.arg == "method"]
    if not isinstance(func, ast.Attribute) or site.call.args or len(methods) != 1:
        return None
    value = methods[0].value
    word = value.value if isinstance(value, ast.Constant) else None
    name = {"ffill": "ffill", "pad": "ffill", "bfill": "bfill", "backfill": "bfill"}.get(str(word))
    if name is None:
        return None
    rest = ", ".join(site.text(keyword) for keyword in site.call.keywords if keyword.arg != "method")
    return [site.rewritten(site.call, f"{site.text(func.value)}.{name}({rest})")], []


def cell(site: Site) -> Answer | None:
    """`frame.get_value(row, column)`: `frame.at[row, column]`."""
    func = site.call.func
    if not isinstance(func, ast.Attribute) or len(site.call.args) != 2 or site.call.keywords:
        return None
    row, column = map(site.text, site.call.args)
    return [site.rewritten(site.call, f"{site.text(func.value)}.at[{row}, {column}]")], []


def html_unescape(site: Site) -> Answer | None:
    """`parser.unescape(text)`: `html.unescape(text)`."""
    return _one_argument(site, "html.unescape", "html.unescape", "{}")


def html_escape(site: Site) -> Answer | None:
    """`cgi.escape(text)`: `html.escape(text, quote=False)`, which leaves the same characters alone."""
    call = site.call
    if len(call.args) == 1 and [keyword.arg for keyword in call.keywords] == ["quote"]:
        name = site.name_for("html.escape", "html.escape")
        return ([site.rewritten(call.func, name[0])], name[1]) if name is not None else None
    return _one_argument(site, "html.escape", "html.escape", "{}, quote=False")


def sorted_rows(site: Site) -> Answer | None:
    """`numpy.msort(array)`: `numpy.sort(array, axis=0)`."""
    return _one_argument(site, "numpy.sort", "np.sort", "{}, axis=0")


def float_array(site: Site) -> Answer | None:
    """`numpy.asfarray(values)`: `numpy.asarray(values, dtype=float)`."""
    return _one_argument(site, "numpy.asarray", "np.asarray", "{}, dtype=float")


def _one_argument(site: Site, wanted: str, preferred: str, arguments: str) -> Answer | None:
    call = site.call
    if len(call.args) != 1 or call.keywords or isinstance(call.args[0], ast.Starred):
        return None
    name = site.name_for(wanted, preferred)
    if name is None:
        return None
    return [site.rewritten(call, f"{name[0]}({arguments.format(site.text(call.args[0]))})")], name[1]


def item_of(site: Site) -> Answer | None:
    """`numpy.asscalar(array)`: `array.item()`."""
    if len(site.call.args) != 1 or site.call.keywords or not isinstance(site.call.args[0], _PLAIN):
        return None
    return [site.rewritten(site.call, f"{site.text(site.call.args[0])}.item()")], []


def item_assignment(site: Site) -> Answer | None:
    """`array.itemset(place, value)`: `array[place] = value`."""
    func = site.call.func
    stands_alone = isinstance(_parent(site.tree, site.call), ast.Expr)
    if not isinstance(func, ast.Attribute) or len(site.call.args) != 2 or site.call.keywords or not stands_alone:
        return None
    place, value = map(site.text, site.call.args)
    return [site.rewritten(site.call, f"{site.text(func.value)}[{place}] = {value}")], []


def type_adapter(site: Site) -> Answer | None:
    """`parse_obj_as(kind, value)`: `TypeAdapter(kind).validate_python(value)`."""
    name = site.name_for("pydantic.TypeAdapter")
    if name is None or len(site.call.args) != 2 or site.call.keywords:
        return None
    kind, value = map(site.text, site.call.args)
    return [site.rewritten(site.call, f"{name[0]}({kind}).validate_python({value})")], name[1]


def field_validator(site: Site) -> Answer | None:
    """`@validator("field", pre=True)`: `@field_validator("field", mode="before")` on a class method."""
    holder = site.holder
    if holder is None or len(holder.args.args) != 2 or holder.args.kwonlyargs or holder.args.kwarg:
        return None
    known = {"pre", "allow_reuse", "check_fields"}
    if any(keyword.arg not in known for keyword in site.call.keywords) or not site.call.args:
        return None
    return _decorated(site, "pydantic.field_validator", [site.text(item) for item in site.call.args])


def model_validator(site: Site) -> Answer | None:
    """`@root_validator(pre=True)`: `@model_validator(mode="before")`; validators that run after are another thing."""
    before = any(keyword.arg == "pre" and _is_true(keyword.value) for keyword in site.call.keywords)
    if not before or any(keyword.arg not in ("pre", "allow_reuse") for keyword in site.call.keywords):
        return None
    return _decorated(site, "pydantic.model_validator", [])


def _decorated(site: Site, wanted: str, arguments: list[str]) -> Answer | None:
    holder = site.holder
    name = site.name_for(wanted)
    if holder is None or name is None:
        return None
    for keyword in site.call.keywords:
        if keyword.arg == "pre" and _is_true(keyword.value):
            arguments.append('mode="before"')
        elif keyword.arg == "check_fields":
            arguments.append(site.text(keyword))
    edits = [site.rewritten(site.call, f"{name[0]}({', '.join(arguments)})")]
    marks = [part for part in holder.decorator_list if isinstance(part, ast.Name) and part.id == "classmethod"]
    if not marks:
        margin = " " * holder.col_offset
        edits.append(
            insert(site.source, (holder.lineno, holder.col_offset), f"@classmethod{site.source.newline}{margin}")
        )
    elif (marks[0].lineno, 0) < (site.call.lineno, 0):
        return None
    return edits, name[1]


def is_on(call: ast.Call, option: str) -> bool:
    """Tell whether a call passes `option=True`."""
    return any(keyword.arg == option and _is_true(keyword.value) for keyword in call.keywords)


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _parent(tree: ast.Module, node: ast.AST) -> ast.AST | None:
    return next((holder for holder in ast.walk(tree) if node in ast.iter_child_nodes(holder)), None)


def _start(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 1), getattr(node, "col_offset", 0)


def _end(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "end_lineno", 1), getattr(node, "end_col_offset", 0)


SHAPES: dict[str, Shape] = {
    shape.__name__: shape
    for shape in (
        cell,
        filled,
        float_array,
        html_escape,
        html_unescape,
        item_assignment,
        item_of,
        joined_frames,
        parameters,
        sorted_rows,
        type_adapter,
        numpy_function,
        membership,
        next_item,
        listed,
        inspected,
        safe_loading,
        unpacked,
        textual_sql,
        field_validator,
        model_validator,
    )
}
