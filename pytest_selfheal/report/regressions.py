"""Generated regression tests as tables and as a document.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.report.tables import table
from pytest_selfheal.safety.escape import terminal_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.model import GeneratedTest

_MEANING = {
    "open": "the bug still stands; a failure is expected",
    "guarding": "it has passed; a failure is a regression that nothing heals",
    "retired": "it is skipped",
}


def regressions_document(tests: Sequence[GeneratedTest]) -> dict[str, Any]:
    """Return `selfheal-regressions/1`, newest first."""
    return {"schema": "selfheal-regressions/1", "regressions": [test.to_dict() for test in tests]}


def regressions_lines(tests: Sequence[tuple[str, GeneratedTest]]) -> list[str]:
    """Return one row per test, each given with its short id."""
    if not tests:
        return ["no regression tests"]
    rows = [
        (
            name,
            test.state,
            f"{test.pass_count}/{test.run_count}",
            f"{test.confidence_score:.2f}",
            test.last_run_at[:16].replace("T", " ") or "-",
            test.nodeid,
        )
        for name, test in tests
    ]
    return table(rows, ("id", "state", "passed", "confidence", "last run (UTC)", "pins"))


def regression_detail(name: str, test: GeneratedTest, file: str) -> list[str]:
    """Return everything known of one test; `file` tells whether its file is untouched."""
    error = str(test.expected_behavior.get("errorType", "")).rpartition(".")[2]
    lines = [
        f"regression test {name}: {test.state} ({_MEANING.get(test.state, 'unknown')})",
        f"file:       {test.path} ({file})",
        f"pins:       {test.nodeid}",
        f"error:      {error}",
        f"runs:       {test.run_count}, passed {test.pass_count}, failed {test.fail_count}",
        f"confidence: {test.confidence_score:.2f}",
        f"written:    {test.created_at[:19].replace('T', ' ')} UTC by run {test.run_id or 'unknown'}",
    ]
    if test.gone_since:
        lines.append(f"target:     missed since {test.gone_since[:10]}")
    return [terminal_line(line) for line in lines]
