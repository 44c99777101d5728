"""The project's Python files as facts: which there are, what they are called, what they import and define.

Files are listed once, read and parsed only when asked for; the files that do not parse are skipped.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import os
import re
import warnings
from collections import Counter
from pathlib import Path
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeVar

from pytest_selfheal.errors import PatchError
from pytest_selfheal.repair.imports import Facts
from pytest_selfheal.repair.imports import Import
from pytest_selfheal.repair.imports import facts_of
from pytest_selfheal.repair.patch import reader
from pytest_selfheal.repair.patch import source_of
from pytest_selfheal.safety.git_process import git_says

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping

T = TypeVar("T")

MAX_FILES = 5000
"""More files than this are not looked at: reading them would take longer than a repair may."""

MAX_BYTES = 512 * 1024
"""Larger files are generated or data; parsing them costs more than they can teach."""

FOREIGN_FOLDERS = frozenset(
    {
        "site-packages",
        "dist-packages",
        "node_modules",
        "build",
        "dist",
        "__pycache__",
        "venv",
        "env",
        "_vendor",
        "vendor",
    }
)
_ASIDE_FOLDERS = frozenset({"doc", "docs", "example", "examples", "benchmark", "benchmarks", "scripts", "tools"})
_DEEPEST_REEXPORT = 5
_MOST_NEIGHBOURS = 30


def is_foreign(path: str) -> bool:
    """Tell whether a relative path lies in a hidden, installed, built or vendored folder."""
    folders = PurePosixPath(path).parts[:-1]
    return any(part.startswith(".") or part in FOREIGN_FOLDERS or part.endswith(".egg-info") for part in folders)


def kind_of(path: str) -> str:
    """Return `test`, `aside` (documentation, examples, scripts) or `product` for a relative path."""
    pure = PurePosixPath(path)
    name = pure.name
    folders = set(pure.parts[:-1])
    if folders & {"test", "tests"} or name.startswith("test_") or name.endswith("_test.py"):
        return "test"
    if name == "conftest.py":
        return "test"
    if folders & _ASIDE_FOLDERS or name in {"setup.py", "noxfile.py"}:
        return "aside"
    return "product"


class Project:
    """A view of the files below `root`; create one for a run, and `laid_over` ones for texts not written yet.

    Args:
        root: the root directory; need not be a git work tree.
        edit_roots: folders whose files may be edited, relative to the root; empty means all of it.
    """

    def __init__(self, root: Path, edit_roots: tuple[str, ...] = ()) -> None:
        self.root = root.resolve()
        self.edit_roots = edit_roots
        self.read = reader(self.root)
        self._overlay: dict[str, bytes] = {}
        self._files: tuple[str, ...] | None = None
        self._tracked: frozenset[str] | None = None
        self._tracked_known = False
        self._bytes: dict[str, bytes] = {}
        self._facts: dict[str, Facts | None] = {}
        self._trees: dict[str, ast.Module | None] = {}
        self._modules: dict[str, str] | None = None
        self._file_set: frozenset[str] | None = None
        self._remembered: dict[str, Any] = {}

    def laid_over(self, files: Mapping[str, bytes]) -> Project:
        """Return the project as it would be with `files` (relative path to new bytes) written."""
        other = Project(self.root, self.edit_roots)
        other._overlay = {**self._overlay, **files}
        other.read = reader(self.root, other._overlay)
        other._files, other._modules = self.files, self.modules
        other._tracked, other._tracked_known = self.tracked, True
        keep = set(self.files) - set(files)
        other._bytes = {path: data for path, data in self._bytes.items() if path in keep}
        other._facts = {path: facts for path, facts in self._facts.items() if path in keep}
        other._trees = {path: tree for path, tree in self._trees.items() if path in keep}
        return other

    def remember(self, what: str, find_out: Callable[[], T]) -> T:
        """Return what `find_out` returned the first time; for answers about the whole project that take a while."""
        if what not in self._remembered:
            self._remembered[what] = find_out()
        found: T = self._remembered[what]
        return found

    @property
    def is_changed(self) -> bool:
        """Whether texts that are not written lie over the files."""
        return bool(self._overlay)

    @property
    def files(self) -> tuple[str, ...]:
        """The project's own Python files, relative with `/`, sorted, at most `MAX_FILES`."""
        if self._files is None:
            listed = git_files(self.root, "-co", "--exclude-standard")
            found = listed or _walk(self.root)  # an ignored folder inside another repository lists nothing
            foreign = _environments(self.root, found)
            usable = (path for path in found if not is_foreign(path) and not path.startswith(foreign))
            self._files = tuple(sorted(set(usable)))[:MAX_FILES]
        return self._files

    @property
    def tracked(self) -> frozenset[str] | None:
        """The files tracked by git, relative to the root; None outside a git work tree.

        Where there is a work tree and git cannot answer (not installed, or the folder belongs to somebody else, as
        in many containers) no file counts as tracked, so that none is edited.
        """
        if not self._tracked_known:
            listed = git_files(self.root, "-c")
            if listed is None and any(os.path.lexists(folder / ".git") for folder in (self.root, *self.root.parents)):
                listed = []
            self._tracked = frozenset(listed) if listed is not None else None
            self._tracked_known = True
        return self._tracked

    def relative(self, path: str) -> str:
        """Return `path` (absolute, or relative to the root) as a project file's path; empty when it is none."""
        candidate = path.replace("\\", "/")
        if Path(path).is_absolute():
            try:
                candidate = Path(path).resolve().relative_to(self.root).as_posix()
            except ValueError:
                return ""
        return candidate if self.holds(candidate) else ""

    def data(self, path: str) -> bytes:
        """Return a file's bytes; empty when it is unreadable or larger than `MAX_BYTES`."""
        if path not in self._bytes:
            try:
                data = self.read(path)
            except OSError:
                data = b""
            self._bytes[path] = data if len(data) <= MAX_BYTES else b""
        return self._bytes[path]

    def tree(self, path: str) -> ast.Module | None:
        """Return the parsed file, or None when it does not parse."""
        if path not in self._trees:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # invalid escapes of other people's files
                    source_of(path, self.data(path))
                    self._trees[path] = ast.parse(self.data(path))
            except (SyntaxError, ValueError, RecursionError, MemoryError, PatchError):
                self._trees[path] = None
        return self._trees[path]

    def facts(self, path: str) -> Facts | None:
        """Return what a file binds, or None when it does not parse."""
        if path not in self._facts:
            tree = self.tree(path)
            self._facts[path] = facts_of(tree) if tree is not None else None
        return self._facts[path]

    def mentioning(self, word: str, paths: Iterable[str] | None = None) -> Iterator[tuple[str, Facts]]:
        """Yield the parsable files whose text holds `word`; the others are not parsed."""
        needle = re.compile(rb"\b" + re.escape(word.encode()) + rb"\b")
        for path in self.files if paths is None else paths:
            if needle.search(self.data(path)):
                facts = self.facts(path)
                if facts is not None:
                    yield path, facts

    @property
    def modules(self) -> dict[str, str]:
        """Dotted module name to file. Two files with one name: the first in sorted order, product before tests."""
        if self._modules is None:
            names: dict[str, str] = {}
            for path in sorted(self.files, key=lambda p: (kind_of(p) != "product", p)):
                names.setdefault(self.module_name(path), path)
            self._modules = names
        return self._modules

    @property
    def packages(self) -> frozenset[str]:
        """The top-level names of the project's own modules, tests included."""
        return frozenset(name.partition(".")[0] for name in self.modules)

    def module_name(self, path: str) -> str:
        """Return the dotted name a file is imported by.

        Packages are followed upwards by their `__init__.py`; a file outside any package counts from `src`, `lib` or
        the root directory, and a test module from its own folder (pytest's default import mode puts that on the path).
        """
        pure = PurePosixPath(path)
        folders = list(pure.parts[:-1])
        top = len(folders)
        while top and self._is_package("/".join(folders[:top])):
            top -= 1
        if top == len(folders) and kind_of(path) != "test":
            top = 1 if folders and folders[0] in {"src", "lib"} else 0
        elif 0 < top < len(folders) and folders[:1] in (["src"], ["lib"]):
            top = 1  # a namespace package around regular ones
        parts = [*folders[top:], *([] if pure.name == "__init__.py" else [pure.stem])]
        return ".".join(parts)

    def _is_package(self, folder: str) -> bool:
        return self.holds(f"{folder}/__init__.py")

    def holds(self, path: str) -> bool:
        """Tell whether a relative path is one of `files`."""
        if self._file_set is None:
            self._file_set = frozenset(self.files)
        return path in self._file_set

    def package_of(self, path: str) -> str:
        """Return the package relative imports of a file start from; empty when it lies in none."""
        name = self.module_name(path)
        if path.endswith("/__init__.py") or path == "__init__.py":
            return name
        return name.rpartition(".")[0]

    def origin(self, module: str, name: str, depth: int = _DEEPEST_REEXPORT) -> tuple[str, str]:
        """Follow re-exports inside the project to the module that defines `name`; unknown ones end the walk."""
        path = self.modules.get(module)
        facts = self.facts(path) if path else None
        if path is None or facts is None or name in facts.defined or not depth:
            return module, name
        for fact in facts.imports:
            absolute = fact.form.absolute(self.package_of(path))
            if fact.form.bound == name and fact.where == "top" and absolute and absolute.name:
                return self.origin(absolute.module, absolute.name, depth - 1)
        return module, name

    def provides(self, form: Import) -> bool:
        """Tell whether an absolute import of an own module names something that is there."""
        path = self.modules.get(form.module)
        if not form.name:
            return path is not None or any(name.startswith(f"{form.module}.") for name in self.modules)
        if f"{form.module}.{form.name}" in self.modules:
            return True
        facts = self.facts(path) if path else None
        return facts is not None and (form.name in facts.bound or facts.star or "__getattr__" in facts.bound)

    def is_module(self, form: Import) -> bool:
        """Tell whether an absolute import binds a module rather than something in it, as far as is known."""
        return not form.name or f"{form.module}.{form.name}" in self.modules

    def neighbours(self, path: str) -> list[str]:
        """Return up to `_MOST_NEIGHBOURS` other files of the same kind, those of the same folder first."""
        folder = PurePosixPath(path).parent
        same = [other for other in self.files if other != path and kind_of(other) == kind_of(path)]
        return sorted(same, key=lambda other: PurePosixPath(other).parent != folder)[:_MOST_NEIGHBOURS]

    def prefers_single_lines(self, path: str) -> bool:
        """Tell whether names of one module get lines of their own, by the file itself or its neighbours."""
        for group in ([path], self.neighbours(path)):
            votes: Counter[bool] = Counter()
            for facts in filter(None, map(self.facts, group)):
                votes.update(_line_style(facts))
            if votes:
                return votes[True] > votes[False]
        return False


def _line_style(facts: Facts) -> list[bool]:
    statements: dict[tuple[str, int], int] = {}
    for fact in facts.imports:
        if fact.form.name and fact.where == "top":
            key = (fact.form.source, fact.lineno)
            statements[key] = statements.get(key, 0) + 1
    combined = [False] * sum(1 for count in statements.values() if count > 1)
    return combined + [True] * facts.single_line


def git_files(root: Path, *flags: str) -> list[str] | None:
    """Return the Python files `git ls-files` names below `root`, or None when that is no git work tree."""
    listed = git_says(root, "ls-files", "-z", *flags, "--", "*.py", literal=False)
    return None if listed is None else [os.fsdecode(name) for name in listed.split(b"\0") if name]


def _walk(root: Path) -> list[str]:
    found: list[str] = []
    for folder, folders, names in os.walk(root):
        relative = Path(folder).relative_to(root).as_posix()
        prefix = "" if relative == "." else f"{relative}/"
        folders[:] = [name for name in folders if not is_foreign(f"{name}/x")]
        if "pyvenv.cfg" in names:
            folders[:] = []
            continue
        found += [f"{prefix}{name}" for name in names if name.endswith(".py")]
        if len(found) > MAX_FILES:
            break
    return found


def _environments(root: Path, paths: Iterable[str]) -> tuple[str, ...]:
    folders = {PurePosixPath(path).parts[0] for path in paths if "/" in path}
    return tuple(f"{folder}/" for folder in sorted(folders) if (root / folder / "pyvenv.cfg").exists())
