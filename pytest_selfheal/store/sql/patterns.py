"""Patterns as the view `universal_error_patterns` counts them.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import text

from pytest_selfheal.store.queries import pattern_of
from pytest_selfheal.store.sql.counting import all_tallies
from pytest_selfheal.store.tallies import PatternTally

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pytest_selfheal.model import Pattern

_QUERY = (
    "SELECT pattern_name, error_signature, fix_strategy, success_count, failure_count, created_at, last_used_at "
    "FROM universal_error_patterns"
)


def read_patterns(connection: Connection) -> list[Pattern]:
    """Return patterns with their posterior, the most certain first."""
    recent: dict[tuple[str, str], list[PatternTally]] = defaultdict(list)
    older: dict[tuple[str, str], list[PatternTally]] = defaultdict(list)
    for row in connection.execute(text(_QUERY)):
        recent[row.pattern_name, row.error_signature].append(
            PatternTally(
                row.pattern_name,
                row.error_signature,
                json.loads(row.fix_strategy),
                successes=row.success_count,
                failures=row.failure_count,
                created_at=row.created_at,
                last_used_at=row.last_used_at,
            )
        )
    for tally in all_tallies(connection):
        for part in tally.patterns:
            older[part.pattern_name, part.error_signature].append(part)
    found = [pattern_of(recent[key], older[key]) for key in {**recent, **older}]
    return sorted(
        found, key=lambda one: (-one.confidence_score, -one.success_count, one.pattern_name, one.error_signature)
    )
