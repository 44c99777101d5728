"""Keep every write inside the project.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from pytest_selfheal.errors import ConfinementError

_DRIVE = re.compile(r"[A-Za-z]:")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)$")
_NOT_SAFE = re.compile(r"[^a-z0-9_]+")


def inside(root: Path, path: str | Path) -> Path:
    """Return the absolute path of `path`, which must lie inside `root` without passing through a symbolic link.

    The file itself need not exist. Asking twice is safe; the answer holds only as long as nobody swaps a folder for a
    link, so open the file with `O_NOFOLLOW` where the platform has it.

    Args:
        root: the folder to stay in; may itself be reached through a link.
        path: relative to `root`, or absolute and inside it.

    Raises:
        ConfinementError: the path leaves `root`, is `root` itself, lies in `.git`, or contains a link or odd parts.
    """
    text = str(path)
    if not text or "\0" in text:
        raise _refused(text, "is not a path")
    if Path(text).anchor == "" and (_DRIVE.match(text) or "\\" in text):
        raise _refused(text, "has a drive letter or backslashes")
    base = root.resolve()
    parts = _parts(root, base, Path(text), text)
    if not parts or ".." in parts:
        raise _refused(text, "does not name a file inside the root directory")
    if any(part.lower().rstrip(". ") == ".git" for part in parts):
        raise _refused(text, "lies in a .git folder")
    current = base
    for part in parts:
        current /= part
        if current.is_symlink():
            raise _refused(text, f"passes through the symbolic link {part!r}")
    if current.resolve() != current:
        raise _refused(text, "does not resolve to itself")
    return current


def safe_name(text: str, limit: int = 60) -> str:
    """Return a file name stem of `[a-z0-9_]` for any text; different texts give different names.

    Names that lose something on the way get eight digits of the text's hash behind them.
    """
    slug = _NOT_SAFE.sub("_", text.lower()).strip("_")[:limit].strip("_")
    if slug == text and slug and not _RESERVED.match(slug):
        return slug
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{slug}_{digest}" if slug else f"x_{digest}"


def _parts(root: Path, base: Path, path: Path, text: str) -> tuple[str, ...]:
    if not path.is_absolute():
        return path.parts
    for start in (root.absolute(), base):
        try:
            return path.relative_to(start).parts
        except ValueError:
            continue
    raise _refused(text, "lies outside the root directory")


def _refused(text: str, why: str) -> ConfinementError:
    return ConfinementError(
        f"the path {why}", where=ascii(text)[:200], todo="only files inside the root directory may be written"
    )
