"""The report as one file that needs nothing else and sends nothing anywhere.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_selfheal.report.html import charts
from pytest_selfheal.report.html.beliefs import patterns_section
from pytest_selfheal.report.html.failing import failing_section
from pytest_selfheal.report.html.healing import generated_section
from pytest_selfheal.report.html.healing import healing_section
from pytest_selfheal.report.html.healing import review_section
from pytest_selfheal.report.html.markup import Html
from pytest_selfheal.report.html.markup import el
from pytest_selfheal.report.html.markup import raw
from pytest_selfheal.report.html.markup import together
from pytest_selfheal.report.html.pieces import moment
from pytest_selfheal.report.html.pieces import plural
from pytest_selfheal.report.html.pieces import seconds
from pytest_selfheal.report.html.trends import flaky_section
from pytest_selfheal.report.html.trends import health_section
from pytest_selfheal.report.html.trends import trends_section

if TYPE_CHECKING:
    from pytest_selfheal.report.html.material import Material

_ASSETS = Path(__file__).with_name("assets")
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath d='M2 9h3l2-5 3 9 2-4h2' fill='none' stroke='%232f6feb' stroke-width='2'/%3E%3C/svg%3E"
)


def asset(name: str) -> str:
    """Return the text of one of this package's own style sheets or scripts."""
    return (_ASSETS / name).read_text("utf-8")


def report_policy() -> str:
    """Return the Content-Security-Policy of the report: its own style and script by their hashes, nothing else."""
    style, script = _digest(asset("report.css")), _digest(asset("report.js"))
    return (
        f"default-src 'none'; style-src '{style}'; script-src '{script}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def html_report(material: Material) -> str:
    """Return the whole report; equal material gives equal text."""
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=report_policy()),
        *common_head(f"{material.project}: self-healing report"),
        el("style", raw(asset("report.css"))),
    )
    body = el(
        "body",
        el("a", "Skip to the content", href="#content", class_="skip"),
        page_header(material, _navigation(material)),
        el("main", *report_sections(material), id="content"),
        page_footer(material),
        el("script", raw(asset("report.js"))),
    )
    return f"<!DOCTYPE html>\n{el('html', head, body, lang='en')}\n"


def report_sections(material: Material) -> list[Html]:
    """Return the sections in the order in which questions come up."""
    return [
        failing_section(material),
        healing_section(material),
        review_section(material),
        health_section(material),
        trends_section(material),
        flaky_section(material),
        patterns_section(material),
        generated_section(material),
    ]


def common_head(title: str) -> list[Html]:
    """Return what every page's head needs."""
    return [
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", title),
        el("link", rel="icon", href=ICON),
    ]


def page_header(
    material: Material, navigation: Html, kind: str = "Self-healing report", state: Html | None = None
) -> Html:
    """Return the top of the page: which project, how the last run went, where to go; `state` stands behind the kind."""
    toggle = el("button", "Theme: system", type="button", id="theme", hidden=True, data_needs_script=True)
    top = el("div", el("p", kind, state, class_="kind"), toggle, class_="top")
    notices = [el("p", f"The store is degraded: {notice}", class_="notice") for notice in material.notices]
    told = el("div", *notices) if notices else None
    return el("header", top, el("h1", material.project), told, last_run(material), navigation)


def last_run(material: Material) -> Html:
    """Return how the last run went, in a sentence and as a bar."""
    run = material.last
    if run is None:
        return el("div", el("p", "No run has been recorded yet.", class_="verdict"), id="last-run")
    failed = run.failed + run.errors
    counts = (
        ("passed", run.passed - run.healed),
        ("healed", run.healed),
        ("failed", failed),
        ("skipped", run.skipped + run.xfailed + run.xpassed),
    )
    named = ", ".join(f"{count:,} {word}" for word, count in counts if count)
    keys = [el("span", el("b", f"{count:,}"), f" {word}", class_=f"key {word}") for word, count in counts if count]
    facts = el(
        "p", "Last run ", moment(run.started_at), f" UTC, {seconds(run.duration_s)}, mode {run.mode}", class_="quiet"
    )
    return el(
        "div",
        el("p", _verdict(material), class_="verdict"),
        charts.parts(counts, f"last run: {named}"),
        el("p", *keys, class_="legend"),
        facts,
        id="last-run",
    )


def _verdict(material: Material) -> Html:
    run = material.last
    if run is None:
        return el("span")
    failed = run.failed + run.errors
    if failed:
        words = el("strong", plural(failed, "test"), " failed", class_="bad")
    elif run.passed:
        words = el("strong", "Everything passed", class_="good")
    else:
        words = el("strong", "Nothing was executed")
    healed = f" {run.healed:,} passed only after a retry." if run.healed else ""
    waiting = len(material.open_reviews)
    queue = f" {plural(waiting, 'decision waits', 'decisions wait')} for you." if waiting else ""
    return el("span", words, f".{healed}{queue}")


def _navigation(material: Material) -> Html:
    counts: dict[str, int] = {
        "failures": len({record.nodeid for record in material.last_failures}),
        "healed": len(material.last_healed),
        "review": len(material.open_reviews),
    }
    titles = (
        ("failures", "Failed"),
        ("healed", "Healed"),
        ("review", "Review"),
        ("health", "Health"),
        ("trends", "Trends"),
        ("flaky", "Flaky"),
        ("patterns", "Patterns"),
        ("generated", "Regression tests"),
    )
    links = [
        el(
            "a",
            title,
            el("span", f"{counts[anchor]:,}", class_="count") if counts.get(anchor) else None,
            href=f"#{anchor}",
        )
        for anchor, title in titles
    ]
    return el("nav", *links, aria_label="Sections")


def page_footer(material: Material) -> Html:
    """Return where this came from."""
    words = together(["Made ", moment(material.made_at), f" UTC by pytest-selfheal {material.version}. Times are UTC."])
    return el("footer", el("p", words))


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
