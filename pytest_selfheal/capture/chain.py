"""From a live exception to its chain of plain facts: the only place that walks exception objects.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import sys
from functools import lru_cache
from functools import partial
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.capture.facts import attribute
from pytest_selfheal.capture.facts import exact_text
from pytest_selfheal.capture.facts import facts_of
from pytest_selfheal.capture.facts import mro_names
from pytest_selfheal.capture.facts import safely
from pytest_selfheal.capture.facts import type_name
from pytest_selfheal.capture.frames import FrameReader
from pytest_selfheal.model import ErrorLink
from pytest_selfheal.safety.redact import MESSAGE_LIMIT
from pytest_selfheal.safety.redact import shorten

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from pytest_selfheal.safety.redact import Redactor

MAX_LINKS = 16
"""Exceptions kept along one chain; a longer chain is cut at its far end."""

MAX_LEAVES = 12
"""Different leaves kept of an exception group."""

_MAX_MEMBERS = 2000
_REMOTE_TRACEBACKS = {"concurrent.futures.process._RemoteTraceback", "multiprocessing.pool.RemoteTraceback"}
_UNREADABLE = "(its text cannot be read)"


class ChainReader:
    """Walks from the exception that was caught to everything behind it, each link visited once.

    Never raises for whatever an exception does, and takes bounded time.

    Args:
        rootpath: the root directory; paths inside it become relative.
        redactor: takes the secrets out.
    """

    def __init__(self, rootpath: Path, redactor: Redactor) -> None:
        self.frames = _frame_reader(rootpath, redactor)
        self._redactor = redactor
        self._seen: set[int] = set()

    def chain(self, error: BaseException, traceback: TracebackType | None) -> tuple[ErrorLink, ...]:
        """Return the links from the outermost exception inwards, then the leaves of a group."""
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
        elif "exporters" in facts:
            modules = [sys.modules.get(name) for name in facts["exporters"]]
            own = [self.frames.path(str(getattr(module, "__file__", "<")))[1] for module in modules]
            facts["exporters"] = [name for name, is_own in zip(facts["exporters"], own, strict=True) if is_own]
        elif "path" in facts:
            facts["path"] = self.frames.path(facts["path"])[0]
        facts.update(self._handled(error))
        return ErrorLink(
            type_name=type_name(type(error)),
            mro=mro,
            message=cleaned(self._redactor, safely(lambda: _message(error), _UNREADABLE), MESSAGE_LIMIT),
            relation=relation,
            facts=facts,
            frames=safely(lambda: self.frames.read(traceback), ()),
        )

    def _handled(self, error: BaseException) -> dict[str, Any]:
        """Return which refusal an exception answers when it was raised `from None`: people do not see it, we may."""
        hidden = attribute(error, "__context__")
        if not attribute(error, "__suppress_context__") or not _is_exception(hidden):
            return {}
        if _is_exception(attribute(error, "__cause__")):
            return {}
        mro = mro_names(type(hidden))
        status = facts_of(hidden, mro, self._redactor.redact).get("http_status")
        return {"handled_status": status, "handled_type": mro[0]} if status is not None else {}


@lru_cache(maxsize=4)
def _frame_reader(rootpath: Path, redactor: Redactor) -> FrameReader:
    """Return the reader that remembers what it found out about files."""
    return FrameReader(rootpath, redactor.redact)


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


def cleaned(redactor: Redactor, text: str, limit: int) -> str:
    """Return a text without secrets, of limited length, that any encoding can write."""
    # Lone surrogates cannot be encoded by most of what comes later, so they are written out.
    return redactor.clean(shorten(text, 4 * limit).encode("utf-8", "backslashreplace").decode("utf-8"), limit)
