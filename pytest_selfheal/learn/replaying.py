"""A lesson applied to a file: at the failing place, or everywhere the same old form stands.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_selfheal.learn.abstraction import uses
from pytest_selfheal.learn.consuming import is_about_result
from pytest_selfheal.learn.consuming import is_used_so
from pytest_selfheal.learn.forms import DOTTED
from pytest_selfheal.learn.forms import Code
from pytest_selfheal.learn.forms import Form
from pytest_selfheal.learn.forms import bound_names
from pytest_selfheal.learn.forms import walk
from pytest_selfheal.learn.importing import Need
from pytest_selfheal.learn.importing import settle
from pytest_selfheal.learn.matching import Holes
from pytest_selfheal.learn.matching import match
from pytest_selfheal.learn.matching import run_of
from pytest_selfheal.learn.receivers import is_of_another_class
from pytest_selfheal.learn.relevance import words
from pytest_selfheal.learn.renaming import rename
from pytest_selfheal.learn.rendering import Renderer
from pytest_selfheal.learn.rendering import UnfillableError
from pytest_selfheal.learn.rendering import fitted
from pytest_selfheal.learn.rendering import free_names
from pytest_selfheal.learn.rendering import needs_parentheses
from pytest_selfheal.learn.rendering import reads_well
from pytest_selfheal.learn.sites import is_distinctive
from pytest_selfheal.learn.sites import swaps_what_works
from pytest_selfheal.model import ErrorClass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence

    from pytest_selfheal.learn.abstraction import Template
    from pytest_selfheal.learn.forms import Names
    from pytest_selfheal.learn.lessons import Lesson
    from pytest_selfheal.learn.message import Message

_NEAR_LINES = 10
_ENOUGH = 0.5

Splice = tuple[int, int, str]
"""Replace the bytes from the first to the second offset by the text."""


@dataclass(frozen=True)
class Place:
    """Where a test failed: the line, and the bytes of the failing expression where they are known."""

    lineno: int
    span: tuple[int, int] | None = None


def replay(lesson: Lesson, code: Code, message: Message, place: Place | None) -> tuple[str, int]:
    """Return the new text of a file and in how many places it differs; the old text and 0 where nothing fits.

    Args:
        lesson: what was learned.
        code: the file.
        message: the error that is to be answered.
        place: where it was raised; None sweeps: then only what certainly is the same old form is touched.
    """
    code = _informed(lesson, code)
    if place is None:
        return _Pass(lesson, code, message, [ladder[-1] for ladder in lesson.ladders], sweeps=True).run()
    lines = [(place.lineno, place.lineno), _around(code, place.lineno)]
    steps = max((len(ladder) for ladder in lesson.ladders), default=1)
    for number, near in enumerate(lines):
        for step in range(steps):
            templates = [ladder[min(step, len(ladder) - 1)] for ladder in lesson.ladders]
            if number:
                templates = [template for template in templates if template.strength >= _ENOUGH]
            span = None if number else place.span
            text, count = _Pass(lesson, code, message, templates, near=near, span=span).run()
            if count:
                return text, count
    return code.text, 0


class _Taught:
    """What is known of names, and that those the lesson speaks of have modules or classes as owners."""

    def __init__(self, names: Names, owners: frozenset[str]) -> None:
        self._names = names
        self._owners = owners
        self.is_module = names.is_module
        self.exists = names.exists
        self.owners = names.owners

    def is_namespace(self, dotted: str) -> bool:
        return dotted in self._owners or self._names.is_namespace(dotted)


def _informed(lesson: Lesson, code: Code) -> Code:
    """Return the file as it reads once the names of the lesson are known for what they are."""
    names = {form.fields["name"] for ladder in lesson.ladders for one in ladder for form in _dotted(one)}
    owners = frozenset(name.rpartition(".")[0] for name in {*names, *lesson.renames}) - {""}
    unknown = [name for name in owners.intersection(code.bound.values()) if not code.names.is_namespace(name)]
    return Code(code.text, _Taught(code.names, owners), code.package) if unknown else code


def _dotted(template: Template) -> list[Form]:
    return [form for form in walk(template.before) if form.kind == DOTTED]


def _around(code: Code, lineno: int) -> tuple[int, int]:
    functions = [
        node
        for node in ast.walk(code.tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.lineno <= lineno <= (node.end_lineno or 0)
    ]
    if functions:
        inner = max(functions, key=lambda node: node.lineno)
        return inner.lineno, inner.end_lineno or inner.lineno
    return max(1, lineno - _NEAR_LINES), lineno


class _Pass:
    def __init__(
        self,
        lesson: Lesson,
        code: Code,
        message: Message,
        templates: Sequence[Template],
        *,
        near: tuple[int, int] | None = None,
        span: tuple[int, int] | None = None,
        sweeps: bool = False,
    ) -> None:
        self._lesson = lesson
        self._code = code
        self._message = message
        self._templates = templates
        self._near = near
        self._span = span
        self._sweeps = sweeps
        self._needs: list[Need] = []
        self._renderer = Renderer(code, lesson.imports, self._needs)

    def run(self) -> tuple[str, int]:
        splices = rename(self._lesson, self._code, self._needs)
        if splices is None:
            return self._code.text, 0
        for template in self._templates:
            if self._sweeps and not self._may_sweep(template):
                continue
            found = list(self._sites(template))
            if self._span is not None and len(found) > 1:
                found = [_closest(found, self._span)]
            splices += found
        kept = _without_overlaps(splices, self._code)
        if not kept:
            return self._code.text, 0
        data = self._code.data
        for start, end, text in reversed(kept):
            data = data[:start] + text.encode() + data[end:]
        try:
            return settle(data.decode(), self._code, self._needs, self._lesson.imports), len(kept)
        except SyntaxError:
            return self._code.text, 0

    def _may_sweep(self, template: Template) -> bool:
        if self._lesson.error_class is not ErrorClass.API or free_names(template):
            return False  # what the new side takes from its surroundings may be something else there
        taught, names = self._lesson.message, self._code.names
        return is_distinctive(template, names, taught) and not swaps_what_works(template, taught, names)

    def _visible(self, site: Form) -> set[str]:
        """Return the names that functions around a place, and the module, bind."""
        found = set(self._code.bound)
        form: Form | None = site
        while form is not None:
            if form.kind in ("FunctionDef", "AsyncFunctionDef", "Lambda", "Module"):
                found |= bound_names(form)
            form = self._code.parents.get(id(form))
        return found

    def _sites(self, template: Template) -> Iterator[Splice]:
        done = self._done(template)
        for site in self._candidates(template):
            splice = self._splice(template, site)
            if splice is not None and not any(_inside(splice, span) for span in done):
                yield splice

    def _candidates(self, template: Template) -> Iterator[Form | list[Form]]:
        before = template.before
        if isinstance(before, list):
            for form in walk(self._code.form):
                for part in form.fields.values():
                    if isinstance(part, list) and part and isinstance(part[0], Form) and part[0].is_statement:
                        for start in range(len(part)):
                            run = run_of(before, part, start)
                            if run and not self._is_done_already(template, part, start):
                                yield run
            return
        for form in walk(self._code.form):
            if isinstance(form.origin, (ast.expr, ast.stmt)):
                yield form
                yield from _inner_names(form, before)

    def _is_done_already(self, template: Template, body: list[Form], start: int) -> bool:
        """Whether the statements that the edit inserts stand there already."""
        after = template.after
        if not isinstance(after, list) or not isinstance(template.before, list):
            return False
        count = len(after) - len(template.before)
        if not 0 < count <= start:
            return False
        return all(match(x, y, {}) for x, y in zip(after[:count], body[start - count : start], strict=True))

    def _done(self, template: Template) -> list[tuple[int, int]]:
        """Return the places that have the new form already, where it holds the old one inside."""
        before, after = template.before, template.after
        if isinstance(before, list) or isinstance(after, list):
            return []
        if not any(form.key == before.key for form in walk(after)):
            return []
        forms = [form for form in walk(self._code.form) if isinstance(form.origin, (ast.expr, ast.stmt))]
        return [self._code.span(form.origin) for form in forms if match(after, form, {})]

    def _splice(self, template: Template, site: Form | list[Form]) -> Splice | None:
        forms = site if isinstance(site, list) else [site]
        if not self._is_near(template, forms):
            return None
        holes: Holes = {}
        if not _matches(template, site, holes) or not self._is_meant(template, holes, site):
            return None
        if not _is_safe(template, holes) or not self._fits_function(template, forms[0]):
            return None
        if not reads_well(template, self._visible(forms[0])):
            return None
        start, end = self._code.span(forms[0].origin)[0], self._code.span(forms[-1].origin)[1]
        line = self._code.source(self._code.offset(getattr(forms[0].origin, "lineno", 1), 0), start)
        indent = line if not line.strip() else ""
        if isinstance(site, list) and line.strip():
            return None  # several statements on one line
        try:
            text = self._renderer.text(template.after, holes, indent if forms[0].is_statement else "")
        except UnfillableError:
            return None
        if isinstance(site, Form):
            parent = self._code.parents.get(id(site))
            quoted = fitted(text, start, end, self._code)
            if quoted is None:
                return None
            text = quoted
            if needs_parentheses(template.after, holes, site, parent):
                text = f"({text})"
        return start, end, text

    def _is_near(self, template: Template, forms: list[Form]) -> bool:
        if self._near is None or self._is_everywhere(template):
            return True
        first, last = self._near
        spans = [(getattr(f.origin, "lineno", 0), getattr(f.origin, "end_lineno", 0), f) for f in forms]
        if not any(start <= last and first <= end for start, end, _form in spans):
            return False
        start, _end, form = spans[0]
        compound = len(forms) == 1 and form.is_statement and hasattr(form.origin, "body")
        return not compound or first <= start <= last

    def _is_everywhere(self, template: Template) -> bool:
        """An import that fails is raised where it stands; what has to change is where the name is used."""
        missing = self._message.missing
        return bool(missing) and any(
            form.kind == DOTTED and form.fields["name"] == missing for form in walk(template.before)
        )

    def _is_meant(self, template: Template, holes: Holes, site: Form | list[Form]) -> bool:
        """Tell whether the names the error speaks of stand here, when they stood in the example.

        Far from a failure the object must not be another class's, and where the error was about a result it must be
        used alike.
        """
        if self._near is None:
            error = self._lesson.message
            if not isinstance(site, Form):
                return True
            if is_of_another_class(site, error, self._code):
                return False
            return not is_about_result(template, error) or is_used_so(site, error.use, self._code, error.names)
        taught = self._lesson.message.names
        in_example = any(words(ladder[-1].before) & taught for ladder in self._lesson.ladders)
        if self._message.names and in_example:
            here = words(template.before) | {_word(part) for part in holes.values()}
            if not here & self._message.names:
                return False
        texts = [part for part in holes.values() if isinstance(part, str)]
        return all(text in self._message.names for text in texts)

    def _fits_function(self, template: Template, site: Form) -> bool:
        """`await` needs an async function; `asyncio.run` cannot be called in one."""
        awaits = any(form.kind == "Await" for form in walk(template.after))
        runs = any(form.kind == DOTTED and form.fields["name"] == "asyncio.run" for form in walk(template.after))
        if not awaits and not runs:
            return True
        form = self._code.parents.get(id(site))
        while form is not None and form.kind not in ("FunctionDef", "AsyncFunctionDef", "Lambda"):
            form = self._code.parents.get(id(form))
        is_async = form is not None and form.kind == "AsyncFunctionDef"
        return is_async if awaits else not is_async


def _matches(template: Template, site: Form | list[Form], holes: Holes) -> bool:
    before = template.before
    if isinstance(site, Form) and isinstance(before, Form):
        context = getattr(site.origin, "ctx", None)
        if isinstance(context, (ast.Store, ast.Del)) and before.kind not in ("Attribute", "Subscript"):
            return False
        if isinstance(context, (ast.Store, ast.Del)) and type(getattr(before.origin, "ctx", None)) is not type(context):
            return _keeps_kind(template) and match(before, site, holes)
    return match(before, site, holes)


def _keeps_kind(template: Template) -> bool:
    before, after = template.before, template.after
    return isinstance(before, Form) and isinstance(after, Form) and before.kind == after.kind


def _is_safe(template: Template, holes: Holes) -> bool:
    for name, part in holes.items():
        if not isinstance(part, Form):
            continue
        more = uses(template.after, name) > uses(template.before, name)
        if more and any(form.kind in ("Call", "Await", "Yield", "NamedExpr") for form in walk(part)):
            return False  # it would be evaluated twice
    captured = [item for part in holes.values() if isinstance(part, list) for item in part if isinstance(item, Form)]
    keywords = [form.fields["arg"] for form in captured if form.kind == "keyword"]
    if set(keywords) & set(template.absent):
        return False
    unknown = None in keywords or any(form.kind == "Starred" for form in captured)
    return not (template.absent and unknown)


def _inner_names(form: Form, before: Form) -> Iterator[Form]:
    """Yield the inner part of a longer dotted name."""
    if before.kind != DOTTED or form.kind != DOTTED:
        return
    wanted, name = before.fields["name"], form.fields["name"]
    if name.startswith(f"{wanted}."):
        node = form.origin
        for _ in range(name.count(".") - wanted.count(".")):
            node = node.value if isinstance(node, ast.Attribute) else node
        yield Form(DOTTED, {"name": wanted}, node)


def _word(part: object) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, Form):
        return ""
    if part.kind == DOTTED:
        return str(part.fields["name"]).rpartition(".")[2]
    return next((str(part.fields[key]) for key in ("id", "attr", "value") if isinstance(part.fields.get(key), str)), "")


def _inside(splice: Splice, span: tuple[int, int]) -> bool:
    start, end, _text = splice
    return span[0] <= start and end <= span[1] and span[1] - span[0] > end - start


def _closest(found: list[Splice], span: tuple[int, int]) -> Splice:
    def distance(splice: Splice) -> tuple[float, int]:
        shared = max(0, min(splice[1], span[1]) - max(splice[0], span[0]))
        return -shared / max(1, max(splice[1], span[1]) - min(splice[0], span[0])), splice[1] - splice[0]

    return min(found, key=distance)


def _without_overlaps(splices: list[Splice], code: Code) -> list[Splice]:
    changed = [splice for splice in dict.fromkeys(splices) if code.source(splice[0], splice[1]) != splice[2]]
    kept: list[Splice] = []
    reached = -1
    for splice in sorted(changed, key=lambda item: (item[0], -item[1])):
        if splice[0] >= reached:
            kept.append(splice)
            reached = splice[1]
    return kept


def anchors(lesson: Lesson) -> set[str]:
    """Return the names by which the old forms of a lesson can be found in a text without parsing it."""
    names = {old.rpartition(".")[2] for old in lesson.renames}
    for ladder in lesson.ladders:
        for form in walk(ladder[-1].before):
            if form.kind == DOTTED:
                names.add(form.fields["name"].rpartition(".")[2])
            elif form.kind == "Attribute":
                names.add(form.fields["attr"])
    return {name for name in names if not name.startswith("$")}
