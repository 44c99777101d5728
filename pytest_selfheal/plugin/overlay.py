"""New texts for files, in memory only: the import system, tracebacks and whoever opens such a file to read see them.

The loaders are patched by path, so finding modules stays entirely the user's: search path, editable installs,
namespace packages, import modes. Used in validation children and what they start; the patches are never taken back.
Needs the standard library only, because it is loaded into processes that have nothing to do with pytest.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import builtins
import importlib.util
import io
import linecache
import os
import pathlib
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping

_texts: dict[str, bytes | None] = {}  # None: what is on disk when it is asked for
_names: set[str] = set()
_READING = frozenset("rbtU")


def install(files: Mapping[str, bytes]) -> None:
    """Lay `files` (absolute path to new bytes) over what is on disk, for this process.

    May be called again; later texts win.
    """
    _lay(files)


def distrust_bytecode(paths: Iterable[str]) -> None:
    """Compile these files (absolute paths) from what is on disk, whatever bytecode lies beside them.

    Bytecode is told by size and time of its source: an edit of equal size within the same second does not show.
    """
    _lay(dict.fromkeys(paths))


def _lay(files: Mapping[str, bytes | None]) -> None:
    for path, data in files.items():
        for key in {os.path.abspath(path), os.path.realpath(path)}:  # noqa: PTH100 - Path.absolute keeps `..`
            _texts[key] = data
            _names.add(Path(key).name)
    if _texts and not getattr(SourceFileLoader, "selfheal_overlay", False):
        SourceFileLoader.selfheal_overlay = True  # type: ignore[attr-defined] # marks that the patches are in place
        _patch_loader()
        _patch_linecache()
        _patch_open()
    _show_lines()


def lookup(path: Any) -> bytes | None:
    """Return the text laid over `path`, or None. Other files cost one look at their base name."""
    text = os.fspath(path)
    if not isinstance(text, str) or os.path.basename(text) not in _names:  # noqa: PTH119 - asked for every module
        return None
    key = text if text in _texts else os.path.realpath(text)
    if key not in _texts:
        return None
    found = _texts[key]
    return found if found is not None else _on_disk(key)


def _on_disk(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except OSError:
        return None


def _patch_loader() -> None:
    load_code, load_data = SourceFileLoader.get_code, SourceFileLoader.get_data

    def get_code(self: SourceFileLoader, fullname: str) -> Any:
        data = lookup(self.path)
        if data is None:
            return load_code(self, fullname)
        return self.source_to_code(data, self.path)  # bytecode on disk belongs to the old text

    def get_data(self: SourceFileLoader, path: str) -> bytes:
        data = lookup(path)
        return load_data(self, path) if data is None else data

    SourceFileLoader.get_code = get_code  # type: ignore[assignment,method-assign] # that is the overlay
    SourceFileLoader.get_data = get_data  # type: ignore[assignment,method-assign] # that is the overlay


def _patch_linecache() -> None:
    check, clear = linecache.checkcache, linecache.clearcache

    def checkcache(filename: str | None = None) -> None:
        check(filename)
        _show_lines()

    def clearcache() -> None:
        clear()
        _show_lines()

    linecache.checkcache = checkcache
    linecache.clearcache = clearcache


def _patch_open() -> None:
    """Show the new texts to tests that read sources: of a linter's findings, of examples in docstrings, of versions."""
    open_any: Any = io.open

    def open_laid_over(file: Any, mode: Any = "r", *arguments: Any, **options: Any) -> Any:
        if isinstance(file, int) or not isinstance(mode, str) or not _READING.issuperset(mode):
            return open_any(file, mode, *arguments, **options)
        data = _laid_over(file)
        if data is None:
            return open_any(file, mode, *arguments, **options)
        import tempfile

        with tempfile.TemporaryFile() as copy:
            copy.write(data)
            copy.seek(0)
            handle = os.dup(copy.fileno())
        return open_any(handle, mode, *arguments, **options)

    builtins.open = io.open = open_laid_over
    accessor = getattr(pathlib, "_NormalAccessor", None)  # Python 3.10 holds the function it found at its import
    if accessor is not None:
        accessor.open = staticmethod(open_laid_over)


def _laid_over(file: Any) -> bytes | None:
    try:
        path = os.path.abspath(os.fsdecode(file))  # noqa: PTH100 - Path.absolute keeps `..`
    except TypeError:
        return None
    if os.path.basename(path) not in _names:  # noqa: PTH119 - asked for every file
        return None
    return _texts.get(path if path in _texts else os.path.realpath(path))


def _show_lines() -> None:
    for path, data in _texts.items():
        if data is None:
            continue
        try:
            text = importlib.util.decode_source(data)
        except (SyntaxError, UnicodeDecodeError):
            continue
        # Without a time of modification the entry is never taken for stale.
        linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
