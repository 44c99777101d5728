"""Reads one JUnit file as a stream, as it stands there.

A DOCTYPE is refused: entities could make a small file huge or read other files.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import NamedTuple

from pytest_selfheal.errors import DataError

PROPERTY = "selfheal."
"""What our own properties in a JUnit file begin with."""
_MOST_TEXT = 64 * 1024
_MOST_VALUE = 2048
_DEEPEST = 64
_TROUBLES = {"failure": "failed", "error": "error"}
_RETRIED = ("flakyFailure", "flakyError", "rerunFailure", "rerunError")


class Trouble(NamedTuple):
    """One error as it stands there; `declared` is its type, which most runners leave out."""

    outcome: str
    declared: str = ""
    message: str = ""
    text: str = ""


@dataclass
class Case:
    """One `<testcase>` as it stands there."""

    classname: str
    name: str
    file: str
    time_s: float
    troubles: list[Trouble] = field(default_factory=list)
    retried: list[tuple[str, str]] = field(default_factory=list)
    skipped: str | None = None
    properties: dict[str, str] = field(default_factory=dict)


def seconds(text: str) -> float:
    """Return a number of seconds; 0 when it is none."""
    try:
        value = float(text.replace(",", "")) if text else 0.0
    except ValueError:
        return 0.0
    return value if 0 <= value < 1e9 else 0.0


class Reader:
    """Reads one file; what was read before an error stays."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.suite_properties: dict[str, str] = {}
        self.started: list[str] = []
        self.declared = 0
        self.found = 0
        self._suites: list[list[int]] = []
        self._path: list[str] = []
        self._case: Case | None = None
        self._text: list[str] = []
        self._size = 0
        self._attributes: dict[str, str] = {}
        self._saw_suite = False

    def read(self, content: bytes) -> None:
        """Read a whole file.

        Raises:
            DataError: it is no JUnit file, is cut off, or has a DOCTYPE.
        """
        from xml.parsers import expat

        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(content, True)
        except expat.ExpatError as error:
            raise DataError(f"cut off, or not XML ({error})") from error
        if not self._saw_suite:
            raise DataError("not a JUnit file: it has no test suite")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        self._path.append(name)
        if len(self._path) > _DEEPEST:
            raise DataError("nested too deeply for a JUnit file")
        if name in {"testsuite", "testsuites"}:
            self._saw_suite = True
            self._suites.append([whole(attributes.get("tests", "")) if name == "testsuite" else 0, 0])
            stamp = attributes.get("timestamp", "")
            self.started += [stamp] if stamp else []
        elif name == "testcase":
            self._case = Case(
                attributes.get("classname", ""),
                attributes.get("name", ""),
                attributes.get("file", ""),
                seconds(attributes.get("time", "")),
            )
        elif name == "property":
            self._property(attributes)
        elif self._case is not None and name in {*_TROUBLES, *_RETRIED, "skipped"}:
            self._text, self._size = [], 0
            self._attributes = attributes

    def _property(self, attributes: dict[str, str]) -> None:
        name = attributes.get("name", "")
        if name.startswith(PROPERTY):
            kept = self._case.properties if self._case is not None else self.suite_properties
            kept[name[len(PROPERTY) :]] = attributes.get("value", "")[:_MOST_VALUE]

    def _characters(self, data: str) -> None:
        if self._case is not None and self._path[-1] in _TROUBLES and self._size < _MOST_TEXT:
            self._text.append(data)
            self._size += len(data)

    def _end(self, _tag: str) -> None:
        name = self._path.pop()
        case = self._case
        if name == "testcase" and case is not None:
            self.cases.append(case)
            self._case = None
            if self._suites:
                self._suites[-1][1] += 1
        elif name in {"testsuite", "testsuites"}:
            declared, found = self._suites.pop()
            if found:  # an outer suite declares the tests of its inner ones
                self.declared += max(declared, found)
                self.found += found
        elif case is not None and name in _TROUBLES:
            text = "".join(self._text)
            kind, message = self._attributes.get("type", ""), self._attributes.get("message", "")
            message = message or text.strip().partition("\n")[0]
            case.troubles.append(Trouble(_TROUBLES[name], kind, message, text))
        elif case is not None and name in _RETRIED:
            case.retried.append((self._attributes.get("type", ""), self._attributes.get("message", "")))
        elif case is not None and name == "skipped":
            case.skipped = self._attributes.get("type", "")


def _refuse_doctype(*_arguments: object) -> None:
    raise DataError("has a DOCTYPE, which no JUnit file needs; it is refused")


def whole(text: str) -> int:
    """Return a whole number; 0 when it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
