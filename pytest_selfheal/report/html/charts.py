"""Charts as SVG. Shapes stretch with the page, so words stand beside them as HTML, where they keep their size.

Nothing is told by colour alone: states differ in height too, values stand in words, and each chart has a name for
readers that do not see it.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.report.html.markup import Html
from pytest_selfheal.report.html.markup import el
from pytest_selfheal.report.html.markup import together

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEIGHT = 100.0


def svg(width: float, height: float, name: str, *shapes: str, class_: str) -> Html:
    """Return shapes in a drawing that stretches to its place."""
    return el(
        "svg",
        *shapes,
        class_=class_,
        viewBox=f"0 0 {width:g} {height:g}",
        preserveAspectRatio="none",
        role="img",
        aria_label=name,
    )


def bars(rows: Sequence[tuple[float, float]], top: float, hints: Sequence[str], name: str) -> Html:
    """Return stacked bars.

    Args:
        rows: for each bar what fails (below) and what was healed (above it).
        top: the value at the upper edge.
        hints: what a pointer on a bar shows.
        name: the chart in a sentence.
    """
    lower, upper = [], []
    for index, (failed, healed) in enumerate(rows):
        bottom = _HEIGHT * failed / top
        if failed:
            lower.append(_bar(index, _HEIGHT - bottom, bottom))
        if healed:
            height = _HEIGHT * healed / top
            upper.append(_bar(index, _HEIGHT - bottom - height, height))
    targets = [
        el("rect", el("title", hint), class_="hit", x=index, y=0, width=1, height=_HEIGHT)
        for index, hint in enumerate(hints)
    ]
    drawn = (
        el("path", class_="failed", d="".join(lower)),
        el("path", class_="healed", d="".join(upper)),
        el("g", *targets),
    )
    return svg(max(len(rows), 20), _HEIGHT, name, *drawn, class_="plot")


def _bar(index: int, y: float, height: float) -> str:
    return f"M{index + 0.1:.1f} {y:.2f}h.8v{height:.2f}h-.8z"


def curve(values: Sequence[float], top: float, name: str, *, class_: str = "plot", marks: Sequence[float] = ()) -> Html:
    """Return a line through the values, each in its own column, with dashed marks at the values `marks`."""
    width = max(len(values) - 1, 1)
    points = [(index, _HEIGHT - _HEIGHT * min(value / top, 1)) for index, value in enumerate(values)]
    if len(points) == 1:
        points.append((1, points[0][1]))
    line = "M" + "L".join(f"{x:g} {y:.2f}" for x, y in points)
    dashes = [
        el("line", class_="mark", x1=0, x2=width, y1=_HEIGHT - _HEIGHT * mark / top, y2=_HEIGHT - _HEIGHT * mark / top)
        for mark in marks
    ]
    area = el("path", class_="area", d=f"{line}V{_HEIGHT:g}H0z")
    return svg(width, _HEIGHT, name, *dashes, area, el("path", class_="line", d=line), class_=class_)


def strip(states: str, name: str) -> Html:
    """Return one mark per run: a full bar failed, a half one healed, a dot on the ground neither."""
    failed, healed, none = [], [], []
    for index, state in enumerate(states):
        if state == "f":
            failed.append(f"M{index}.15 0h.7v10h-.7z")
        elif state == "h":
            healed.append(f"M{index}.15 5h.7v5h-.7z")
        else:
            none.append(f"M{index}.15 9h.7v1h-.7z")
    paths = [
        el("path", class_=kind, d="".join(drawn))
        for kind, drawn in (("ground", none), ("failed", failed), ("healed", healed))
        if drawn
    ]
    return svg(len(states) or 1, 10, name, *paths, class_="strip")


def gauge(share: float | None, limits: Sequence[float], status: str, name: str) -> Html:
    """Return a bar filled to `share` (0-1) with a mark at each limit; None leaves it empty."""
    shapes = [el("rect", class_="track", x=0, y=3, width=100, height=6)]
    if share is not None:
        shapes.append(el("rect", class_=f"fill {status}", x=0, y=3, width=max(0.5, 100 * min(share, 1)), height=6))
    shapes += [el("rect", class_="limit", x=100 * limit - 0.25, y=0, width=0.5, height=12) for limit in limits]
    return svg(100, 12, name, *shapes, class_="gauge")


def parts(counts: Sequence[tuple[str, int]], name: str) -> Html:
    """Return one bar divided by counts; each part carries the class of its word."""
    total = sum(count for _word, count in counts) or 1
    shapes, x = [], 0.0
    for word, count in counts:
        if count:
            # A single failure among thousands must be seen: every part gets at least half a percent.
            width = max(100 * count / total, 0.6)
            shapes.append(
                el(
                    "rect",
                    el("title", f"{count} {word}"),
                    class_=word,
                    x=f"{x:.2f}",
                    y=0,
                    height=10,
                    width=f"{width:.2f}",
                )
            )
            x += width
    return svg(max(x, 1), 10, name, *shapes, class_="parts")


def framed(chart: Html, top: str, left: str, right: str) -> Html:
    """Return a chart with words at its axes: the upper value, and what stands at both ends."""
    axis = el("div", el("span", top), el("span", "0"), class_="axis-y", aria_hidden="true")
    ends = el("div", el("span", left), el("span", right), class_="axis-x", aria_hidden="true")
    return el("div", together([axis, chart, ends]), class_="framed")


def nice_top(value: float) -> float:
    """Return a round number at or above `value` for the upper edge of an axis."""
    step = 1.0
    while step * 10 < value:
        step *= 10
    return next((step * factor for factor in (1, 2, 3, 4, 5, 6, 8, 10) if step * factor >= value), step * 10)
