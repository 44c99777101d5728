"""Puts a generated regression test on disk: inside the project, atomically, never over a person's edit.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_selfheal.errors import ConfinementError
from pytest_selfheal.regress.source import is_untouched
from pytest_selfheal.safety.confine import inside

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_selfheal.regress.source import Emitted


def write_test(emitted: Emitted, root: Path, folder: str) -> str:
    """Write the file below `root/folder` and return "", or return why it was not written. Calling twice is safe.

    Args:
        emitted: name and text.
        root: the project's root directory.
        folder: `regression_dir`, relative to the root.
    """
    try:
        target = inside(root, root / folder / emitted.file_name)
    except ConfinementError as error:
        return str(error)
    try:
        current = target.read_text("utf-8", errors="surrogateescape")
    except FileNotFoundError:
        current = None
    except OSError as error:
        return f"{target.name} cannot be read: {error.strerror}"
    if current == emitted.text:
        return ""
    if current is not None and not is_untouched(current):
        return f"{target.name} was edited by a person and is left alone"
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(emitted.text, "ascii")
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        return f"{target.name} cannot be written: {error.strerror}"
    return ""
