"""Measures how well one edit teaches: migrations seen once, tried on code never seen.

    python benchmarks/learning.py --cases FILE [--verbose]

FILE is Python that defines `C`: tuples of name, error text, old text, new text, variants (text and expected text, None
when it must stay, or several that are right), look-alikes that must stay; and `MT`: the names in a variant's own error
where they differ. `#!` marks the failing line; text behind it is the failing expression.
"""

from __future__ import annotations

import argparse
import ast
import runpy
import sys
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import Any

from pytest_selfheal.learn.forms import Code
from pytest_selfheal.learn.forms import Form
from pytest_selfheal.learn.forms import walk
from pytest_selfheal.learn.lessons import Lesson
from pytest_selfheal.learn.lessons import learn
from pytest_selfheal.learn.message import read_message
from pytest_selfheal.learn.notation import lesson_of
from pytest_selfheal.learn.notation import pattern_of
from pytest_selfheal.learn.replaying import Place
from pytest_selfheal.learn.replaying import replay
from pytest_selfheal.repair.dotted_names import DottedNames


@dataclass
class Score:
    """Counts over all cases."""

    variants: int = 0
    right: int = 0
    wrong: int = 0
    decoys: int = 0
    touched: int = 0
    taught: int = 0
    cases: int = 0
    notes: list[str] = field(default_factory=list)


def main() -> int:
    """Print the scores; the status tells whether something was wrong or touched."""
    parser = argparse.ArgumentParser(description="Measure learning from one example.")
    parser.add_argument("--cases", required=True)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    found = runpy.run_path(options.cases)
    score = Score()
    for case in found["C"]:
        _measure(case, found.get("MT", {}), score)
    print(f"the example itself repeated: {score.taught} of {score.cases}")
    print(f"unseen variants right:       {score.right} of {score.variants} ({score.right / score.variants:.2f})")
    print(f"unseen variants wrong:       {score.wrong}")
    print(f"look-alikes touched:         {score.touched} of {score.decoys}")
    if options.verbose:
        print("\n".join(score.notes))
    return 0


def _measure(case: tuple[Any, ...], own_names: dict[str, set[str]], score: Score) -> None:
    name, error, before, after, variants, decoys = case
    error_type, _, text = error.partition(": ")
    message = read_message(error_type, text)
    first = learn(_code(before), _code(after), message, _failing_lines(before))
    lesson = lesson_of(pattern_of(first, error_message=text))  # as it will be read back from patterns.json
    score.cases += 1
    if _try(lesson, before, after, message) == "right":
        score.taught += 1
    else:
        score.notes.append(f"example: {name}")
    for variant, expected in variants:
        here = replace(message, names=frozenset(own_names[variant])) if variant in own_names else message
        verdict = _try(lesson, variant, expected, here, score, name)
        score.variants += 1
        score.right += verdict == "right"
        score.wrong += verdict == "wrong"
    for decoy in decoys:
        score.decoys += 1
        text, count = replay(lesson, _code(decoy), message, None)
        if count and _normal(text) != _normal(decoy):
            score.touched += 1
            score.notes.append(f"touched: {name}: {decoy!r} -> {text!r}")


def _try(lesson: Lesson, text: str, expected: Any, message: Any, score: Score | None = None, name: str = "") -> str:
    code = _code(text)
    new, count = replay(lesson, code, message, _place(text, code)) if lesson else (text, 0)
    wanted = [text if one is None else one for one in (expected if isinstance(expected, tuple) else (expected,))]
    if any(_normal(new) == _normal(one) for one in wanted):
        return "right"
    verdict = "wrong" if count else "missed"
    if score is not None:
        score.notes.append(f"{verdict}: {name}: {text!r} -> {new!r}")
    return verdict


def _failing_lines(text: str) -> set[int]:
    return {number for number, line in enumerate(text.splitlines(), 1) if "#!" in line}


def _place(text: str, code: Code) -> Place:
    for number, line in enumerate(text.splitlines(), 1):
        if "#!" in line:
            expression = line.partition("#!")[2].strip()
            start = code.offset(number, line.find(expression)) if expression else 0
            return Place(number, (start, start + len(expression)) if expression else None)
    return Place(1)


def _code(text: str) -> Code:
    return Code(text, DottedNames())


def _normal(text: str) -> tuple[str, frozenset[str]]:
    """Return what a text means: statements with names as their imports bind them, and the imports they use.

    The order of keywords and the layout of imports mean nothing, nor does an import that nothing uses.
    """
    code = _code(text)
    used = {node.id for node in ast.walk(code.tree) if isinstance(node, ast.Name)}
    needed = frozenset(dotted for local, dotted in code.bound.items() if local in used)
    for form in walk(code.form):
        for name, part in form.fields.items():
            if isinstance(part, list):
                form.fields[name] = _sorted([item for item in part if not _is_import(item)])
    return code.form.key, needed


def _is_import(item: Any) -> bool:
    return isinstance(item, Form) and item.kind in ("Import", "ImportFrom")


def _sorted(items: list[Any]) -> list[Any]:
    if items and all(isinstance(item, Form) and item.kind == "keyword" for item in items):
        return sorted(items, key=lambda item: item.fields["arg"] or "")
    return items


if __name__ == "__main__":
    sys.exit(main())
