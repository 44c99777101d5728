"""A suggestion opened in the person's own editor, and read back as a candidate of theirs.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_selfheal.errors import PatchError
from pytest_selfheal.errors import UsageError
from pytest_selfheal.model import Origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_selfheal.model import Candidate
    from pytest_selfheal.repair.project import Project as Sources

FIXER = "edited"


def edited(candidate: Candidate, sources: Sources, environ: Mapping[str, str]) -> tuple[Candidate, Path]:
    """Let a person change what a candidate would write; the project itself is not touched.

    Args:
        candidate: the suggestion.
        sources: the files as they are now.
        environ: where `VISUAL` or `EDITOR` stands.

    Returns:
        the candidate for what was saved, and the folder with the saved texts, which the caller removes. What was
        saved as it came gives the same candidate.

    Raises:
        PatchError: the suggestion does not fit the files any more, or what was saved does not fit their encoding.
        UsageError: there is no editor, it failed, or nothing is left to apply; what was saved is kept.
    """
    from pytest_selfheal.repair.patch import apply_patch
    from pytest_selfheal.repair.patch import edits_between
    from pytest_selfheal.repair.patch import patch_id
    from pytest_selfheal.repair.patch import patch_of

    proposed = apply_patch(candidate.patch, sources.read)
    folder = Path(tempfile.mkdtemp(prefix="selfheal-edit-"))
    for path, data in proposed.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    _open([folder / path for path in proposed], environ)
    saved = {path: (folder / path).read_bytes() for path in proposed}
    if saved == proposed:
        return candidate, folder
    try:
        edits = [edit for path, data in saved.items() for edit in edits_between(path, sources.read(path), data)]
        patch = patch_of(edits, sources.read)
    except (PatchError, UnicodeDecodeError) as error:
        raise UsageError(f"what you saved cannot be applied ({error})", todo=f"it is kept in {folder}") from None
    if not patch.edits:
        raise UsageError("what you saved is what is in the project already", todo="nothing needs to be done")
    theirs = replace(
        candidate,
        id=patch_id(patch),
        fixer=FIXER,
        origin=Origin.HUMAN,
        title=f"{candidate.title}, edited by a person",
        patch=patch,
        learned=False,
    )
    return theirs, folder


def _open(paths: list[Path], environ: Mapping[str, str]) -> None:
    words = environ.get("VISUAL") or environ.get("EDITOR") or ("notepad" if sys.platform == "win32" else "vi")
    command = [*shlex.split(words, posix=sys.platform != "win32"), *map(os.fspath, paths)]
    try:
        status = subprocess.run(command, check=False).returncode
    except OSError as error:
        raise UsageError(f"the editor {words!r} cannot be started ({error.strerror})", todo="set EDITOR") from None
    if status:
        raise UsageError(f"the editor {words!r} ended with status {status}", todo="nothing was changed; try again")
