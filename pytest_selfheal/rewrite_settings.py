"""`[[tool.selfheal.rewrite]]`: the project's own rules for names and keywords that a library took away.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import fields
from typing import Any

from pytest_selfheal.model.value import Value

_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_VERSION = re.compile(r"\d+(\.\d+)*")


@dataclass(frozen=True)
class RewriteRule(Value):
    """One rule: a dotted name that has another one now, or a keyword of a call that is called otherwise or gone.

    Attributes:
        before: dotted name of the module, function, class or constant as the code has it.
        after: the dotted name that stands for it now; empty in a rule for a keyword.
        keyword: keyword argument of `before` that the rule is about; empty in a rule for a name.
        renamed: what the keyword is called now; empty when it is simply gone.
        library: distribution whose version `since` speaks of; empty is the first part of `before`.
        since: the rule holds from this version of the library on; empty for every version.
        sure: whether a validated fix by this rule may be applied by the bands; otherwise it is only suggested.
    """

    before: str
    after: str = ""
    keyword: str = ""
    renamed: str = ""
    library: str = ""
    since: str = ""
    sure: bool = False

    @property
    def distribution(self) -> str:
        """The distribution the rule is about."""
        return self.library or self.before.partition(".")[0]

    def holds(self, version: str) -> bool:
        """Tell whether the rule holds for an installed version; without `since` it holds in any case."""
        return not self.since or (bool(version) and _numbers(version) >= _numbers(self.since))


def _numbers(version: str) -> tuple[int, ...]:
    match = _VERSION.match(version)
    numbers = [int(part) for part in match[0].split(".")] if match else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def rewrite_rules(value: Any, label: str, problems: list[str]) -> tuple[RewriteRule, ...]:
    """Read the rules; what is wrong with one is added to `problems`, and the rule is left out."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        problems.append(f"{label} must be tables, each written as [[tool.selfheal.{label}]], not {value!r}")
        return ()
    rules = []
    for number, table in enumerate(value, 1):
        found = _table_problems(table, f"{label} {number}")
        problems += found
        if not found:
            rules.append(RewriteRule(**table))
    return tuple(rules)


def _table_problems(table: dict[str, Any], label: str) -> list[str]:
    names = [item.name for item in fields(RewriteRule)]
    found = [f"unknown key {key!r} in {label}; known are {', '.join(names)}" for key in table if key not in names]
    for key, value in table.items():
        wanted, word = (bool, "true or false") if key == "sure" else (str, "a string")
        if key in names and not isinstance(value, wanted):
            found.append(f"{label}: {key} = {value!r} must be {word}")
    return found or _rule_problems(RewriteRule(**{"before": "", **table}), label)


def _rule_problems(rule: RewriteRule, label: str) -> list[str]:
    found = []
    for key in ("before", "after"):
        text = getattr(rule, key)
        if (text or key == "before") and not _DOTTED.fullmatch(text):
            found.append(f"{label}: {key} = {text!r} must be a dotted name such as 'library.module.function'")
    for key in ("keyword", "renamed"):
        text = getattr(rule, key)
        if text and not text.isidentifier():
            found.append(f"{label}: {key} = {text!r} must be the name of a keyword argument")
    if rule.since and not _VERSION.fullmatch(rule.since):
        found.append(f"{label}: since = {rule.since!r} must be a version such as '2.0'")
    contradictions = {
        f"{label} needs either after (another name) or keyword (of the call `before`)": (
            bool(rule.after) is bool(rule.keyword)
        ),
        f"{label}: renamed needs keyword, the name it had": bool(rule.renamed) and not rule.keyword,
        f"{label}: after is the same as before": bool(rule.after) and rule.after == rule.before,
    }
    return [*found, *(text for text, holds in contradictions.items() if holds)]
