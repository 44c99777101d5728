"""Break real packages by machine and see what comes back: restored, wrong, suggested, left alone.

    python benchmarks/break_and_heal.py [--cases 5] [--package NAME==VERSION:FOLDER ...] [--seed 1] [--check]

Each case changes one place of a package's product code so that its own tests fail, runs `pytest --selfheal` once, and
compares: *restored* is the original's syntax tree, or a tree with which all of the package's tests pass; *wrong* is any
other edit; *offered* is a break not mended, whose original text stands among the suggestions of the queue; *queued* one
with other suggestions only; *left* one without any; *others* counts files changed besides the broken one; *late* counts
heals that had spent their budget. The source distributions come through pip; their tests need what they need in the
environment this runs with. A package that pytest itself imports cannot be taken: its breaks stop pytest.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_selfheal.config import Policy
from pytest_selfheal.errors import PatchError
from pytest_selfheal.repair.lexing import OPENERS
from pytest_selfheal.repair.lexing import tokens_of
from pytest_selfheal.repair.patch import apply_patch
from pytest_selfheal.repair.project import kind_of
from pytest_selfheal.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

    from pytest_selfheal.model import Candidate

PACKAGES = {  # name==version: where its product code is
    "itsdangerous==2.2.0": "src/itsdangerous",
    "sqlparse==0.6.1": "sqlparse",
    "tomlkit==0.15.2": "tomlkit",
    "cachetools==5.5.2": "src/cachetools",
    "inflection==0.5.1": "inflection",
    "simplejson==4.3.0": "simplejson",
}
MOST_TRIES = 12
"""Breaks tried for one case until one makes a test fail."""

NEVER_ENDED = -1

LEAST_RESTORED = 0.85
"""The bar of `--check`, over all kinds and packages; wrong edits and other files must be none at all."""

COLUMNS = ("broken", "restored", "wrong", "offered", "queued", "left", "others", "late")


@dataclass(frozen=True)
class Break:
    """One change of one file: bytes from `start` to `end` become `new`."""

    start: int
    end: int
    new: bytes


@dataclass(frozen=True)
class Result:
    """What came of one case: one of the columns, files changed besides the broken one, time used up, seconds, why."""

    what: str
    others: int = 0
    late: bool = False
    seconds: float = 0.0
    why: tuple[str, ...] = ()


@dataclass
class Tally:
    """The cases of one row of the table."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Count one case."""
        self.counts.update({"broken": 1, result.what: 1, "others": result.others, "late": int(result.late)})
        self.seconds.append(result.seconds)

    def row(self, name: str) -> str:
        """Return the row as text, with the share restored and the median seconds of a heal."""
        share = self.counts["restored"] / max(1, self.counts["broken"])
        cells = "".join(f"{self.counts[column]:>10}" for column in COLUMNS)
        return f"{name:<24}{cells}{share:>9.2f}{statistics.median(self.seconds or [0]):>9.1f}"


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
    if new is not None and not re.search(rf"\b{new}\b", text):  # a name that exists is another break altogether
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
        product = [path for path in found if kind_of(path.relative_to(self.folder).as_posix()) == "product"]
        return [path for path in product if path.stat().st_size > 500]

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


def archive(name: str, folder: Path, sdists: Path | None) -> Path | None:
    """Return the source distribution of a package, downloaded where no folder with archives is given."""
    if sdists is None:
        sdists = folder / f"download-{name}"
        sdists.mkdir()
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", name]
        subprocess.run(command, cwd=sdists, capture_output=True, text=True, timeout=600, check=False)
    project, _equals, version = name.partition("==")
    wanted = re.compile(rf"{re.sub('[-_.]+', '[-_.]', project)}-{re.escape(version)}\.tar\.gz", re.IGNORECASE)
    return next((path for path in sorted(sdists.iterdir()) if wanted.fullmatch(path.name)), None)


def fetched(packages: dict[str, str], folder: Path, sdists: Path | None = None) -> Iterator[tuple[str, Package]]:
    """Yield each package whose tests pass as published."""
    for name, product in packages.items():
        found = archive(name, folder, sdists)
        if found is None:
            print(f"{name}: cannot be had", file=sys.stderr)
            continue
        target = folder / name.partition("==")[0]
        with tarfile.open(found) as tar:
            tar.extractall(target, filter="data")
        package = Package(next(path for path in target.iterdir() if path.is_dir()), product)
        package.git("init", "--quiet")
        package.git("add", "--all", "--force")
        package.git("commit", "--quiet", "--message", "as published")
        package.git("tag", "published")
        done = package.pytest("-p", "no:selfheal")
        if done.returncode:
            print(f"{name}: its tests do not pass here\n{(done.stdout + done.stderr)[-1500:]}", file=sys.stderr)
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


def outcome(package: Package, path: Path, original: str) -> Result:
    """Heal once; return what came of it."""
    started = time.monotonic()
    done = package.pytest("--selfheal", timeout_s=1200)
    seconds = time.monotonic() - started
    changed = [line[3:] for line in package.git("status", "--porcelain", "--untracked-files=all").splitlines()]
    own = path.relative_to(package.folder).as_posix()
    others = len([name for name in changed if name != own])
    reviews = list(open_store(package.folder / Policy().store, read_only=True).reviews())
    late = any("budget" in entry.reason or "used up" in " ".join(entry.notes) for entry in reviews)
    why = tuple(line for entry in reviews for line in (f"{entry.entry}: {entry.reason}", *entry.notes))
    if own in changed:
        right = _tree(path.read_text()) == _tree(original) or package.pytest("-p", "no:selfheal").returncode == 0
        return Result("restored" if right else "wrong", others, late, seconds, why)
    options = [candidate for entry in reviews for candidate in entry.candidates]
    texts = {_patched(package, candidate, own) for candidate in options}
    what = "offered" if _tree(original) in texts else "queued" if options else "left"
    return Result(what, others, late, seconds, why or (done.stdout[-2000:],))


def _patched(package: Package, candidate: Candidate, own: str) -> str:
    try:
        files = apply_patch(candidate.patch, lambda name: (package.folder / name).read_bytes())
    except PatchError:
        return ""
    return _tree(files[own].decode()) if own in files else ""


def _tree(text: str) -> str:
    try:
        return ast.dump(ast.parse(text))
    except SyntaxError:
        return text


def main() -> int:
    """Print a line for each case, with the reasons where it was not restored, and tables by kind and by package."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=5, help="breaks of each kind in each package")
    parser.add_argument("--package", action="append", help="NAME==VERSION:FOLDER, instead of the built-in list")
    parser.add_argument("--kind", action="append", choices=sorted(KINDS), help="only these kinds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sdists", type=Path, help="a folder with the archives, to download nothing")
    parser.add_argument("--check", action="store_true", help=f"fail below {LEAST_RESTORED} or with any harm")
    options = parser.parse_args()
    chosen = dict(item.rsplit(":", 1) for item in options.package) if options.package else PACKAGES
    by_kind: dict[str, Tally] = {kind: Tally() for kind in options.kind or KINDS}
    by_package: dict[str, Tally] = {}
    total = Tally()
    folder = Path(tempfile.mkdtemp(prefix="break-and-heal-"))
    try:
        for name, package in fetched(chosen, folder, options.sdists):
            own = by_package[name] = Tally()
            for kind, of_kind in by_kind.items():
                rng = random.Random(f"{options.seed} {name} {kind}")
                for _case in range(options.cases):
                    result = _one(package, name, kind, rng)
                    for tally in (of_kind, own, total) if result else ():
                        tally.add(result)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    head = "".join(f"{column:>10}" for column in COLUMNS) + f"{'share':>9}{'seconds':>9}"
    print(f"\n{'kind':<24}{head}", *(tally.row(kind) for kind, tally in by_kind.items()), sep="\n")
    print(f"\n{'package':<24}{head}", *(tally.row(name) for name, tally in by_package.items()), sep="\n")
    print(total.row("total"))
    harm = total.counts["wrong"] + total.counts["others"]
    enough = total.counts["restored"] >= LEAST_RESTORED * max(1, total.counts["broken"])
    return int(options.check and (bool(harm) or not enough))


def _one(package: Package, name: str, kind: str, rng: random.Random) -> Result | None:
    package.reset()
    case = broken(package, kind, rng)
    if case is None:
        return None
    path, original = case
    result = outcome(package, path, original)
    print(f"{name:<24}{kind:<12}{result.what:<10}{result.seconds:>7.1f} s  {path.name}", flush=True)
    if result.what != "restored" or result.others:
        print(package.git("diff", "-U0", "published", "HEAD").partition("@@")[2], *result.why, sep="\n", flush=True)
        print(package.git("diff", "-U0", "HEAD"), flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
