"""Tracebacks as plain frames.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import linecache
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_selfheal.model import Frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from types import TracebackType

MAX_FRAMES = 40
"""Frames kept of one traceback: the outermost quarter and the innermost rest."""

_MAX_WALK = 5000
_MAX_SOURCE = 200

# Code that is inside the root directory but is not the project's: environments and installed packages.
_FOREIGN = re.compile(
    r"(?:^|/)(?:site-packages|dist-packages|\.?venv|virtualenv|\.tox|\.nox|node_modules|__pypackages__|\.eggs"
    r"|lib/python\d[\d.]*)/"
)
_TEST_FILE = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test|tests?|conftest)\.py$|(?:^|/)(?:tests?|testing)/")
_DOCTEST = "<doctest "


class FrameReader:
    """Turns tracebacks into frames, with paths relative to the root directory.

    Args:
        rootpath: pytest's root directory.
        clean: redacts one line of source.
    """

    def __init__(self, rootpath: Path, clean: Callable[[str], str]) -> None:
        roots = (str(rootpath), os.path.realpath(rootpath))
        self._roots = tuple(dict.fromkeys(os.path.normcase(root).rstrip(os.sep) + os.sep for root in roots))
        self._clean = clean
        self._paths: dict[str, tuple[str, bool, bool]] = {}

    def read(self, traceback: TracebackType | None) -> tuple[Frame, ...]:
        """Return the frames, outermost first, without the test framework's own at the outer end."""
        entries: list[tuple[FrameType, int]] = []
        while traceback is not None and len(entries) < _MAX_WALK:
            entries.append((traceback.tb_frame, traceback.tb_lineno))
            traceback = traceback.tb_next
        start = next((at for at, entry in enumerate(entries) if not _is_framework(entry[0].f_code.co_filename)), None)
        entries = entries[-3:] if start is None else entries[start:]
        if len(entries) > MAX_FRAMES:
            outer = MAX_FRAMES // 4
            entries = entries[:outer] + entries[outer - MAX_FRAMES :]
        return tuple(self._frame(frame, lineno) for frame, lineno in entries)

    def path(self, filename: str) -> tuple[str, bool, bool]:
        """Return the relative path with `/`, whether it is the project's code, and whether it is test code."""
        known = self._paths.get(filename)
        if known is None:
            known = self._paths[filename] = self._place(filename)
        return known

    def _place(self, filename: str) -> tuple[str, bool, bool]:
        if filename.startswith(_DOCTEST):
            return filename, True, True
        if filename.startswith("<"):
            return filename, False, False
        absolute = os.path.abspath(filename)  # noqa: PTH100 - Path.resolve would follow links out of the root
        if absolute != filename and not Path(absolute).exists():
            return filename.replace(os.sep, "/"), False, False  # compiled code: a path of the machine it was built on
        lookup = os.path.normcase(absolute)
        root = next((root for root in self._roots if lookup.startswith(root)), None)
        if root is None:
            return absolute.replace(os.sep, "/"), False, False
        relative = absolute[len(root) :].replace(os.sep, "/")
        in_app = not _FOREIGN.search(relative) and not _is_framework(absolute)
        return relative, in_app, in_app and bool(_TEST_FILE.search(relative))

    def _frame(self, frame: FrameType, lineno: int | None) -> Frame:
        code = frame.f_code
        path, in_app, is_test = self.path(code.co_filename)
        line = linecache.getline(code.co_filename, lineno or 0, frame.f_globals)
        return Frame(
            path=path,
            lineno=lineno or 0,
            function=getattr(code, "co_qualname", code.co_name),  # co_qualname is 3.11+
            source=self._clean(" ".join(line.split())[:_MAX_SOURCE]) if line else "",
            in_app=in_app,
            is_test=is_test,
        )


def _folder(module_file: str | None) -> str:
    return str(Path(module_file or __file__).parent) + os.sep


_FRAMEWORK = (
    *(_folder(sys.modules[name].__file__) for name in ("pytest", "_pytest", "pluggy") if name in sys.modules),
    str(Path(__file__).parent.parent) + os.sep,
)


def _is_framework(filename: str) -> bool:
    return filename.startswith(_FRAMEWORK)
