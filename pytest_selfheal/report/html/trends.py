"""How things went over the runs: failures, duration, unstable tests, health.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.report.html import charts
from pytest_selfheal.report.html.markup import el
from pytest_selfheal.report.html.pieces import empty
from pytest_selfheal.report.html.pieces import error_line
from pytest_selfheal.report.html.pieces import first_line
from pytest_selfheal.report.html.pieces import moment
from pytest_selfheal.report.html.pieces import more
from pytest_selfheal.report.html.pieces import node
from pytest_selfheal.report.html.pieces import plural
from pytest_selfheal.report.html.pieces import seconds
from pytest_selfheal.report.html.pieces import section
from pytest_selfheal.report.html.pieces import short_time
from pytest_selfheal.report.html.pieces import table
from pytest_selfheal.report.html.stability import unstable_tests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.model import Metric
    from pytest_selfheal.model import RunRecord
    from pytest_selfheal.report.html.markup import Html
    from pytest_selfheal.report.html.material import Material
    from pytest_selfheal.report.html.stability import Unstable

_SHOWN_UNSTABLE = 12
_MOST_UNSTABLE = 60
_STRIP_RUNS = 60


def health_section(material: Material) -> Html:
    """Return a gauge for each metric, always with what it was computed from."""
    health = material.health
    title = "Health"
    if not health.runs:
        return section("health", title, None, empty("No complete run yet", "Rates need at least one run that ended."))
    since = f"{plural(health.runs, 'run')} since {short_time(health.since)} UTC: {health.status}."
    cards = [_card(metric) for metric in health.metrics]
    return section("health", title, since, el("div", *cards, class_="cards"))


def _card(metric: Metric) -> Html:
    value, basis = _figures(metric)
    limits = [limit for limit in (metric.warning, metric.critical) if limit is not None]
    scale = 1.0 if metric.unit == "share" else 1.25 * max([*limits, metric.value or 0, 1e-9])
    share = None if metric.value is None else metric.value / scale
    drawn = None
    if metric.unit == "share" or limits:  # without a limit there is nothing that other values could be measured at
        name = f"{metric.name}: {value}, {basis}"
        drawn = charts.gauge(share, [limit / scale for limit in limits], metric.status.replace(" ", "-"), name)
    status = {"ok": "ok", "warning": "warn", "critical": "bad"}.get(metric.status, "quiet")
    word = metric.status if limits or metric.value is None else ""
    return el(
        "div",
        el("h3", metric.name),
        el("p", el("span", value, class_="value"), el("span", word, class_=f"state {status}") if word else None),
        drawn,
        el("p", basis, el("span", _limits(metric), class_="limits") if limits else None, class_="basis"),
        class_="card",
    )


def _figures(metric: Metric) -> tuple[str, str]:
    if metric.value is None:
        return "\u2013", f"n = {metric.n:,}, needs {metric.minimum}"
    if metric.unit == "share":
        return f"{metric.value:.1%}", f"{metric.numerator:,.0f} of {metric.n:,}"
    if metric.unit == "seconds":
        return seconds(metric.value), f"mean of {metric.n:,}"
    shown = f"{metric.value:,.0f}" if metric.value == int(metric.value) else f"{metric.value:,.1f}"
    return shown, f"{metric.unit}, n = {metric.n:,}"


def _limits(metric: Metric) -> str:
    if metric.warning is None or metric.critical is None:
        return ""
    if metric.unit == "share":
        return f"warn {metric.warning:.0%}, critical {metric.critical:.0%}"
    return f"warn {metric.warning:g} s, critical {metric.critical:g} s"


# ----------------------------------------------------------------------------------- over the runs


def trends_section(material: Material) -> Html:
    """Return failures and durations over the runs, as charts and as a table."""
    runs = material.complete
    title = "Trends"
    if len(runs) < 2:
        return section("trends", title, None, empty("No trend yet", "Curves appear from the second run on."))
    interrupted = len(material.runs) - len(runs)
    lead = f"The last {plural(len(runs), 'run')}, oldest on the left"
    lead += f"; {plural(interrupted, 'interrupted run')} left out." if interrupted else "."
    rows = [_row(run) for run in reversed(runs)]
    header = ("run started (UTC)", "passed", "healed", "failed", "skipped", "duration", "id")
    shown = table(header, rows, "the runs as figures", numbers=(1, 2, 3, 4, 5))
    return section("trends", title, lead, _outcomes(runs), _durations(runs), more("The runs as a table", shown))


def _row(run: RunRecord) -> tuple[Html | str, ...]:
    failed = f"{run.failed + run.errors:,}"
    counts = f"{run.passed:,}", f"{run.healed:,}", failed, f"{run.skipped:,}"
    return moment(run.started_at), *counts, seconds(run.duration_s), el("code", run.id)


def _outcomes(runs: Sequence[RunRecord]) -> Html:
    rows = [(float(run.failed + run.errors), float(run.healed)) for run in runs]
    top = charts.nice_top(max(sum(row) for row in rows) or 1)
    hints = [
        f"{short_time(run.started_at)}: {run.failed + run.errors} failed, {run.healed} healed, {run.passed} passed"
        for run in runs
    ]
    worst = max(rows)[0]
    name = (
        f"Failed and healed tests in each of {len(runs)} runs; at most {worst:g} failed, {rows[-1][0]:g} in the last."
    )
    legend = el(
        "p",
        el("span", "failed", class_="key failed"),
        el("span", "healed by a retry", class_="key healed"),
        class_="legend",
    )
    chart = charts.framed(charts.bars(rows, top, hints, name), f"{top:g}", *_ends(runs))
    return el("figure", el("figcaption", "Tests that failed or had to be healed", legend), chart)


def _durations(runs: Sequence[RunRecord]) -> Html:
    values = [run.duration_s for run in runs]
    top = charts.nice_top(max(*values, 1))
    name = f"Duration of each of {len(runs)} runs; the longest {seconds(max(values))}, the last {seconds(values[-1])}."
    chart = charts.framed(charts.curve(values, top, name), seconds(top), *_ends(runs))
    return el("figure", el("figcaption", f"Duration of a run, the last {seconds(values[-1])}"), chart)


def _ends(runs: Sequence[RunRecord]) -> tuple[str, str]:
    return short_time(runs[0].started_at), short_time(runs[-1].started_at)


# ----------------------------------------------------------------------------------- unstable tests


def flaky_section(material: Material) -> Html:
    """Return the tests that contradict themselves, the worst first."""
    title = "Flakiest tests"
    runs = material.complete
    found = unstable_tests(runs, material.failures)
    if not found:
        words = "No test was healed by a retry, and none came back by itself twice."
        return section("flaky", title, None, empty("No unstable test in these runs", words))
    lead = (
        "Tests that a retry healed, or that went from failing to not failing at least twice. Passing tests leave no "
        "record, so a run that did not select a test looks like one in which it passed."
    )
    if material.newest_failures:
        lead += f" Only the newest {material.newest_failures:,} failures are counted."
    span = min(len(runs), _STRIP_RUNS)
    header = ("test", f"the last {span} runs", "healed", "failed", "came back")
    rows = [_flaky(test) for test in found[:_MOST_UNSTABLE]]
    shown = table(header, rows[:_SHOWN_UNSTABLE], "flakiest tests", numbers=(2, 3, 4))
    others = table(header, rows[_SHOWN_UNSTABLE:], "other unstable tests", numbers=(2, 3, 4))
    folded = more(plural(len(rows) - _SHOWN_UNSTABLE, "more", "more"), others) if len(rows) > _SHOWN_UNSTABLE else None
    left = len(found) - _MOST_UNSTABLE
    legend = el(
        "p",
        el("span", "failed", class_="key failed"),
        el("span", "healed by a retry", class_="key healed"),
        el("span", "neither", class_="key ground"),
        class_="legend",
    )
    rest = el("p", f"{left:,} more unstable tests are not shown.", class_="quiet") if left > 0 else None
    return section("flaky", title, lead, legend, shown, folded, rest)


def _flaky(test: Unstable) -> tuple[Html | str, ...]:
    states = test.states[-_STRIP_RUNS:]
    name = f"{states.count('f')} failed and {states.count('h')} healed of {len(states)} runs"
    error = error_line(test.last.error_type, first_line(test.last.error_message, 90))
    return (
        el("div", node(test.nodeid), error),
        charts.strip(states, name),
        str(test.healed),
        str(test.failed),
        str(test.returns),
    )
