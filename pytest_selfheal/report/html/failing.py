"""What failed in the last run, one entry per error.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.model import Outcome
from pytest_selfheal.report.html.markup import el
from pytest_selfheal.report.html.pieces import chip
from pytest_selfheal.report.html.pieces import code_block
from pytest_selfheal.report.html.pieces import empty
from pytest_selfheal.report.html.pieces import error_line
from pytest_selfheal.report.html.pieces import more
from pytest_selfheal.report.html.pieces import names
from pytest_selfheal.report.html.pieces import plural
from pytest_selfheal.report.html.pieces import section
from pytest_selfheal.report.html.pieces import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.report.html.markup import Html
    from pytest_selfheal.report.html.material import Material

_MOST_ERRORS = 100
_OPEN_WHEN = 3
_FILTER_FROM = 8
_MESSAGE_CHARACTERS = 2000


def failing_section(material: Material) -> Html:
    """Return the failures of the last run, grouped by what went wrong."""
    run = material.last
    if run is None:
        return section("failures", "What failed", None, empty("No run yet", "Run `pytest --selfheal` and look again."))
    groups = group_by_signature(material.last_failures)
    if not groups:
        return section("failures", "What failed", None, _nothing(material))
    tests = len({record.nodeid for record in material.last_failures})
    lead = f"{plural(tests, 'test')} in the last run, {plural(len(groups), 'different error', 'different errors')}."
    fixed = _fixed_tests(material)
    entries = [_entry(group, fixed, is_open=len(groups) <= _OPEN_WHEN) for group in groups[:_MOST_ERRORS]]
    rest = None
    if len(groups) > _MOST_ERRORS:
        rest = el(
            "p", f"{len(groups) - _MOST_ERRORS:,} more errors: selfheal failures --run-id {run.id}", class_="quiet"
        )
    tools = _filter(len(entries)) if len(groups) >= _FILTER_FROM else None
    return section("failures", "What failed", lead, tools, el("div", *entries, class_="entries"), rest)


def group_by_signature(failures: Sequence[FailureRecord]) -> list[list[FailureRecord]]:
    """Return failures with one error together, the one that stops most tests first."""
    groups: dict[str, list[FailureRecord]] = {}
    for record in failures:
        groups.setdefault(record.signature, []).append(record)
    return sorted(groups.values(), key=lambda group: (-len(group), group[0].nodeid))


def _nothing(material: Material) -> Html:
    healed = len(material.last_healed)
    done = f" {plural(healed, 'test')} had to be tried again for that, see below." if healed else ""
    earlier = next((record for record in material.failures if record.outcome is not Outcome.HEALED), None)
    seen = f" The last failure recorded before is of {earlier.created_at[:10]}." if earlier else ""
    return empty("Nothing failed in the last run", f"Every executed test passed.{done}{seen}")


def _fixed_tests(material: Material) -> frozenset[str]:
    run_id = material.last.id if material.last else ""
    return frozenset(
        nodeid
        for event in material.events
        if event.run_id == run_id and event.action in {"fix", "accept"} and event.result == "ok"
        for nodeid in event.nodeids
    )


def _entry(group: Sequence[FailureRecord], fixed: frozenset[str], *, is_open: bool) -> Html:
    first = group[0]
    detailed = next((record for record in group if record.stack_trace), first)
    tests = list(dict.fromkeys(record.nodeid for record in group))
    is_fixed = all(nodeid in fixed for nodeid in tests)
    status = chip("fixed since", "good") if is_fixed else chip(first.outcome.value, "bad")
    title = el(
        "summary",
        el(
            "span",
            el("span", tests[0], class_="test"),
            error_line(first.error_type, first.error_message),
            class_="what",
        ),
        el(
            "span",
            chip(f"{len(tests):,} tests") if len(tests) > 1 else None,
            chip(first.failure_category.value.replace("_", " ")),
            status,
            class_="chips",
        ),
    )
    return el("details", title, el("div", *_body(detailed, tests), class_="inner"), class_="entry", open=is_open)


def _body(record: FailureRecord, tests: Sequence[str]) -> list[Html | None]:
    phase = "" if record.phase.value == "call" else f"during {record.phase.value}"
    seen = plural(record.occurrence_count, "time")
    facts = words(f"severity {record.severity.value}", phase, f"seen {seen} so far", f"signature {record.signature}")
    message = record.error_message.strip()
    return [
        facts,
        code_block(message, "message", _MESSAGE_CHARACTERS) if "\n" in message or len(message) > 240 else None,
        el("p", "Tried before it was given up: ", _attempts(record)) if record.attempts else None,
        el("p", el("b", "Why this category: "), "; ".join(record.evidence), class_="evidence")
        if record.evidence
        else None,
        names(tests) if len(tests) > 1 else None,
        more("Stack trace", code_block(record.stack_trace, "stack trace")) if record.stack_trace else None,
    ]


def _attempts(record: FailureRecord) -> str:
    return ", ".join(
        f"{attempt.error_type.rpartition('.')[2]} (then waited {attempt.waited_s:.1f} s)" for attempt in record.attempts
    )


def _filter(count: int) -> Html:
    field = el(
        "input", type="search", id="filter", autocomplete="off", placeholder="part of a test, an error, a category"
    )
    return el(
        "div",
        el("label", "Show only", for_="filter"),
        field,
        el("span", f"{count} shown", id="filter-count", role="status"),
        class_="tools",
        data_needs_script=True,
        hidden=True,
    )
