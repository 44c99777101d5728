"""Why a failure is what it is, for people and for programs.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol

from pytest_selfheal.safety.escape import terminal_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.model import Diagnosis
    from pytest_selfheal.model import FailureRecord

_NEXT = {
    "transient": "tried again with exponential backoff",
    "rate_limit": "tried again once the service allows it",
    "timeout": "stopped at its time limit",
    "crash": "reported; the process it ran in died",
    "missing_import": "repaired when one import makes the tests pass",
    "assertion": "never tried again: the test says that the code is wrong",
}


class Step(Protocol):
    """One question put to one exception, as `classify` answers it."""

    @property
    def exception(self) -> str:
        """Its fully-qualified class."""

    @property
    def question(self) -> str:
        """Which rules were asked."""

    @property
    def answer(self) -> str:
        """The rule that matched, or why none did."""

    @property
    def matched(self) -> bool:
        """Whether a rule matched."""


class Explanation(Protocol):
    """A diagnosis with the questions on the way to it."""

    @property
    def diagnosis(self) -> Diagnosis:
        """The diagnosis by today's rules."""

    @property
    def steps(self) -> Sequence[Step]:
        """The questions in order."""


def explanation_document(
    record: FailureRecord, detailed: FailureRecord, explanation: Explanation, same: Sequence[FailureRecord]
) -> dict[str, Any]:
    """Return the versioned document of `selfheal explain --json`.

    Args:
        record: the failure asked about.
        detailed: the one of the same signature that kept its exceptions.
        explanation: its diagnosis by today's rules.
        same: all recorded failures with the signature.
    """
    return {
        "schema": "selfheal-explanation/1",
        "failure": {**record.to_dict(), "chain": [link.to_dict() for link in detailed.chain]},
        "diagnosis": explanation.diagnosis.to_dict(),
        "steps": [
            {"exception": step.exception, "question": step.question, "answer": step.answer, "matched": step.matched}
            for step in explanation.steps
        ],
        "seen": {
            "failures": len(same),
            "runs": len({other.run_id for other in same}),
            "tests": sorted({other.nodeid for other in same}),
            "first": min(other.created_at for other in same),
            "last": max(other.created_at for other in same),
        },
    }


def explanation_lines(
    record: FailureRecord, detailed: FailureRecord, explanation: Explanation, same: Sequence[FailureRecord]
) -> list[str]:
    """Return the same for a terminal."""
    lines = [
        f"{terminal_line(record.nodeid)}  {record.phase.value}  {record.created_at[:19].replace('T', ' ')} UTC",
        f"  {terminal_line(_first_line(f'{record.error_type}: {record.error_message}'))}",
        "",
        f"category    {record.failure_category.value} (confidence {record.confidence:.2f})",
        f"severity    {record.severity.value}",
        f"outcome     {record.outcome.value}",
        f"decided by  {terminal_line(record.rule)}",
        *(f"evidence    {terminal_line(piece)}" for piece in record.evidence),
    ]
    if record.failure_category.value in _NEXT:
        lines.append(f"so it is    {_NEXT[record.failure_category.value]}")
    lines += ["", *_steps(detailed, explanation), *_other_answer(record, explanation)]
    lines += ["", f"signature   {record.signature}"]
    lines += [f"  {terminal_line(part)}" for part in detailed.signature_parts]
    runs = len({other.run_id for other in same})
    tests = len({other.nodeid for other in same})
    lines += [f"outage key  {record.outage_key}"]
    first = min(other.created_at for other in same)[:19].replace("T", " ")
    lines += [f"seen        {len(same)} times in {runs} runs and {tests} tests since {first} UTC"]
    return lines


def _steps(detailed: FailureRecord, explanation: Explanation) -> list[str]:
    if not detailed.chain and detailed.report_kind == "exception":
        return ["(recorded by an older version: the exceptions were not kept)"]
    lines = ["questions asked, from the outermost exception inwards"]
    last = ""
    for step in explanation.steps:
        if step.exception != last:
            lines.append(f"  {terminal_line(step.exception)}")
            last = step.exception
        mark = "->" if step.matched else "  "
        lines.append(f"    {mark} {step.question:<22} {terminal_line(step.answer)}")
    return lines


def _other_answer(record: FailureRecord, explanation: Explanation) -> list[str]:
    today = explanation.diagnosis
    if record.rule in (today.rule, "hook") or today.category is record.failure_category:
        return []
    return [f"today's rules and settings would say {today.category.value} ({terminal_line(today.rule)})"]


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:160]
