"""Regression tests for bugs injected into real packages: each fails on the bug and passes on the published source.

    python benchmarks/injected_bugs.py [--cases 1] [--package NAME==VERSION:FOLDER ...] [--kind KIND ...] [--seed 1]

Each case changes one place of a package's product code so that its own tests fail, runs them on three simulated days
with repairs off, and looks at what was written on the third: *self-contained* tests make a call with its input,
*pinned* ones run the failing test again, *refused* is every failure that got none, with the reason. *wrong* is a test
that does not fail on the bug, is not an expected failure with `--selfheal`, or does not pass on the published source.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import break_and_heal  # noqa: E402 - needs the path above
from break_and_heal import Break  # noqa: E402 - as above
from break_and_heal import fetched  # noqa: E402 - as above
from break_and_heal import line_starts  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

    from break_and_heal import Package

CALENDAR = """
import os, time
_real = time.time
time.time = lambda: _real() - 86400 * float(os.environ.get("DAYS_AGO", "0"))
"""
"""Makes days pass without a trace among pytest's options: every Python process imports `sitecustomize` by itself."""

_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


def operator(node: ast.AST) -> bool:
    """Take a comparison, sum or condition for its neighbour."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _SWAPPED:
        node.ops[0] = _SWAPPED[type(node.ops[0])]()  # type: ignore[assignment] # both are comparisons
        return True
    if isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in _SWAPPED:
        node.op = _SWAPPED[type(node.op)]()  # type: ignore[assignment] # both are of the same family
        return True
    return False


def off_by_one(node: ast.AST) -> bool:
    """Count one too many in an index, a slice, a range or a sum."""
    if isinstance(node, (ast.Subscript, ast.BinOp, ast.Call, ast.Compare)):
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and type(part.value) is int:
                part.value += 1
                return True
    return False


def none_check(node: ast.AST) -> bool:
    """Forget what happens when there is nothing: `x is None` is never so, `x or y` is `x`."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Compare) and isinstance(node.test.ops[0], ast.Is):
        node.test = ast.Constant(value=False)
        return True
    if isinstance(node, ast.IfExp) and isinstance(node.test, ast.Compare) and isinstance(node.test.ops[0], ast.IsNot):
        node.test = ast.Constant(value=True)
        return True
    return False


def dropped_key(node: ast.AST) -> bool:
    """Leave out an entry of a dictionary, or a named argument of a call."""
    if isinstance(node, ast.Dict) and len(node.keys) > 1 and isinstance(node.keys[-1], ast.Constant):
        del node.keys[-1], node.values[-1]
        return True
    if isinstance(node, ast.Call) and node.keywords and node.keywords[-1].arg:
        node.keywords.pop()
        return True
    return False


def exception(node: ast.AST) -> bool:
    """Raise another exception, or expect another one."""
    if isinstance(node, ast.ExceptHandler) and node.type is not None:
        node.type = ast.Name(id="ZeroDivisionError")
        return True
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        node.exc.func = ast.Name(id="RuntimeError")
        node.exc.keywords = []
        return True
    return False


MISTAKES: dict[str, Callable[[ast.AST], bool]] = {
    mistake.__name__: mistake for mistake in (operator, off_by_one, none_check, dropped_key, exception)
}


def places(text: str, mistake: Callable[[ast.AST], bool]) -> Iterator[Break]:
    """Yield every change of a source text that makes one mistake; each still compiles."""
    starts = line_starts(text)
    tree = ast.parse(text)
    inside_texts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in inside_texts or not isinstance(node, (ast.expr, ast.stmt, ast.ExceptHandler)):
            continue
        data = text.encode()
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)
        fresh = _node_alone(node)
        if not mistake(fresh):
            continue
        new = ast.unparse(ast.fix_missing_locations(fresh)).replace("\n", "\n" + " " * node.col_offset).strip()
        changed = Break(start, end, f"({new})".encode() if isinstance(node, ast.expr) else new.encode())
        try:
            compile(data[:start] + changed.new + data[end:], "changed", "exec")
        except SyntaxError:
            continue
        yield changed


def _node_alone(node: ast.AST) -> ast.AST:
    import copy

    return copy.deepcopy(node)


@dataclass
class Written:
    """What the third day left behind for one bug."""

    failing: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)


def three_days(package: Package, path: Path, original: str, *options: str) -> Written:
    """Run a broken package on three simulated days, put it right, and return how its regression tests behaved.

    Args:
        package: the package, broken.
        path: the file with the bug.
        original: its text as published.
        options: further options of pytest for the three days.
    """
    said = ""
    for ago in ("2", "1", "0"):
        os.environ["DAYS_AGO"] = ago
        said = package.pytest("--selfheal", "-v", *options).stdout
    found = Written(failing=sum(map(int, re.findall(r"(\d+) (?:failed|error)", said.splitlines()[-1]))))
    notices = re.findall(r"no regression test for (.+)", said)
    found.refused = [notice.rpartition(": ")[2] for notice in notices]
    if found.failing and "regressions" not in said and not notices:
        found.refused = ["not due: no error came up in three runs, or one error failed nearly the whole run"]
    found.texts = {file.name: file.read_text() for file in sorted(package.folder.glob("tests/regressions/*.py"))}
    if not found.texts:
        return found
    before, known = _outcomes(package), _outcomes(package, "--selfheal")
    path.write_bytes(original.encode())
    after = _outcomes(package)
    for name, text in found.texts.items():
        found.kinds["pinned" if "replay(" in text else "contained"] += 1
        states = (before.get(name), known.get(name), after.get(name))
        if states != ("FAILED", "XFAIL", "PASSED"):
            found.wrong.append(f"{name} {states}")
    return found


def _outcomes(package: Package, *options: str) -> dict[str, str]:
    said = package.pytest("-vv", *options, "tests/regressions").stdout
    return dict(re.findall(r"(test_regression_\w+\.py)::\S+ ([A-Z]+)", said))


def break_kinds(kinds: list[str]) -> dict[str, Callable[[str, random.Random], Iterator[Break]]]:
    """Return the mistakes as `break_and_heal` wants its kinds."""
    return {kind: lambda text, _rng, kind=kind: places(text, MISTAKES[kind]) for kind in kinds}  # type: ignore[misc]


def surroundings(folder: Path) -> dict[str, str]:
    """Write the calendar into a folder; return the environment in which days pass and nothing is repaired."""
    (folder / "sitecustomize.py").write_text(CALENDAR)
    return {"SELFHEAL_REPAIR_BUDGET_S": "0", "SELFHEAL_REGRESSION_BUDGET_S": "300", "CALENDAR": str(folder)}


def main() -> int:
    """Print one row for each bug and the sums; return 1 when a test is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1, help="bugs of each kind in each package")
    parser.add_argument("--package", action="append", help="NAME==VERSION:FOLDER, instead of the built-in list")
    parser.add_argument("--kind", action="append", choices=sorted(MISTAKES), help="only these kinds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="run only the file of the first test that fails")
    parser.add_argument("--keep", type=Path, help="copy every generated file to this folder")
    options = parser.parse_args()
    chosen = dict(item.rsplit(":", 1) for item in options.package) if options.package else break_and_heal.PACKAGES
    kinds = break_kinds(options.kind or list(MISTAKES))
    sums: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    folder = Path(tempfile.mkdtemp(prefix="injected-bugs-"))
    calendar = folder / "calendar"
    calendar.mkdir()
    try:
        with mock.patch.dict(os.environ, surroundings(calendar)), mock.patch.dict(break_and_heal.KINDS, kinds):
            for name, package in fetched(chosen, folder):
                package.import_from += f"{os.pathsep}{calendar}"
                for kind in kinds:
                    rng = random.Random(f"{options.seed} {name} {kind}")
                    for _case in range(options.cases):
                        found = _one(package, name, kind, rng, quick=options.quick)
                        if found is None:
                            continue
                        sums.update(_counted(found))
                        reasons.update(found.refused)
                        if options.keep is not None:
                            _keep(found, options.keep, f"{name.partition('==')[0]}_{kind}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n" + ", ".join(f"{number} {word}" for word, number in sums.items()))
    for reason, number in reasons.most_common():
        print(f"{number:4} {reason}")
    return 1 if sums["wrong"] else 0


def _one(package: Package, name: str, kind: str, rng: random.Random, *, quick: bool) -> Written | None:
    package.reset()
    case = break_and_heal.broken(package, kind, rng)
    if case is None:
        print(f"{name:22}{kind:13}no bug found that a test sees", flush=True)
        return None
    path, original = case
    chosen = []
    if quick:
        said = package.pytest("-p", "no:selfheal", "-x", "-rfE").stdout
        chosen = re.findall(r"^(?:FAILED|ERROR) ([^:\s]+)", said, re.MULTILINE)[:1]
    found = three_days(package, path, original, *chosen)
    counts = _counted(found)
    told = "".join(f"{counts[word]:4} {word}" for word in ("self-contained", "pinned", "refused", "wrong"))
    print(f"{name:22}{kind:13}{path.name:18}{found.failing:4} failing{told}", flush=True)
    if found.wrong or not found.texts:
        print(package.git("diff", "-U0", "published", "HEAD").partition("@@")[2], flush=True)
        print("\n".join([*found.wrong, *found.refused]), flush=True)
    return found


def _counted(found: Written) -> Counter[str]:
    counts = Counter(bugs=1, pinned=found.kinds["pinned"], refused=len(found.refused), wrong=len(found.wrong))
    counts["self-contained"] = found.kinds["contained"]
    counts["bugs with a test"] = int(bool(found.texts))
    counts["bugs with a self-contained test"] = int(bool(found.kinds["contained"]))
    return counts


def _keep(found: Written, folder: Path, prefix: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in found.texts.items():
        (folder / f"{prefix}_{file}").write_text(text)


if __name__ == "__main__":
    raise SystemExit(main())
