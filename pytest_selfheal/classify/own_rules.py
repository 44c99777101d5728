"""Rules of the project's own, from its settings: tried before all built-in ones.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.classify.rules import Rule
from pytest_selfheal.classify.rules import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_selfheal.config import RuleSetting


def own_rules(settings: Mapping[str, RuleSetting]) -> tuple[Rule, ...]:
    """Return the rules of `[tool.selfheal.rules]` in the order of the file, named `own.NAME`."""
    return tuple(
        Rule(
            name=f"own.{name}",
            category=setting.category,
            confidence=setting.confidence,
            types=tuple(canonical(kind) for kind in setting.types),
            facts={fact: frozenset(values) for fact, values in setting.facts.items()} or None,
            message=setting.message,
            severity=setting.severity,
            phases=frozenset(setting.phases),
        )
        for name, setting in settings.items()
    )
