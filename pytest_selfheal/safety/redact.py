"""Take secrets out of text before it is stored, shown or sent.

Three nets, coarse on purpose: values of environment variables with secret-like names, shapes of known tokens, and what
stands behind a secret-like name. Every pattern starts at a fixed word and has bounded or disjoint repeats, so the
time is linear in the length of the text.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from typing import TYPE_CHECKING

from pytest_selfheal.safety.secret_shapes import HEADER_HINTS
from pytest_selfheal.safety.secret_shapes import HEADERS
from pytest_selfheal.safety.secret_shapes import LONG_RUN
from pytest_selfheal.safety.secret_shapes import PAIR_HINTS
from pytest_selfheal.safety.secret_shapes import PAIRS
from pytest_selfheal.safety.secret_shapes import SCHEME_HINTS
from pytest_selfheal.safety.secret_shapes import SCHEMES
from pytest_selfheal.safety.secret_shapes import SECRET_NAME
from pytest_selfheal.safety.secret_shapes import TOKENS
from pytest_selfheal.safety.secret_shapes import URLS

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping

MASK = "[redacted]"

PUBLIC = "redacted-"
"""What stands in place of the parameters of a node id that hold a secret, before a few digits of their hash."""

MESSAGE_LIMIT = 2048
"""Characters of an error message that are kept (the architecture's "messages cut to 2 KiB")."""

TRACE_LIMIT = 16 * 1024
"""Characters of a stack trace that are kept."""

_MIN_VALUE = 8
_SLACK = 4

# Values that many settings share; masking them would blank out half of an ordinary message.
_PLAIN_VALUES = frozenset({"password", "disabled", "required", "optional", "changeme", "undefined", "bearer_token"})

# A plain word, a name, a dotted name or the start of a call is code that fetches a secret, not the secret itself.
_CODE = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:[(\[]|$)"
_CODE_WORD = (
    r"(?i)(?:^|_|\b)(?:pass|pw|password|passwd|passphrase|pwd|secret|token|tokeni[sz]er?|api_?key|key|cred(?:ential)?s?|none"
    r"|true|false|null|str|self|bytes|value|field|required)s?\d?(?:_|\b|$)"
)


class Redactor:
    """Replaces secrets by `[redacted]`; built once per process, compiled when first used.

    Args:
        environ: the environment whose secrets must not appear; read once, at the first call.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._steps: tuple[Callable[[str], str], ...] | None = None

    def redact(self, text: str) -> str:
        """Return `text` without secrets. Redacting twice changes nothing more; the caller limits the length."""
        if self._steps is None:
            self._steps = (*_environment_steps(self._environ), _blocks, *_shape_steps())
        for step in self._steps:
            text = step(text)
        return text

    def public_id(self, nodeid: str) -> str:
        """Return a node id that may be stored and shown: `test_x[redacted-1a2b3c]` when its parameters hold a secret.

        The six digits are stable, so one test keeps one id in all runs; `plugin.public_ids` finds the test by it.
        """
        name, bracket, parameters = nodeid.partition("[")
        if not bracket or self.redact(parameters) == parameters:
            return nodeid
        import hashlib

        # Few digits on purpose: they tell the parameters of one function apart, and confirm no guess of a password.
        return f"{name}[{PUBLIC}{hashlib.sha256(nodeid.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}]"

    def clean(self, text: str, limit: int) -> str:
        """Return `text` redacted and then shortened to `limit` characters, in time bounded by `limit`.

        The text is cut roughly first and finely at the end, so that a cut never leaves half a secret unrecognised.
        """
        return shorten(self.redact(shorten(text, limit * _SLACK)), limit)


def redact(text: str, environ: Mapping[str, str]) -> str:
    """Return `text` without secrets; use a `Redactor` when there is more than one text."""
    return Redactor(environ).redact(text)


@cache
def process_redactor() -> Redactor:
    """Return the redactor for the environment of this process, as it was when first asked for."""
    return Redactor(os.environ)


def shorten(text: str, limit: int) -> str:
    """Return at most `limit` characters: two thirds from the head, one third from the tail, and a note between."""
    if len(text) <= limit:
        return text
    note = f"\n... {len(text) - limit} characters left out ...\n"
    room = limit - len(note)
    if room < len(note):
        return text[:limit]
    tail = room // 3
    return text[: room - tail] + note + text[len(text) - tail :]


def _environment_steps(environ: Mapping[str, str]) -> tuple[Callable[[str], str], ...]:
    spellings: set[str] = set()
    secret_name = re.compile(SECRET_NAME)
    for name, value in list(environ.items()):
        if len(value) < _MIN_VALUE or value.lower() in _PLAIN_VALUES or not secret_name.match(name):
            continue
        parts = [value, *(line for line in value.splitlines() if len(line) >= 2 * _MIN_VALUE)]
        for part in parts:
            spellings.update((part, repr(part)[1:-1], json.dumps(part)[1:-1]))
    if not spellings:
        return ()
    pattern = re.compile("|".join(re.escape(value) for value in sorted(spellings, key=len, reverse=True)))
    return (lambda text: pattern.sub(MASK, text),)


@cache
def _shape_steps() -> tuple[Callable[[str], str], ...]:
    return (
        _step(HEADERS, rf"\g<1>{MASK}", HEADER_HINTS),
        *(_step(pattern, rf"\g<1>{MASK}\g<2>", hints) for pattern, hints in URLS),
        _step(SCHEMES, MASK, SCHEME_HINTS),
        _tokens(),
        _step(PAIRS, _pair, PAIR_HINTS),
    )


def _step(
    pattern: str, replacement: str | Callable[[re.Match[str]], str], hints: tuple[str, ...]
) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def may_match(lowered: str) -> bool:
        for hint in hints:  # noqa: SIM110 - `any` costs twice as much, and this runs six times for every text
            if hint in lowered:
                return True
        return False

    def step(text: str) -> str:
        # Looking for a few fixed words is some twenty times faster than the pattern, and most lines have none of them.
        if not may_match(text.lower()):
            return text
        lines = text.splitlines(keepends=True)
        for index, line in enumerate(lines):
            if may_match(line.lower()):
                lines[index] = compiled.sub(replacement, line)
        return "".join(lines)

    return step


def _tokens() -> Callable[[str], str]:
    run, token = re.compile(LONG_RUN), re.compile(TOKENS)
    return lambda text: run.sub(lambda match: token.sub(MASK, match[0]), text)


def _pair(match: re.Match[str]) -> str:
    quoted, bare = match["quoted"], match["bare"]
    if quoted is not None:
        quote = quoted[: len(quoted) - len(quoted.lstrip("\\")) + 1]
        return f"{match['lead']}{quote}{MASK}{quote}"
    lead = match["lead"]
    return f"{lead}{MASK}" if _looks_secret(bare, tight=lead.endswith("=") or lead.startswith("--")) else match[0]


def _looks_secret(value: str, *, tight: bool) -> bool:
    if len(value) < 4 or value.startswith(("[", "<", "{", "$", "*")):
        return False
    if value.isdigit():
        return len(value) >= 6
    if re.match(_CODE, value):
        if "(" in value or "." in value or re.search(_CODE_WORD, value):
            return False
        # `token = response` is code, `PASSWORD=correcthorse` is a setting: only the tight form may be all letters.
        return len(value) >= 6 and (tight or (any(letter.isdigit() for letter in value) and len(value) >= 8))
    return any(letter.isalnum() for letter in value) and (tight or any(letter.isdigit() for letter in value))


def _blocks(text: str) -> str:
    if "PRIVATE KEY" not in text:
        return text
    kept: list[str] = []
    rest = text
    first_end = rest.find("-----END ")
    first_begin = rest.find("-----BEGIN ")
    if first_end >= 0 and (first_begin < 0 or first_end < first_begin):
        # The head of the block was cut off: what stands before its end may be key material.
        rest = MASK + rest[first_end:]
    while True:
        begin = rest.find("-----BEGIN ")
        if begin < 0:
            return "".join((*kept, rest))
        end = rest.find("-----END ", begin)
        head_end = rest.find("-----", begin + 11)
        if head_end < 0 or "PRIVATE KEY" not in rest[begin:head_end]:
            kept.append(rest[: begin + 11])
            rest = rest[begin + 11 :]
            continue
        kept.append(rest[: head_end + 5] + MASK)
        rest = rest[end:] if end >= 0 else ""
        stop = rest.find("-----", 9)
        kept.append(rest[: stop + 5] if stop >= 0 else rest)
        rest = rest[stop + 5 :] if stop >= 0 else ""
