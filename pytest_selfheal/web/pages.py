"""The live page and the parts of it that are renewed.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.report.html.healing import review_entry
from pytest_selfheal.report.html.markup import el
from pytest_selfheal.report.html.page import common_head
from pytest_selfheal.report.html.page import last_run
from pytest_selfheal.report.html.page import page_footer
from pytest_selfheal.report.html.page import page_header
from pytest_selfheal.report.html.pieces import chip
from pytest_selfheal.report.html.pieces import empty
from pytest_selfheal.report.html.pieces import plural
from pytest_selfheal.report.html.pieces import section
from pytest_selfheal.report.html.trends import health_section
from pytest_selfheal.web.feed import item_of

if TYPE_CHECKING:
    from pytest_selfheal.model import Record
    from pytest_selfheal.model import ReviewEntry
    from pytest_selfheal.report.html.markup import Html
    from pytest_selfheal.report.html.material import Material
    from pytest_selfheal.web.deciding import Decision

_FEED_ITEMS = 40
_MOST_ENTRIES = 60


def live_page(material: Material, form_key: str, decision: Decision | None = None) -> str:
    """Return the page; `decision` is what a form without script has just brought about."""
    links = el(
        "nav",
        *(el("a", title, href=f"#{anchor}") for anchor, title in (("review", "Review"), ("feed", "Events"))),
        el("a", "Health", href="#health"),
        el("a", "Full report", href="/report"),
        aria_label="Sections",
    )
    status = el("span", "\u2013 does not renew itself without its script", id="connection", role="status")
    columns = el(
        "main",
        _result(decision),
        el("div", review_part(material, form_key), id="part-review"),
        feed_part(material),
        el("div", health_section(material), id="part-health"),
        id="content",
        class_="live",
    )
    head = el(
        "head",
        el("meta", charset="utf-8"),
        *common_head(f"{material.project}: live"),
        el("link", rel="stylesheet", href="/assets/report.css"),
        el("script", src="/assets/report.js", defer=True),
        el("script", src="/assets/live.js", defer=True),
    )
    body = el(
        "body",
        el("a", "Skip to the content", href="#content", class_="skip"),
        page_header(material, links, "Live page", status),
        columns,
        page_footer(material),
    )
    return f"<!DOCTYPE html>\n{el('html', head, body, lang='en')}\n"


def parts(material: Material, form_key: str) -> dict[str, str]:
    """Return what is renewed when something happened, by the id of its place."""
    return {
        "part-review": review_part(material, form_key),
        "part-health": health_section(material),
        "last-run": last_run(material),
    }


def review_part(material: Material, form_key: str) -> Html:
    """Return the queue with its buttons."""
    waiting = material.open_reviews
    if not waiting:
        words = "A suggestion or an escalation appears here as soon as a run ends with one."
        return section("review", "Review queue", None, empty("Nothing to decide", words))
    entries = [_entry(entry, material, form_key, is_open=len(waiting) == 1) for entry in waiting[:_MOST_ENTRIES]]
    lead = f"{plural(len(waiting), 'entry waits', 'entries wait')} for you."
    return section("review", "Review queue", lead, el("div", *entries, class_="entries"))


def _entry(entry: ReviewEntry, material: Material, form_key: str, *, is_open: bool) -> Html:
    several = len(entry.candidates) > 1
    each = {
        number: _form("accept", entry, form_key, f"Accept option {number}" if several else "Accept", number)
        for number, candidate in enumerate(entry.candidates, start=1)
        if candidate.id in material.diffs
    }
    reject = _form("reject", entry, form_key, "Reject" if entry.candidates else "Close without a fix")
    return review_entry(entry, material, is_open=is_open, controls=reject, each=each)


def _form(verb: str, entry: ReviewEntry, form_key: str, title: str, option: int | None = None) -> Html:
    hidden = {"form_key": form_key, "entry": entry.id, "option": str(option) if option else ""}
    fields = [el("input", type="hidden", name=name, value=value) for name, value in hidden.items()]
    where = entry.nodeids[0] if entry.nodeids else entry.id
    button = el(
        "button", title, type="submit", class_="main" if verb == "accept" else None, aria_label=f"{title}: {where}"
    )
    return el("form", *fields, button, method="post", action=f"/review/{verb}", class_="decision")


def _result(decision: Decision | None) -> Html:
    shown = [el("pre", el("code", decision.text))] if decision is not None else []
    kind = "" if decision is None else "good" if decision.ok else "bad"
    box = el("div", *shown, id="result", class_=f"result {kind}".rstrip(), tabindex="-1", hidden=decision is None)
    return el("div", box, role="status", class_="result-place")


def _clock(iso: str, now: str) -> str:
    return iso[11:19] if iso[:10] == now[:10] else iso[5:16].replace("T", " ")


def feed_part(material: Material) -> Html:
    """Return the newest items, as they were when the page was made."""
    records: list[Record] = [*material.events[:_FEED_ITEMS], *material.failures[:_FEED_ITEMS], *material.runs[:10]]
    found = [item for item in map(item_of, records) if item is not None]
    found.sort(key=lambda item: item["time"], reverse=True)
    items = [
        el(
            "li",
            el(
                "p",
                el("time", _clock(item["time"], material.made_at), datetime=item["time"]),
                chip(item["title"], item["kind"]),
            ),
            el("p", item["text"], class_="text"),
        )
        for item in found[:_FEED_ITEMS]
    ]
    nothing = None if items else el("p", "Nothing yet. Start a run.", class_="quiet", id="feed-empty")
    listed = el("ol", *items, id="feed-items", tabindex="0", aria_label="Events, the newest first")
    return section("feed", "Events", None, nothing, listed)
