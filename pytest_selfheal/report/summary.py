"""The summary section of a run, as lines with a colour each.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import NamedTuple

from pytest_selfheal.safety.escape import terminal_line

if TYPE_CHECKING:
    from pytest_selfheal.model import Deed
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import ReviewEntry
    from pytest_selfheal.model import RunSummary
    from pytest_selfheal.model import Usage

_MAX_SHOWN = 10
_MAX_DIFF_LINES = 40
_MAX_MESSAGE = 120


class Line(NamedTuple):
    """One line of the terminal; `colour` is a markup name of pytest's terminal writer or empty."""

    text: str
    colour: str = ""


def summary_lines(summary: RunSummary, verbosity: int) -> list[Line]:
    """Return the lines of the section, none when a green run has nothing to tell.

    `verbosity` is pytest's: at -1 one line, at -2 and below only what must not be missed (an edited file, a degraded
    store).
    """
    if verbosity <= -2:
        return [*_must_be_seen(summary)]
    if verbosity == -1:
        return _one_line(summary)
    lines: list[Line] = []
    lines += _healed(summary.healed, verbosity)
    for deed in summary.fixed:
        lines += _fixed(deed)
    lines += _queued(summary.queued)
    lines += [
        Line(f"regression test written: {terminal_line(test.path)} (for {terminal_line(test.nodeid)})", "yellow")
        for test in summary.generated
    ]
    lines += _asked(summary.asked)
    if lines or summary.health.status in ("warning", "degraded"):
        lines += _health(summary)
    lines += _notices(summary)
    return lines


def counts_line(summary: RunSummary) -> str:
    """Return the counts of everything that happened, in words; empty when nothing did."""
    kinds = [entry.entry for entry in summary.queued]
    counts = (
        (len(summary.healed), "healed by retry"),
        (len(summary.fixed), "fixed"),
        (kinds.count("suggestion"), "suggested"),
        (kinds.count("options"), "to choose from"),
        (kinds.count("escalation"), "escalated"),
        (len(summary.generated), "regression tests written"),
    )
    return ", ".join(f"{count} {words}" for count, words in counts if count)


def _must_be_seen(summary: RunSummary) -> list[Line]:
    lines = [
        Line(f"selfheal: edited {_paths(deed)}; take back with: selfheal undo {deed.applied.journal_id}", "yellow")
        for deed in summary.fixed
    ]
    return lines + _notices(summary)


def _one_line(summary: RunSummary) -> list[Line]:
    counts = counts_line(summary)
    lines = [Line(f"selfheal: {counts}", "yellow")] if counts else []
    return lines + _must_be_seen(summary)


def _healed(healed: tuple[FailureRecord, ...], verbosity: int) -> list[Line]:
    lines: list[Line] = []
    shown = healed if verbosity > 0 else healed[:_MAX_SHOWN]
    for record in shown:
        lines.append(Line(f"HEALED {terminal_line(record.nodeid)}: {_why(record)}", "yellow"))
        if verbosity > 0:
            lines += [
                Line(
                    f"       attempt {attempt.number}: {_error(attempt.error_type, attempt.error_message)}, "
                    f"then waited {attempt.waited_s:.1f} s"
                )
                for attempt in record.attempts
            ]
    return lines + _more(len(healed) - len(shown), "healed test", "selfheal failures")


def _why(record: FailureRecord) -> str:
    error = record.error_type.rpartition(".")[2]
    waited = sum(attempt.waited_s for attempt in record.attempts)
    return (
        f"{record.failure_category.value} {terminal_line(error)}, passed on attempt {len(record.attempts) + 1} "
        f"after waiting {waited:.1f} s"
    )


def _fixed(deed: Deed) -> list[Line]:
    candidate = deed.fix.candidate
    return [
        Line(f"FIXED {terminal_line(candidate.title)} (confidence {candidate.confidence:.2f})", "green"),
        *(Line(f"      {terminal_line(sentence)}") for sentence in candidate.evidence[:3]),
        *_diff(deed.diff),
        Line(f"      confirmed by {deed.applied.passed} passing tests in {deed.applied.duration_s:.1f} s"),
        Line(f"      run again to see green; take back with: selfheal undo {deed.applied.journal_id}"),
    ]


def _diff(diff: str) -> list[Line]:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    rows = diff.splitlines()
    lines = [Line(f"      {terminal_line(row)}", colours.get(row[:1], "")) for row in rows[:_MAX_DIFF_LINES]]
    return lines + _more(len(rows) - len(lines), "line of the diff", "selfheal undo --list")


def _queued(queued: tuple[ReviewEntry, ...]) -> list[Line]:
    lines: list[Line] = []
    ordered = sorted(queued, key=lambda entry: ("suggestion", "options", "escalation").index(entry.entry))
    for entry in ordered[:_MAX_SHOWN]:
        lines += _entry(entry)
    return lines + _more(len(ordered) - _MAX_SHOWN, "entry of the review queue", "selfheal review list")


def _entry(entry: ReviewEntry) -> list[Line]:
    where = terminal_line(entry.nodeids[0])
    if len(entry.nodeids) > 1:
        where += f" and {len(entry.nodeids) - 1} more"
    error = _error(entry.error_type, entry.error_message)
    if entry.entry == "escalation":
        return [Line(f"ESCALATED {where}: {error} ({terminal_line(entry.reason)})", "red")]
    word = "SUGGESTED" if entry.entry == "suggestion" else "UNDECIDED"
    lines = [Line(f"{word} {where}: {error}", "yellow"), Line(f"      {terminal_line(entry.reason)}")]
    for number, candidate in enumerate(entry.candidates, start=1):
        lines.append(Line(f"      {number}. {terminal_line(candidate.title)} (confidence {candidate.confidence:.2f})"))
    which = "" if len(entry.candidates) == 1 else " N"
    lines.append(Line(f"      selfheal review show {entry.id}; selfheal review accept {entry.id}{which}"))
    return lines


def _asked(usage: Usage | None) -> list[Line]:
    if usage is None:
        return []
    calls = f"{usage.calls} call{'s' if usage.calls != 1 else ''}"
    cost = f", cost {usage.cost:.4f}" if usage.cost else ""
    tokens = f"{usage.input_tokens} tokens sent, {usage.output_tokens} received"
    return [Line(f"asked {terminal_line(usage.service)}: {calls}, {tokens}, {usage.duration_s:.1f} s{cost}")]


def _health(summary: RunSummary) -> list[Line]:
    health = summary.health
    colour = {"warning": "yellow", "degraded": "red"}.get(health.status, "")
    parts = [health.status]
    for metric in health.metrics:
        if metric.warning is None:
            continue
        if metric.value is None:
            parts.append(f"{metric.name} n/a (n={metric.n} < {metric.minimum})")
        elif metric.unit == "share":
            parts.append(f"{metric.name} {metric.value:.1%} ({metric.numerator:g}/{metric.n})")
        else:
            parts.append(f"{metric.name} {metric.value:.1f} s (n={metric.n})")
    return [Line("health: " + ", ".join(parts), colour)]


def _notices(summary: RunSummary) -> list[Line]:
    return [Line(f"selfheal degraded: {terminal_line(notice)}", "yellow") for notice in summary.notices]


def _more(count: int, what: str, command: str) -> list[Line]:
    return [Line(f"... {count} more {what}{'s' if count > 1 else ''}: {command}")] if count > 0 else []


def _error(error_type: str, message: str) -> str:
    first_line = message.partition("\n")[0][:_MAX_MESSAGE]
    return terminal_line(f"{error_type.rpartition('.')[2]}: {first_line}")


def _paths(deed: Deed) -> str:
    return ", ".join(sorted(terminal_line(path) for path in deed.fix.candidate.patch.hashes))
