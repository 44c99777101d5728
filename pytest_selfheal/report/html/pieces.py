"""Small pieces that every section is built of.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_selfheal.report.html.markup import Html
from pytest_selfheal.report.html.markup import el
from pytest_selfheal.report.html.markup import together

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

TRACE_CHARACTERS = 6000
_DIFF_LINES = 200
_LINE_KINDS = {"+": "add", "-": "del", "@": "at"}


def section(anchor: str, title: str, lead: str | None, *body: str | None) -> Html:
    """Return a section that the navigation can point at."""
    heading = el("h2", title, id=f"{anchor}-title")
    return el(
        "section",
        heading,
        el("p", lead, class_="lead") if lead else None,
        *body,
        id=anchor,
        aria_labelledby=f"{anchor}-title",
    )


def empty(title: str, words: str) -> Html:
    """Return what stands where there is nothing to show: that this is fine, or what would fill it."""
    return el("div", el("p", title, class_="empty-title"), el("p", words), class_="empty")


def chip(word: str, kind: str = "") -> Html:
    """Return a word in a small frame; `kind` gives its colour."""
    return el("span", word, class_=f"chip {kind}".rstrip())


def moment(iso: str) -> Html:
    """Return a time as people read it, UTC."""
    return el("time", short_time(iso), datetime=iso)


def short_time(iso: str) -> str:
    """Return `2026-11-25 10:00` for an ISO 8601 time."""
    return iso[:16].replace("T", " ")


def seconds(value: float) -> str:
    """Return a duration in words that fit its size."""
    if value < 90:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 90 else f"{value / 3600:.1f} h"


def plural(count: int, one: str, many: str = "") -> str:
    """Return the count with its word."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def first_line(text: str, limit: int = 240) -> str:
    """Return the first line, cut."""
    line = text.strip().partition("\n")[0]
    return line if len(line) <= limit else f"{line[: limit - 1]}\u2026"


def error_line(error_type: str, message: str) -> Html:
    """Return `KeyError: 'name'` with the type set apart."""
    line = first_line(message)
    kind = el("b", error_type.rpartition(".")[2])
    return el("span", kind, f": {line}" if line else None, class_="error")


def command(text: str) -> Html:
    """Return a command to copy; one click selects all of it."""
    return el("code", text, class_="command")


def node(nodeid: str) -> Html:
    """Return a test's name that may break where its parts meet."""
    pieces = re.split(r"(?<=::)|(?<=/)|(?<=\[)|(?<=_)", nodeid)
    return el("code", *(part for piece in pieces for part in (el("wbr"), piece)), class_="node")


def code_block(text: str, name: str, limit: int = TRACE_CHARACTERS) -> Html:
    """Return text in fixed width; a long one loses its middle. Reachable by keyboard, since it may scroll."""
    if len(text) > limit:
        half = limit // 2
        left_out = len(text) - 2 * half
        text = f"{text[:half]}\n\u2026 {left_out:,} characters left out \u2026\n{text[-half:]}"
    return el("pre", el("code", text), class_="block", tabindex="0", role="group", aria_label=name)


def diff_block(diff: str, name: str) -> Html:
    """Return a unified diff with coloured lines; the signs at their beginnings stay, for those who see no colour."""
    lines = diff.splitlines()
    rows = [el("span", f"{line}\n", class_=_kind(line)) for line in lines[:_DIFF_LINES]]
    if len(lines) > _DIFF_LINES:
        rows.append(el("span", f"\u2026 {len(lines) - _DIFF_LINES} more lines\n", class_="at"))
    code = el("code", *rows)
    return el("pre", code, class_="block diff", tabindex="0", role="group", aria_label=name)


def _kind(line: str) -> str | None:
    return "file" if line.startswith(("--- ", "+++ ")) else _LINE_KINDS.get(line[:1])


def table(
    header: Sequence[str], rows: Iterable[Sequence[str | None]], name: str, *, numbers: Sequence[int] = ()
) -> Html:
    """Return a table that turns into cards on narrow screens; `numbers` are the columns to set right."""
    titles = [
        el("th", title, scope="col", class_="number" if index in numbers else None)
        for index, title in enumerate(header)
    ]
    body = [
        el(
            "tr",
            *(
                el("td", cell, data_title=header[index], class_="number" if index in numbers else None)
                for index, cell in enumerate(row)
            ),
        )
        for row in rows
    ]
    inner = el("table", el("caption", name, class_="unseen"), el("thead", el("tr", *titles)), el("tbody", *body))
    return el("div", inner, class_="table", tabindex="0", role="group", aria_label=name)


def more(summary: str, *body: str | None, class_: str | None = None, is_open: bool = False) -> Html:
    """Return something to unfold."""
    return el("details", el("summary", summary), *body, class_=class_, open=is_open)


def names(nodeids: Sequence[str], most: int = 12) -> Html:
    """Return a list of tests."""
    items = [el("li", node(nodeid)) for nodeid in nodeids[:most]]
    if len(nodeids) > most:
        items.append(el("li", f"and {len(nodeids) - most:,} more", class_="quiet"))
    return el("ul", *items, class_="names")


def words(*parts: str | None) -> Html:
    """Return quiet facts in a row."""
    return el("p", together(el("span", part) for part in parts if part), class_="facts")
