"""Which exception of a chain decides, and how sure that makes us.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.classify.rules import EXACT
from pytest_selfheal.classify.rules import GUESS
from pytest_selfheal.classify.rules import STRUCTURAL
from pytest_selfheal.classify.rules import Finding
from pytest_selfheal.classify.rules import canonical
from pytest_selfheal.classify.rules import first_match
from pytest_selfheal.classify.rules import innermost_path
from pytest_selfheal.classify.rules import pattern
from pytest_selfheal.classify.special import SPECIAL
from pytest_selfheal.classify.table_builtin import BUILTIN
from pytest_selfheal.classify.table_libraries import LIBRARIES
from pytest_selfheal.classify.table_libraries import WRAPPERS
from pytest_selfheal.classify.table_messages import MESSAGE_RULES
from pytest_selfheal.classify.table_messages import TALK
from pytest_selfheal.classify.table_protocol import CLOUD_RULES
from pytest_selfheal.classify.table_protocol import DATABASE_RULES
from pytest_selfheal.classify.table_protocol import HTTP_RULES
from pytest_selfheal.classify.table_protocol import SYSTEM_RULES
from pytest_selfheal.classify.table_structural import ENVELOPES
from pytest_selfheal.classify.table_structural import MOCKED
from pytest_selfheal.classify.table_structural import SERVED
from pytest_selfheal.classify.table_structural import STRUCTURAL_RULES
from pytest_selfheal.model import Category
from pytest_selfheal.model import ErrorLink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.classify.project import ProjectFacts
    from pytest_selfheal.model import Failure

CAUSE_STEP = 0.95
CONTEXT_STEP = 0.8

CURABLE = frozenset({Category.TRANSIENT, Category.RATE_LIMIT, Category.TIMEOUT, Category.CRASH})
"""Categories that a second try may cure."""

_GENERIC = frozenset({"builtins.BaseException", "builtins.Exception", "builtins.RuntimeError", "builtins.OSError"})
_PROTOCOL = (*CLOUD_RULES, *DATABASE_RULES, *HTTP_RULES, *SYSTEM_RULES)
_PROTOCOL_FACTS = frozenset(name for rule in _PROTOCOL for name in rule.facts or {})
_CLASSES = {**BUILTIN, **LIBRARIES}
_SUBTESTS = r"^contains \d+ failed subtest"

# Of a group the leaf that a retry helps least decides: a retry cures only when it cures every leaf.
_RANK = {
    category: rank
    for rank, category in enumerate(
        (
            Category.SYNTAX,
            Category.MISSING_IMPORT,
            Category.MISSING_DEPENDENCY,
            Category.ASSERTION,
            Category.TYPE_ERROR,
            Category.FIXTURE_ERROR,
            Category.ENVIRONMENT,
            Category.PARSE,
            Category.UNKNOWN,
            Category.CRASH,
            Category.TIMEOUT,
            Category.RATE_LIMIT,
            Category.TRANSIENT,
        )
    )
}


def judge(failure: Failure, project: ProjectFacts) -> Finding:
    """Return what the failure's exceptions say, the first decisive one from the outside in."""
    if not failure.chain:
        return _judge_text(failure)
    line, leaves = split(failure.chain)
    return _judge_line(line, leaves, project)


def split(chain: Sequence[ErrorLink]) -> tuple[list[ErrorLink], list[list[ErrorLink]]]:
    """Return the line from the outermost exception inwards, and one such line for each leaf of a group."""
    line: list[ErrorLink] = []
    leaves: list[list[ErrorLink]] = []
    for link in chain:
        if link.relation == "group":
            leaves.append([link])
        else:
            (leaves[-1] if leaves else line).append(link)
    return line, leaves


def _judge_text(failure: Failure) -> Finding:
    if failure.report_kind == "crash":
        return Finding(Category.CRASH, STRUCTURAL, "pytest.worker_crash")
    if failure.report_kind == "xpass_strict":
        return Finding(Category.ASSERTION, STRUCTURAL, "pytest.xpass_strict")
    if pattern(_SUBTESTS).search(failure.error_message):
        return Finding(Category.UNKNOWN, 0.6, "pytest.subtests", ("its subtests are judged one by one",))
    link = ErrorLink(type_name=failure.error_type, message=failure.error_message)
    return _by_message(link) or Finding(Category.UNKNOWN, GUESS, "none")


def _judge_line(line: list[ErrorLink], leaves: list[list[ErrorLink]], project: ProjectFacts) -> Finding:
    factor, path = 1.0, ""
    seen: list[ErrorLink] = []
    for at, link in enumerate(line):
        if at and line[at - 1].type_name not in ENVELOPES:
            factor *= CAUSE_STEP if link.relation == "cause" else CONTEXT_STEP
            path = f"{link.relation} of {line[at - 1].type_name}"
        following = line[at + 1] if at + 1 < len(line) else None
        is_group = following is None and bool(leaves)
        finding = _judge_link(link, project, alone=following is None and not is_group)
        if finding is not None:
            return _unless_mocked(finding, link).weaker(factor, path)
        if is_group:
            return _judge_leaves(leaves, line[0], project).weaker(factor, path)
        seen.append(link)
        if following is None or not _passes_on(link, following, project):
            break
    spoken = (_by_message(link) for link in seen if _may_speak(link, project))
    return next((finding for finding in spoken if finding), Finding(Category.UNKNOWN, GUESS, "none"))


def _judge_link(link: ErrorLink, project: ProjectFacts, *, alone: bool) -> Finding | None:
    finding = first_match(STRUCTURAL_RULES, link) or first_match(MOCKED, link)
    if finding is not None:
        return finding
    if "builtins.AssertionError" in link.mro:
        return Finding(Category.ASSERTION, EXACT, "assertion", (f"type {link.type_name}",))
    finding = first_match(SERVED, link)
    if finding is None and not _PROTOCOL_FACTS.isdisjoint(link.facts):
        finding = first_match(_PROTOCOL, link)
    if finding is not None:
        return finding
    if _is_own(link, project) and (not alone or _raised_by_project(link)):
        # Its own class, raised by its own code, for no reason from outside: behaviour, perhaps the one under test.
        return Finding(Category.UNKNOWN, 0.6, "domain", (f"type {link.type_name}",)) if alone else None
    return _by_class(link, project)


def _by_class(link: ErrorLink, project: ProjectFacts) -> Finding | None:
    for at, name in enumerate(link.mro or (link.type_name,)):
        known = canonical(name)
        special = SPECIAL.get(known)
        finding = special(link, project) if special else None
        if finding is None and known in _CLASSES:
            finding = first_match(_CLASSES[known], link)
        if finding is not None:
            return finding.weaker(1.0 if at == 0 or special else 0.9)
    return None


def _judge_leaves(leaves: list[list[ErrorLink]], group: ErrorLink, project: ProjectFacts) -> Finding:
    findings = [_judge_line(leaf, [], project) for leaf in leaves]
    worst = min(findings, key=lambda finding: (_RANK[finding.category], -finding.confidence))
    if worst.category in CURABLE and group.facts.get("leaves_left_out"):
        return Finding(Category.UNKNOWN, GUESS, "group.too_many", ("some members were not looked at",))
    return worst.weaker(CAUSE_STEP if len(leaves) > 1 else 1.0, f"least curable of {len(leaves)} members")


def _passes_on(link: ErrorLink, following: ErrorLink, project: ProjectFacts) -> bool:
    if link.type_name in _GENERIC or link.type_name in ENVELOPES or canonical(link.type_name) in WRAPPERS:
        return True
    # A class nobody listed: its author's explicit cause is believed, an accident on the way is not.
    return following.relation == "cause" or _is_own(link, project)


def _may_speak(link: ErrorLink, project: ProjectFacts) -> bool:
    return not _is_own(link, project) or not _raised_by_project(link)


def _by_message(link: ErrorLink) -> Finding | None:
    if pattern(TALK).search(link.message):
        return None
    return first_match(MESSAGE_RULES, link)


def _is_own(link: ErrorLink, project: ProjectFacts) -> bool:
    known = canonical(link.type_name)
    listed = known in _CLASSES or known in SPECIAL or known in WRAPPERS
    return project.owns(link.type_name) or (not listed and project.may_own(link.type_name))


def _raised_by_project(link: ErrorLink) -> bool:
    return not link.frames or link.frames[-1].in_app


def _unless_mocked(finding: Finding, link: ErrorLink) -> Finding:
    # A mock told to raise does so every time; what failed is that nobody handled it.
    if finding.category in CURABLE and innermost_path(link).endswith("unittest/mock.py"):
        return Finding(Category.UNKNOWN, 0.6, "mock.raised", finding.evidence)
    return finding
