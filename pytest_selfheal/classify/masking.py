"""Replace what changes from run to run in a message by placeholders.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from functools import cache

_LIMIT = 400

# The order counts: what is longer and more special goes first, bare numbers last (reference: Sentry, LUCI).
_MASKS = (
    (r"\x1b\[[0-9;?]*[A-Za-z]", ""),
    (r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?\b", "<time>"),
    (r"\b\d\d?:\d\d:\d\d(?:[.,]\d+)?\b", "<time>"),
    (r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b", "<uuid>"),
    (r"\b0x[0-9a-fA-F]+\b", "<address>"),
    (r"\b(?=[a-fA-F]*\d)[0-9a-fA-F]{8,}\b", "<hex>"),
    (r"\b[A-Za-z0-9+/]{16,}={1,2}", "<base64>"),
    (r"\b(https?|ftp|wss?)://[^\s/'\"]+", r"\1://<host>"),
    (r"(?:/tmp|/var/folders|/private/var|/home|/Users|/root|[A-Za-z]:\\)[^\s'\":,;)\]]*", "<path>"),
    (r"\bpopen-gw\d+\b|\bgw\d+\b", "<worker>"),
    (r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b", "<ip>"),
    (r"\b(?=[a-z-]*\d)[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+(?::\d+)?\b", "<host>"),
    (r"\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\s?(?:ns|us|\u00b5s|ms|s|sec|seconds?|minutes?|min|h)\b", "<duration>"),
    (r"(?<![\w.])[+-]?\d+\.\d+(?:e[+-]?\d+)?", "<float>"),
    (r"\d+", "<n>"),
)
_BRACES = re.compile(r"\{([^{}\n]{1,200})\}")


def mask(text: str) -> str:
    """Return the first line that is not blank with addresses, times, ids, paths and numbers masked.

    The members of a short `{...}` are sorted, because the order of a set changes with the hash seed.
    """
    line = next((line for line in text.splitlines() if line.strip()), "")[:_LIMIT]
    for pattern, replacement in _patterns():
        line = pattern.sub(replacement, line)
    return " ".join(_BRACES.sub(_sorted_members, line).split())


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), replacement) for pattern, replacement in _MASKS)


def _sorted_members(match: re.Match[str]) -> str:
    return "{" + ", ".join(sorted(part.strip() for part in match[1].split(","))) + "}"
