"""Test results of any runner, read from JUnit files.

The files are read as streams and a DOCTYPE is refused: entities could make a small file huge or read other files.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import NamedTuple

from pytest_selfheal.errors import DataError
from pytest_selfheal.model import Category
from pytest_selfheal.model import FailureRecord
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import Phase
from pytest_selfheal.model import RunRecord
from pytest_selfheal.model import Severity
from pytest_selfheal.model import stable_id
from pytest_selfheal.safety.redact import redact

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping

PROPERTY = "selfheal."
"""What our own properties in a JUnit file begin with."""
_MOST_TEXT = 64 * 1024
_MOST_MESSAGE = 2048
_DEEPEST = 64
_TROUBLES = {"failure": "failed", "error": "error"}
_RETRIED = ("flakyFailure", "flakyError", "rerunFailure", "rerunError")
_WORST = ("failed", "error", "healed", "passed", "xfailed", "skipped")
"""Outcomes of a test that several files tell about, the one that counts first."""
_ERROR_AT_START = re.compile(r"([A-Za-z_][\w.]*)(?::|$)")
_ERROR_LINE = re.compile(r"^E\s{1,3}([A-Za-z_][\w.]*)(?::|$)", re.MULTILINE)
_ERROR_WORD = re.compile(r"(?:Error|Exception|Warning|Exit|Interrupt|Failed|Timeout|Failure|Group)$|\.")
_WITHIN = re.compile(r'^failed on (setup|teardown) with "(.*)"$', re.DOTALL)
_TIMED_OUT = re.compile(r"^(?:Failed: )?Timeout (?:>|\()")


class _Trouble(NamedTuple):
    """One error as it stands there; `declared` is its type, which most runners leave out."""

    outcome: str
    declared: str = ""
    message: str = ""
    text: str = ""


@dataclass
class _Case:
    """One `<testcase>` as it stands there."""

    classname: str
    name: str
    file: str
    time_s: float
    troubles: list[_Trouble] = field(default_factory=list)
    retried: list[tuple[str, str]] = field(default_factory=list)
    skipped: str | None = None
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Results:
    """What some JUnit files tell together.

    Attributes:
        run: the counts, each test once with its worst outcome.
        failures: tests that failed, had an error, or passed only on a retry.
        files: how many different files there were; identical ones are one.
        problems: what is wrong with the files, one sentence each.
    """

    run: RunRecord
    failures: tuple[FailureRecord, ...]
    files: int
    problems: tuple[str, ...] = ()


def read_results(
    files: Iterable[tuple[str, bytes]], is_file: Callable[[str], bool], environ: Mapping[str, str]
) -> Results:
    """Return what these files tell together; a file that cannot be read to its end is told in `problems`.

    Args:
        files: name and content of each.
        is_file: tells whether a path relative to the root is a file, to find the test's file by its dotted class name.
        environ: the environment, whose secrets are taken out of messages.
    """
    problems: list[str] = []
    tests: dict[str, list[_Case]] = {}
    suites: dict[str, str] = {}
    started: list[str] = []
    read: set[bytes] = set()
    for name, content in files:
        digest = _digest(content)
        if digest in read:
            continue
        read.add(digest)
        reader = _Reader()
        try:
            reader.read(content)
        except DataError as error:
            problems.append(f"{name}: {error.what}")
        problems += [f"{name}: {found}" for found in _join(suites, reader.suite_properties)]
        started += reader.started
        if reader.declared > reader.found:
            problems.append(f"{name}: declares {reader.declared} tests and holds {reader.found}")
        for case in reader.cases:
            tests.setdefault(f"{case.classname}.{case.name}" if case.classname else case.name, []).append(case)
    outcomes = {key: min(map(_outcome, cases), key=_WORST.index) for key, cases in tests.items()}
    run = _run(list(outcomes.values()), suites, min(started, default=""))
    told = tuple(
        _record(run, outcomes[key], case, trouble, is_file, environ)
        for key, cases in tests.items()
        for case in cases
        for trouble in _told(outcomes[key], case)
    )
    timeouts = sum(record.failure_category is Category.TIMEOUT for record in told)
    return Results(replace(run, timeouts=timeouts), told, len(read), tuple(problems))


def _join(suites: dict[str, str], more: Mapping[str, str]) -> list[str]:
    """Add what another file tells of its run; return what cannot be true of one run."""
    found = []
    if suites.get("commit", "") != more.get("commit", "") and suites.get("commit") and more.get("commit"):
        found.append(f"is of commit {more['commit'][:10]}, another file of {suites['commit'][:10]}")
    worst = max(suites.get("exit_status", ""), more.get("exit_status", ""), key=_badness)
    suites.update(more)
    suites["exit_status"] = worst
    return found


def _badness(status: str) -> tuple[bool, int]:
    return status not in {"", "0", "1"}, _whole(status) if status else -1


def _digest(content: bytes) -> bytes:
    import hashlib

    return hashlib.sha256(content).digest()


def _outcome(case: _Case) -> str:
    if case.troubles:
        return "failed" if any(trouble.outcome == "failed" for trouble in case.troubles) else "error"
    if _is_healed(case):
        return "healed"
    if case.skipped is not None:
        return "xfailed" if case.skipped == "pytest.xfail" else "skipped"
    return "passed"


def _told(outcome: str, case: _Case) -> list[_Trouble]:
    """Return what is to be told of a case: each of its errors, or what a retry healed when the test did not fail."""
    if outcome == "healed":
        return (
            [_Trouble("healed", *case.retried[0]) if case.retried else _Trouble("healed")] if _is_healed(case) else []
        )
    return case.troubles


def _is_healed(case: _Case) -> bool:
    return bool(case.retried) or case.properties.get("outcome") == Outcome.HEALED.value


def _run(names: list[str], suites: dict[str, str], started: str) -> RunRecord:
    return RunRecord(
        id=suites.get("run") or "junit",
        updated_at=started,
        started_at=started,
        complete=True,
        exit_status=_whole(suites["exit_status"]) if suites.get("exit_status") else -1,
        passed=names.count("passed") + names.count("healed"),
        failed=names.count("failed"),
        errors=names.count("error"),
        skipped=names.count("skipped"),
        xfailed=names.count("xfailed"),
        healed=names.count("healed"),
        commit=suites.get("commit", ""),
        collected=len(names) + _whole(suites.get("deselected", "")),
        deselected=_whole(suites.get("deselected", "")),
        selection=tuple(suites.get("selection", "").split("\n")) if suites.get("selection") else (),
        stopped=suites.get("stopped", ""),
        lost_workers=_whole(suites.get("lost_workers", "")),
    )


def _record(
    run: RunRecord,
    outcome: str,
    case: _Case,
    trouble: _Trouble,
    is_file: Callable[[str], bool],
    environ: Mapping[str, str],
) -> FailureRecord:
    error_type, message, phase = _error(case, trouble)
    own = case.properties
    nodeid = node_id(case.classname, case.name, case.file, is_file)
    timed_out = own.get("category") == "timeout" or bool(_TIMED_OUT.match(message))
    return FailureRecord(
        id=stable_id(run.id, nodeid, outcome, error_type, message),
        updated_at=run.updated_at,
        run_id=run.id,
        nodeid=nodeid,
        phase=phase,
        error_type=redact(error_type, environ)[:200],
        error_message=redact(message, environ)[:_MOST_MESSAGE],
        failure_category=_category(own.get("category", ""), timed_out=timed_out),
        severity=Severity.MEDIUM,
        confidence=0.0,
        signature=own.get("signature", ""),
        outage_key="",
        rule="junit",
        outcome=Outcome.HEALED if outcome == "healed" else Outcome.FAILED,
        created_at=run.updated_at,
        duration_s=_seconds(own.get("recovery_s", "")) or case.time_s,
        is_regression=own.get("regression") == "true",
    )


def _category(word: str, *, timed_out: bool) -> Category:
    if timed_out:
        return Category.TIMEOUT
    return Category(word) if word in [category.value for category in Category] else Category.UNKNOWN


def _error(case: _Case, trouble: _Trouble) -> tuple[str, str, Phase]:
    """Return the class of the error, empty when nobody can tell, its message and its phase."""
    phase = Phase.CALL if case.classname else Phase.COLLECT
    declared, message, text = trouble.declared, trouble.message, trouble.text
    if trouble.outcome == "healed":
        return declared, message, phase
    within = _WITHIN.match(message)
    if within:
        phase, message = Phase(within[1]), within[2]
    if declared and not declared.startswith("pytest."):
        return declared, message, phase
    if message.startswith("assert "):
        return "AssertionError", message, phase
    start = _ERROR_AT_START.match(message)
    if start and _ERROR_WORD.search(start[1]):
        return start[1], message, phase
    lines = [name for name in _ERROR_LINE.findall(text) if _ERROR_WORD.search(name)]
    return (lines[-1] if lines else ""), message, phase


def node_id(classname: str, name: str, file: str, is_file: Callable[[str], bool]) -> str:
    """Return a test as pytest names it, when its file can be found, else its dotted name.

    Args:
        classname: dotted module and classes; empty for a module that could not be collected.
        name: the test.
        file: the file as the runner names it; most do not.
        is_file: tells whether a path relative to the root is a file.
    """
    parts = (classname or name).split(".")
    for length in range(len(parts), 0, -1):
        path = "/".join(parts[:length]) + ".py"
        if is_file(path):
            rest = [*parts[length:], name] if classname else parts[length:]
            return "::".join([path, *rest])
    if file.endswith(".py") and is_file(file):
        return "::".join([file, *([] if not classname else [name])])
    return f"{classname}.{name}" if classname else name


def _seconds(text: str) -> float:
    try:
        value = float(text.replace(",", "")) if text else 0.0
    except ValueError:
        return 0.0
    return value if 0 <= value < 1e9 else 0.0


class _Reader:
    """Reads one file; what was read before an error stays."""

    def __init__(self) -> None:
        self.cases: list[_Case] = []
        self.suite_properties: dict[str, str] = {}
        self.started: list[str] = []
        self.declared = 0
        self.found = 0
        self._suites: list[list[int]] = []
        self._path: list[str] = []
        self._case: _Case | None = None
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
            self._suites.append([_whole(attributes.get("tests", "")) if name == "testsuite" else 0, 0])
            stamp = attributes.get("timestamp", "")
            self.started += [stamp] if stamp else []
        elif name == "testcase":
            self._case = _Case(
                attributes.get("classname", ""),
                attributes.get("name", ""),
                attributes.get("file", ""),
                _seconds(attributes.get("time", "")),
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
            kept[name[len(PROPERTY) :]] = attributes.get("value", "")[:_MOST_MESSAGE]

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
            case.troubles.append(_Trouble(_TROUBLES[name], kind, message, text))
        elif case is not None and name in _RETRIED:
            case.retried.append((self._attributes.get("type", ""), self._attributes.get("message", "")))
        elif case is not None and name == "skipped":
            case.skipped = self._attributes.get("type", "")


def _refuse_doctype(*_arguments: object) -> None:
    raise DataError("has a DOCTYPE, which no JUnit file needs; it is refused")


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
