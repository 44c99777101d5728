"""More of `reshaping`: calls whose arguments have another place now, and methods that other objects have.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast

from pytest_selfheal.repair.fixers.reshaping import SHAPES as BASIC
from pytest_selfheal.repair.fixers.reshaping import Answer
from pytest_selfheal.repair.fixers.reshaping import Shape
from pytest_selfheal.repair.fixers.reshaping import Site
from pytest_selfheal.repair.fixers.reshaping import field_validator
from pytest_selfheal.repair.fixers.reshaping import is_on

_SIMPLE = (ast.Name, ast.Attribute, ast.Constant, ast.Call, ast.Subscript, ast.Dict)


def conditioned(site: Site) -> Answer | None:
    """`table.update(condition, values)`: `table.update().where(condition).values(values)`."""
    call, func = site.call, site.call.func
    most = {"select": 1, "delete": 1, "update": 2}
    if not isinstance(func, ast.Attribute) or call.keywords or not 1 <= len(call.args) <= most.get(func.attr, 0):
        return None
    if any(isinstance(part, ast.Starred) for part in call.args):
        return None
    values = f".values({site.text(call.args[1])})" if len(call.args) > 1 else ""
    return [site.rewritten(call, f"{site.text(func)}().where({site.text(call.args[0])}){values}")], []


def session_get(site: Site) -> Answer | None:
    """`session.query(Model).get(key)`: `session.get(Model, key)`."""
    func, call = site.call.func, site.call
    query = func.value if isinstance(func, ast.Attribute) else None
    if not isinstance(query, ast.Call) or not isinstance(query.func, ast.Attribute) or query.func.attr != "query":
        return None
    if len(query.args) != 1 or query.keywords or len(call.args) != 1 or call.keywords:
        return None
    model, key = site.text(query.args[0]), site.text(call.args[0])
    return [site.rewritten(call, f"{site.text(query.func.value)}.get({model}, {key})")], []


def axis_keyword(site: Site) -> Answer | None:
    """`frame.drop("column", 1)`: `frame.drop("column", axis=1)`."""
    call = site.call
    if len(call.args) != 2 or any(keyword.arg in (None, "axis") for keyword in call.keywords):
        return None
    second = call.args[1]
    if isinstance(second, ast.Starred):
        return None
    return [site.rewritten(second, f"axis={site.text(second)}")], []


def framed_row(site: Site) -> Answer | None:
    """`pandas.concat([frame, row], ignore_index=True)` with a dictionary: the row as a frame of one row."""
    call = site.call
    members = call.args[0].elts if len(call.args) == 1 and isinstance(call.args[0], ast.List) else []
    if len(members) != 2 or not isinstance(members[1], _SIMPLE) or not is_on(call, "ignore_index"):
        return None
    name = site.name_for("pandas.DataFrame", "pd.DataFrame")
    if name is None:
        return None
    return [site.rewritten(members[1], f"{name[0]}([{site.text(members[1])}])")], name[1]


def counted(site: Site) -> Answer | None:
    """`pandas.value_counts(values, ...)`: `pandas.Series(values).value_counts(...)`."""
    call = site.call
    if len(call.args) != 1 or isinstance(call.args[0], ast.Starred):
        return None
    name = site.name_for("pandas.Series", "pd.Series")
    if name is None:
        return None
    rest = ", ".join(site.text(keyword) for keyword in call.keywords)
    return [site.rewritten(call, f"{name[0]}({site.text(call.args[0])}).value_counts({rest})")], name[1]


def first_four(site: Site) -> Answer | None:
    """`a, b, c, d = inspect.getfullargspec(f)`: the first four, which are what `getargspec` gave."""
    holder = next(
        (node for node in ast.walk(site.tree) if isinstance(node, ast.Assign) and node.value is site.call), None
    )
    target = holder.targets[0] if holder is not None and len(holder.targets) == 1 else None
    if not isinstance(target, ast.Tuple) or len(target.elts) != 4:
        return None
    return [site.rewritten(site.call, f"{site.text(site.call)}[:4]")], []


def sorted_population(site: Site) -> Answer | None:
    """`random.sample(a_set, k)`: `random.sample(sorted(a_set), k)`."""
    call = site.call
    if not call.args or isinstance(call.args[0], ast.Starred):
        return None
    return [site.rewritten(call.args[0], f"sorted({site.text(call.args[0])})")], []


def field_validator_of_values(site: Site) -> Answer | None:
    """`@validator("field")` whose method takes `values`: `@field_validator("field")` and `info.data`."""
    holder = site.holder
    names = [argument.arg for argument in holder.args.args] if holder is not None else []
    if holder is None or len(names) != 3 or names[2] != "values" or holder.args.kwonlyargs or holder.args.kwarg:
        return field_validator(site)
    inside = [part for item in holder.body for part in ast.walk(item) if isinstance(part, ast.Name)]
    if any(part.id == "info" for part in inside) or holder.args.defaults or holder.args.vararg or names[0] != "cls":
        return None
    uses = [part for part in inside if part.id == "values"]
    if any(not isinstance(part.ctx, ast.Load) for part in uses):
        return None
    short = ast.FunctionDef(
        **{**vars(holder), "args": ast.arguments(**{**vars(holder.args), "args": holder.args.args[:2]})}
    )
    answer = field_validator(Site(site.call, site.tree, site.source, site.package, short))
    if answer is None:
        return None
    edits = [*answer[0], site.rewritten(holder.args.args[2], "info")]
    return [*edits, *(site.rewritten(part, "info.data") for part in uses)], answer[1]


SHAPES: dict[str, Shape] = {
    **BASIC,
    "field_validator": field_validator_of_values,
    **{
        shape.__name__: shape
        for shape in (
            conditioned,
            session_get,
            axis_keyword,
            framed_row,
            counted,
            first_four,
            sorted_population,
        )
    },
}
"""Every shape by its name."""
