"""The verdict as annotations of GitHub: commands on standard output that the runner shows beside the code.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.safety.escape import workflow_data
from pytest_selfheal.safety.escape import workflow_property

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import RuleResult
    from pytest_selfheal.model import Verdict

MOST_OF_A_KIND = 10
"""The runner shows ten annotations of a kind for each step, and leaves out the rest without a word."""
_KINDS = {"block": "error", "warn": "warning"}
_LONGEST = 1000


def annotation_lines(verdict: Verdict, failures: Sequence[FailureRecord]) -> list[str]:
    """Return at most ten errors and ten warnings; every rule that blocks or warns is told before single tests are."""
    places = {record.nodeid: record for record in reversed(failures)}
    rules = [rule for rule in verdict.rules if rule.verdict in _KINDS]
    lines = [_command(_KINDS[rule.verdict], rule, _summary(rule)) for rule in rules]
    for rule in rules:
        for nodeid in rule.tests:
            record = places.get(nodeid)
            if record is not None:
                lines.append(_command(_KINDS[rule.verdict], rule, _failure(record), record))
    return [line for kind in _KINDS.values() for line in _first(lines, kind)]


def _first(lines: list[str], kind: str) -> list[str]:
    mine = [line for line in lines if line.startswith(f"::{kind} ")]
    return mine[:MOST_OF_A_KIND]


def _summary(rule: RuleResult) -> str:
    return f"{rule.title}: {rule.value}. {rule.advice}"


def _failure(record: FailureRecord) -> str:
    message = record.error_message.partition("\n")[0]
    return f"{record.nodeid}: {record.error_type.rpartition('.')[2]}: {message}"


def _command(kind: str, rule: RuleResult, text: str, record: FailureRecord | None = None) -> str:
    properties = [f"title={workflow_property(f'selfheal {rule.rule}')}"]
    if record is not None:
        path = record.test_path or record.nodeid.partition("::")[0]
        if path.endswith(".py"):
            properties.insert(0, f"file={workflow_property(path)}")
            line = _line(record, path)
            properties[1:1] = [f"line={line}"] if line else []
    return f"::{kind} {','.join(properties)}::{workflow_data(text[:_LONGEST])}"


def _line(record: FailureRecord, path: str) -> int:
    frames = [frame for link in record.chain[:1] for frame in link.frames if frame.path == path]
    return frames[-1].lineno if frames else 0
