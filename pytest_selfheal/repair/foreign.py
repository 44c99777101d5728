"""What code from outside - a model's, an agent's - may not do on top of what no fix may do.

Such code is run when it is validated, and what proposed it may have read a stranger's words. So it may not reach for
anything it could do harm with: a file may not gain a mention of the world outside, and what it has stays as it is. This
is a lint, not a sandbox: it keeps out what asks openly, and a person reads the rest.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import sys
import warnings
from collections import Counter
from typing import TYPE_CHECKING

from pytest_selfheal.errors import PatchError
from pytest_selfheal.repair.patch import apply_patch
from pytest_selfheal.repair.project import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_selfheal.model import Patch
    from pytest_selfheal.repair.patch import Read
    from pytest_selfheal.repair.project import Project


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HARMLESS = _words(
    "__future__ abc array base64 binascii bisect calendar cmath collections colorsys contextlib copy csv "
    "dataclasses datetime decimal difflib enum errno fractions functools graphlib hashlib heapq hmac html "
    "ipaddress itertools json keyword locale logging math numbers operator pprint queue random re secrets "
    "statistics string struct textwrap threading time typing unicodedata urllib.parse uuid warnings weakref "
    "zoneinfo"
)
"""Modules of the standard library that reach nothing outside the process, by and large."""

_OUTSIDE = _words(
    "aiofiles aiohttp anthropic asyncssh boto3 botocore cffi cloudpickle dill docker fabric ftplib grpc httpx "
    "httpx2 invoke joblib kubernetes openai paramiko pexpect psutil psycopg psycopg2 pycurl pymongo pytest "
    "redis requests sh sqlalchemy urllib3 websocket websockets"
)
"""Packages that talk to services, start processes or load code; of others, what a file imports already may be used."""

_POWERS = _words(
    "attrgetter breakpoint builtins compile ctypes delattr eval exec exit ForwardRef get_type_hints getattr "
    "globals importlib input io locals make_dataclass marshal memoryview methodcaller open os pathlib pickle "
    "platform pytest quit runpy setattr shutil signal socket subprocess sys tempfile unittest urllib vars"
)
_DEEDS = _words(
    "attrgetter basicConfig chmod connect copyfile dictConfig environ execute fileConfig FileHandler fork "
    "get_type_hints killpg link_to make_dataclass makedirs methodcaller mkdir mmap modules open popen putenv "
    "read_bytes read_text rmdir rmtree sendall setenv setprofile settrace spawn startfile stderr stdin stdout "
    "symlink_to system touch unlink urlopen urlretrieve write_bytes write_text writelines"
)
_MODULES = _words("builtins codecs ctypes importlib os pathlib pickle shutil socket subprocess sys")
_TEST_WORDS = ("pytest", "unittest", "PYTEST_CURRENT_TEST", "__")


def foreign_refusal(patch: Patch, project: Project) -> str:
    """Return why a patch from outside must not even be run, in one sentence; empty when nothing stands against it."""
    for path in sorted(patch.hashes):
        if kind_of(path) == "test":
            return f"{path}: only people and the built-in fixers edit tests"
    try:
        results = apply_patch(patch, project.read)
    except PatchError as error:
        return f"{error.where}: {error.what}"
    for path, new in results.items():
        reason = _gained(path, project.read, new, project.packages)
        if reason:
            return f"{path}: {reason}"
    return ""


def _gained(path: str, read: Read, new: bytes, own: frozenset[str]) -> str:
    after = _mentions(new, own)
    if after is None:
        return "the result does not compile"
    gained = after - (_mentions(read(path), own) or Counter())
    return f"the edit adds or changes {next(iter(gained))[0]}" if gained else ""


def _mentions(data: bytes, own: frozenset[str]) -> Counter[tuple[str, str]] | None:
    """Return what in a file could do harm, each with the whole expression it stands in; None when it does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
        imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
        powers = _POWERS.union(*(_bound(node) for node in imports if _reach(node, own) == "outside"))
        found = [(what, "") for node in imports if (what := _import(node, powers, own))]
        for root in _expressions(tree):
            parts = [what for node in ast.walk(root) if (what := _use(node, powers))]
            dumped = ast.dump(root) if parts else ""
            found += [(what, dumped) for what in parts]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return Counter(found)


def _expressions(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the outermost expressions: what stands in them is changed together or not at all."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child
        else:
            yield from _expressions(child)


def _bound(node: ast.Import | ast.ImportFrom) -> set[str]:
    return {alias.asname or alias.name.partition(".")[0] for alias in node.names}


def _reach(node: ast.Import | ast.ImportFrom, own: frozenset[str]) -> str:
    """Return how far an import reaches: `inside` the process and the project, a `library`, or the world `outside`."""
    if isinstance(node, ast.ImportFrom):
        modules = ["." if node.level else node.module or ""]
    else:
        modules = [alias.name for alias in node.names]
    reaches = {_reach_of(module, own) for module in modules}
    return "outside" if "outside" in reaches else "library" if "library" in reaches else "inside"


def _reach_of(module: str, own: frozenset[str]) -> str:
    top = module.partition(".")[0]
    if module == "." or module in _HARMLESS or top in own or (top in _HARMLESS and top != "urllib"):
        return "inside"
    return "outside" if top in sys.stdlib_module_names or top in _OUTSIDE else "library"


def _import(node: ast.Import | ast.ImportFrom, powers: frozenset[str], own: frozenset[str]) -> str:
    taken = {alias.name for alias in node.names}
    reaches = _reach(node, own) != "inside" or "*" in taken or bool(taken & (powers | _DEEDS | _MODULES))
    return f"an import ({ast.unparse(node)[:80]})" if reaches else ""


def _use(node: ast.AST, powers: frozenset[str]) -> str:
    if isinstance(node, ast.Name) and (node.id in powers or _is_dunder(node.id)):
        return f"a use of {node.id}"
    if isinstance(node, ast.Attribute) and (node.attr in _DEEDS or node.attr in _MODULES or _is_dunder(node.attr)):
        return f"a use of .{node.attr}"
    if isinstance(node, ast.Constant) and any(word in str(node.value) for word in _TEST_WORDS):
        return f"the text {str(node.value)[:40]!r}"
    return ""


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
