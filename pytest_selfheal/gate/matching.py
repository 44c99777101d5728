"""Which test is which, and which error: the same whoever ran the tests.

pytest names a test by file and `::`, JUnit files by dotted class and name; both become `module.classes.name`.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.gate.evidence import KnownFailure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_selfheal.model import FailureRecord


def test_key(nodeid: str) -> str:
    """Return `tests.test_a.TestB.test_c[1]` for `tests/test_a.py::TestB::test_c[1]`; a dotted name stays as it is."""
    head, bracket, parameters = nodeid.partition("[")
    path, *names = head.split("::")
    if names or "/" in path or path.endswith(".py"):
        path = path.replace("\\", "/").removeprefix("./").removesuffix(".py").replace("/", ".")
    return ".".join([path, *(name for name in names if name != "()")]) + bracket + parameters


def error_class(error_type: str) -> str:
    """Return the last part of a dotted class name."""
    return error_type.rpartition(".")[2]


def known_failure(record: FailureRecord) -> KnownFailure:
    """Return what a failure is compared by."""
    return KnownFailure(record.signature, error_class(record.error_type))


def is_known(record: FailureRecord, known: Iterable[KnownFailure]) -> bool:
    """Tell whether a failure is one of these: by signature where both have one, else by the class of the error.

    A failure whose error nobody knows, on either side, is not known: it counts as new.
    """
    mine = known_failure(record)
    for other in known:
        if mine.signature and other.signature:
            if mine.signature == other.signature:
                return True
        elif mine.error and mine.error == other.error:
            return True
    return False


def is_in(key: str, files: Iterable[str]) -> bool:
    """Tell whether a test lies in one of these files."""
    modules = {test_key(file) for file in files if file.endswith(".py")}
    bare = key.partition("[")[0]
    return any(bare == module or bare.startswith(f"{module}.") for module in modules)


def is_below(key: str, folder: str) -> bool:
    """Tell whether a test lies below a folder."""
    module = folder.strip("/").removeprefix("./").replace("/", ".")
    return bool(module) and key.startswith(f"{module}.")
