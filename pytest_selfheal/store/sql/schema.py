"""The tables: names and fields of the architecture document, and what identifies a record here.

Every table also keeps the record's whole line (`raw`): it is what is read back, and of two writes of one record at one
time the greater line wins, as everywhere. Times are text in the store's form, whose order is that of time. Loaded only
when a database is used.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from typing import Any

from sqlalchemy import Boolean
from sqlalchemy import Column
from sqlalchemy import Float
from sqlalchemy import Index
from sqlalchemy import Integer
from sqlalchemy import MetaData
from sqlalchemy import Table
from sqlalchemy import Text

from pytest_selfheal.store.fold import BROKE
from pytest_selfheal.store.fold import COUNTS
from pytest_selfheal.store.fold import flags_of
from pytest_selfheal.store.queries import prior_of

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

    from pytest_selfheal.store.lines import Line

# Ordered by bytes, as Python orders our ASCII lines; the collation of the database would do it differently.
_TEXT: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData()


def _table(name: str, *columns: Column[Any], indexes: tuple[tuple[str, ...], ...] = ()) -> Table:
    return Table(
        name,
        metadata,
        Column("id", _TEXT, primary_key=True),
        Column("updated_at", _TEXT, nullable=False),
        *columns,
        Column("raw", _TEXT, nullable=False),
        *(Index(f"{name}_{'_'.join(columns)}", *columns) for columns in indexes),
    )


def _text(*names: str) -> list[Column[Any]]:
    return [Column(name, _TEXT, nullable=False) for name in names]


def _whole(*names: str) -> list[Column[Any]]:
    return [Column(name, Integer, nullable=False) for name in names]


def _truth(*names: str) -> list[Column[Any]]:
    return [Column(name, Boolean, nullable=False) for name in names]


def _real(*names: str) -> list[Column[Any]]:
    return [Column(name, Float, nullable=False) for name in names]


runs = _table(
    "test_runs",
    *_text("started_at", "mode", "trust"),
    *_truth("complete"),
    *_whole("exit_status", "passed", "failed", "errors"),
    indexes=(("started_at",),),
)
failures = _table(
    "generation_failures",
    *_text("error_type", "error_message", "failure_category", "severity", "stack_trace", "framework", "user_request"),
    *_text("nodeid", "phase", "signature", "run_id", "outcome", "created_at"),
    *_whole("occurrence_count", "attempt"),
    *_truth("test_generated", "counts", "broke"),
    *_real("duration_s"),
    indexes=(("signature", "created_at"), ("run_id",), ("created_at",)),
)
events = _table(
    "healing_events",
    *_text("run_id", "action", "result", "signature", "detail", "ref", "created_at"),
    *_real("duration_s"),
    indexes=(("run_id",), ("created_at",)),
)
reviews = _table("review_queue", *_text("run_id", "entry", "status", "signature", "created_at"), indexes=(("status",),))
results = _table(
    "pattern_results",
    *_text("pattern_name", "error_signature", "fix_strategy", "run_id", "created_at"),
    *_truth("ok"),
    *_real("prior_a", "prior_b"),
    indexes=(("pattern_name", "error_signature"),),
)
generated = _table(
    "auto_generated_tests",
    *_text("test_name", "test_type", "test_prompt", "expected_behavior", "framework", "created_from_failure_id"),
    *_text("path", "nodeid", "created_at"),
    *_real("confidence_score"),
    *_whole("run_count", "pass_count", "fail_count"),
    *_truth("is_active"),
)
tallies = _table("record_tallies")

versions = Table("selfheal_schema", metadata, Column("version", Integer, primary_key=True))

TABLES: dict[str, Table] = {
    "run": runs,
    "failure": failures,
    "event": events,
    "review": reviews,
    "pattern_result": results,
    "generated_test": generated,
    "tally": tallies,
}
"""The table of each kind of record, in the order in which every writer visits them."""

PATTERNS = """
CREATE VIEW universal_error_patterns AS
SELECT latest.pattern_name, latest.error_signature, latest.fix_strategy, counted.success_count, counted.failure_count,
       (latest.prior_a + counted.success_count)
       / (latest.prior_a + latest.prior_b + counted.success_count + counted.failure_count) AS confidence_score,
       counted.last_used_at, counted.created_at
FROM (SELECT pattern_name, error_signature, MIN(created_at) AS created_at, MAX(created_at) AS last_used_at,
             SUM(CASE WHEN ok THEN 1 ELSE 0 END) AS success_count, SUM(CASE WHEN ok THEN 0 ELSE 1 END) AS failure_count
      FROM pattern_results GROUP BY pattern_name, error_signature) AS counted
JOIN (SELECT pattern_name, error_signature, fix_strategy, prior_a, prior_b,
             ROW_NUMBER() OVER (PARTITION BY pattern_name, error_signature
                                ORDER BY created_at DESC, updated_at DESC, id DESC) AS place
      FROM pattern_results) AS latest
  ON latest.pattern_name = counted.pattern_name AND latest.error_signature = counted.error_signature
 AND latest.place = 1
"""
"""The architecture document's table of patterns: counted from the results, so that it is right whoever wrote them."""


def row_of(line: Line) -> dict[str, Any]:
    """Return the row of a line whose kind has a table; PostgreSQL takes no NUL in text, so it is shown as escaped."""
    record = line.record
    data = record.to_dict() if record is not None else {}
    extra: dict[str, Any] = {"raw": line.raw.decode("ascii")}
    if line.kind == "failure":
        flags = flags_of(line.values or {})
        extra |= {"counts": bool(flags & COUNTS), "broke": bool(flags & BROKE)}
    elif line.kind == "pattern_result":
        extra["prior_a"], extra["prior_b"] = prior_of(data["fix_strategy"].get("prior"))
    return {column.name: _plain({**data, **extra}[column.name]) for column in TABLES[line.kind].columns}


def _plain(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        return json.dumps(value, sort_keys=True)
    if isinstance(value, str):
        # What neither database can hold as text: NUL and lone surrogates; the line keeps both, escaped.
        return value.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")
    return value
