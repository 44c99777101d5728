"""The list of generated tests that may be committed, and the check of each before it is.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import stat
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from pytest_selfheal.errors import ConfinementError
from pytest_selfheal.errors import DataError
from pytest_selfheal.errors import UsageError
from pytest_selfheal.model import GeneratedFile
from pytest_selfheal.model import Skipped
from pytest_selfheal.regress.source import is_untouched
from pytest_selfheal.regress.source import short_id
from pytest_selfheal.safety.confine import inside

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_selfheal.model import GeneratedTest

SCHEMA = "selfheal-manifest/1"
MANIFEST = "manifest.json"
FILES = "files"
COPY = ".txt"
"""Ending of the copies beside a manifest: as `.py` files pytest would collect them."""
_NAME = re.compile(r"test_regression_([0-9a-f]{12})\.py")
_MAX_BYTES = 64 * 1024
_MAX_MANIFEST_BYTES = 1 << 20


class Entry(NamedTuple):
    """One line of the list; `sha256` is that of the file's content, or empty to trust the file's own stamp."""

    path: str
    signature: str
    run_id: str = ""
    sha256: str = ""


def entries_of(tests: Iterable[GeneratedTest]) -> list[Entry]:
    """Return what the store knows to have been generated, without what was retired, in the order of paths."""
    return sorted(Entry(test.path, short_id(test.id), test.run_id) for test in tests if test.is_active)


def read_manifest(folder: Path) -> list[Entry]:
    """Return the list another job left in a folder.

    Raises:
        UsageError: there is none.
        DataError: it is not what `manifest_text` writes.
    """
    try:
        raw = _read(folder / MANIFEST, _MAX_MANIFEST_BYTES)
    except OSError as error:
        raise UsageError(
            f"no manifest: {error.strerror or error}", where=str(folder / MANIFEST), todo="run selfheal commit first"
        ) from error
    try:
        data = json.loads(raw)
        if data["schema"] != SCHEMA:
            raise DataError(f"unknown schema {data['schema']!r}", where=str(folder / MANIFEST))
        rows = [(row["path"], row["signature"], row["run_id"], row["sha256"]) for row in data["files"]]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise DataError(f"not a manifest: {error!r}", where=str(folder / MANIFEST)) from error
    if not all(isinstance(value, str) for row in rows for value in row):
        raise DataError("not a manifest: a value is no text", where=str(folder / MANIFEST))
    return sorted(Entry(*row) for row in rows)


def manifest_text(files: Sequence[GeneratedFile], skipped: Sequence[Skipped], base: str) -> str:
    """Return the list as ASCII JSON: every file with its hash, what was left out, the commit the patch is for."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "base": base,
        "files": [
            {"path": file.path, "sha256": file.sha256, "signature": file.signature, "run_id": file.run_id}
            for file in files
        ],
        "skipped": [one.to_dict() for one in skipped],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def check_files(
    entries: Iterable[Entry], root: Path, folder: str, *, ending: str = ""
) -> tuple[tuple[GeneratedFile, ...], tuple[Skipped, ...]]:
    """Read every file of the list and return those that may be committed, and the others with the reason.

    A file that a person edited is theirs to commit. Anything that is no generated test at all is refused.

    Args:
        entries: the list.
        root: the folder that paths start from.
        folder: `regression_dir`, relative to the project's root.
        ending: what the names of the files on disk have at their end.
    """
    files: list[GeneratedFile] = []
    skipped: list[Skipped] = []
    for entry in dict.fromkeys(entries):
        found = _check(entry, root, folder, ending)
        if isinstance(found, Skipped):
            skipped.append(found)
        else:
            files.append(found)
    return tuple(files), tuple(skipped)


def _check(entry: Entry, root: Path, folder: str, ending: str) -> GeneratedFile | Skipped:
    path = PurePosixPath(entry.path)
    named = _NAME.fullmatch(path.name)
    if named is None or named[1] != entry.signature:
        return Skipped(entry.path, "its name is not that of a generated test", refused=True)
    if path.parent != PurePosixPath(folder) or ".." in path.parts or path.is_absolute():
        return Skipped(entry.path, f"it does not lie in {folder}", refused=True)
    try:
        target = inside(root, root / (entry.path + ending))
        nested = _nested_repository(root, path)
        if nested:
            return Skipped(entry.path, f"{nested} is a repository of its own; commit there", refused=True)
        raw = _read(target, _MAX_BYTES)
    except FileNotFoundError:
        return Skipped(entry.path, "it is not there any more")
    except ConfinementError as error:
        return Skipped(entry.path, str(error.what), refused=True)
    except OSError as error:
        return Skipped(entry.path, f"it cannot be read: {error.strerror or error}", refused=True)
    return _checked_text(entry, raw)


def _checked_text(entry: Entry, raw: bytes) -> GeneratedFile | Skipped:
    try:
        text = raw.replace(b"\r\n", b"\n").decode("utf-8")
    except UnicodeDecodeError:
        return Skipped(entry.path, "it is not UTF-8", refused=True)
    if not is_untouched(text):
        return Skipped(entry.path, "it was edited by a person, who can commit it")
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    if entry.sha256 not in ("", digest):
        return Skipped(entry.path, "its content is not that of the manifest", refused=True)
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Skipped(entry.path, "it is not valid Python", refused=True)
    return GeneratedFile(entry.path, text, digest, entry.signature, entry.run_id)


def _nested_repository(root: Path, path: PurePosixPath) -> str:
    for parent in list(path.parents)[:-1]:
        if os.path.lexists(root / parent / ".git"):
            return parent.as_posix()
    return ""


def _read(path: Path, limit: int) -> bytes:
    """Return the bytes of a regular file, without following a link that took its place."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(handle, "rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(0, "not a regular file")
        if facts.st_size > limit:
            raise OSError(0, f"larger than {limit} bytes")
        return file.read(limit + 1)
