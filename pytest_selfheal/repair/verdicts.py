"""What decides whether a test passes, as things to count: a fix may neither take one away, nor loosen, nor bypass one.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import copy
import re
from collections import Counter
from typing import TYPE_CHECKING

from pytest_selfheal.repair.expected import expected_values
from pytest_selfheal.repair.expected import moved_numbers
from pytest_selfheal.repair.respelling import only_respelt

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CHECKING_LINE = re.compile(
    rb"^assert\b|\bself\.(assert|fail)\w*|\bpytest\.|\b(raises|warns|approx|skip\w*|xfail|suppress|isclose|allclose)\s*\("
    rb"|\.assert_\w+|^except\b|^finally\b|^__test__\b|^pytestmark\b"
)
_VERDICTS = _words(
    "approx deprecated_call exit _exit quit fail importorskip raises skip skipif suppress warns xfail skipIf skipTest "
    "skipUnless expectedFailure isclose allclose flaky filterwarnings simplefilter catch_warnings errstate seterr "
    "no_selfheal RaisesGroup RaisesExc"
)
_STRICTNESS = _words(
    "strict spec spec_set autospec wraps raising reraise match rel abs rel_tol abs_tol atol rtol places delta decimal "
    "nan_ok equal_nan check check_exact check_dtype check_exception check_stdout raise_on_error errors "
    "return_exceptions"
)
_SWITCHES = _words("__test__ pytestmark collect_ignore collect_ignore_glob pytest_plugins maxDiff failureException")
_HELPERS = re.compile(r"^(check|verify|expect|ensure|should|must|validate)(_|$|[A-Z])")
_TEST_HEAD = re.compile(rb"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+(?P<name>[Tt]est\w*)", re.MULTILINE)
_BRANCHES = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.Match, ast.comprehension)
_JUMPS = (ast.Return, ast.Continue, ast.Break)
_ENDS = (*_JUMPS, ast.Raise)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def loosened(before: ast.Module, after: ast.Module, is_renamed: Callable[[str, str], bool], *, is_test: bool) -> str:
    """Return why the change from one tree to the other weakens a check; empty when it does not.

    Args:
        before: the file as it is.
        after: the file with the fix.
        is_renamed: tells whether an exception class of the project is certainly called otherwise now: then handlers
            and `raise` statements may follow.
        is_test: whether tests stand in the file: then expected values, the tests themselves and the way to each
            check count too.
    """
    was, now = _verdicts(before, {}), _verdicts(after, {})
    if was != now and only_respelt(before, after):
        was = now
    if was != now:  # asking about names means reading the whole project
        renamed = _exceptions_renamed(before, after, is_renamed)
        was, now = _verdicts(before, renamed), _verdicts(after, {new: new for new in renamed.values()})
    for what, _text in [*(was - now), *(now - was)]:
        return f"the fix touches a check ({what})"
    if loose := _strictness_lost(before, after):
        return f"the fix touches a check ({loose})"
    if _statement_count(after) < _statement_count(before) - _settings_rewritten(before, after):
        return "the fix deletes statements"
    if _unreachable(after) > _unreachable(before):
        return "the fix leaves statements that are never reached"
    return _test_loosened(before, after) if is_test else ""


def _test_loosened(before: ast.Module, after: ast.Module) -> str:
    tests_then, tests_now = Counter(_tests(before)), Counter(_tests(after))
    if tests_then != tests_now:
        return "the fix renames, hides or decorates a test"
    for kinds, what in ((_BRANCHES, "a condition or a loop"), (_JUMPS, "a way out")):
        if _count(after, kinds) > _count(before, kinds):
            return f"the fix adds {what} to a test"
    if _helper_count(after) < _helper_count(before):
        return "the fix touches a check (a helper that checks)"
    gone, come = expected_values(before, after)
    for value in [*gone, *come]:
        return f"the fix changes an expected value ({value[:60]})"
    return ""


def loosened_lines(old: bytes, new: bytes, after: ast.Module, *, is_test: bool) -> str:
    """Compare lines where there is no tree of the old text to compare with: a repair of its syntax."""
    lines_then, lines_now = _lines(old), _lines(new)
    _forget_ended(lines_then, lines_now)
    for line in [*(lines_then - lines_now), *(lines_now - lines_then)]:
        if _CHECKING_LINE.search(line):
            return f"the fix touches a check ({line.decode('utf-8', 'replace')[:60]})"
    if sum(lines_now.values()) < sum(lines_then.values()):
        return "the fix deletes lines"
    if is_test and _lost_tests(old, after):
        return "the fix hides a test"
    if is_test and (moved := moved_numbers(old, new)):
        return f"the fix changes an expected value ({moved})"
    if is_test and _unreachable(after):
        return "the fix leaves statements that are never reached"
    return ""


def _lost_tests(old: bytes, after: ast.Module) -> bool:
    """Tell whether a test of a text that did not parse is none any more: inside a function or text, or renamed."""
    wanted = Counter(match["name"].decode("utf-8", "replace") for match in _TEST_HEAD.finditer(old))
    found: Counter[str] = Counter()
    places: list[ast.AST] = [after]
    while places:
        for node in ast.iter_child_nodes(places.pop()):
            if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
                found[node.name] += 1
            if isinstance(node, (ast.ClassDef, ast.If, ast.Try, ast.With)):
                places.append(node)
    return bool(wanted - found)


def _forget_ended(before: Counter[bytes], after: Counter[bytes]) -> None:
    """Take out the lines that only got the mark that ends them: `except OSError` with its colon is the same check."""
    ended: dict[bytes, bytes] = {_unended(line): line for line in after}
    for line in list(before):
        partner = ended.get(_unended(line))
        if partner is not None:
            shared = min(before[line], after[partner])
            before[line] -= shared
            after[partner] -= shared


def _unended(line: bytes) -> bytes:
    """Return a line without the marks a repair of its syntax may add: a colon, and in handlers closing brackets."""
    bare = line.removesuffix(b":").rstrip()
    return bare.translate(None, b")]} ") if bare.startswith(b"except") else bare


def _lines(data: bytes) -> Counter[bytes]:
    return Counter(line.strip() for line in data.splitlines() if line.strip())


# ----------------------------------------------------------------------------------------------------------- verdicts


def _verdicts(tree: ast.Module, renamed: Mapping[str, str]) -> Counter[tuple[str, str]]:
    """Everything that decides whether a test passes, as text that does not depend on its line.

    In handlers and `raise` statements the classes in `renamed` are called as it says, wherever they come from.
    """
    aliases = _aliases(tree)
    found: Counter[tuple[str, str]] = Counter()
    for node, way in _with_ways(tree):
        found.update((what, f"{way}: {text}") for what, text in _verdicts_of(node, aliases, renamed))
    return found


def _with_ways(tree: ast.AST, way: str = "") -> Iterator[tuple[ast.AST, str]]:
    """Yield every node with the kinds of statements around it that decide whether it is reached."""
    for child in ast.iter_child_nodes(tree):
        yield child, way
        if isinstance(child, (*_BRANCHES, ast.Try, *_FUNCTIONS, ast.Lambda)):
            yield from _with_ways(child, f"{way}/{type(child).__name__}")
        else:
            yield from _with_ways(child, way)


def _aliases(tree: ast.Module) -> dict[str, str]:
    """Return other names under which the file knows something that checks: `from pytest import raises as r`."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found.update({one.asname: one.name for one in node.names if one.asname and _is_verdict(one.name)})
        elif isinstance(node, ast.Assign) and _is_verdict(last := _last_name(node.value)):
            found.update({target.id: last for target in node.targets if isinstance(target, ast.Name)})
    return found


def _is_verdict(name: str) -> bool:
    return name in _VERDICTS or name.startswith("assert")


def _verdicts_of(node: ast.AST, aliases: Mapping[str, str], renamed: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Assert):
        yield "assert", ast.dump(node)
    elif isinstance(node, ast.Raise):
        yield "raise", _shown(node, renamed)
    elif isinstance(node, ast.ExceptHandler):
        silent = all(isinstance(part, (ast.Pass, ast.Continue, ast.Break, ast.Return)) for part in node.body)
        yield "except", f"{_shown(node.type, renamed) if node.type else ''} {silent}"
    elif isinstance(node, ast.Try) and any(
        isinstance(part, _JUMPS) for one in node.finalbody for part in ast.walk(one)
    ):
        yield "finally", "a way out swallows what was raised"
    elif isinstance(node, ast.Call):
        name = _last_name(node.func)
        name = aliases.get(name, name)
        if _is_verdict(name):
            yield name, ast.dump(node)
    elif isinstance(node, ast.Attribute) and node.attr in _VERDICTS:
        yield node.attr, ast.dump(node)
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from ((name, ast.dump(node)) for one in targets if (name := _last_name(one)) in _SWITCHES)
    elif isinstance(node, _FUNCTIONS) and node.name in ("__exit__", "__aexit__"):
        yield node.name, ";".join(ast.dump(part) for part in ast.walk(node) if isinstance(part, ast.Return))


class _Renaming(ast.NodeTransformer):
    """Puts one plain name in the place of every name or attribute that means a renamed class."""

    def __init__(self, renamed: Mapping[str, str]) -> None:
        self._renamed = renamed

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Rename a plain name."""
        return ast.Name(id=self._renamed[node.id], ctx=ast.Load()) if node.id in self._renamed else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Rename an attribute of a module."""
        if node.attr in self._renamed:
            return ast.Name(id=self._renamed[node.attr], ctx=ast.Load())
        return self.generic_visit(node)


def _shown(node: ast.AST, renamed: Mapping[str, str]) -> str:
    if not renamed:
        return ast.dump(node)
    return ast.dump(_Renaming(renamed).visit(copy.deepcopy(node)))


def _exceptions_renamed(
    before: ast.Module, after: ast.Module, is_renamed: Callable[[str, str], bool]
) -> dict[str, str]:
    """Return the names that a module no longer has at all, with the one new name that certainly stands for each."""
    old, new = _identifiers(before), _identifiers(after)
    found: dict[str, str] = {}
    for gone in sorted(old - new):
        partners = [come for come in sorted(new - old) if is_renamed(gone, come)]
        if len(partners) == 1:
            found[gone] = partners[0]
    return found


def _identifiers(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.alias):
            names.update((node.name, node.asname or ""))
    return names


def _strictness_lost(before: ast.Module, after: ast.Module) -> str:
    """Return a keyword that says how strictly something is checked, which is gone, changed or new.

    One that was only misspelt keeps its value, and comes in the place of a word that says nothing of the kind.
    """
    was, now = Counter(_keywords(before)), Counter(_keywords(after))
    gone = [(name, value) for name, value in was - now if name in _STRICTNESS]
    lost = Counter(value for name, value in was - now if name not in _STRICTNESS)
    come = [(name, value) for name, value in now - was if name in _STRICTNESS and not lost[value]]
    return next((name for name, _value in [*gone, *come]), "")


def _keywords(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword):
            yield node.arg or "**", ast.dump(node.value)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


# ------------------------------------------------------------------------------------------------------------- counts


def _tests(tree: ast.Module) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield the tests and their classes: kind, name, and what decorates them."""
    for node in ast.walk(tree):
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)) and node.name.lower().startswith("test"):
            plain = [one.func if isinstance(one, ast.Call) else one for one in node.decorator_list]
            yield type(node).__name__, node.name, tuple("decorated" for _one in plain)


def _count(tree: ast.Module, kinds: tuple[type[ast.AST], ...]) -> int:
    return sum(isinstance(node, kinds) for node in ast.walk(tree))


def _helper_count(tree: ast.Module) -> int:
    calls = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    return sum(bool(_HELPERS.match(_last_name(call.func))) for call in calls)


def _statement_count(tree: ast.Module) -> int:
    """Statements other than imports and `pass`."""
    light = (ast.Import, ast.ImportFrom, ast.Pass)
    return sum(isinstance(node, ast.stmt) and not isinstance(node, light) for node in ast.walk(tree))


def _settings_rewritten(before: ast.Module, after: ast.Module) -> int:
    """Return how many statements fewer a model needs whose `class Config` became one assignment to `model_config`."""
    old, new = _settings(before), _settings(after)
    if len(old[0]) - len(new[0]) != new[1] - old[1]:
        return 0
    return sum(len(body) for body in old[0]) - sum(len(body) for body in new[0])


def _settings(tree: ast.Module) -> tuple[list[list[ast.stmt]], int]:
    """The bodies of the `Config` classes inside classes, and the number of assignments to `model_config` there."""
    inside = [item for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for item in node.body]
    bodies = [item.body for item in inside if isinstance(item, ast.ClassDef) and item.name == "Config"]
    targets = [target for item in inside if isinstance(item, ast.Assign) for target in item.targets]
    return bodies, sum(isinstance(target, ast.Name) and target.id == "model_config" for target in targets)


def _unreachable(tree: ast.Module) -> int:
    """Statements that stand behind one that always leaves their block."""
    count = 0
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                ends = [index for index, part in enumerate(block) if isinstance(part, _ENDS)]
                count += len(block) - 1 - ends[0] if ends else 0
    return count
