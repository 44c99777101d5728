"""From what pytest caught to a Failure.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

import pytest

from pytest_selfheal.capture.chain import ChainReader
from pytest_selfheal.capture.chain import cleaned
from pytest_selfheal.capture.chain import trace_text
from pytest_selfheal.capture.facts import attribute
from pytest_selfheal.capture.facts import exact_text
from pytest_selfheal.capture.facts import plain_text
from pytest_selfheal.capture.facts import safely
from pytest_selfheal.capture.likeness import likeness
from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Phase
from pytest_selfheal.safety.redact import MESSAGE_LIMIT
from pytest_selfheal.safety.redact import TRACE_LIMIT
from pytest_selfheal.safety.redact import process_redactor

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path
    from types import TracebackType

    from pytest_selfheal.safety.redact import Redactor

ENVELOPES = frozenset(
    {"_pytest.nodes.Collector.CollectError", "_pytest.config.ConftestImportFailure", "doctest.UnexpectedException"}
)
_MAX_SEEN = 500
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z_\W]+")
_REPORT_ERROR = re.compile(r"([A-Za-z_][\w.]*(?:Error|Exception|Warning|Exit|Interrupt|Timeout|Failed))\b:? ?")


def capture(  # noqa: PLR0913 - what pytest knows of a failure is spread over many objects; all are keywords
    error: pytest.ExceptionInfo[BaseException] | BaseException,
    *,
    nodeid: str,
    phase: Phase,
    rootpath: Path,
    test_path: Path | str | None = None,
    test_name: str = "",
    docstring: str | None = None,
    scope: str = "function",
    duration_s: float = 0.0,
    created_at: str = "",
    redactor: Redactor | None = None,
    seen: dict[Hashable, Told] | None = None,
) -> Failure:
    """Return everything worth keeping of an exception as plain, redacted, size-limited values.

    Never raises for whatever the exception does, and takes bounded time. Capturing twice gives equal failures.

    Args:
        error: what pytest caught, or a plain exception.
        nodeid: the test or collector that failed.
        phase: where in its life it failed.
        rootpath: pytest's root directory; paths inside it become relative.
        test_path: the test's file; the first part of `nodeid` when not given.
        test_name: the test's name, for the intent when there is no docstring.
        docstring: the test's docstring.
        scope: the widest scope of the fixtures that were being set up.
        duration_s: how long the phase took, seconds.
        created_at: UTC, ISO 8601.
        redactor: takes the secrets out; by default those of this process's environment.
        seen: what earlier exceptions told, filled here; one that is alike is not read again.
    """
    redactor = redactor or process_redactor()
    if isinstance(error, pytest.ExceptionInfo):
        exception, traceback = error.value, error.tb
    else:
        exception, traceback = error, attribute(error, "__traceback__")
    reader = ChainReader(rootpath, redactor)
    told = _read(exception, traceback, reader, redactor, seen)
    return Failure(
        nodeid=redactor.public_id(_plain(nodeid)),
        phase=phase,
        error_type=told.error_type,
        error_message=told.error_message,
        stack_trace=told.stack_trace,
        chain=told.chain,
        scope=scope,
        test_path=reader.frames.path(str(test_path))[0] if test_path else nodeid.partition("::")[0],
        user_request=redactor.clean(user_request(test_name or nodeid.rpartition("::")[2], docstring), 200),
        duration_s=duration_s,
        created_at=created_at,
    )


class Told(NamedTuple):
    """What an exception told, whichever test it failed."""

    chain: tuple[ErrorLink, ...]
    error_type: str
    error_message: str
    stack_trace: str


def _read(
    error: BaseException,
    traceback: TracebackType | None,
    reader: ChainReader,
    redactor: Redactor,
    seen: dict[Hashable, Told] | None,
) -> Told:
    alike = likeness(error, traceback) if seen is not None else None
    if seen is not None and alike in seen:
        return seen[alike]
    chain = reader.chain(error, traceback)
    first = _told(chain)
    trace = redactor.clean(trace_text(chain), TRACE_LIMIT)
    told = Told(chain, first.type_name.removeprefix("builtins."), first.message, trace)
    if seen is not None and alike is not None and len(seen) < _MAX_SEEN:
        seen[alike] = told
    return told


def capture_report(report: Any, *, rootpath: Path, created_at: str = "", redactor: Redactor | None = None) -> Failure:
    """Return the failure of a report that came without an exception.

    That is a strict xfail that passed, a worker that died (`when` is `???`), or a plugin's text. `rootpath` is taken
    for symmetry with `capture`.
    """
    redactor = redactor or process_redactor()
    del rootpath
    nodeid = redactor.public_id(_plain(attribute(report, "nodeid")))
    text = _longrepr(report)
    kind = "text"
    if attribute(report, "when") == "???":
        kind, error_type = "crash", "WorkerCrash"
    elif text.startswith("[XPASS(strict)]"):
        kind, error_type = "xpass_strict", "XPassStrict"
    else:
        match = _REPORT_ERROR.match(text)
        error_type = match[1] if match else "Failure"
        text = text[match.end() :] if match and match.end() < len(text) else text
    when = attribute(report, "when")
    return Failure(
        nodeid=nodeid,
        phase=Phase(when) if when in ("setup", "call", "teardown", "collect") else Phase.CALL,
        error_type=error_type,
        error_message=cleaned(redactor, text, MESSAGE_LIMIT),
        stack_trace=cleaned(redactor, text, TRACE_LIMIT),
        report_kind=kind,
        test_path=nodeid.partition("::")[0],
        user_request=user_request(nodeid.rpartition("::")[2], None),
        duration_s=float(attribute(report, "duration") or 0.0),
        created_at=created_at,
    )


def user_request(name: str, docstring: str | None) -> str:
    """Return a test's intent: the first line of its docstring, else its name in words."""
    for line in (plain_text(docstring, 2000) or "").splitlines():
        if line.strip():
            return line.strip()[:200]
    stem, bracket, parameters = _plain(name).partition("[")
    words = [word if word.isupper() and len(word) > 1 else word.lower() for word in _WORDS.findall(stem)]
    if len(words) > 1 and words[0] == "test":
        del words[0]
    return (" ".join(words) or stem) + (f" [{parameters}" if bracket else "")


def _longrepr(report: Any) -> str:
    longrepr = attribute(report, "longrepr")
    crash = exact_text(attribute(attribute(longrepr, "reprcrash"), "message"))
    return crash or exact_text(safely(lambda: str(longrepr), ""))


def _plain(value: Any, limit: int = 2000) -> str:
    return plain_text(value, limit) or ""


def _told(chain: tuple[ErrorLink, ...]) -> ErrorLink:
    return next((link for link in chain if link.type_name not in ENVELOPES), chain[0])
