"""From a live exception to a Failure: the only place that touches exception objects.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import re
from functools import cache
from functools import partial
from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Phase
from pytest_selfheal.plugin.capture_facts import attribute
from pytest_selfheal.plugin.capture_facts import exact_text
from pytest_selfheal.plugin.capture_facts import facts_of
from pytest_selfheal.plugin.capture_facts import mro_names
from pytest_selfheal.plugin.capture_facts import plain_text
from pytest_selfheal.plugin.capture_facts import safely
from pytest_selfheal.plugin.capture_facts import type_name
from pytest_selfheal.plugin.capture_frames import FrameReader
from pytest_selfheal.safety.redact import MESSAGE_LIMIT
from pytest_selfheal.safety.redact import TRACE_LIMIT
from pytest_selfheal.safety.redact import Redactor
from pytest_selfheal.safety.redact import shorten

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

MAX_LINKS = 16
"""Exceptions kept along one chain; a longer chain is cut at its far end."""

MAX_LEAVES = 12
"""Different leaves kept of an exception group."""

_MAX_MEMBERS = 2000
_REMOTE_TRACEBACKS = {"concurrent.futures.process._RemoteTraceback", "multiprocessing.pool.RemoteTraceback"}
ENVELOPES = frozenset(
    {"_pytest.nodes.Collector.CollectError", "_pytest.config.ConftestImportFailure", "doctest.UnexpectedException"}
)
_UNREADABLE = "(its text cannot be read)"
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
    """
    redactor = redactor or _process_redactor()
    if isinstance(error, pytest.ExceptionInfo):
        exception, traceback = error.value, error.tb
    else:
        exception, traceback = error, attribute(error, "__traceback__")
    reader = _ChainReader(rootpath, redactor)
    chain = reader.chain(exception, traceback)
    told = _told(chain)
    return Failure(
        nodeid=_plain(nodeid),
        phase=phase,
        error_type=told.type_name.removeprefix("builtins."),
        error_message=told.message,
        stack_trace=redactor.clean(trace_text(chain), TRACE_LIMIT),
        chain=chain,
        scope=scope,
        test_path=reader.frames.path(str(test_path))[0] if test_path else nodeid.partition("::")[0],
        user_request=redactor.clean(user_request(test_name or nodeid.rpartition("::")[2], docstring), 200),
        duration_s=duration_s,
        created_at=created_at,
    )


def capture_report(report: Any, *, rootpath: Path, created_at: str = "", redactor: Redactor | None = None) -> Failure:
    """Return the failure of a report that came without an exception.

    That is a strict xfail that passed, a worker that died (`when` is `???`), or a plugin's text. `rootpath` is taken
    for symmetry with `capture`.
    """
    redactor = redactor or _process_redactor()
    del rootpath
    nodeid = _plain(attribute(report, "nodeid"))
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
        error_message=_clean(redactor, text, MESSAGE_LIMIT),
        stack_trace=_clean(redactor, text, TRACE_LIMIT),
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


def trace_text(chain: tuple[ErrorLink, ...]) -> str:
    """Return a compact traceback of a chain, the exception that pytest saw last, as Python prints it."""
    parts: list[str] = []
    for link in reversed(chain):
        rows = [f"{frame.path}:{frame.lineno}: in {frame.function}\n    {frame.source}" for frame in link.frames]
        name = link.type_name.removeprefix("builtins.")
        rows.append(f"{name}: {link.message}" if link.message else name)
        parts.append("\n".join(rows))
    return "\n\n".join(
        part if at == 0 else f"{_CONNECTION.get(chain[len(chain) - at].relation, '')}\n\n{part}"
        for at, part in enumerate(parts)
    )


_CONNECTION = {
    "cause": "(the above was the cause of the following)",
    "context": "(while handling the above, the following was raised)",
    "group": "(the above is a member of the following group)",
}


class _ChainReader:
    """Walks from the exception pytest saw to everything behind it, each link visited once."""

    def __init__(self, rootpath: Path, redactor: Redactor) -> None:
        self.frames = FrameReader(rootpath, redactor.redact)
        self._redactor = redactor
        self._seen: set[int] = set()

    def chain(self, error: BaseException, traceback: TracebackType | None) -> tuple[ErrorLink, ...]:
        links, last = self._line(error, "self", traceback)
        members, left_out = self._members(last)
        for member in members:
            links.extend(self._line(member, "group", attribute(member, "__traceback__"))[0])
        if left_out:
            links[0].facts["leaves_left_out"] = left_out
        return tuple(links)

    def _line(
        self, error: BaseException, relation: str, traceback: TracebackType | None
    ) -> tuple[list[ErrorLink], BaseException]:
        links: list[ErrorLink] = []
        current: BaseException | None = error
        last = error
        while current is not None and len(links) < MAX_LINKS:
            if id(current) in self._seen and relation != "group":
                break
            self._seen.add(id(current))
            last = current
            links.append(self._link(current, relation, traceback))
            if _group_members(current):
                break
            current, relation = _behind(current)
            traceback = attribute(current, "__traceback__")
        return links, last

    def _members(self, error: BaseException) -> tuple[list[BaseException], int]:
        # Leaves of nested groups are put side by side: a retry cures a group only when it cures every leaf.
        waiting = _group_members(error)
        kept: dict[tuple[str, str], BaseException] = {}
        visited = left_out = 0
        while waiting and visited < _MAX_MEMBERS:
            member = waiting.pop(0)
            visited += 1
            inner = _group_members(member)
            if inner and id(member) not in self._seen:
                self._seen.add(id(member))
                waiting[:0] = inner
            elif not inner:
                key = (type_name(type(member)), safely(partial(_message, member), "")[:200])
                if key not in kept and len(kept) >= MAX_LEAVES:
                    left_out += 1
                else:
                    kept.setdefault(key, member)
        return list(kept.values()), left_out + len(waiting)

    def _link(self, error: BaseException, relation: str, traceback: TracebackType | None) -> ErrorLink:
        mro = mro_names(type(error))
        facts = facts_of(error, mro, self._redactor.redact)
        if "builtins.SyntaxError" in mro and "filename" in facts:
            facts["filename"], facts["in_app"], _ = self.frames.path(facts["filename"])
        elif "path" in facts:
            facts["path"] = self.frames.path(facts["path"])[0]
        return ErrorLink(
            type_name=type_name(type(error)),
            mro=mro,
            message=_clean(self._redactor, safely(lambda: _message(error), _UNREADABLE), MESSAGE_LIMIT),
            relation=relation,
            facts=facts,
            frames=safely(lambda: self.frames.read(traceback), ()),
        )


def _behind(error: BaseException) -> tuple[BaseException | None, str]:
    name = type_name(type(error))
    cause = attribute(error, "__cause__")
    if name == "_pytest.config.ConftestImportFailure":
        cause = attribute(error, "cause")
    elif name == "doctest.UnexpectedException":
        cause = safely(lambda: attribute(error, "exc_info")[1], None)
    if _is_exception(cause):
        remote = type_name(type(cause)) in _REMOTE_TRACEBACKS
        return (None, "") if remote else (cause, "cause")
    context = None if attribute(error, "__suppress_context__") else attribute(error, "__context__")
    return (context, "context") if _is_exception(context) else (None, "")


def _group_members(error: BaseException) -> list[BaseException]:
    name = type_name(type(error))
    key = "failures" if name == "_pytest.doctest.MultipleDoctestFailures" else "exceptions"
    if key == "exceptions" and not any(base.endswith(".BaseExceptionGroup") for base in mro_names(type(error))):
        return []
    members = attribute(error, key)
    return [member for member in members if _is_exception(member)] if type(members) in (list, tuple) else []


def _is_exception(value: Any) -> bool:
    return issubclass(type(value), BaseException)


def _message(error: BaseException) -> str:
    name = type_name(type(error))
    if name == "_pytest.fixtures.FixtureLookupError":
        shown = safely(lambda: exact_text(attribute(error, "formatrepr")().errorstring), "")
        return shown.strip() or f"fixture {attribute(error, 'argname')!r} not found"
    if name == "builtins.Failed":
        return exact_text(attribute(error, "msg"))
    if name == "doctest.DocTestFailure":
        want = attribute(attribute(error, "example"), "want")
        return f"expected {exact_text(want).strip()!r}, got {exact_text(attribute(error, 'got')).strip()!r}"
    return exact_text(str(error))


def _longrepr(report: Any) -> str:
    longrepr = attribute(report, "longrepr")
    crash = exact_text(attribute(attribute(longrepr, "reprcrash"), "message"))
    return crash or exact_text(safely(lambda: str(longrepr), ""))


def _clean(redactor: Redactor, text: str, limit: int) -> str:
    # Lone surrogates cannot be encoded by most of what comes later, so they are written out.
    return redactor.clean(shorten(text, 4 * limit).encode("utf-8", "backslashreplace").decode("utf-8"), limit)


def _plain(value: Any, limit: int = 2000) -> str:
    return plain_text(value, limit) or ""


def _told(chain: tuple[ErrorLink, ...]) -> ErrorLink:
    return next((link for link in chain if link.type_name not in ENVELOPES), chain[0])


@cache
def _process_redactor() -> Redactor:
    return Redactor(os.environ)
