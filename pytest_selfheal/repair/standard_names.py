"""What the modules of the standard library offer, read from their source: the answer is the same in every run.

What happens to be loaded would make it depend on which tests ran before, and on which process asks.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import importlib.util
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_selfheal.repair.imports import exported_by
from pytest_selfheal.repair.imports import is_standard

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

_EXTENSION = frozenset({".so", ".pyd", ".dylib"})

# They make some of their names when they are loaded; nearly every run has loaded them anyway.
_ASKED_THEMSELVES = frozenset({"inspect", "re", "signal", "socket"})
_MAKES_NAMES = frozenset({"_convert_", "global_enum", "globals"})

_CUSTOMARY = """
abc argparse array ast asyncio base64 bdb binascii bisect bz2 cProfile calendar cmath cmd code codecs codeop
collections collections.abc compileall concurrent.futures configparser contextlib contextvars copy copyreg csv
dataclasses datetime decimal difflib dis email.message email.policy enum errno filecmp fileinput fnmatch
fractions functools gc getopt getpass gettext glob graphlib gzip hashlib heapq hmac html html.parser http
http.client http.cookies http.server importlib importlib.abc importlib.metadata importlib.resources
importlib.util inspect io ipaddress itertools json keyword linecache locale logging logging.handlers lzma
mailbox marshal math mimetypes mmap multiprocessing netrc numbers operator os os.path pathlib pdb pickle
pickletools pkgutil platform plistlib posixpath pprint profile pstats queue quopri random re reprlib
rlcompleter runpy sched secrets select selectors shelve shlex shutil signal smtplib socket socketserver
sqlite3 ssl stat statistics string struct subprocess symtable sys sysconfig tarfile tempfile textwrap
threading time timeit token tokenize tomllib trace traceback tracemalloc types unicodedata unittest
unittest.mock urllib.error urllib.parse urllib.request uuid venv warnings wave weakref webbrowser
xml.dom.minidom xml.etree.ElementTree zipapp zipfile zipimport zlib zoneinfo
"""

PROVIDERS = tuple(_CUSTOMARY.split())
"""Modules that are asked for a name that is no well-known member of one; no windows, drawing or demonstrations."""


@cache
def offered_by(module: str) -> frozenset[str] | None:
    """Return the names that can be read from a top-level standard module, submodules of a package included.

    Args:
        module: a name without dots, such as `platform`.

    Returns:
        The names; None when they cannot be known, as for modules that make their names when asked.
    """
    spec = importlib.util.find_spec(module) if is_standard(module) else None
    if spec is None:
        return None
    compiled = spec.origin in ("built-in", "frozen") or Path(spec.origin or "").suffix in _EXTENSION
    if compiled or module in _ASKED_THEMSELVES:
        return frozenset(vars(importlib.import_module(module)))  # there is no other way, and it is cheap
    try:
        tree = ast.parse(Path(spec.origin or "").read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    names = set(_bound_at_top(tree.body))
    stars = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and _is_star(node)}
    for star in stars:
        more = offered_by(star) if star and "." not in star else None
        if more is None:
            return None
        names |= more
    if "__getattr__" in names or any(_makes_names(node) for node in ast.walk(tree)):
        return None
    return frozenset(names) | _submodules(spec.submodule_search_locations or ())


def is_plain_module(module: str) -> bool:
    """Tell whether a standard module is one of `PROVIDERS` and no package: nobody takes its name for a variable."""
    spec = importlib.util.find_spec(module) if module in PROVIDERS else None
    return spec is not None and spec.submodule_search_locations is None


@cache
def only_provider(name: str) -> str | None:
    """Return the one of `PROVIDERS` whose `__all__` offers a name; None when none does, or several of their own."""
    homes: dict[str, list[str]] = {}
    for module in PROVIDERS:
        home = _home(module, name)
        if home:
            homes.setdefault(home, []).append(module)
    return min(next(iter(homes.values())), key=len) if len(homes) == 1 else None


def _home(module: str, name: str) -> str:
    """Return the module that defines what `module` exports under a name; empty when it exports no such name."""
    data = _source(module)
    if name.encode() not in data:  # most modules need not be parsed
        return ""
    try:
        body = ast.parse(data).body
    except (SyntaxError, ValueError):
        return ""
    if not any(name in exported_by(node) for node in body):
        return ""
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module and any(alias.name == name for alias in node.names):
            return node.module
    return module


@cache
def _source(module: str) -> bytes:
    file = Path(ast.__file__).parent.joinpath(*module.split("."))  # a frozen module has its source there too
    for path in (file.with_suffix(".py"), file / "__init__.py"):
        if path.is_file():
            return path.read_bytes()
    return b""


def _makes_names(node: ast.AST) -> bool:
    word = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return word in _MAKES_NAMES


def _submodules(folders: Iterable[str]) -> frozenset[str]:
    return frozenset(
        entry.stem
        for folder in folders
        if Path(folder).is_dir()
        for entry in Path(folder).iterdir()
        if entry.suffix == ".py" or entry.is_dir()
    )


def _is_star(node: ast.ImportFrom) -> bool:
    return any(alias.name == "*" for alias in node.names)


def _bound_at_top(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Yield what statements bind in their own scope; bodies of functions and classes are other scopes."""
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield statement.name
            continue
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in statement.names)
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                yield node.name
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
