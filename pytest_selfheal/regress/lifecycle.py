"""The life of a generated regression test: open while its bug stands, then guarding, in the end retired.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from typing import TYPE_CHECKING

from pytest_selfheal.errors import ConfinementError
from pytest_selfheal.regress.source import is_untouched
from pytest_selfheal.regress.source import short_id
from pytest_selfheal.safety.confine import inside

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_selfheal.model import GeneratedTest

OPEN = "open"
GUARDING = "guarding"
RETIRED = "retired"
PASSED = "passed"
FAILED = "failed"
MISSING = "missing"
"""The target does not exist any more: the test was skipped for that reason."""
GONE_DAYS = 90
"""A guard whose target has been away for so long will not get it back."""

_PRIOR = (3, 4)
"""3 of 4: the architecture document's starting value for a generated test, 0.75, as if seen in four runs."""


def by_place(tests: Iterable[GeneratedTest]) -> dict[tuple[str, str], GeneratedTest]:
    """Return generated tests by file and the id in their marker."""
    return {(test.path, short_id(test.id)): test for test in tests}


def after_run(test: GeneratedTest, outcome: str, now: str) -> GeneratedTest:
    """Return the record after one more run; a test that passes for the first time is guarding from then on.

    Args:
        test: the record.
        outcome: `PASSED` or `FAILED`; skipped tests do not count.
        now: UTC, ISO 8601.
    """
    passed = outcome == PASSED
    wavered = test.state == GUARDING and test.last_outcome not in ("", outcome)
    counted = replace(
        test,
        updated_at=now,
        run_count=test.run_count + 1,
        pass_count=test.pass_count + passed,
        fail_count=test.fail_count + (not passed),
        changes=test.changes + wavered,
        state=GUARDING if passed and test.state == OPEN else test.state,
        last_outcome=outcome,
        last_run_at=now,
        gone_since="" if passed else test.gone_since,
    )
    return replace(counted, confidence_score=confidence(counted))


def confidence(test: GeneratedTest) -> float:
    """Return how far the test can be believed: the share of runs in which it told the same as before.

    Failing while open and passing while guarding are what it was written for; a guard that goes back and forth is flaky
    or watches something that is.
    """
    good, seen = _PRIOR
    return (good + test.run_count - test.changes) / (seen + test.run_count)


def retired(test: GeneratedTest, now: str) -> GeneratedTest:
    """Return the record of a test that is skipped from now on; retiring twice is safe."""
    return replace(test, updated_at=now, state=RETIRED, is_active=False)


def after_missing(test: GeneratedTest, now: str, *, is_gone: bool) -> GeneratedTest:
    """Return the record after a look for the target: retired when it has been away for `GONE_DAYS`."""
    if test.state == RETIRED or not is_gone:
        return replace(test, updated_at=now, gone_since="") if test.gone_since and not is_gone else test
    if not test.gone_since:
        return replace(test, updated_at=now, gone_since=now)
    away = moment(now) - moment(test.gone_since)
    return retired(test, now) if away >= timedelta(days=GONE_DAYS) else test


def has_target(test: GeneratedTest, root: Path) -> bool:
    """Tell whether the test it pins can still exist: its file is there and names its function; in doubt it can."""
    file, _, name = test.nodeid.partition("::")
    function = name.rpartition("::")[2].partition("[")[0]
    try:
        text = (root / file).read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
    return not function.isidentifier() or re.search(rf"\b{re.escape(function)}\b", text) is not None


def is_generated(test: GeneratedTest, root: Path) -> bool:
    """Tell whether its file is still as it was generated; an edited file is an ordinary test of its editor's."""
    try:
        return is_untouched(inside(root, root / test.path).read_text("utf-8"))
    except (OSError, ValueError, ConfinementError):
        return False


def moment(text: str) -> datetime:
    """Return a stored time with its zone; the beginning of time for what is none."""
    try:
        value = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        return datetime.fromtimestamp(0, timezone.utc)
    return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value
