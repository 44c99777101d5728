"""`patterns.json`: what was learned, reviewed like code, committed, carried to colleagues and to CI.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import DataError
from pytest_selfheal.errors import StoreError
from pytest_selfheal.model import LearnedPattern
from pytest_selfheal.store.files import read_capped
from pytest_selfheal.store.files import write_atomically
from pytest_selfheal.store.layout import Layout
from pytest_selfheal.store.notes import reason

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NAME = "patterns.json"
VERSION = 1
_FORMAT = "pytest-selfheal patterns"
_CAP = 16 << 20


@dataclass(frozen=True)
class PatternFile:
    """What a file holds: the patterns that can be used, and those that cannot, each as it stands there and why."""

    patterns: tuple[LearnedPattern, ...] = ()
    unusable: tuple[Any, ...] = ()
    problems: tuple[str, ...] = ()


def read_patterns(path: Path) -> PatternFile:
    """Return the patterns of a file; of a missing file, none.

    Raises:
        StoreError: the file cannot be read as a whole: no JSON (an unfinished merge?), another format, a newer version.
    """
    try:
        data = read_capped(path, _CAP)
    except FileNotFoundError:
        return PatternFile()
    except OSError as error:
        raise StoreError(f"cannot be read ({reason(error)})", where=str(path), todo="restore the file") from error
    return parse_patterns(data, str(path))


def parse_patterns(data: bytes, where: str) -> PatternFile:
    """Return the patterns in the bytes of a file.

    Raises:
        StoreError: as `read_patterns`.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        merging = b"<<<<<<< " in data
        raise StoreError(
            "has the marks of an unfinished merge" if merging else f"is no JSON ({error})",
            where=where,
            todo="take one side, then `selfheal patterns import` the other: evidence is counted once"
            if merging
            else "correct it by hand, or restore it from git",
        ) from None
    listed = document.get("patterns") if isinstance(document, dict) else None
    if not isinstance(listed, list) or document.get("format") != _FORMAT:
        raise StoreError(f"is no list of patterns (format {_FORMAT!r})", where=where, todo="restore it from git")
    version = document.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise StoreError(
            f"has version {version!r}, this pytest-selfheal knows {VERSION}",
            where=where,
            todo="upgrade pytest-selfheal; nothing is changed meanwhile",
        )
    patterns: list[LearnedPattern] = []
    unusable: list[Any] = []
    problems: list[str] = []
    for number, item in enumerate(listed, 1):
        try:
            patterns.append(LearnedPattern.from_dict(item))
        except DataError as error:
            unusable.append(item)
            problems.append(f"{where}: pattern {number} is not used: {error}")
    return PatternFile(tuple(patterns), tuple(unusable), tuple(problems))


def patterns_text(patterns: Iterable[LearnedPattern], unusable: Iterable[Any] = ()) -> str:
    """Return the text of a file with these patterns: ordered, one field a line, so that git can show and merge it."""
    listed = [pattern.to_dict() for pattern in sorted(patterns, key=lambda one: (one.created_at, one.id))]
    document = {"format": _FORMAT, "version": VERSION, "patterns": [*listed, *unusable]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def write_patterns(store: Path, patterns: Iterable[LearnedPattern], unusable: Iterable[Any] = ()) -> None:
    """Write the file of a store, atomically; what could not be used is written back as it was.

    Raises:
        OSError: it cannot be written; the old file is in place.
        StoreError: the folder is not ours to write.
    """
    Layout(store).create()
    write_atomically(store / NAME, [patterns_text(patterns, unusable).encode()])
