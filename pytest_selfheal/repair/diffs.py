"""What applied fixes changed, found again from the journal.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import base64
import binascii
import difflib
from typing import TYPE_CHECKING

from pytest_selfheal.errors import ConfinementError
from pytest_selfheal.errors import PatchError
from pytest_selfheal.repair.patch import sha256
from pytest_selfheal.repair.patch import source_of
from pytest_selfheal.safety.confine import inside

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_selfheal.repair.journal import JournalEntry
    from pytest_selfheal.repair.journal import JournalFile


def applied_diffs(entries: Iterable[JournalEntry], root: Path) -> dict[str, str]:
    """Return a unified diff for each entry by its fix's id, and by its own.

    The journal keeps the old bytes and the checksum of the new ones. The new bytes are those of the file as it is, or
    those that a later entry found there; an entry whose new bytes are nowhere any more has no diff.

    Args:
        entries: of one project, newest first.
        root: its folder.
    """
    listed = list(entries)
    known = _known_contents(listed, root)
    found: dict[str, str] = {}
    for entry in reversed(listed):
        diffs = [_diff(file, known) for file in entry.files]
        if all(diffs):
            found[entry.fix_id] = found[entry.id] = "".join(diff for diff in diffs if diff)
    return found


def _known_contents(entries: Iterable[JournalEntry], root: Path) -> dict[str, bytes]:
    known: dict[str, bytes] = {}
    for entry in entries:
        for file in entry.files:
            known[file.old_sha256] = _old(file)
            try:
                now = inside(root, file.path).read_bytes()
            except (ConfinementError, OSError):
                continue
            known[sha256(now)] = now
    return known


def _old(file: JournalFile) -> bytes:
    try:
        return base64.b64decode(file.old, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _diff(file: JournalFile, known: Mapping[str, bytes]) -> str | None:
    new = known.get(file.new_sha256)
    if new is None:
        return None
    before, after = _lines(file.path, known[file.old_sha256]), _lines(file.path, new)
    diff = difflib.unified_diff(before, after, f"a/{file.path}", f"b/{file.path}", lineterm="")
    return "".join(f"{line}\n" for line in diff)


def _lines(path: str, data: bytes) -> list[str]:
    try:
        return source_of(path, data).text.splitlines()
    except PatchError:
        return data.decode("utf-8", "replace").splitlines()
