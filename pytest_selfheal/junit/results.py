"""What JUnit files of any runner tell: the counts of one run, its failures, and what is wrong with the files.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_selfheal.errors import DataError
from pytest_selfheal.junit.reading import Case
from pytest_selfheal.junit.reading import Reader
from pytest_selfheal.junit.reading import Trouble
from pytest_selfheal.junit.reading import seconds
from pytest_selfheal.junit.reading import whole
from pytest_selfheal.model import Category
from pytest_selfheal.model import FailureRecord
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import Phase
from pytest_selfheal.model import RunRecord
from pytest_selfheal.model import Severity
from pytest_selfheal.model import stable_id
from pytest_selfheal.safety.redact import Redactor
from pytest_selfheal.safety.redact import redact

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping

_MOST_MESSAGE = 2048
_WORST = ("failed", "error", "healed", "passed", "xfailed", "skipped")
"""Outcomes of a test that several files tell about, the one that counts first."""
_ERROR_AT_START = re.compile(r"([A-Za-z_][\w.]*)(?::|$)")
_ERROR_LINE = re.compile(r"^E\s{1,3}([A-Za-z_][\w.]*)(?::|$)", re.MULTILINE)
_ERROR_WORD = re.compile(r"(?:Error|Exception|Warning|Exit|Interrupt|Failed|Timeout|Failure|Group)$|\.")
_WITHIN = re.compile(r'^failed on (setup|teardown) with "(.*)"$', re.DOTALL)
_TIMED_OUT = re.compile(r"^(?:Failed: )?Timeout (?:>|\()")


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
    tests: dict[str, list[Case]] = {}
    suites: dict[str, str] = {}
    started: list[str] = []
    read: set[bytes] = set()
    for name, content in files:
        digest = _digest(content)
        if digest in read:
            continue
        read.add(digest)
        reader = Reader()
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
    return status not in {"", "0", "1"}, whole(status) if status else -1


def _digest(content: bytes) -> bytes:
    import hashlib

    return hashlib.sha256(content).digest()


def _outcome(case: Case) -> str:
    if case.troubles:
        return "failed" if any(trouble.outcome == "failed" for trouble in case.troubles) else "error"
    if _is_healed(case):
        return "healed"
    if case.skipped is not None:
        return "xfailed" if case.skipped == "pytest.xfail" else "skipped"
    return "passed"


def _told(outcome: str, case: Case) -> list[Trouble]:
    """Return what is to be told of a case: each of its errors, or what a retry healed when the test did not fail."""
    if outcome == "healed":
        return [Trouble("healed", *case.retried[0]) if case.retried else Trouble("healed")] if _is_healed(case) else []
    return case.troubles


def _is_healed(case: Case) -> bool:
    return bool(case.retried) or case.properties.get("outcome") == Outcome.HEALED.value


def _run(names: list[str], suites: dict[str, str], started: str) -> RunRecord:
    return RunRecord(
        id=suites.get("run") or "junit",
        updated_at=started,
        started_at=started,
        complete=True,
        exit_status=whole(suites["exit_status"]) if suites.get("exit_status") else -1,
        passed=names.count("passed") + names.count("healed"),
        failed=names.count("failed"),
        errors=names.count("error"),
        skipped=names.count("skipped"),
        xfailed=names.count("xfailed"),
        healed=names.count("healed"),
        commit=suites.get("commit", ""),
        collected=len(names) + whole(suites.get("deselected", "")),
        deselected=whole(suites.get("deselected", "")),
        selection=tuple(suites.get("selection", "").split("\n")) if suites.get("selection") else (),
        stopped=suites.get("stopped", ""),
        lost_workers=whole(suites.get("lost_workers", "")),
    )


def _record(
    run: RunRecord,
    outcome: str,
    case: Case,
    trouble: Trouble,
    is_file: Callable[[str], bool],
    environ: Mapping[str, str],
) -> FailureRecord:
    error_type, message, phase = _error(case, trouble)
    own = case.properties
    nodeid = Redactor(environ).public_id(node_id(case.classname, case.name, case.file, is_file))
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
        duration_s=seconds(own.get("recovery_s", "")) or case.time_s,
        is_regression=own.get("regression") == "true",
    )


def _category(word: str, *, timed_out: bool) -> Category:
    if timed_out:
        return Category.TIMEOUT
    return Category(word) if word in [category.value for category in Category] else Category.UNKNOWN


def _error(case: Case, trouble: Trouble) -> tuple[str, str, Phase]:
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
