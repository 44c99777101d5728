"""The stable key of an error, version 1.

The parts that are hashed stay readable beside the hash, for explanations and for a later version. Not among them:
nodeid, parameters, phase, line numbers, worker, Python version, library frames, and the message where a place is known.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_selfheal.classify.masking import mask
from pytest_selfheal.classify.special import is_environment_key
from pytest_selfheal.classify.table_structural import ENVELOPES
from pytest_selfheal.classify.walk import split

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_selfheal.model import Category
    from pytest_selfheal.model import ErrorLink
    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import Frame

VERSION = "v1"

_MAX_CAUSES = 4
_DISCRIMINATORS = (
    *("http_status", "errno_name", "sqlstate", "vendor_code", "sqlite_error", "grpc_code", "aws_code", "error_code"),
    *("returncode", "fixture", "title"),
)
_NAMED = frozenset({"builtins.ImportError", "builtins.NameError", "builtins.AttributeError"})
_ASSERTING = ("assert", "check", "expect", "verify")
_MARKER = re.compile(r"^'([^']+)' not found in `markers`")
_MISSING_NAME = re.compile(r"cannot import name '([^']+)'")
_DOCTEST_NUMBER = re.compile(r"\[\d+\]>$")


def signature_parts(failure: Failure) -> tuple[str, ...]:
    """Return the parts of the signature: types, discriminators, place; each one line of `kind=value`."""
    line, leaves = _essence(failure)
    if not line:
        return (f"type={failure.report_kind}", *_placeless(failure, None))
    types = [f"type={line[0].type_name}"]
    causes = [link for link in line[1:] if link.relation == "cause"][:_MAX_CAUSES]
    types.extend(f"cause={link.type_name}" for link in causes)
    types.extend(f"leaf={name}" for name in sorted({leaf[0].type_name for leaf in leaves}))
    told = [line[0], *causes, *(leaf[0] for leaf in leaves)]
    return (*types, *_discriminators(told), *_place(failure, line, leaves))


def signature_of(parts: Iterable[str]) -> str:
    """Return the versioned key of these parts: 64 bits of SHA-256."""
    return f"{VERSION}:{_digest(parts)}"


def outage_key(failure: Failure, category: Category) -> str:
    """Return the coarser key for one outage seen in many places: category, type and discriminators."""
    line, leaves = _essence(failure)
    told = line[-1:] + [leaf[-1] for leaf in leaves]
    names = sorted({link.type_name for link in told}) or [failure.report_kind]
    return f"o1:{_digest((category.value, *names, *_discriminators(told)))}"


def _digest(parts: Iterable[str]) -> str:
    import hashlib

    return hashlib.sha256("\n".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _essence(failure: Failure) -> tuple[list[ErrorLink], list[list[ErrorLink]]]:
    line, leaves = split(failure.chain)
    while len(line) > 1 and line[0].type_name in ENVELOPES:
        del line[0]
    # From the first accidental context on nothing belongs to the identity of the error.
    explicit = next((at for at, link in enumerate(line) if at and link.relation == "context"), len(line))
    return line[:explicit], leaves


def _discriminators(links: Iterable[ErrorLink]) -> list[str]:
    found: dict[str, None] = {}
    for link in links:
        values = {name: link.facts[name] for name in _DISCRIMINATORS if name in link.facts}
        if not _NAMED.isdisjoint(link.mro) and "name" in link.facts:
            values["name"] = link.facts["name"]
            match = _MISSING_NAME.search(link.message)
            values.update({"imported": match[1]} if match else {})
        elif "key" in link.facts and is_environment_key(link):
            values["variable"] = link.facts["key"]
        marker = _MARKER.match(link.message) if link.type_name == "builtins.Failed" else None
        values.update({"marker": marker[1]} if marker else {})
        found.update(dict.fromkeys(f"{name}={value}" for name, value in values.items()))
    return sorted(found)


def _place(failure: Failure, line: list[ErrorLink], leaves: list[list[ErrorLink]]) -> list[str]:
    first = line[0]
    if "builtins.SyntaxError" in first.mro and not str(first.facts.get("filename", "<")).startswith("<"):
        return [f"file={first.facts['filename']}", f"text={first.facts.get('text', '')}"]
    if first.type_name == "builtins.ModuleNotFoundError" and first.facts.get("name"):
        return []  # a module that is missing is missing everywhere: who asked first is chance
    lines = (line, *leaves)
    frames = next((in_app for path in lines if (in_app := [f for f in path[0].frames if f.in_app])), [])
    if not frames:
        return _placeless(failure, first)
    tests = [frame for frame in frames if frame.is_test and not frame.function.startswith("pytest_")]
    if "pytest_timeout" in first.facts and tests:
        return [f"at={tests[0].path}:{_name(tests[0])}"]
    if "builtins.RecursionError" in first.mro:
        # Which of the functions in the circle hits the limit is chance; where the circle is entered is not.
        return [_at(next((frame for frame in frames if not frame.is_test), frames[0]))]
    inner = frames[-1]
    place = [_at(inner)]
    # A helper that asserts is not the bug, wherever it lies: the test that asked it belongs to the place.
    is_helper = inner.is_test or ("builtins.AssertionError" in first.mro and _name(inner).startswith(_ASSERTING))
    if is_helper and tests and (tests[0].path, _name(tests[0])) != (inner.path, _name(inner)):
        place.append(_at(tests[0]))
    return place


def _placeless(failure: Failure, link: ErrorLink | None) -> list[str]:
    message = link.message if link else failure.error_message
    if failure.report_kind == "crash":
        return [f"node={failure.nodeid.partition('[')[0]}"]
    return [f"message={mask(message)}"]


def _at(frame: Frame) -> str:
    return f"at={_DOCTEST_NUMBER.sub('>', frame.path)}:{_name(frame)}:{_code(frame.source)}"


def _name(frame: Frame) -> str:
    # Qualified names of code objects exist since Python 3.11 only; the last part is the same everywhere.
    return frame.function.rpartition(".")[2]


def _code(source: str) -> str:
    quote = ""
    for at, letter in enumerate(source):
        if quote:
            quote = "" if letter == quote and source[at - 1] != "\\" else quote
        elif letter in "\"'":
            quote = letter
        elif letter == "#":
            source = source[:at]
            break
    return " ".join(source.split())
