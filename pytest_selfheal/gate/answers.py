"""How rules put their answers.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.model.judging import RuleResult

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_selfheal.model import FailureRecord

MAX_TESTS_SHOWN = 10


def answer(
    rule: str,
    title: str,
    verdict: str,
    value: str,
    *,
    threshold: str = "",
    n: int = 0,
    tests: Iterable[str] = (),
    advice: str = "",
) -> RuleResult:
    """Return a rule's answer: at most ten tests are named, the others counted; one that is content advises nothing."""
    names = tuple(dict.fromkeys(tests))
    shown = names[:MAX_TESTS_SHOWN]
    told = advice if verdict in {"warn", "block"} else ""
    return RuleResult(rule, title, verdict, value, threshold, n, shown, told, len(names) - len(shown))


def nodeids(records: Iterable[FailureRecord]) -> tuple[str, ...]:
    """Return the tests of these failures, each once."""
    return tuple(dict.fromkeys(record.nodeid for record in records))


def reproduce(tests: Iterable[str], limit: int = 3) -> str:
    """Return the pytest command for the first of these tests, quoted for a shell."""
    named = list(tests)
    return " ".join(["pytest", *(quoted(test) for test in named[:limit])])


def quoted(text: str) -> str:
    """Return a word that a POSIX shell takes literally."""
    if '"' in text or "$" in text or "`" in text or "\\" in text or "!" in text:
        return "'" + text.replace("'", "'\"'\"'") + "'"
    return f'"{text}"'
