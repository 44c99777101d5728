"""Records and stores as the store tests want them: valid by default, any field can be set."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest_selfheal
from pytest_selfheal.model import Category
from pytest_selfheal.model import FailureRecord
from pytest_selfheal.model import GeneratedTest
from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import Phase
from pytest_selfheal.model import ReviewEntry
from pytest_selfheal.model import RunRecord
from pytest_selfheal.model import Severity
from pytest_selfheal.model.records import PatternResult
from pytest_selfheal.store.clock import iso
from pytest_selfheal.store.json_store import JsonStore
from pytest_selfheal.store.spooled import SpooledStore
from pytest_selfheal.store.sql.sql_store import SqlStore

NOON = 1_790_000_000.0
"""Where the fake clock stands, in seconds since the epoch (21 September 2026)."""

DAY = 86_400.0


def at(days: float = 0.0) -> str:
    """Return the fake clock's time shifted by days, as records write it."""
    return iso(NOON + days * DAY)


def json_store(root: Path, *, days: float = 0.0, **options: Any) -> JsonStore:
    """Return a JSON store whose clock stands `days` after noon."""
    return JsonStore(root, now=lambda: NOON + days * DAY, **options)


def sql_store(url: str) -> SqlStore:
    """Return a store in a database whose clock stands at noon."""
    return SqlStore(url, now=lambda: NOON)


def spooled_store(root: Path, url: str) -> SpooledStore:
    """Return a store as a run uses it: records go to a folder first."""
    return SpooledStore(root, url, now=lambda: NOON)


def failure(record_id: str = "f1", days: float = -1.0, **fields: Any) -> FailureRecord:
    """Return a failure; its run is `run-<id>`, so that failures count one by one."""
    defaults: dict[str, Any] = {
        "id": record_id,
        "updated_at": at(days),
        "created_at": at(days),
        "run_id": f"run-{record_id}",
        "nodeid": "tests/test_orders.py::test_total",
        "phase": Phase.CALL,
        "error_type": "ValueError",
        "error_message": "no such order",
        "failure_category": Category.UNKNOWN,
        "severity": Severity.LOW,
        "confidence": 0.5,
        "signature": "sig-a",
        "outage_key": "",
        "rule": "fallback",
        "outcome": Outcome.FAILED,
    }
    return FailureRecord(**{**defaults, **fields})


def run(record_id: str = "run-f1", days: float = -1.0, **fields: Any) -> RunRecord:
    """Return a run."""
    return RunRecord(**{"id": record_id, "updated_at": at(days), "started_at": at(days), **fields})


def event(record_id: str = "e1", days: float = -1.0, **fields: Any) -> HealingEvent:
    """Return a healing event."""
    defaults = {"run_id": "run-f1", "action": "retry", "result": "ok", "signature": "sig-a", "created_at": at(days)}
    return HealingEvent(**{"id": record_id, "updated_at": at(days), **defaults, **fields})


def review(record_id: str = "r1", days: float = -1.0, **fields: Any) -> ReviewEntry:
    """Return an entry of the review queue."""
    defaults: dict[str, Any] = {
        "run_id": "run-f1",
        "entry": "escalation",
        "status": "open",
        "signature": "sig-a",
        "failure_category": Category.UNKNOWN,
        "error_type": "ValueError",
        "error_message": "no such order",
        "nodeids": ("tests/test_orders.py::test_total",),
        "reason": "no candidate",
        "created_at": at(days),
    }
    return ReviewEntry(**{"id": record_id, "updated_at": at(days), **defaults, **fields})


def result(record_id: str = "p1", days: float = -1.0, *, ok: bool = True, **fields: Any) -> PatternResult:
    """Return one result of a pattern."""
    defaults: dict[str, Any] = {
        "pattern_name": "add-import",
        "error_signature": "NameError",
        "fix_strategy": {},
        "run_id": "run-f1",
        "created_at": at(days),
    }
    return PatternResult(**{"id": record_id, "updated_at": at(days), "ok": ok, **defaults, **fields})


def generated(signature: str = "sig-a", days: float = -1.0, **fields: Any) -> GeneratedTest:
    """Return a generated regression test."""
    defaults: dict[str, Any] = {
        "test_name": "test_repeats",
        "test_type": "pinned",
        "test_prompt": "",
        "expected_behavior": {},
        "created_from_failure_id": "f1",
        "confidence_score": 1.0,
        "path": "tests/regressions/test_repeats.py",
        "nodeid": "tests/regressions/test_repeats.py::test_repeats",
        "content_sha256": "0" * 64,
        "created_at": at(days),
    }
    return GeneratedTest(**{"id": signature, "updated_at": at(days), **defaults, **fields})


def one_of_each() -> list[Any]:
    """Return a record of every kind."""
    return [run(), failure(), event(), review(), result(), generated()]


def write_session(root: Path, *records: Any, days: float = 0.0) -> Path:
    """Write records as one finished session does and return its segment."""
    before = set(segments(root))
    store = json_store(root, days=days)
    assert store.commit(records), store.warnings
    store.close()
    (path,) = set(segments(root)) - before
    return path


def run_program(source: str, *arguments: object) -> str:
    """Run Python code that can import this package and these helpers; return what it printed."""
    paths = [str(Path(__file__).parent), str(Path(pytest_selfheal.__file__).parents[1])]
    done = subprocess.run(
        [sys.executable, "-c", source, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def segments(root: Path) -> list[Path]:
    """Return the files of the log in order of name."""
    return sorted((root / "log").glob("*/*.jsonl"))


def tree(root: Path) -> dict[str, bytes | None]:
    """Return every entry below a folder with its content, folders as None."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(root.rglob("*"))
    }


def answers(store: Any) -> dict[str, Any]:
    """Return everything a store tells about its records."""
    return {
        "history": store.history(["sig-a", "sig-b"], since=at(-400)),
        "runs": store.runs(),
        "failures": store.failures(),
        "events": store.events(),
        "reviews": store.reviews(),
        "generated_tests": store.generated_tests(),
        "patterns": store.patterns(),
    }
