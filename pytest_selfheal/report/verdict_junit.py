"""The verdict as a JUnit file: one case for each rule, for CI services that show nothing else.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.safety.escape import xml_text

if TYPE_CHECKING:
    from pytest_selfheal.model import RuleResult
    from pytest_selfheal.model import Verdict


def verdict_junit(verdict: Verdict) -> str:
    """Return an XML document; a rule that blocks is a failure, one without enough data is skipped."""
    failures = sum(rule.verdict == "block" for rule in verdict.rules)
    skipped = sum(rule.verdict == "neutral" for rule in verdict.rules)
    head = f'name="selfheal gate" tests="{len(verdict.rules)}" failures="{failures}" errors="0" skipped="{skipped}"'
    lines = ['<?xml version="1.0" encoding="utf-8"?>', f"<testsuites><testsuite {head}>"]
    for rule in verdict.rules:
        lines += _case(rule)
    return "\n".join([*lines, "</testsuite></testsuites>"])


def _case(rule: RuleResult) -> list[str]:
    name = xml_text(f"{rule.rule} {rule.title}")
    opening = f'<testcase classname="selfheal.gate" name="{name}" time="0">'
    told = [f"{rule.value} (threshold {rule.threshold or '-'}, n={rule.n})", rule.advice, *rule.tests]
    told += [f"... {rule.more} more"] if rule.more else []
    text = xml_text("\n".join(line for line in told if line))
    if rule.verdict == "block":
        body = f'<failure type="selfheal.{xml_text(rule.rule)}" message="{xml_text(rule.value)}">{text}</failure>'
    elif rule.verdict == "neutral":
        body = f'<skipped message="{xml_text(rule.value)}"/>'
    else:
        body = f"<system-out>{text}</system-out>"
    return [opening + body, "</testcase>"]
