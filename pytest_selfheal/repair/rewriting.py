"""Edits given as text to search and its replacement, as a model or an agent gives them: found in the files, or refused.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.errors import PatchError
from pytest_selfheal.model import Candidate
from pytest_selfheal.model import Edit
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import Origin
from pytest_selfheal.repair.guards import path_refusal
from pytest_selfheal.repair.patch import patch_id
from pytest_selfheal.repair.patch import patch_of
from pytest_selfheal.repair.patch import source_of
from pytest_selfheal.safety.redact import MASK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.model import Rewrite
    from pytest_selfheal.repair.patch import Source
    from pytest_selfheal.repair.project import Project

CONFIDENCE = 0.5
"""What is foreign starts like a value error: a guess until experience says more (design, section 5)."""

_BOM = b"\xef\xbb\xbf"


def candidate_from(
    rewrites: Sequence[Rewrite], project: Project, *, fixer: str, title: str, evidence: Sequence[str] = ()
) -> Candidate:
    """Return a candidate of origin `ai`; nothing is run, and the guards still have to look at it.

    Args:
        rewrites: at least one edit.
        project: the files as they are now; what may not be edited is not even read.
        fixer: who proposes it, such as `ai:openai some-model`.
        title: one line for people, in our words.
        evidence: sentences for people.

    Raises:
        PatchError: a file may not be edited, or a text stands nowhere or more than once.
    """
    patch = patch_of([_edit(rewrite, project) for rewrite in rewrites], project.read)
    return Candidate(
        id=patch_id(patch),
        fixer=fixer,
        origin=Origin.AI,
        title=title,
        patch=patch,
        confidence=CONFIDENCE,
        error_class=ErrorClass.VALUE,
        learned=False,
        evidence=tuple(evidence),
    )


def _edit(rewrite: Rewrite, project: Project) -> Edit:
    path = rewrite.path.removeprefix("./")
    if not path.isprintable():  # a NUL or half a character is no matter for the file system
        raise _refused(path, "this is no path")
    reason = path_refusal(path, project.root, project.edit_roots, project.tracked)
    if reason:
        raise _refused(path, reason)
    if MASK in rewrite.search or MASK in rewrite.replace:
        raise _refused(path, "the edit touches a line from which a secret was left out")
    source = source_of(path, project.read(path))
    search, new = (_with_newlines(text, source) for text in (rewrite.search, rewrite.replace))
    start = _find(source.text, search, rewrite.anchor.strip(), path)
    if search == new:
        raise _refused(path, "the edit changes nothing")
    first = source.data.startswith(_BOM) * len(_BOM) + len(source.text[:start].encode(source.encoding))
    return Edit(path, first, first + len(search.encode(source.encoding)), search, new)


def _with_newlines(text: str, source: Source) -> str:
    return text.replace("\r\n", "\n").replace("\n", source.newline)


def _find(text: str, search: str, anchor: str, path: str) -> int:
    """Return where `search` begins: its only place, or the first one from the line with `anchor` on."""
    if not search.strip():
        raise _refused(path, "the text to replace is empty")
    begin = 0
    if anchor:
        lines = [at for at, line in _lines(text) if anchor in line]
        if len(lines) != 1:
            raise _refused(path, f"the anchor {anchor[:60]!r} stands in {len(lines)} lines")
        begin = lines[0]
    found = text.find(search, begin)
    if found < 0:
        raise _refused(path, f"the text {search.strip()[:60]!r} is not in the file")
    if not anchor and text.find(search, found + 1) >= 0:
        raise _refused(path, f"the text {search.strip()[:60]!r} stands there more than once")
    return found


def _lines(text: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    at = 0
    for line in text.splitlines(keepends=True):
        found.append((at, line))
        at += len(line)
    return found


def _refused(path: str, reason: str) -> PatchError:
    return PatchError(reason, where=ascii(path)[1:-1][:200], todo="propose another edit")
