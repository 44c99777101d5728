"""The rule engine: rules are data, the first one that matches decides.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import replace
from functools import cache
from functools import lru_cache
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping

    from pytest_selfheal.model import Category
    from pytest_selfheal.model import ErrorLink
    from pytest_selfheal.model import Phase
    from pytest_selfheal.model import Severity

# Starting values of the reference, then set by how often each kind of evidence was right on the labelled corpus
# (benchmarks/classification.py prints the calibration).
STRUCTURAL = 0.98
PROTOCOL = 0.95
EXACT = 0.95
BASE = 0.85
UNSURE = 0.9
"""That nothing better than `unknown` can be said of a class or status."""

BY_MESSAGE = 0.75
GUESS = 0.6


@dataclass(frozen=True)
class Rule:
    """One line of a table: all given conditions must hold.

    Attributes:
        name: stands in the diagnosis, `group.subject`.
        category: the answer; `unknown` is an answer too and ends the search.
        confidence: probability that the answer is right, before the steps along a chain are counted.
        types: fully-qualified class names, any of which must be among the exception's classes; empty means any. A `*`
            stands for anything.
        facts: fact name to the allowed values; a fact that is absent matches nothing.
        message: pattern searched in the message, ignoring case; a plain anchored phrase, not a single word.
        severity: overrides the severity of the category.
        phases: where in its life the test must have failed; empty means anywhere.
    """

    name: str
    category: Category
    confidence: float
    types: tuple[str, ...] = ()
    facts: Mapping[str, frozenset[Any]] | None = None
    message: str = ""
    severity: Severity | None = None
    phases: frozenset[Phase] = frozenset()


@dataclass(frozen=True)
class Finding:
    """What a rule found in one exception, with what it saw."""

    category: Category
    confidence: float
    rule: str
    evidence: tuple[str, ...] = ()
    severity: Severity | None = None

    def weaker(self, factor: float, evidence: str = "") -> Finding:
        """Return the finding with its confidence multiplied, and one more piece of evidence."""
        more = (evidence,) if evidence else ()
        return replace(self, confidence=self.confidence * factor, evidence=(*self.evidence, *more))


def first_match(rules: Iterable[Rule], link: ErrorLink) -> Finding | None:
    """Return what the first matching rule says of one exception, or None."""
    kinds = kinds_of(link)
    for rule in rules:
        evidence = evidence_for(rule, link, kinds)
        if evidence is not None:
            return Finding(rule.category, rule.confidence, rule.name, evidence, rule.severity)
    return None


def kinds_of(link: ErrorLink) -> dict[str, str]:
    """Return the classes of an exception as rules name them, each with its real name; most specific last."""
    return {canonical(name): name for name in reversed(link.mro or (link.type_name,))}


@lru_cache(maxsize=1024)
def canonical(name: str) -> str:
    """Return a fully-qualified class name without vendoring and private re-export paths."""
    if name.startswith(_ALIASED):
        prefix = next(prefix for prefix in _ALIASED if name.startswith(prefix))
        return _ALIASES[prefix] + name[len(prefix) :]
    return name


def innermost_path(link: ErrorLink) -> str:
    """Return the path of the frame that raised, or an empty text."""
    return link.frames[-1].path if link.frames else ""


@cache
def pattern(text: str) -> re.Pattern[str]:
    """Return a compiled pattern; compiled when first needed so that importing the tables costs nothing."""
    return re.compile(text, re.IGNORECASE)


def evidence_for(rule: Rule, link: ErrorLink, kinds: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return what a rule saw in an exception when all its conditions hold, else None."""
    found: list[str] = []
    if rule.types:
        kind = next((seen for name in rule.types if (seen := _kind(name, kinds))), None)
        if kind is None:
            return None
        found.append(f"type {kinds[kind]}")
    for name, allowed in (rule.facts or {}).items():
        value = link.facts.get(name)
        if not isinstance(value, (str, int)) or value not in allowed:
            return None
        found.append(f"{name}={value}")
    if rule.message:
        match = pattern(rule.message).search(link.message)
        if match is None:
            return None
        found.append(f"message {match[0][:80]!r}")
    return tuple(found)


def _kind(name: str, kinds: Mapping[str, str]) -> str | None:
    if "*" not in name:
        return name if name in kinds else None
    glob = pattern("^" + ".*".join(re.escape(part) for part in name.split("*")) + "$")
    return next((kind for kind in reversed(list(kinds)) if glob.match(kind) or glob.match(kinds[kind])), None)


_ALIASES = {
    "pip._vendor.": "",
    "botocore.vendored.": "",
    "requests.packages.": "",
    "httpx2.": "httpx.",
    "httpx._exceptions.": "httpx.",
    "httpcore._exceptions.": "httpcore.",
    "openai._exceptions.": "openai.",
    "anthropic._exceptions.": "anthropic.",
    "groq.": "openai.",
    "asyncpg.exceptions._base.": "asyncpg.exceptions.",
    "redis.asyncio.": "redis.",
    "valkey.exceptions.": "redis.exceptions.",
    "grpc._channel.": "grpc.",
    "grpc.aio._call.": "grpc.aio.",
    "elasticsearch.exceptions.": "elasticsearch.",
    "elastic_transport._exceptions.": "elastic_transport.",
    "opensearchpy.exceptions.": "elasticsearch.",
    "playwright._impl._errors.": "playwright.",
    "playwright._impl._api_types.": "playwright.",
    "playwright.async_api.": "playwright.",
    "playwright.sync_api.": "playwright.",
    "websockets.exceptions.": "websockets.",
    "numpy._core._exceptions.": "numpy.",
    "numpy.core._exceptions.": "numpy.",
    "concurrent.futures._base.": "concurrent.futures.",
    "asyncio.exceptions.": "asyncio.",
    "pydantic.v1.error_wrappers.": "pydantic.error_wrappers.",
    "json.decoder.": "json.",
}
_ALIASED = tuple(_ALIASES)
