"""Colours for diffs, where a terminal shows them.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

_ROW = re.compile(r"(?: {3})?(\+|-|@@)")
_CODES = {"+": "32", "-": "31", "@@": "36"}


def is_coloured() -> bool:
    """Tell whether standard output takes colours: `NO_COLOR` and `FORCE_COLOR` decide before the terminal does."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def coloured(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines, those of a diff in its colours; a diff may be set in by three blanks."""
    on = is_coloured()
    for line in lines:
        match = _ROW.match(line) if on else None
        yield f"\x1b[{_CODES[match[1]]}m{line}\x1b[0m" if match else line
