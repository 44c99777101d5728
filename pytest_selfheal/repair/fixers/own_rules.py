"""Names and keywords that a library took away, by the project's own rules: `[[tool.selfheal.rewrite]]`.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pytest_selfheal.repair.fixers.building import SUGGEST
from pytest_selfheal.repair.fixers.building import first_answer
from pytest_selfheal.repair.fixers.library_table import Keyword
from pytest_selfheal.repair.fixers.library_table import Rename
from pytest_selfheal.repair.fixers.removed_api import by_rename
from pytest_selfheal.repair.fixers.removed_words import by_keyword

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence

    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Failure
    from pytest_selfheal.repair.project import Project
    from pytest_selfheal.rewrite_settings import RewriteRule

NAME = "rewrite_rule"


def fixer_of(
    rules: Sequence[RewriteRule], version_of: Callable[[str], str]
) -> Callable[[Failure, Project], list[Candidate]]:
    """Return a fixer for the rules that hold with what is installed.

    Args:
        rules: as they stand in the settings.
        version_of: gives the installed version of a distribution; empty when it is not installed.
    """
    held = [rule for rule in rules if rule.holds(version_of(rule.distribution) if rule.since else "")]

    def propose(failure: Failure, project: Project) -> list[Candidate]:
        found: list[Candidate] = []
        for sure in (True, False):
            chosen = [rule for rule in held if rule.sure is sure]
            renames = [Rename(rule.before, rule.after, sure=True) for rule in chosen if rule.after]
            keywords = [_keyword(rule) for rule in chosen if rule.keyword]
            answers = (partial(by_rename, rules=renames), partial(by_keyword, rules=keywords))
            found += [_own(one, sure=sure) for one in first_answer(failure, project, answers)]
        return found

    return propose


def _keyword(rule: RewriteRule) -> Keyword:
    top, last = rule.before.partition(".")[0], rule.before.rpartition(".")[2]
    return Keyword(top, rf"(^|\.){re.escape(last)}(\.__init__)?$", rule.keyword, rule.renamed)


def _own(candidate: Candidate, *, sure: bool) -> Candidate:
    """A rule of the project acts alone only where its writers say so: nobody has measured it."""
    evidence = (*candidate.evidence, "a rule of this project says so (tool.selfheal.rewrite)")
    if sure:
        return replace(candidate, fixer=NAME, evidence=evidence)
    return replace(candidate, fixer=NAME, evidence=evidence, confidence=SUGGEST, learned=False)
