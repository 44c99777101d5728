"""The text that comes instead of a matched piece of code: the template's new side with the holes filled from source.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.learn.forms import BLOCK
from pytest_selfheal.learn.forms import DOTTED
from pytest_selfheal.learn.forms import HOLE
from pytest_selfheal.learn.forms import REST
from pytest_selfheal.learn.forms import Code
from pytest_selfheal.learn.forms import Form
from pytest_selfheal.learn.forms import Forms
from pytest_selfheal.learn.forms import is_builtin
from pytest_selfheal.learn.forms import local_names
from pytest_selfheal.learn.forms import walk
from pytest_selfheal.learn.importing import Need
from pytest_selfheal.learn.importing import spell
from pytest_selfheal.learn.templates import is_keywords
from pytest_selfheal.learn.templates import unparse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_selfheal.learn.abstraction import Template
    from pytest_selfheal.learn.matching import Holes

_MARK = "_selfheal_text_{}_"
_MARKED = re.compile(r"_selfheal_text_\d+_")
_MARKED_BLOCK = re.compile(r"^([ \t]*)(_selfheal_text_\d+_)$", re.MULTILINE)
_OPENING = re.compile(r"[A-Za-z]*(\"\"\"|'''|\"|')")
_LOOSE = frozenset(
    [
        "Compare",
        "BoolOp",
        "IfExp",
        "Await",
        "BinOp",
        "Lambda",
        "UnaryOp",
        "NamedExpr",
        "Yield",
        "YieldFrom",
        "GeneratorExp",
        "Starred",
        "Tuple",
    ]
)
_TIGHT_PARENTS = frozenset(
    ["Attribute", "Subscript", "Call", "BinOp", "UnaryOp", "Compare", "Await", "BoolOp", "Starred", "FormattedValue"]
)
_OPEN_PARENTS = frozenset(["Call", "List", "Set", "keyword", "Return", "Assign", "Expr", "Subscript", "NamedExpr", ""])


class UnfillableError(LookupError):
    """The new side cannot be written here without changing what the captured code means."""


class Renderer:
    """Writes the new side of templates into one file.

    Args:
        code: the file.
        style: how the example imported things: dotted name to local name.
        needs: gets what the new text must import.
    """

    def __init__(self, code: Code, style: Mapping[str, str], needs: list[Need]) -> None:
        self._code = code
        self._style = style
        self._needs = needs
        self._texts: dict[str, str] = {}
        self._blocks: dict[str, list[Form]] = {}

    def text(self, after: Forms, holes: Holes, indent: str = "") -> str:
        """Return the text of a template's new side.

        Raises:
            UnfillableError: a hole has nothing to stand for, or a captured block cannot be indented anew.
        """
        forms = after if isinstance(after, list) else [after]
        fresh = self._fresh(forms, holes)
        parts = []
        for form in forms:
            self._texts, self._blocks = {}, {}
            shown = unparse(self._filled(form, holes, fresh, ""), lambda hole: str(hole.fields["id"]))
            shown = _MARKED_BLOCK.sub(self._block_text, shown)
            while _MARKED.search(shown):
                shown = _MARKED.sub(lambda found: self._texts[found[0]], shown)
            parts.append("\n".join([line if not line or not n else indent + line for n, line in _numbered(shown)]))
        return f"\n{indent}".join(parts)

    def _fresh(self, forms: list[Form], holes: Holes) -> dict[str, str]:
        """Give names that the new text introduces a spelling that is not taken."""
        taken = {node.id for node in ast.walk(self._code.tree) if isinstance(node, ast.Name)}
        taken |= {node.arg for node in ast.walk(self._code.tree) if isinstance(node, ast.arg)} | set(self._code.bound)
        stored = {form.fields["id"] for form in _stored(forms) if form.kind == "Name"}
        names: dict[str, str] = {}
        for name in sorted(stored - set(holes)):
            number, spelled = 2, name
            while spelled in taken:
                spelled, number = f"{name}_{number}", number + 1
            names[name] = spelled
        return names

    def _filled(self, form: Form, holes: Holes, fresh: Mapping[str, str], parent: str) -> Form:
        if form.kind == HOLE:
            return self._hole(form, holes, parent)
        if form.kind == DOTTED:
            return Form(DOTTED, {"name": spell(form.fields["name"], self._code, self._style, self._needs)})
        if form.kind == BLOCK:
            return Form(BLOCK, {"id": self._keep_block(holes.get(form.fields["id"]))})
        if form.kind == "Name":
            return Form("Name", {"id": fresh.get(form.fields["id"], form.fields["id"])}, form.origin)
        fields: dict[str, Any] = {}
        for name, part in form.fields.items():
            if isinstance(part, Form):
                fields[name] = self._filled(part, holes, fresh, form.kind)
            elif isinstance(part, list):
                fields[name] = self._filled_list(part, holes, fresh, form.kind)
            elif isinstance(part, str) and part.startswith("$"):
                fields[name] = holes[part[1:]]
            else:
                fields[name] = part
        return Form(form.kind, fields, form.origin)

    def _filled_list(self, items: list[Any], holes: Holes, fresh: Mapping[str, str], parent: str) -> list[Any]:
        filled: list[Any] = []
        for item in items:
            if not isinstance(item, Form):
                filled.append(item)
            elif item.kind != REST:
                filled.append(self._filled(item, holes, fresh, parent))
            else:
                captured = holes.get(item.fields["id"])
                if captured is None:
                    raise UnfillableError(item.fields["id"])
                filled += [self._argument(form, keywords=is_keywords(item)) for form in captured]
        return filled

    def _argument(self, form: Form, *, keywords: bool) -> Form:
        if keywords:
            value = Form(HOLE, {"id": self._keep(self._source(form.fields["value"]))})
            return Form("keyword", {"arg": form.fields["arg"], "value": value})
        if form.kind == "Starred":
            return Form("Starred", {"value": Form(HOLE, {"id": self._keep(self._source(form.fields["value"]))})})
        return Form(HOLE, {"id": self._keep(self._source(form))})

    def _hole(self, form: Form, holes: Holes, parent: str) -> Form:
        captured = holes.get(form.fields["id"])
        if not isinstance(captured, Form):
            raise UnfillableError(form.fields["id"])
        text = self._source(captured)
        if captured.kind in _LOOSE and parent not in _OPEN_PARENTS and not text.startswith("("):
            text = f"({text})"
        elif captured.kind in ("Tuple", "GeneratorExp", "NamedExpr") and parent in ("Call", "List", "Set"):
            text = text if text.startswith("(") else f"({text})"
        return Form(HOLE, {"id": self._keep(text)})

    def _source(self, form: Form) -> str:
        if form.origin is None:
            raise UnfillableError(form.kind)
        return self._code.source(*self._code.span(form.origin))

    def _keep(self, text: str) -> str:
        mark = _MARK.format(len(self._texts) + len(self._blocks))
        self._texts[mark] = text
        return mark

    def _keep_block(self, captured: Any) -> str:
        if not isinstance(captured, list) or not captured:
            raise UnfillableError(BLOCK)
        mark = _MARK.format(len(self._texts) + len(self._blocks))
        self._blocks[mark] = captured
        return mark

    def _block_text(self, found: re.Match[str]) -> str:
        captured = self._blocks.get(found[2])
        if captured is None:
            return found[0]
        first, last = captured[0].origin, captured[-1].origin
        if any(_is_long_text(node) for form in captured if form.origin is not None for node in ast.walk(form.origin)):
            raise UnfillableError("a text over several lines would be indented too")
        text = self._code.source(self._code.span(first)[0], self._code.span(last)[1])
        margin = " " * getattr(first, "col_offset", 0)
        lines = [line.removeprefix(margin) if number else line for number, line in enumerate(text.splitlines())]
        return "\n".join(found[1] + line if line.strip() else line for line in lines)


def _is_long_text(node: ast.AST) -> bool:
    is_text = isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))
    )
    return is_text and getattr(node, "lineno", 0) != getattr(node, "end_lineno", 0)


def _numbered(text: str) -> list[tuple[int, str]]:
    return list(enumerate(text.split("\n")))


def _stored(forms: list[Form]) -> list[Form]:
    return [form for form in walk(forms) if isinstance(getattr(form.origin, "ctx", None), ast.Store)]


def needs_parentheses(after: Forms, holes: Holes, site: Form, parent: Form | None) -> bool:
    """Tell whether the new text would be read otherwise in the place of the old."""
    if isinstance(after, list) or parent is None or parent.kind not in _TIGHT_PARENTS:
        return False
    result = holes.get(after.fields["id"]) if after.kind == HOLE else after
    if not isinstance(result, Form) or result.kind not in _LOOSE:
        return False
    is_argument = parent.kind in ("Call", "Subscript") and site not in (
        parent.fields.get("func"),
        parent.fields.get("value"),
    )
    return not is_argument


def free_names(template: Template) -> set[str]:
    """Return the names of the new side that its site has to provide: neither Python nor the template brings them."""
    after = template.after if isinstance(template.after, list) else [template.after]
    stored = {form.fields["id"] for form in _stored(after) if form.kind == "Name"}
    own = stored | {form.fields["arg"] for form in walk(after) if form.kind == "arg"}
    return {name for name in local_names(after) - local_names(template.before) - own if not is_builtin(name)}


def reads_well(template: Template, visible: set[str]) -> bool:
    """Tell whether the names of the new side mean, where these names are bound, what they meant in the example."""
    builtins = {name for name in local_names(template.after) - local_names(template.before) if is_builtin(name)}
    return free_names(template) <= visible and not builtins & visible


def fitted(text: str, start: int, end: int, code: Code) -> str | None:
    """Return a text as it may stand between two byte offsets: within an f-string quotes must not end the string.

    None where it cannot stand there: before Python 3.12 no backslash, no line break and no quote of the string's own
    may stand in the braces.
    """
    outer = [node for node in code.strings if code.span(node)[0] < start and end < code.span(node)[1]]
    if not outer:
        return text
    first, last = code.span(outer[0])
    opening = _OPENING.match(code.source(first, last))
    old = code.source(start, end)
    if len(outer) > 1 or opening is None or not _is_expression(old) or set(text) & set("\\\n"):
        return None
    quote = opening[1]
    if quote[0] in text and len(quote) == 1:
        other = "'" if quote == '"' else '"'
        if other in text:
            return None
        text = text.replace(quote, other)
    return None if quote in text else text


def _is_expression(text: str) -> bool:
    """Whether the offsets within an f-string are right: some Pythons get them wrong in strings over several lines."""
    try:
        ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError):
        return False
    return bool(text.strip())
