"""Plain text for the command line; every text that came from a test is escaped.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.safety.escape import terminal_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import Health
    from pytest_selfheal.model import LearnedPattern
    from pytest_selfheal.model import Metric
    from pytest_selfheal.model import Pattern
    from pytest_selfheal.model import ReviewEntry
    from pytest_selfheal.model import Verdict

_MESSAGE = 100
_VALUE = 48
"""The widest value in the gate's table; a longer one is told whole below it."""
_WORDS = {"block": "BLOCK", "warn": "warn", "ok": "ok", "neutral": "n/a"}


def table(rows: Sequence[Sequence[str]], header: Sequence[str]) -> list[str]:
    """Return left-aligned columns under a header; the last column is not padded."""
    cells = [list(header), *([terminal_line(cell) for cell in row] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(header) - 1)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in cells
    ]


def failures_lines(failures: Sequence[FailureRecord]) -> list[str]:
    """Return one row per failure."""
    if not failures:
        return ["no failures recorded"]
    rows = [
        (
            record.created_at[:19].replace("T", " "),
            record.outcome.value,
            record.failure_category.value,
            record.severity.value,
            str(record.occurrence_count),
            record.nodeid,
            _first_line(f"{record.error_type.rpartition('.')[2]}: {record.error_message}"),
        )
        for record in failures
    ]
    return table(rows, ("when (UTC)", "outcome", "category", "severity", "seen", "test", "error"))


def patterns_lines(patterns: Sequence[Pattern]) -> list[str]:
    """Return one row per pattern."""
    if not patterns:
        return ["no patterns yet: they appear when a fix was tried"]
    rows = [
        (
            f"{pattern.confidence_score:.2f}",
            "yes" if pattern.learned else "no",
            f"{pattern.success_count}/{pattern.success_count + pattern.failure_count}",
            pattern.last_used_at[:10],
            pattern.pattern_name,
            pattern.error_signature,
        )
        for pattern in patterns
    ]
    return table(rows, ("confidence", "learned", "worked", "last used", "pattern", "error"))


def learned_lines(patterns: Sequence[tuple[LearnedPattern, float, bool, bool]]) -> list[str]:
    """Return one row per learned pattern, given with its confidence, and whether it is learned and retired."""
    rows = [
        (
            pattern.id,
            f"{confidence:.2f}",
            "retired" if is_retired else "acts alone" if is_learned else "suggests",
            str(sum(event.result in ("taught", "success") for event in pattern.evidence)),
            str(sum(event.result in ("failure", "rejected", "reverted") for event in pattern.evidence)),
            pattern.error.type,
            _first_line(pattern.title),
        )
        for pattern, confidence, is_learned, is_retired in patterns
    ]
    return table(rows, ("id", "confidence", "may", "good", "bad", "error", "edit")) if rows else []


def learned_detail(
    pattern: LearnedPattern,
    judged: tuple[float, float, str],
    history: Sequence[tuple[str, str, float, float]],
) -> list[str]:
    """Return everything about one learned pattern.

    Args:
        pattern: the pattern.
        judged: its confidence, the lower 80 % bound, and what it may do, in words.
        history: when, what, mean and lower bound of each event.
    """
    confidence, lower, words = judged
    error = pattern.error
    lines = [
        f"{pattern.id}: {terminal_line(pattern.title)}",
        f"answers:    {error.type} ({error.error_class.value} class): {terminal_line(error.message)}",
        f"confidence: {confidence:.2f}, with 80 % certainty above {lower:.2f}; {words}",
        f"scope:      {pattern.scope}, origin {pattern.origin}",
    ]
    for old, new in pattern.renames.items():
        lines.append(f"rename:     {terminal_line(old)} -> {terminal_line(new)}")
    for edit in pattern.edits:
        lines += ["before:", *_indented(edit.before), "after:", *_indented(edit.after)]
        if edit.unless_keywords:
            lines.append(f"unless the call has: {', '.join(edit.unless_keywords)}")
    for example in pattern.examples:
        lines += ["", f"learned from {terminal_line(example.test)}:", *_indented(example.diff)]
    rows = [(at[:16].replace("T", " "), what, f"{mean:.2f}", f"{bound:.2f}") for at, what, mean, bound in history]
    return [*lines, "", *table(rows, ("when (UTC)", "what", "confidence", "lower 80 %"))]


def _indented(text: str) -> list[str]:
    return [f"   {terminal_line(row)}" for row in text.splitlines()]


def health_lines(health: Health) -> list[str]:
    """Return the status and one row per metric."""
    rows = [(m.name, metric_value(m), _limits(m), m.status) for m in health.metrics]
    lines = table(rows, ("metric", "value", "warn / critical", "status"))
    since, until = health.since[:19].replace("T", " "), health.until[:19].replace("T", " ")
    return [f"health: {health.status} ({health.runs} runs from {since} to {until} UTC)", "", *lines]


def metric_value(metric: Metric) -> str:
    """Return a metric with its evidence, or why it has no value."""
    if metric.value is None:
        return f"insufficient data (n={metric.n} < {metric.minimum})"
    if metric.unit == "share":
        return f"{metric.value:.1%} ({metric.numerator:g}/{metric.n})"
    if metric.unit == "seconds":
        return f"{metric.value:.1f} s (n={metric.n})"
    return f"{metric.value:g}"


def _limits(metric: Metric) -> str:
    if metric.warning is None or metric.critical is None:
        return "-"
    if metric.unit == "share":
        return f"{metric.warning:.0%} / {metric.critical:.0%}"
    return f"{metric.warning:g} s / {metric.critical:g} s"


def verdict_lines(verdict: Verdict, now: float) -> list[str]:
    """Return the gate's table, the tests behind each verdict, and what to do next.

    Args:
        verdict: what to show.
        now: seconds since the epoch, to tell the age of the run.
    """
    from pytest_selfheal.report.verdicts import OUTCOME_WORDS
    from pytest_selfheal.report.verdicts import origin_lines

    rows = [
        (_WORDS[rule.verdict], rule.rule, rule.title, _short(rule.value), rule.threshold or "-", str(rule.n))
        for rule in verdict.rules
    ]
    lines = [*(terminal_line(line) for line in origin_lines(verdict, now)), ""]
    lines += table(rows, ("verdict", "rule", "what", "value", "threshold", "n"))
    for rule in verdict.rules:
        if rule.verdict in ("block", "warn"):
            told = f"{rule.value}. {rule.advice}" if len(rule.value) > _VALUE else rule.advice
            lines += ["", f"{rule.rule} {rule.title}: {terminal_line(told)}"]
            lines += [f"  {terminal_line(nodeid)}" for nodeid in rule.tests]
            lines += [f"  ... {rule.more} more"] if rule.more else []
    return [*lines, "", f"verdict: {OUTCOME_WORDS[verdict.status]}"]


def _short(value: str) -> str:
    return value if len(value) <= _VALUE else f"{value[: _VALUE - 4]} ..."


def review_lines(entries: Sequence[ReviewEntry]) -> list[str]:
    """Return one row per entry of the queue."""
    if not entries:
        return ["the review queue is empty"]
    rows = [
        (
            entry.id,
            entry.entry,
            entry.status,
            entry.updated_at[:16].replace("T", " "),
            entry.nodeids[0] + (f" +{len(entry.nodeids) - 1}" if len(entry.nodeids) > 1 else ""),
            _first_line(f"{entry.error_type.rpartition('.')[2]}: {entry.error_message}"),
        )
        for entry in entries
    ]
    return table(rows, ("id", "kind", "status", "last seen (UTC)", "test", "error"))


def review_detail(entry: ReviewEntry, diffs: Sequence[str]) -> list[str]:
    """Return everything a person needs to decide about one entry."""
    lines = [
        f"{entry.entry} {entry.id} ({entry.status})",
        f"error:    {_first_line(f'{entry.error_type}: {entry.error_message}')}",
        f"category: {entry.failure_category.value}",
        f"reason:   {terminal_line(entry.reason)}",
        "tests:",
        *(f"  {terminal_line(nodeid)}" for nodeid in entry.nodeids[:20]),
    ]
    if len(entry.nodeids) > 20:
        lines.append(f"  ... {len(entry.nodeids) - 20} more")
    for note in entry.notes:
        first, *rest = note.splitlines() or [""]
        lines += [f"note:     {terminal_line(first)}", *(f"   {terminal_line(row)}" for row in rest)]
    for number, (candidate, diff) in enumerate(zip(entry.candidates, diffs, strict=True), start=1):
        lines += ["", f"{number}. {terminal_line(candidate.title)} (confidence {candidate.confidence:.2f})"]
        lines += [f"   {terminal_line(sentence)}" for sentence in candidate.evidence]
        lines += [f"   {terminal_line(row)}" for row in diff.splitlines()]
    if entry.candidates and entry.status == "open":
        which = " N" if len(entry.candidates) > 1 else ""
        ways = (f"accept {entry.id}{which}", f"edit {entry.id}{which}", f"reject {entry.id}")
        lines += ["", *(f"selfheal review {way}" for way in ways)]
    elif entry.stack_trace:
        lines += ["", *(terminal_line(row) for row in entry.stack_trace.splitlines()[-40:])]
    return lines


def _first_line(text: str) -> str:
    return text.partition("\n")[0][:_MESSAGE]


def queue_line(entry: ReviewEntry) -> str:
    """Return what is said of an entry as it is queued: the test, what is offered, and the command to go on with."""
    where = entry.nodeids[0] + (f" and {len(entry.nodeids) - 1} more" if len(entry.nodeids) > 1 else "")
    kind = entry.failure_category.value.replace("_", " ")
    if entry.entry == "suggestion":
        return f"{where}: {entry.candidates[0].title} ({entry.reason}); selfheal review accept {entry.id}"
    if entry.entry == "options":
        return f"{where}: {len(entry.candidates)} options ({entry.reason}); selfheal review show {entry.id}"
    error = entry.error_type.rpartition(".")[2]
    return f"{where}: {kind}, {error} ({entry.reason})"
