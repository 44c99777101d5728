"""Which exception of a chain decides, and how sure that makes us.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import TypeVar

from pytest_selfheal.classify.rules import BASE
from pytest_selfheal.classify.rules import EXACT
from pytest_selfheal.classify.rules import GUESS
from pytest_selfheal.classify.rules import STRUCTURAL
from pytest_selfheal.classify.rules import UNSURE
from pytest_selfheal.classify.rules import Finding
from pytest_selfheal.classify.rules import Rule
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
from pytest_selfheal.classify.table_protocol import MAIL_RULES
from pytest_selfheal.classify.table_protocol import SYSTEM_RULES
from pytest_selfheal.classify.table_structural import ENVELOPES
from pytest_selfheal.classify.table_structural import MOCKED
from pytest_selfheal.classify.table_structural import SERVED
from pytest_selfheal.classify.table_structural import STRUCTURAL_RULES
from pytest_selfheal.model import Category
from pytest_selfheal.model import ErrorLink

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Sequence

    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import ProjectFacts

T = TypeVar("T")

CAUSE_STEP = 0.95
CONTEXT_STEP = 0.8

CURABLE = frozenset({Category.TRANSIENT, Category.RATE_LIMIT, Category.TIMEOUT, Category.CRASH})
"""Categories that a second try may cure."""

_GENERIC = frozenset({"builtins.BaseException", "builtins.Exception", "builtins.RuntimeError", "builtins.OSError"})
_PROTOCOL = (*CLOUD_RULES, *DATABASE_RULES, *HTTP_RULES, *MAIL_RULES, *SYSTEM_RULES)
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


@dataclass(frozen=True)
class Step:
    """One question put to one exception: `answer` is the rule that matched, or why none did."""

    exception: str
    question: str
    answer: str
    matched: bool


def judge(
    failure: Failure, project: ProjectFacts, own: Sequence[Rule] = (), trace: Callable[[Step], None] | None = None
) -> Finding:
    """Return what the failure's exceptions say, the first decisive one from the outside in.

    Args:
        failure: what was captured.
        project: the names the project can import.
        own: the project's own rules, asked before all others.
        trace: told every question in order; None costs nothing.
    """
    return _Walk(failure, project, own, trace).judge()


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


class _Walk:
    def __init__(
        self,
        failure: Failure,
        project: ProjectFacts,
        own: Sequence[Rule],
        trace: Callable[[Step], None] | None,
    ) -> None:
        self._failure = failure
        self._project = project
        self._own = tuple(rule for rule in own if not rule.phases or failure.phase in rule.phases)
        self._trace = trace

    def judge(self) -> Finding:
        if not self._failure.chain:
            return self._judge_text()
        line, leaves = split(self._failure.chain)
        return self._judge_line(line, leaves)

    # ------------------------------------------------------------------------------- along the chain

    def _judge_text(self) -> Finding:
        failure = self._failure
        link = ErrorLink(type_name=failure.error_type, message=failure.error_message)
        if failure.report_kind == "crash":
            return self._told(link, "kind of report", Finding(Category.CRASH, STRUCTURAL, "pytest.worker_crash"))
        if failure.report_kind == "xpass_strict":
            return self._told(link, "kind of report", Finding(Category.ASSERTION, STRUCTURAL, "pytest.xpass_strict"))
        if pattern(_SUBTESTS).search(failure.error_message):
            found = Finding(Category.UNKNOWN, 0.6, "pytest.subtests", ("its subtests are judged one by one",))
            return self._told(link, "kind of report", found)
        return self._own_answer(link) or self._by_message(link) or Finding(Category.UNKNOWN, GUESS, "none")

    def _judge_line(self, line: list[ErrorLink], leaves: list[list[ErrorLink]]) -> Finding:
        for link in line:
            # What the project says of an explicit cause goes before what we think of its envelope.
            finding = self._own_answer(link) if link.relation != "context" else None
            if finding is not None:
                return finding
        factor, path = 1.0, ""
        seen: list[ErrorLink] = []
        for at, link in enumerate(line):
            if at and line[at - 1].type_name not in ENVELOPES:
                factor *= CAUSE_STEP if link.relation == "cause" else CONTEXT_STEP
                path = f"{link.relation} of {line[at - 1].type_name}"
            following = line[at + 1] if at + 1 < len(line) else None
            is_group = following is None and bool(leaves)
            finding = self._judge_link(link, alone=following is None and not is_group)
            if finding is not None:
                return _unless_mocked(finding, link).weaker(factor, path)
            if is_group:
                return self._judge_leaves(leaves, line[0]).weaker(factor, path)
            seen.append(link)
            if following is None or not self._passes_on(link, following):
                break
        spoken = (self._by_message(link) for link in seen if self._may_speak(link))
        return next((finding for finding in spoken if finding), Finding(Category.UNKNOWN, GUESS, "none"))

    def _judge_leaves(self, leaves: list[list[ErrorLink]], group: ErrorLink) -> Finding:
        findings = [self._judge_line(leaf, []) for leaf in leaves]
        worst = min(findings, key=lambda finding: (_RANK[finding.category], -finding.confidence))
        if worst.category in CURABLE and group.facts.get("leaves_left_out"):
            return Finding(Category.UNKNOWN, GUESS, "group.too_many", ("some members were not looked at",))
        return worst.weaker(CAUSE_STEP if len(leaves) > 1 else 1.0, f"least curable of {len(leaves)} members")

    def _passes_on(self, link: ErrorLink, following: ErrorLink) -> bool:
        if link.type_name in _GENERIC or link.type_name in ENVELOPES or canonical(link.type_name) in WRAPPERS:
            return True
        # A class nobody listed: its author's explicit cause is believed, an accident on the way is not.
        return following.relation == "cause" or self._is_own(link)

    # ------------------------------------------------------------------------------- one exception

    def _judge_link(self, link: ErrorLink, *, alone: bool) -> Finding | None:
        finding = self._ask(link, "words of pytest", STRUCTURAL_RULES) or self._ask(link, "mocks", MOCKED)
        if finding is not None:
            return finding
        if "retry_at" in link.facts:
            found = Finding(Category.RATE_LIMIT, STRUCTURAL, "asked.retry_at", (f"in {link.facts['retry_at']:g} s",))
            return self._told(link, "asks to be run later", found)
        if "builtins.AssertionError" in link.mro:
            found = Finding(Category.ASSERTION, EXACT, "assertion", (f"type {link.type_name}",))
            return self._told(link, "assertion", found)
        finding = self._ask(link, "served by the program", SERVED)
        # A status that stands in a class of the project's is what the program serves, not what it was served.
        serves = alone and bool(link.facts.get("status_of_class")) and self._is_own(link) and _raised_by_project(link)
        if finding is None and not _PROTOCOL_FACTS.isdisjoint(link.facts):
            finding = self._ask(link, "protocol facts", CLOUD_RULES if serves else _PROTOCOL)
        if finding is not None:
            return finding
        if self._is_own(link) and (not alone or _raised_by_project(link)):
            if not alone:
                return None
            # Its own class, raised by its own code, for no reason from outside: behaviour, perhaps the one under test.
            found = Finding(Category.UNKNOWN, UNSURE, "domain", (f"type {link.type_name}",))
            return self._told(link, "whose exception", found)
        return self._by_class(link)

    def _own_answer(self, link: ErrorLink) -> Finding | None:
        if not self._own:
            return None
        # An assertion is the test's verdict; only a rule that names its class may say something else of it.
        final = "builtins.AssertionError" in link.mro
        return self._ask(link, "your rules", [rule for rule in self._own if rule.types or not final])

    def _by_class(self, link: ErrorLink) -> Finding | None:
        for at, name in enumerate(link.mro or (link.type_name,)):
            known = canonical(name)
            special = SPECIAL.get(known)
            finding = special(link, self._project) if special else None
            if finding is None and known in _CLASSES:
                finding = first_match(_CLASSES[known], link)
            if finding is not None:
                found = finding.weaker(1.0 if at == 0 or special else 0.9)
                return self._told(link, "class table", found)
        return self._told(link, "class table", None)

    def _by_message(self, link: ErrorLink) -> Finding | None:
        if pattern(TALK).search(link.message):
            return self._told(link, "message", None, "its words talk about an outcome")
        return self._ask(link, "message", MESSAGE_RULES)

    def _may_speak(self, link: ErrorLink) -> bool:
        return not self._is_own(link) or not _raised_by_project(link)

    def _is_own(self, link: ErrorLink) -> bool:
        known = canonical(link.type_name)
        listed = known in _CLASSES or known in SPECIAL or known in WRAPPERS
        return self._project.owns(link.type_name) or (not listed and self._project.may_own(link.type_name))

    # ------------------------------------------------------------------------------- telling

    def _ask(self, link: ErrorLink, question: str, rules: Iterable[Rule]) -> Finding | None:
        found = first_match(rules, link)
        if self._trace is not None:
            near = [rule.name for rule in rules if rule.types and first_match((_by_type(rule),), link)]
            why = f"nearly: {', '.join(near[:4])}" if near else ""
            self._told(link, question, found, why)
        return found

    def _told(self, link: ErrorLink, question: str, found: T, why_not: str = "") -> T:
        if self._trace is not None:
            answer = found.rule if isinstance(found, Finding) else why_not or "no rule matched"
            self._trace(Step(link.type_name, question, answer, isinstance(found, Finding)))
        return found


def _by_type(rule: Rule) -> Rule:
    return replace(rule, message="", facts=None)


def _raised_by_project(link: ErrorLink) -> bool:
    return not link.frames or link.frames[-1].in_app


def _unless_mocked(finding: Finding, link: ErrorLink) -> Finding:
    # A mock told to raise does so every time; what failed is that nobody handled it.
    if finding.category in CURABLE and innermost_path(link).endswith("unittest/mock.py"):
        return Finding(Category.UNKNOWN, BASE, "mock.raised", finding.evidence)
    return finding
