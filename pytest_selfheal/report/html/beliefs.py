"""How sure each way of fixing became over time.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.report.html import charts
from pytest_selfheal.report.html.markup import el
from pytest_selfheal.report.html.pieces import chip
from pytest_selfheal.report.html.pieces import empty
from pytest_selfheal.report.html.pieces import moment
from pytest_selfheal.report.html.pieces import plural
from pytest_selfheal.report.html.pieces import section
from pytest_selfheal.report.html.pieces import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.model import Pattern
    from pytest_selfheal.model import PatternResult
    from pytest_selfheal.report.html.markup import Html
    from pytest_selfheal.report.html.material import Material

_MOST_PATTERNS = 60


def patterns_section(material: Material) -> Html:
    """Return a curve of confidence for each pattern, with its evidence."""
    title = "Confidence of patterns"
    if not material.patterns:
        words = "A pattern appears when a fix was tried; each success or failure moves its confidence."
        return section("patterns", title, None, empty("No fix has been tried yet", words))
    limit = material.apply_confidence
    lead = (
        f"After each result, oldest on the left. The dashed line is {limit:.0%}: above it a learned pattern acts alone."
    )
    if material.results is None:
        lead += " This store keeps sums only, so there is no history."
    rows = [_row(pattern, material) for pattern in material.patterns[:_MOST_PATTERNS]]
    header = ("pattern", "error", "confidence over time", "now", "worked", "last used")
    left = len(material.patterns) - _MOST_PATTERNS
    rest = el("p", f"{left:,} more: selfheal patterns", class_="quiet") if left > 0 else None
    return section("patterns", title, lead, table(header, rows, "confidence of patterns", numbers=(3, 4)), rest)


def _row(pattern: Pattern, material: Material) -> tuple[Html | str, ...]:
    values = confidence_over_time(pattern, material.results or ())
    tried = pattern.success_count + pattern.failure_count
    name = f"confidence from {values[0]:.0%} to {values[-1]:.0%} in {len(values) - 1} results"
    learned = chip("learned", "good") if pattern.learned else chip("not learned")
    named = el("span", el("code", pattern.pattern_name), learned, class_="stacked")
    curve = charts.curve(values, 1.0, name, class_="spark", marks=[material.apply_confidence])
    change = f"{values[0]:.0%} to {values[-1]:.0%}, {plural(len(values) - 1, 'result')}"
    drawn = el("div", curve, el("p", change, class_="quiet small", aria_hidden="true"))
    worked = f"{pattern.success_count:,} of {tried:,}"
    error = el("code", pattern.error_signature)
    return named, error, drawn, f"{pattern.confidence_score:.0%}", worked, moment(pattern.last_used_at)


def confidence_over_time(pattern: Pattern, results: Sequence[PatternResult]) -> list[float]:
    """Return the confidence before the first of the results and after each, the last being today's.

    What was dropped with age counts from the beginning: only its sum is known.

    Args:
        pattern: with the counts and the confidence of today.
        results: of any patterns.
    """
    key = pattern.pattern_name, pattern.error_signature
    own = sorted(
        (result for result in results if (result.pattern_name, result.error_signature) == key),
        key=lambda result: (result.created_at, result.id),
    )
    a, b = _prior(pattern.fix_strategy.get("prior"))
    good = pattern.success_count - sum(result.ok for result in own)
    bad = pattern.failure_count - sum(not result.ok for result in own)
    values = [(a + good) / (a + b + good + bad)]
    for result in own:
        good, bad = good + result.ok, bad + (not result.ok)
        values.append((a + good) / (a + b + good + bad))
    return values


def _prior(value: Any) -> tuple[float, float]:
    # As the store reads it: a damaged prior counts as knowing nothing, Beta(1, 1).
    usable = isinstance(value, (list, tuple)) and len(value) == 2
    if usable and all(isinstance(part, (int, float)) and 0 < part < 1e9 for part in value):
        return float(value[0]), float(value[1])
    return 1.0, 1.0
