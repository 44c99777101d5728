"""How it was healed: retries, fixes with their diffs, and what waits for a person.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.report.html.markup import el
from pytest_selfheal.report.html.pieces import chip
from pytest_selfheal.report.html.pieces import code_block
from pytest_selfheal.report.html.pieces import command
from pytest_selfheal.report.html.pieces import diff_block
from pytest_selfheal.report.html.pieces import empty
from pytest_selfheal.report.html.pieces import error_line
from pytest_selfheal.report.html.pieces import moment
from pytest_selfheal.report.html.pieces import more
from pytest_selfheal.report.html.pieces import names
from pytest_selfheal.report.html.pieces import node
from pytest_selfheal.report.html.pieces import plural
from pytest_selfheal.report.html.pieces import seconds
from pytest_selfheal.report.html.pieces import section
from pytest_selfheal.report.html.pieces import table

if TYPE_CHECKING:
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import GeneratedTest
    from pytest_selfheal.model import HealingEvent
    from pytest_selfheal.model import ReviewEntry
    from pytest_selfheal.report.html.markup import Html
    from pytest_selfheal.report.html.material import Material

_MOST_RETRIES = 100
_SHOWN_DEEDS = 8
_MOST_DEEDS = 60
_MOST_ENTRIES = 60
_MOST_GENERATED = 100
_RESULTS = {"ok": ("applied", "good"), "failed": ("taken back", "bad"), "refused": ("refused", "")}
_DEEDS = {"fix": "Fixed by itself", "accept": "Accepted by a person", "undo": "Undone"}


def healing_section(material: Material) -> Html:
    """Return the retries of the last run, and the latest fixes of all runs."""
    deeds = [event for event in material.events if event.action in _DEEDS]
    if not material.last_healed and not deeds:
        words = "No test needed a second try in the last run, and no fix was applied in the runs shown here."
        return section("healed", "How it was healed", None, empty("Nothing had to be healed", words))
    return section("healed", "How it was healed", None, _retries(material), _fixes(material, deeds))


def _retries(material: Material) -> Html:
    healed = material.last_healed
    if not healed:
        return el(
            "div", el("h3", "By trying again"), el("p", "No test needed a second try in the last run.", class_="quiet")
        )
    rows = [_retry(record) for record in healed[:_MOST_RETRIES]]
    header = ("test", "what went wrong", "tries", "waited")
    shown = table(header, rows, "tests healed by a retry in the last run", numbers=(2, 3))
    left = len(healed) - len(rows)
    return el(
        "div",
        el("h3", f"By trying again: {plural(len(healed), 'test')} of the last run"),
        shown,
        el("p", f"{left:,} more", class_="quiet") if left else None,
    )


def _retry(record: FailureRecord) -> tuple[Html, Html, str, str]:
    waited = sum(attempt.waited_s for attempt in record.attempts)
    what = el("div", error_line(record.error_type, record.error_message), chip(_category(record)))
    return node(record.nodeid), what, str(len(record.attempts) + 1), seconds(waited)


def _category(record: FailureRecord | ReviewEntry) -> str:
    return record.failure_category.value.replace("_", " ")


def _fixes(material: Material, deeds: list[HealingEvent]) -> Html | None:
    if not deeds:
        return el(
            "div", el("h3", "By changing code"), el("p", "No fix was applied in the runs shown here.", class_="quiet")
        )
    entries = [_deed(event, material) for event in deeds[:_MOST_DEEDS]]
    older = entries[_SHOWN_DEEDS:]
    left = len(deeds) - len(entries)
    return el(
        "div",
        el("h3", "By changing code"),
        el("div", *entries[:_SHOWN_DEEDS], class_="entries"),
        more(f"{len(older):,} older ones", el("div", *older, class_="entries")) if older else None,
        el("p", f"{left:,} more: selfheal undo --list", class_="quiet") if left > 0 else None,
    )


def _deed(event: HealingEvent, material: Material) -> Html:
    word, kind = _RESULTS.get(event.result, (event.result, ""))
    diff = material.diffs.get(event.ref, "")
    what = event.detail if event.action == "fix" else f"{_DEEDS[event.action]}: {event.detail or event.ref}"
    if event.action == "accept" and event.result == "refused":
        word, what = "rejected", "Rejected by a person"
    elif event.action == "undo":
        word, kind = ("undone", "") if event.result == "ok" else ("kept: edited since", "warn")
    title = el(
        "summary",
        el("span", el("span", what, class_="test"), _tests(event.nodeids), class_="what"),
        el("span", moment(event.created_at or event.updated_at), chip(word, kind), class_="chips"),
    )
    took = el("p", f"Validated in {seconds(event.duration_s)}.", class_="quiet") if event.duration_s else None
    undo = None
    if event.ref and event.result == "ok" and event.action != "undo":
        undo = el("p", "Take it back: ", command(f"selfheal undo {event.ref}"))
    shown = diff_block(diff, f"diff of {event.detail}") if diff else _no_diff(event)
    body = el("div", names(event.nodeids) if len(event.nodeids) > 1 else None, shown, took, undo, class_="inner")
    return el("details", title, body, class_="entry", open=bool(diff))


def _no_diff(event: HealingEvent) -> Html | None:
    if event.action != "fix" or event.result != "ok":
        return None
    return el("p", "The file has changed since, so that the diff is no longer known.", class_="quiet")


def _tests(nodeids: tuple[str, ...]) -> Html | None:
    if not nodeids:
        return None
    rest = f" and {len(nodeids) - 1} more" if len(nodeids) > 1 else ""
    return el("span", nodeids[0] + rest, class_="error")


# ----------------------------------------------------------------------------------- the queue


def review_section(material: Material) -> Html:
    """Return what waits for a person, with a diff for each option."""
    waiting = material.open_reviews
    if not waiting:
        closed = sum(entry.status != "open" for entry in material.reviews)
        so_far = f" {plural(closed, 'entry', 'entries')} decided so far." if closed else ""
        words = f"Nothing waits for a decision.{so_far}"
        return section("review", "Review queue", None, empty("The queue is empty", words))
    lead = f"{plural(len(waiting), 'entry waits', 'entries wait')} for a person."
    entries = [review_entry(entry, material, is_open=len(waiting) == 1) for entry in waiting[:_MOST_ENTRIES]]
    left = len(waiting) - len(entries)
    rest = el("p", f"{left:,} more: selfheal review list", class_="quiet") if left else None
    return section("review", "Review queue", lead, el("div", *entries, class_="entries"), rest)


def review_entry(
    entry: ReviewEntry,
    material: Material,
    *,
    is_open: bool,
    controls: Html | None = None,
    each: dict[int, Html] | None = None,
) -> Html:
    """Return one entry of the queue.

    Args:
        entry: the entry.
        material: knows the diffs.
        is_open: unfolded at first.
        controls: what decides about the entry as a whole; the command to type when None.
        each: what decides for one option, by its number from 1.
    """
    kind = {"suggestion": "good", "options": "warn", "escalation": "bad"}.get(entry.entry, "")
    title = el(
        "summary",
        el(
            "span",
            el("span", _where(entry), class_="test"),
            error_line(entry.error_type, entry.error_message),
            class_="what",
        ),
        el("span", chip(_category(entry)), chip(entry.entry, kind), class_="chips"),
    )
    options = [
        _option(number, candidate, entry, material, (each or {}).get(number))
        for number, candidate in enumerate(entry.candidates, start=1)
    ]
    body = el(
        "div",
        el("p", entry.reason[:1].upper() + entry.reason[1:], ".", class_="reason"),
        names(entry.nodeids) if len(entry.nodeids) > 1 else None,
        *options,
        *(el("p", note, class_="quiet") for note in entry.notes[:6]),
        more("Stack trace", code_block(entry.stack_trace, "stack trace")) if entry.stack_trace else None,
        controls if controls is not None else _how_to_decide(entry),
        class_="inner",
    )
    return el("details", title, body, class_="entry", open=is_open, data_entry=entry.id)


def _where(entry: ReviewEntry) -> str:
    rest = f" and {len(entry.nodeids) - 1} more" if len(entry.nodeids) > 1 else ""
    return (entry.nodeids[0] if entry.nodeids else entry.id) + rest


def _option(number: int, candidate: Candidate, entry: ReviewEntry, material: Material, control: Html | None) -> Html:
    prefix = f"{number}. " if len(entry.candidates) > 1 else ""
    diff = material.diffs.get(candidate.id, "")
    return el(
        "div",
        el(
            "h3",
            f"{prefix}{candidate.title}",
            " ",
            el("span", f"confidence {candidate.confidence:.0%}", class_="quiet"),
        ),
        el("p", "; ".join(candidate.evidence[:3]), class_="quiet") if candidate.evidence else None,
        diff_block(diff, f"diff of option {number}")
        if diff
        else el("p", "Its file is not what it was.", class_="quiet"),
        control,
        class_="option",
    )


def _how_to_decide(entry: ReviewEntry) -> Html:
    reject = command(f"selfheal review reject {entry.id}")
    if not entry.candidates:
        return el("p", "When it is dealt with: ", reject, class_="decide")
    number = " N" if len(entry.candidates) > 1 else ""
    return el("p", command(f"selfheal review accept {entry.id}{number}"), " or ", reject, class_="decide")


# ----------------------------------------------------------------------------------- regression tests


def generated_section(material: Material) -> Html:
    """Return the regression tests written so far."""
    title = "Regression tests"
    if not material.generated:
        words = "One is written when an error has failed in three runs within seven days and still stands."
        return section("generated", title, None, empty("No regression test yet", words))
    rows = [_generated(test) for test in material.generated[:_MOST_GENERATED]]
    shown = table(("file", "pins", "state", "written"), rows, "generated regression tests")
    return section("generated", title, f"{plural(len(material.generated), 'test')} written from failures.", shown)


def _generated(test: GeneratedTest) -> tuple[Html, Html, str, Html]:
    return (
        el("code", test.path),
        node(test.nodeid),
        "active" if test.is_active else "retired",
        moment(test.created_at),
    )
