"""The verdict as Markdown for the step summary of a CI service, within its limits.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.report.verdicts import OUTCOME_WORDS
from pytest_selfheal.report.verdicts import origin_lines
from pytest_selfheal.safety.escape import code_span

if TYPE_CHECKING:
    from pytest_selfheal.model import RuleResult
    from pytest_selfheal.model import Verdict

LIMIT_BYTES = 900_000
"""GitHub drops a whole step summary above 1 MiB; other steps may write to it too."""
_WORDS = {"block": "**BLOCK**", "warn": "warn", "ok": "ok", "neutral": "n/a"}


def verdict_markdown(verdict: Verdict, now: float) -> str:
    """Return a heading, the table of rules and what to do next; no foreign text acts as Markdown or HTML.

    Args:
        verdict: what to show.
        now: seconds since the epoch, to tell the age of the run.
    """
    lines = [f"## selfheal gate: {OUTCOME_WORDS[verdict.status]}", ""]
    lines += [f"- {code_span(line, 400)}" for line in origin_lines(verdict, now)]
    lines += ["", "| verdict | rule | what | value | threshold | n |", "|---|---|---|---|---|---|"]
    lines += [_row(rule) for rule in verdict.rules]
    for rule in verdict.rules:
        if rule.verdict in ("block", "warn"):
            lines += ["", f"**{rule.rule} {rule.title}**: {code_span(rule.advice, 1000)}", ""]
            lines += [f"- {code_span(nodeid, 300)}" for nodeid in rule.tests]
            lines += [f"- ... {rule.more} more"] if rule.more else []
    return within_limit(lines)


def _row(rule: RuleResult) -> str:
    value, threshold = code_span(rule.value, 300), code_span(rule.threshold or "-")
    return f"| {_WORDS[rule.verdict]} | {rule.rule} | {code_span(rule.title)} | {value} | {threshold} | {rule.n} |"


def within_limit(lines: list[str], limit: int = LIMIT_BYTES) -> str:
    """Return the lines as text of at most `limit` bytes; what does not fit is left out, and that is said."""
    kept: list[str] = []
    size = 0
    for number, line in enumerate(lines):
        size += len(line.encode("utf-8", "backslashreplace")) + 1
        if size > limit - 200:
            kept.append(f"\n... {len(lines) - number} more lines were left out")
            break
        kept.append(line)
    return "\n".join(kept)
