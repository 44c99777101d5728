"""G10: a change of the settings is judged by the settings of the base.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.gate.answers import answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_selfheal.gate.evidence import Change
    from pytest_selfheal.model import RuleResult


def changed_settings(change: Change) -> RuleResult:
    """Tell that the change touches the gate's or pytest's settings; a person has to look, so it warns."""
    if change.files is None and not change.settings:
        return answer("G10", "settings", "neutral", "no base to compare with")
    found = list(change.settings)
    found += [f"{name} changes pytest's settings" for name in change.pytest_settings]
    return answer(
        "G10",
        "settings",
        "warn" if found else "ok",
        "; ".join(found) or "unchanged",
        n=len(found),
        advice="judged by the settings of the base branch; whoever reviews this change should look at the settings",
    )


def changed_keys(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> tuple[str, ...]:
    """Return the dotted keys of two tables that do not have the same value in both, in order."""
    found: list[str] = []
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            found += changed_keys(before, after, f"{prefix}{key}.")
        elif before != after:
            found.append(f"{prefix}{key}")
    return tuple(found)
