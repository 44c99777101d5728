"""A log of answers that could not be read, or only after repairs: enough of each to find the cause, without secrets.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.safety.redact import MASK
from pytest_selfheal.safety.redact import Redactor

if TYPE_CHECKING:
    from pytest_selfheal.resilience.json_recovery.result import RecoveredJSON

EDGE = 300
WINDOW = 40
_SLACK = 4


@cache
def _redactor() -> Redactor:
    return Redactor(os.environ)


def window(text: str, place: int, before: int = WINDOW, after: int = WINDOW) -> str:
    """Return the text around `place`, redacted; more is looked at than shown, so no half of a secret stays unseen."""
    shown = text[max(0, place - before) : place + after]
    wide = text[max(0, place - before * _SLACK) : place + after * _SLACK]
    redacted = _redactor().redact(wide)
    # With a secret near by, nothing is shown but the redacted text around it.
    return _redactor().clean(wide, before + after) if MASK in redacted and redacted != wide else shown


def record(text: str, result: RecoveredJSON) -> dict[str, Any]:
    """Return one log entry about `result`: values of JSON only, text redacted, size bounded."""
    error = result.error
    places = [repair.start for repair in result.repairs[:5]] + ([error.position] if error else [])
    return {
        "sha256": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        "length": len(text),
        "head": window(text, 0, 0, EDGE),
        "tail": window(text, len(text), EDGE, 0),
        "windows": [window(text, place) for place in places],
        "level": result.level,
        "complete": result.complete,
        "refused": error.code if error else None,
        "position": error.position if error else None,
        "repairs": sorted({repair.kind for repair in result.repairs}),
        "candidates": [
            {"span": list(item.span), "tier": item.tier, "level": item.level, "reason": item.reason_rejected}
            for item in result.candidates[:20]
        ],
        "elapsed": round(result.elapsed, 6),
    }


class JSONFailureLog:
    """Appends entries to a JSONL file; give it as `log=` to the parse functions.

    A file that grew over `max_bytes` is renamed to `<name>.1` first, replacing an older one. Writing never raises:
    a full disk must not turn a readable answer into an error.

    Args:
        path: the file; its folder must exist.
        max_bytes: size in bytes at which a new file is begun.
        context: what every entry says too, such as the model or the test.
    """

    def __init__(self, path: str | Path, *, max_bytes: int = 1_000_000, context: dict[str, str] | None = None) -> None:
        self.path = Path(path)
        self.max_bytes = max_bytes
        self.context = dict(context or {})

    def __call__(self, entry: dict[str, Any]) -> None:
        """Append `entry`."""
        line = json.dumps({**entry, **self.context}, ensure_ascii=True) + "\n"
        with contextlib.suppress(OSError):
            if self.path.exists() and self.path.stat().st_size > self.max_bytes:
                self.path.replace(self.path.with_name(self.path.name + ".1"))
            with self.path.open("ab") as stream:
                stream.write(line.encode("ascii"))
