"""Where a new import statement goes: into the file's own import block, in the file's own order.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from itertools import pairwise
from itertools import product
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.repair.imports import Import
from pytest_selfheal.repair.imports import forms_of
from pytest_selfheal.repair.imports import is_standard

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Iterable
    from collections.abc import Sequence

    from pytest_selfheal.repair.patch import Source

MAX_COLUMNS = 88
"""A combined import wider than this is put in parentheses (the formatters' default)."""

_FUTURE, _STANDARD, _THIRD_PARTY, _OWN, _RELATIVE = range(5)


@dataclass(frozen=True)
class _Statement:
    """One import statement of the block; lines count from 0, `last` included."""

    first: int
    last: int
    forms: tuple[Import, ...]
    group: int
    node: ast.stmt

    @property
    def is_from(self) -> bool:
        return isinstance(self.node, ast.ImportFrom)


@dataclass(frozen=True)
class _Style:
    own: Collection[str]
    single_line: bool
    orders: list[_Order]


def add_imports(
    source: Source,
    tree: ast.Module,
    forms: Sequence[Import],
    *,
    own: Collection[str],
    single_line: bool,
    neighbours: Iterable[ast.Module] = (),
) -> bytes:
    """Return the file with `forms` imported at the top level.

    Args:
        source: the file.
        tree: the same file, parsed.
        forms: names to import; those from one module share a statement unless `single_line`.
        own: the project's own top-level packages; they form a group after third-party ones.
        single_line: write one statement for each name.
        neighbours: other files of the project; where the file itself leaves the order open, theirs decides.
    """
    style = _Style(own, single_line, _orders(neighbours, own))
    data = source.data
    for batch in _batches(forms, single_line):
        fresh = type(source)(source.path, data, source.encoding, source.newline)
        data = _with_statement(fresh, ast.parse(data) if data is not source.data else tree, batch, style)
    return data


def _batches(forms: Sequence[Import], single_line: bool) -> list[list[Import]]:
    batches: dict[Any, list[Import]] = {}
    for form in dict.fromkeys(forms):
        together = form.name and not single_line and not form.alias
        batches.setdefault(form.source if together else form, []).append(form)
    return list(batches.values())


def _with_statement(source: Source, tree: ast.Module, batch: list[Import], style: _Style) -> bytes:
    raw = _without_mark(source)
    lines = [line.decode(source.encoding) for line in raw]
    block = _block(tree, style.own)
    batch = _in_name_order(batch, [])
    if style.single_line or not _merged(lines, block, batch, source.newline):
        _placed(lines, block, tree, batch, source, style)
    mark = source.data[: len(source.data) - sum(map(len, raw))]
    return mark + "".join(lines).encode(source.encoding)


def _without_mark(source: Source) -> list[bytes]:
    return source.data.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)


def _block(tree: ast.Module, own: Collection[str]) -> list[_Statement]:
    """The first run of top-level imports that is more than `from __future__`, else what there is."""
    runs: list[list[_Statement]] = [[]]
    used: set[int] = set()
    for node in tree.body:
        forms = tuple(forms_of(node))
        last = (node.end_lineno or node.lineno) - 1
        alone = node.lineno - 1 not in used
        used.update(range(node.lineno - 1, last + 1))
        if isinstance(node, (ast.Import, ast.ImportFrom)) and alone:
            runs[-1].append(_Statement(node.lineno - 1, last, forms, _group(node, own), node))
        elif runs[-1] and not alone:
            runs[-1].pop()  # two statements share a line: keep away from it
            runs.append([])
        elif runs[-1]:
            runs.append([])
    for run in runs:
        if any(statement.group != _FUTURE for statement in run):
            return run
    return runs[0]


def _group(node: ast.Import | ast.ImportFrom, own: Collection[str]) -> int:
    if isinstance(node, ast.Import):
        return _module_group(node.names[0].name, own)
    return _RELATIVE if node.level else _module_group(node.module or "", own)


def _module_group(module: str, own: Collection[str]) -> int:
    top = module.partition(".")[0]
    if top == "__future__":
        return _FUTURE
    if top in own:
        return _OWN
    return _STANDARD if is_standard(top) else _THIRD_PARTY


def _merged(lines: list[str], block: list[_Statement], batch: list[Import], newline: str) -> bool:
    """Put the names into an existing statement of the same module when it can take them; tell whether it did."""
    for statement in block:
        node = statement.node
        if not isinstance(node, ast.ImportFrom) or not batch[0].name or not statement.forms:
            continue
        if statement.forms[0].source != batch[0].source:
            continue
        if any(form.alias for form in (*batch, *statement.forms)):
            continue  # sorters of imports keep `as` imports on lines of their own
        text = "".join(lines[statement.first : statement.last + 1])
        if "#" in text or "\\" in text or ";" in text:
            return False
        names = _in_name_order(batch, list(statement.forms))
        if statement.first == statement.last:
            merged = _statement_text(names)
            if len(merged) > MAX_COLUMNS or "(" in text:
                return False
            lines[statement.first] = text.replace(text.rstrip("\r\n"), merged, 1)
            return True
        return _merged_lines(lines, statement, node, names, newline)
    return False


def _merged_lines(
    lines: list[str], statement: _Statement, node: ast.ImportFrom, names: list[Import], newline: str
) -> bool:
    rows = [alias.lineno - 1 for alias in node.names]
    one_each = len(set(rows)) == len(rows) and rows[0] > statement.first and rows[-1] < statement.last
    if not one_each or not lines[rows[-1]].rstrip().endswith(","):
        return False
    indent = lines[rows[0]][: len(lines[rows[0]]) - len(lines[rows[0]].lstrip())]
    lines[rows[0] : rows[-1] + 1] = [f"{indent}{_name_text(form)},{newline}" for form in names]
    return True


def _in_name_order(new: list[Import], existing: list[Import]) -> list[Import]:
    """Insert new names into existing ones by the order the existing ones are in; at the end if they have none."""
    orders: tuple[Callable[[Import], Any], ...] = (
        lambda form: (_constant_class_rest(form.name), form.name.lower()),
        lambda form: form.name.lower(),
        lambda form: form.name,
    )
    for order in orders:
        if existing == sorted(existing, key=order):
            return sorted([*existing, *new], key=order)
    return [*existing, *new]


def _constant_class_rest(name: str) -> int:
    if name.isupper() and len(name) > 1:
        return 0
    return 1 if name[:1].isupper() else 2


def _name_text(form: Import) -> str:
    return f"{form.name} as {form.alias}" if form.alias else form.name


def _statement_text(batch: Sequence[Import]) -> str:
    if not batch[0].name:
        return str(batch[0])
    return f"from {batch[0].source} import {', '.join(_name_text(form) for form in batch)}"


def _written(batch: Sequence[Import], newline: str) -> list[str]:
    text = _statement_text(batch)
    if len(text) <= MAX_COLUMNS or len(batch) == 1:
        return [text + newline]
    names = [f"    {_name_text(form)},{newline}" for form in batch]
    return [f"from {batch[0].source} import ({newline}", *names, f"){newline}"]


def _placed(
    lines: list[str], block: list[_Statement], tree: ast.Module, batch: list[Import], source: Source, style: _Style
) -> None:
    new = _written(batch, source.newline)
    group = _RELATIVE if batch[0].level else _module_group(batch[0].module, style.own)
    peers = [statement for statement in block if statement.group == group]
    if peers:
        after = _predecessor(block, peers, batch, style.orders)
        at = after.last + 1 if after else peers[0].first
        _end_line(lines, at, source.newline)
        lines[at:at] = new
        return
    earlier = [statement for statement in block if statement.group < group]
    at = _above(block[0].first, lines) if block else _head(tree, lines)
    if earlier:
        at = earlier[-1].last + 1
    spaced = _groups_are_spaced(block, lines)
    before = 1 if (spaced or not earlier) and any(line.strip() for line in lines[:at]) else 0
    _spliced(lines, at, new, before=before, spaced=spaced, newline=source.newline)


def _above(first: int, lines: list[str]) -> int:
    """The line after whatever stands above the block; comments directly on top of it belong to the block."""
    at = first
    while at and lines[at - 1].startswith("#"):
        at -= 1
    if not at:  # the file's own header
        return first
    while at and not lines[at - 1].strip(" \t\r\n"):
        at -= 1
    return at


def _predecessor(
    block: list[_Statement], peers: list[_Statement], batch: list[Import], orders: list[_Order]
) -> _Statement | None:
    """The peer the new statement follows; None when it comes first."""
    order = next((order for order in orders if order.holds(block)), None)
    if order is None:
        same = [peer for peer in peers if peer.is_from == bool(batch[0].name)]
        twins = [peer for peer in same if peer.forms and peer.forms[0].source == batch[0].source]
        return (twins or same or peers)[-1]
    key = order.key(tuple(batch))
    smaller = [peer for peer in peers if peer.forms and order.key(peer.forms) <= key]
    return smaller[-1] if smaller else None


@dataclass(frozen=True)
class _Order:
    """One way import sorters order the statements of a group."""

    plain_first: bool
    deep_first: bool
    folded: bool
    by_type: bool

    def key(self, forms: tuple[Import, ...]) -> Any:
        first = forms[0]
        module = first.module.lower() if self.folded else first.module
        level = -first.level if self.deep_first else first.level
        name = (_constant_class_rest(first.name) if self.by_type else 0, first.name.lower())
        kind = bool(first.name)
        return (kind, level, module, name) if self.plain_first else (level, module, kind, name)

    def holds(self, block: list[_Statement]) -> bool:
        """Tell whether every group of the block is in this order."""
        rows: dict[int, list[Any]] = {}
        for statement in block:
            if statement.forms:
                rows.setdefault(statement.group, []).append(self.key(statement.forms))
        return all(row == sorted(row) for row in rows.values())


_ORDERS = tuple(_Order(*choice) for choice in product((True, False), repeat=4))


def _orders(neighbours: Iterable[ast.Module], own: Collection[str]) -> list[_Order]:
    """All orders, those that most neighbours keep first."""
    blocks = [_block(tree, own) for tree in neighbours]
    return sorted(_ORDERS, key=lambda order: -sum(order.holds(block) for block in blocks))


def _groups_are_spaced(block: list[_Statement], lines: list[str]) -> bool:
    gaps = [
        any(not line.strip() for line in lines[one.last + 1 : two.first])
        for one, two in pairwise(block)
        if one.group != two.group
    ]
    return all(gaps) if gaps else True


def _head(tree: ast.Module, lines: list[str]) -> int:
    """The line a first import goes to: after the docstring, else after the leading comments."""
    first = tree.body[0] if tree.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        last = first.end_lineno or 1
        return max(node.end_lineno or 1 for node in tree.body if node.lineno <= last)
    comments = 0
    while comments < len(lines) and lines[comments].startswith("#"):
        comments += 1
    if comments == len(lines) or not lines[comments].strip():
        return comments
    fixed = 0  # the comments belong to the code below them: only what must stay on top stays
    while fixed < min(comments, 2) and ("coding" in lines[fixed] or lines[fixed].startswith("#!")):
        fixed += 1
    return fixed


def _spliced(lines: list[str], at: int, new: list[str], *, before: int, spaced: bool, newline: str) -> None:
    """Insert `new` at the blank lines that follow line `at`, using as many of them as there are."""
    _end_line(lines, at, newline)
    blanks = 0
    while at + blanks < len(lines) and not lines[at + blanks].strip(" \t\r\n"):
        blanks += 1
    rest = lines[at + blanks :]
    after = _blanks_wanted(rest) if spaced or not _is_import(rest) else 0
    if not rest:
        lines[at:] = [newline] * before + new
    elif blanks >= before + after:
        lines[at + before : at + before] = new
    else:
        lines[at : at + blanks] = [newline] * before + new + [newline] * after


def _end_line(lines: list[str], at: int, newline: str) -> None:
    if at and not lines[at - 1].endswith(("\n", "\r")):
        lines[at - 1] += newline


def _is_import(rest: list[str]) -> bool:
    return bool(rest) and rest[0].startswith(("import ", "from "))


def _blanks_wanted(rest: list[str]) -> int:
    code = next((line for line in rest if not line.startswith("#")), "")
    return 2 if code.startswith(("def ", "class ", "async def ", "@")) else 1
