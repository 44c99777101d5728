"""Lines that compaction writes: what dropped records leave behind, and which segments a merged one stands for.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import ClassVar

from pytest_selfheal.model.runs import Record
from pytest_selfheal.model.value import Value


@dataclass(frozen=True)
class PatternTally(Value):
    """The results of one pattern whose single records were dropped with age."""

    pattern_name: str
    error_signature: str
    fix_strategy: dict[str, Any]
    successes: int
    failures: int
    created_at: str
    last_used_at: str


@dataclass(frozen=True)
class Tally(Record):
    """What dropped records leave behind: countable failures by signature, results by pattern, records by kind."""

    kind: ClassVar[str] = "tally"

    failures: dict[str, int] = field(default_factory=dict)
    patterns: tuple[PatternTally, ...] = ()
    dropped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Merged(Record):
    """First lines of a merged segment: the segments it stands for, each up to so many bytes."""

    kind: ClassVar[str] = "merged"

    replaces: dict[str, int] = field(default_factory=dict)
