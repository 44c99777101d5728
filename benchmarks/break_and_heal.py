"""Break real packages by machine and see what comes back: restored, wrong, suggested, left alone.

    python benchmarks/break_and_heal.py [--cases 5] [--package NAME==VERSION ...] [--seed 1]

Each case changes one place of a package's product code so that its own tests fail, runs `pytest --selfheal` once, and
compares: *restored* is the original's syntax tree, or a tree with which all of the package's tests pass; *wrong* is any
other edit; *others* counts files changed besides the broken one. The source distributions come through pip.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_selfheal.repair.lexing import OPENERS
from pytest_selfheal.repair.lexing import tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

PACKAGES = {  # name==version: where its product code is
    "itsdangerous==2.2.0": "src/itsdangerous",
    "sqlparse==0.6.1": "sqlparse",
    "tomlkit==0.15.2": "tomlkit",
    "cachetools==5.5.2": "src/cachetools",
    "inflection==0.5.1": "inflection",
    "wcwidth==0.2.13": "wcwidth",
}
MOST_TRIES = 12
"""Breaks tried for one case until one makes a test fail."""


NEVER_ENDED = -1


@dataclass(frozen=True)
class Break:
    """One change of one file: bytes from `start` to `end` become `new`."""

    start: int
    end: int
    new: bytes


def swapped(name: str, rng: random.Random) -> str | None:
    """Return a name of five letters or more with two neighbouring letters swapped."""
    places = [i for i in range(1, len(name) - 1) if name[i : i + 2].isalpha() and name[i] != name[i + 1]]
    if len(name) < 5 or not places:
        return None
    at = rng.choice(places)
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


def imports(text: str, _rng: random.Random) -> Iterator[Break]:
    """Drop a whole import statement of one line at the top level."""
    starts = line_starts(text)
    for node in ast.parse(text).body:
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not isinstance(node, (ast.Import, ast.ImportFrom)) or future or len(node.names) > 1:
            continue
        if node.lineno == node.end_lineno:
            yield Break(starts[node.lineno - 1], starts[node.lineno], b"")


def names(text: str, rng: random.Random) -> Iterator[Break]:
    """Misspell one use of a name."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield from _misspelt(text, node.id, (node.lineno, node.col_offset), rng)


def attributes(text: str, rng: random.Random) -> Iterator[Break]:
    """Misspell one read of an attribute."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            end = (node.end_lineno or 0, (node.end_col_offset or 0) - len(node.attr.encode()))
            yield from _misspelt(text, node.attr, end, rng)


def keywords(text: str, rng: random.Random) -> Iterator[Break]:
    """Misspell one keyword of a call."""
    for node in ast.walk(ast.parse(text)):
        for keyword in node.keywords if isinstance(node, ast.Call) else ():
            if keyword.arg:
                yield from _misspelt(text, keyword.arg, (keyword.lineno, keyword.col_offset), rng)


def colons(text: str, _rng: random.Random) -> Iterator[Break]:
    """Drop the colon at the end of a statement's head."""
    code = [token for token in tokens_of(text) if token.is_code]
    for index, token in enumerate(code):
        ends_line = index + 1 < len(code) and code[index + 1].line > token.line
        first = next(other for other in code if other.line == token.line)
        if token.text == ":" and not token.depth and ends_line and first.text in OPENERS:
            at = len(text[: token.start].encode())
            yield Break(at, at + 1, b"")


def brackets(text: str, _rng: random.Random) -> Iterator[Break]:
    """Drop one closing bracket."""
    for token in tokens_of(text):
        if token.kind == "op" and token.text in ")]}":
            at = len(text[: token.start].encode())
            yield Break(at, at + 1, b"")


KINDS: dict[str, Callable[[str, random.Random], Iterator[Break]]] = {
    kind.__name__: kind for kind in (imports, attributes, names, keywords, colons, brackets)
}


def line_starts(text: str) -> list[int]:
    """Return the byte at which each line starts, and the end."""
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def _misspelt(text: str, name: str, place: tuple[int, int], rng: random.Random) -> Iterator[Break]:
    new = swapped(name, rng)
    if new is not None:
        at = line_starts(text)[place[0] - 1] + place[1]
        yield Break(at, at + len(name.encode()), new.encode())


class Package:
    """A package's sources in a git repository of their own, with its tests."""

    def __init__(self, folder: Path, product: str) -> None:
        self.folder = folder
        self.product = product
        self.import_from = str((folder / product).parent)

    def files(self) -> list[Path]:
        """Return the product files that are worth breaking."""
        found = sorted((self.folder / self.product).rglob("*.py"))
        return [path for path in found if path.stat().st_size > 500]

    def pytest(self, *options: str, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
        """Run the package's tests; a run that takes too long has the status `NEVER_ENDED`."""
        env = {**os.environ, "PYTHONPATH": self.import_from, "PYTHONDONTWRITEBYTECODE": "1", "SELFHEAL_TRUST": "local"}
        command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-pno:cacheprovider", "-pno:asyncio", *options]
        try:
            return subprocess.run(
                command, cwd=self.folder, env=env, capture_output=True, text=True, timeout=timeout_s, check=False
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, NEVER_ENDED, "", "")

    def git(self, *arguments: str) -> str:
        """Run git in the package's repository."""
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "core.autocrlf=false"]
        command = ["git", *identity, *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True).stdout

    def reset(self) -> None:
        """Put everything back as published."""
        self.git("reset", "--hard", "--quiet", "published")
        self.git("clean", "-fdxq")


def fetched(packages: dict[str, str], folder: Path) -> Iterator[tuple[str, Package]]:
    """Yield each package whose tests pass as published."""
    for name, product in packages.items():
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", name]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
        archives = sorted(folder.glob("*.tar.gz"))
        if done.returncode or not archives:
            print(f"{name}: cannot be had", file=sys.stderr)
            continue
        target = folder / name.partition("==")[0]
        with tarfile.open(archives[0]) as tar:
            tar.extractall(target, filter="data")
        archives[0].unlink()
        package = Package(next(path for path in target.iterdir() if path.is_dir()), product)
        package.git("init", "--quiet")
        package.git("add", "--all", "--force")
        package.git("commit", "--quiet", "--message", "as published")
        package.git("tag", "published")
        if package.pytest("-p", "no:selfheal").returncode:
            print(f"{name}: its tests do not pass here", file=sys.stderr)
            continue
        package.reset()
        yield name, package


def broken(package: Package, kind: str, rng: random.Random) -> tuple[Path, str] | None:
    """Break one place so that a test fails, commit that, and return the file and its original text."""
    files = package.files()
    for _try in range(MOST_TRIES if files else 0):
        path = rng.choice(files)
        data = path.read_bytes()
        places = list(KINDS[kind](data.decode(), rng))
        if not places:
            continue
        place = rng.choice(places)
        path.write_bytes(data[: place.start] + place.new + data[place.end :])
        if package.pytest("-p", "no:selfheal", "-x", timeout_s=60).returncode not in (0, NEVER_ENDED):
            package.git("commit", "--quiet", "--all", "--message", "broken")
            return path, data.decode()
        package.reset()
    return None


def outcome(package: Package, path: Path, original: str) -> tuple[str, int]:
    """Heal once; return what came of it and how many other files changed."""
    done = package.pytest("--selfheal")
    changed = package.git("diff", "--name-only", "HEAD").split()
    own = path.relative_to(package.folder).as_posix()
    others = len([name for name in changed if name != own])
    if not changed:
        return ("suggested" if "suggested" in done.stdout else "nothing"), 0
    if _tree(path.read_text()) == _tree(original) or package.pytest("-p", "no:selfheal").returncode == 0:
        return "restored", others
    return "wrong", others


def _tree(text: str) -> str:
    try:
        return ast.dump(ast.parse(text))
    except SyntaxError:
        return text


def main() -> None:
    """Print one row for each kind of break, and every wrong edit as a diff."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=5, help="breaks of each kind in each package")
    parser.add_argument("--package", action="append", help="NAME==VERSION:FOLDER, instead of the built-in list")
    parser.add_argument("--kind", action="append", choices=sorted(KINDS), help="only these kinds")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chosen = dict(item.rsplit(":", 1) for item in options.package) if options.package else PACKAGES
    table: dict[str, Counter[str]] = {kind: Counter() for kind in options.kind or KINDS}
    folder = Path(tempfile.mkdtemp(prefix="break-and-heal-"))
    try:
        for name, package in fetched(chosen, folder):
            for kind, row in table.items():
                rng = random.Random(f"{options.seed} {name} {kind}")
                for _case in range(options.cases):
                    _one(package, name, kind, row, rng)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    words = ("broken", "restored", "wrong", "suggested", "nothing", "others")
    print(f"\n{'kind':<12}" + "".join(f"{word:>11}" for word in words) + f"{'share':>9}")
    for kind, row in table.items():
        share = row["restored"] / row["broken"] if row["broken"] else 0.0
        print(f"{kind:<12}" + "".join(f"{row[word]:>11}" for word in words) + f"{share:>9.2f}")


def _one(package: Package, name: str, kind: str, row: Counter[str], rng: random.Random) -> None:
    package.reset()
    case = broken(package, kind, rng)
    if case is None:
        return
    path, original = case
    what, others = outcome(package, path, original)
    row.update({"broken": 1, what: 1, "others": others})
    print(f"{name:<24}{kind:<12}{what:<10}{path.name}", flush=True)
    if what != "restored":
        print(package.git("diff", "-U0", "published", "HEAD").partition("@@")[2], flush=True)
    if what == "wrong":
        print(package.git("diff", "-U0", "HEAD"), flush=True)


if __name__ == "__main__":
    main()
