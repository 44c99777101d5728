"""Source text without secrets, line for line: what is cut out of it later stands where the traceback says.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_selfheal.safety.redact import MASK

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK = re.compile(r"-----(?P<which>BEGIN|END) [A-Z0-9 ]*PRIVATE KEY-----")
_KEY_ROW = re.compile(r"[\s#'\"(+,]*(?:[A-Za-z0-9+/=]{8,}|[A-Z][A-Za-z-]+: .*)(?:\\n)*[\s'\"),\\+]*\Z")

_LONG_ROW = 200
"""Keys are written in rows of 64 to 76 characters; what is longer beside one is not looked at but hidden."""


def veiled(text: str, redact: Callable[[str], str]) -> str | None:
    """Return `text` without secrets and with as many lines; None when a secret cannot be taken out that way.

    The whole text is redacted before anything is cut out of it, so that no cut leaves half a secret unrecognised.
    Private keys go first and row by row: as a block they would take their lines with them.

    Args:
        text: a source file.
        redact: takes the secrets out of a text.
    """
    rows = text.splitlines(keepends=True)
    if any("PRIVATE KEY-----" in row for row in rows):
        _veil_keys(rows)
    cleaned = redact("".join(rows))
    return cleaned if len(cleaned.splitlines()) == len(rows) else None


def _veil_keys(rows: list[str]) -> None:
    inside = False
    for index, row in enumerate(rows):
        marks = [match["which"] for match in _MARK.finditer(row)]
        if marks:
            if marks[0] == "END" and not inside:
                _veil_upwards(rows, index - 1)
            inside = marks[-1] == "BEGIN"
            rows[index] = _mask(row)
        elif inside and _is_key_row(row):
            rows[index] = _mask(row)
        else:
            inside = inside and not row.strip()


def _veil_upwards(rows: list[str], index: int) -> None:
    while index >= 0 and _is_key_row(rows[index]):
        rows[index] = _mask(rows[index])
        index -= 1


def _is_key_row(row: str) -> bool:
    return len(row) > _LONG_ROW or _KEY_ROW.match(row) is not None


def _mask(row: str) -> str:
    indent = row[: len(row) - len(row.lstrip())].rstrip("\r\n")
    end = row[len(row.rstrip("\r\n")) :]
    return f"{indent}# {MASK}{end}"
