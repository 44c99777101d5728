"""From one concrete edit to a template: what both sides share becomes a hole, what the edit is about stays.

The rules are those that were measured (reference on program repair, section C): callees, attributes, keywords, dotted
names, None, True, False, built-in names and the names the error message speaks of stay concrete; the root is never a
hole; a local name that the new code uses must be bound by the old code.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.learn.forms import BLOCK
from pytest_selfheal.learn.forms import DOTTED
from pytest_selfheal.learn.forms import HOLE
from pytest_selfheal.learn.forms import REST
from pytest_selfheal.learn.forms import Form
from pytest_selfheal.learn.forms import Forms
from pytest_selfheal.learn.forms import is_builtin
from pytest_selfheal.learn.forms import local_names
from pytest_selfheal.learn.forms import walk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SELF = frozenset({"self", "cls"})


@dataclass(frozen=True)
class Template:
    """An edit with holes.

    Attributes:
        before: what must stand there.
        after: what comes instead; its holes are among those of `before`.
        absent: keywords that must not be among the captured arguments, because the edit adds them.
        strength: how much of `before` is concrete; below 0.5 it would match nearly everything.
    """

    before: Forms
    after: Forms
    absent: tuple[str, ...] = ()
    strength: float = field(default=1.0, compare=False)


def abstract(before: Forms, after: Forms, tokens: AbstractSet[str]) -> Template:
    """Return the template of one edit.

    Args:
        before: the old form.
        after: the new form.
        tokens: names of the error message.
    """
    old, new = _with_block(before, after) if isinstance(before, list) else (before, after)
    old, new = _Abstraction(old, new, tokens).run()
    absent = _open_arguments(old, new) if isinstance(old, Form) and isinstance(new, Form) else ()
    return Template(old, new, tuple(absent), strength(old, tokens))


def strength(forms: Forms, tokens: AbstractSet[str]) -> float:
    """Return how much of a template is concrete enough to tell its sites from other code."""
    total = 0.0
    for form in walk(forms):
        if form.kind == DOTTED:
            total += 2
        elif form.kind in ("Attribute", "keyword") or (form.kind == "Call" and form.fields["func"].kind == "Name"):
            total += 1
        elif form.kind == "Subscript":
            total += 0.5
        elif form.kind in ("Constant", "Name") and _word(form) in tokens:
            total += 1
    return total


def _word(form: Form) -> Any:
    value = form.fields.get("id", form.fields.get("value"))
    return value if isinstance(value, str) else None


class _Abstraction:
    def __init__(self, before: Forms, after: Forms, tokens: AbstractSet[str]) -> None:
        self._before = before
        self._after = after
        self._tokens = tokens
        self._shared = {form.key for form in walk(after) if form.is_expression}
        self._forced: set[str] = set()
        self._ids: dict[str, str] = {}
        self._literals = _Literals(before, after)

    def run(self) -> tuple[Forms, Forms]:
        while True:
            self._ids = {}
            old = self._all(self._before, is_root=True)
            new = self._replaced(self._after)
            free = (local_names(new) & local_names(self._before)) - self._forced - _SELF
            free = {name for name in free if not is_builtin(name)}
            if not free:
                return old, new
            self._forced |= free  # the hole that hides this name is split, so that the name gets one of its own

    def _all(self, part: Forms, *, is_root: bool) -> Forms:
        if isinstance(part, list):
            return [self._form(form, "", is_root=is_root) for form in part]
        return self._form(part, "", is_root=is_root)

    def _form(self, form: Form, role: str, *, is_root: bool = False, free_value: bool = False) -> Form:
        if self._may_vary(form, role, is_root=is_root, free_value=free_value):
            name = self._ids.setdefault(form.key, _hole_name(len(self._ids)))
            return Form(HOLE, {"id": name}, form.origin)
        fields: dict[str, Any] = {}
        for name, part in form.fields.items():
            inner = form.kind == "keyword"
            if form.kind == "Call" and name == "func" and part.kind == "Attribute":
                receiver = self._form(part.fields["value"], "value")
                fields[name] = Form("Attribute", {"value": receiver, "attr": part.fields["attr"]}, part.origin)
            elif isinstance(part, Form):
                is_callee = form.kind == "Call" and name == "func" and part.kind in ("Name", DOTTED)
                fields[name] = self._form(part, "callee" if is_callee else name, free_value=inner)
            elif isinstance(part, list):
                fields[name] = [self._form(item, name) if isinstance(item, Form) else item for item in part]
            else:
                fields[name] = part
        return Form(form.kind, fields, form.origin)

    def _may_vary(self, form: Form, role: str, *, is_root: bool, free_value: bool) -> bool:
        if not form.is_expression or form.kind in ("Starred", "Slice", DOTTED) or is_root or role == "callee":
            return False
        if role in ("ops", "op", "format_spec"):
            return False
        is_name = form.kind == "Name"
        if is_name and (is_builtin(form.fields["id"]) or form.fields["id"] in self._tokens):
            return False
        if form.key not in self._shared and not is_name:
            return False
        if form.kind == "Constant":
            if self._literals.is_ambiguous(form.key):
                return False
            value = form.fields["value"]
            if (value is None or isinstance(value, bool)) and not free_value:
                return False
            if isinstance(value, str) and (value in self._tokens or role == "slice"):
                return False  # a key is a name as good as an attribute's
        return is_name or not local_names(form) & self._forced

    def _replaced(self, part: Any, role: str = "") -> Any:
        if isinstance(part, list):
            return [self._replaced(item, f"{role}[{index}]") for index, item in enumerate(part)]
        if not isinstance(part, Form):
            return part
        own = part.kind == "Constant" and self._literals.is_own(part.key, role)
        if part.is_expression and part.key in self._ids and not own:
            return Form(HOLE, {"id": self._ids[part.key]}, part.origin)
        fields = {name: self._replaced(inner, _role(part, name)) for name, inner in part.fields.items()}
        return Form(part.kind, fields, part.origin)


class _Literals:
    """Where equal literals stand in both sides of an edit that adds some: which were there, and which are its own."""

    def __init__(self, before: Forms, after: Forms) -> None:
        self._old = Counter(_placed(before))
        self._new = Counter(_placed(after))
        counts = [Counter(key for key, _role in places.elements()) for places in (self._old, self._new)]
        self._added = counts[1] - counts[0]

    def is_ambiguous(self, key: str) -> bool:
        """Tell whether more of them stand there now, and not each of the old ones in the place it had."""
        return bool(self._added[key]) and any(
            self._new[place] != count for place, count in self._old.items() if place[0] == key
        )

    def is_own(self, key: str, role: str) -> bool:
        """Tell whether one of the new side is the edit's own."""
        return bool(self._added[key]) and (key, role) not in self._old


def _placed(part: Any, role: str = "") -> Iterator[tuple[str, str]]:
    """Yield each literal with the role it plays for what holds it."""
    if isinstance(part, list):
        for index, item in enumerate(part):
            yield from _placed(item, f"{role}[{index}]")
    elif isinstance(part, Form) and part.kind == "Constant":
        yield part.key, role
    elif isinstance(part, Form):
        for name, inner in part.fields.items():
            yield from _placed(inner, _role(part, name))


def _role(form: Form, name: str) -> str:
    return f"{form.fields['arg']}=" if form.kind == "keyword" else name


def _hole_name(index: int) -> str:
    return _LETTERS[index % 26] + (str(index // 26) if index > 25 else "")


def _with_block(before: list[Form], after: Forms) -> tuple[Forms, Forms]:
    """Let statements that only moved into a new block stand for whatever stands there."""
    forms = after if isinstance(after, list) else [after]
    top = {form.key for form in forms}
    for head in range(1, len(before)):
        moved = [form.key for form in before[head:]]
        if top & set(moved):
            continue
        for owner, name in _bodies(forms):
            keys = [form.key for form in owner.fields[name]]
            if keys == moved:
                block = Form(BLOCK, {"id": "BODY"}, before[head].origin)
                return [*before[:head], block], [_exchanged(form, owner, name, block) for form in forms]
    return before, after


def _bodies(forms: list[Form]) -> Iterator[tuple[Form, str]]:
    for form in walk(forms):
        for name, part in form.fields.items():
            if isinstance(part, list) and part and isinstance(part[0], Form) and part[0].is_statement:
                yield form, name


def _exchanged(form: Form, owner: Form, name: str, block: Form) -> Form:
    fields: dict[str, Any] = {}
    for key, part in form.fields.items():
        if form is owner and key == name:
            fields[key] = [block]
        elif isinstance(part, Form):
            fields[key] = _exchanged(part, owner, name, block)
        elif isinstance(part, list):
            fields[key] = [_exchanged(item, owner, name, block) if isinstance(item, Form) else item for item in part]
        else:
            fields[key] = part
    return Form(form.kind, fields, form.origin)


def uses(forms: Forms, hole: str) -> int:
    """Return how often a hole stands in a template."""
    return sum(form.kind == HOLE and form.fields["id"] == hole for form in walk(forms))


def _open_arguments(before: Form, after: Form) -> list[str]:
    """Let unchanged arguments be any run of arguments; return the keywords that the edit adds.

    Only the first call of the old code is opened: the edit is about that one.
    """
    calls = [form for form in walk(before) if form.kind == "Call"]
    if not calls:
        return []
    call = calls[0]
    targets = [form for form in walk(after) if form.kind == "Call"]
    same = [form for form in targets if form.fields["func"].key == call.fields["func"].key]
    partners = same or (targets if call is before else [])
    if not partners:
        return []
    partner = partners[0]
    if same or _same_arguments(call, partner):
        _open_positions(call, partner, before, after)
    added = _open_keywords(call, partner)
    before.forget()
    after.forget()
    return added


def _same_arguments(call: Form, partner: Form) -> bool:
    """Whether only the name of what is called changed."""
    return [item.key for item in call.fields["args"]] == [item.key for item in partner.fields["args"]]


def _open_positions(call: Form, partner: Form, before: Form, after: Form) -> None:
    old, new = call.fields["args"], partner.fields["args"]
    keys = [item.key for item in old]
    only_holes = all(item.kind == HOLE for item in old)
    if not only_holes or [item.key for item in new] != keys:
        return  # what is added by its position has that position only behind as many as the example had
    if all(uses(before, item.fields["id"]) == 1 == uses(after, item.fields["id"]) for item in old):
        call.fields["args"] = [Form(REST, {"id": "ARGS"})]
        partner.fields["args"] = [Form(REST, {"id": "ARGS"})]


def _open_keywords(call: Form, partner: Form) -> list[str]:
    old = {item.fields["arg"]: item for item in call.fields["keywords"]}
    new = {item.fields["arg"]: item for item in partner.fields["keywords"]}
    kept = [name for name in old if name in new and old[name].key == new[name].key]
    call.fields["keywords"] = [item for name, item in old.items() if name not in kept] + [Form(REST, {"id": "KW"})]
    partner.fields["keywords"] = [Form(REST, {"id": "KW"})] + [item for name, item in new.items() if name not in kept]
    return [name for name in new if name not in old and name is not None]
