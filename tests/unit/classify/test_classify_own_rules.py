"""Rules of the project's own come first, and the trace tells who was asked."""

from __future__ import annotations

import pytest

from pytest_selfheal.classify import compile_rules
from pytest_selfheal.classify import diagnose
from pytest_selfheal.classify import explain
from pytest_selfheal.config import RuleSetting
from pytest_selfheal.model import Category
from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Phase
from pytest_selfheal.model import ProjectFacts
from pytest_selfheal.model import Ruling
from pytest_selfheal.model import Severity

VALUE = ("builtins.ValueError", "builtins.Exception", "builtins.BaseException")
T = Category.TRANSIENT


def failing(*links, phase=Phase.CALL):
    return Failure("tests/test_a.py::test_a", phase, links[0].type_name, links[0].message, chain=links)


def link(type_name, message="", relation="self", bases=("builtins.Exception",), **facts):
    return ErrorLink(type_name, (type_name, *bases), message, relation, facts)


def answer(failure, **rule):
    return diagnose(failure, ProjectFacts(), compile_rules({"mine": RuleSetting(**rule)}))


BANK = link("bankapi.errors.Closed", "maintenance window until 6", http_status=409)


@pytest.mark.parametrize(
    ("rule", "matches"),
    [
        ({"types": ("bankapi.errors.Closed",)}, True),
        ({"types": ("bankapi.*",)}, True),
        ({"types": ("*.Closed",)}, True),
        ({"types": ("bankapi.errors.Clos",)}, False),
        ({"types": ("bankapi?errors.Closed",)}, False),
        ({"types": ("builtins.Exception",)}, True),
        ({"message": "^MAINTENANCE"}, True),
        ({"message": "^window"}, False),
        ({"facts": {"http_status": (409, 423)}}, True),
        ({"facts": {"http_status": (423,)}}, False),
        ({"facts": {"grpc_code": ("UNAVAILABLE",)}}, False),
        ({"types": ("bankapi.*",), "message": "closed"}, False),
        ({"types": ("bankapi.*",), "phases": (Phase.SETUP,)}, False),
        ({"types": ("bankapi.*",), "phases": (Phase.SETUP, Phase.CALL)}, True),
    ],
    ids=str,
)
def test_a_rule_matches_when_all_its_conditions_hold(rule, matches):
    """Classes with globs, message, facts and phases."""
    found = answer(failing(BANK), category=T, **rule)
    assert (found.rule == "own.mine") is matches


def test_an_own_rule_goes_before_the_built_in_ones():
    """A status that is `unknown` by itself becomes what the project says, with its severity and confidence."""
    found = answer(
        failing(link("builtins.ConnectionResetError")),
        category=Category.ENVIRONMENT,
        types=("builtins.ConnectionResetError",),
        severity=Severity.CRITICAL,
        confidence=0.8,
    )
    assert (found.category, found.severity, found.confidence) == (Category.ENVIRONMENT, Severity.CRITICAL, 0.8)


def test_an_explicit_cause_is_asked_too_and_an_accidental_context_is_not():
    """`raise A from B` is about B; what was being handled by chance is not."""
    cause = failing(link("a.Wrap"), link("b.Down", "down", "cause"))
    context = failing(link("a.Wrap"), link("b.Down", "down", "context"))
    assert answer(cause, category=T, types=("b.Down",)).category is T
    assert answer(context, category=T, types=("b.Down",)).rule != "own.mine"


def test_an_assertion_is_touched_only_by_a_rule_that_names_its_class():
    """A message rule cannot turn a failed check into an outage by accident."""
    check = failing(link("builtins.AssertionError", "429 Too Many Requests"))
    assert answer(check, category=T, message="Too Many").category is Category.ASSERTION
    assert answer(check, category=T, types=("builtins.AssertionError",), message="Too Many").category is T


def test_of_a_group_every_member_must_be_curable_by_the_rules():
    """One member that no rule of the project knows keeps the group from being retried."""
    group = link("builtins.ExceptionGroup", "two")
    known, other = link("b.Down", "", "group"), link("builtins.ValueError", "", "group", VALUE[1:])
    assert answer(failing(group, known), category=T, types=("b.Down",)).category is T
    assert answer(failing(group, known, other), category=T, types=("b.Down",)).category is Category.UNKNOWN


def test_the_signature_does_not_depend_on_the_rules():
    """A project that adds a rule keeps the history of its errors."""
    plain = diagnose(failing(BANK), ProjectFacts())
    assert answer(failing(BANK), category=T, types=("bankapi.*",)).signature == plain.signature


def test_a_ruling_replaces_the_rules_and_keeps_its_reason():
    """What a hook says is recorded as the hook's, with the severity that the phase gives it."""
    found = diagnose(failing(BANK, phase=Phase.COLLECT), ProjectFacts(), ruling=Ruling(T, reason="nightly window"))
    assert (found.category, found.rule, found.evidence) == (T, "hook", ("nightly window",))
    assert found.severity is Severity.MEDIUM


def test_the_explanation_lists_the_questions_in_order():
    """Every exception that was asked appears, the decisive answer last."""
    told = explain(
        failing(link("a.Wrap"), link("builtins.ConnectionResetError", "", "cause", errno_name="ECONNRESET")),
        ProjectFacts(),
        compile_rules({"mine": RuleSetting(category=T, types=("c.Other",))}),
    )
    asked = [(step.exception, step.question) for step in told.steps]
    assert asked[0] == ("a.Wrap", "your rules")
    assert ("a.Wrap", "class table") in asked
    assert told.steps[-1].answer == told.diagnosis.rule == "errno.network"
    assert [step.matched for step in told.steps].count(True) == 1


def test_the_explanation_names_rules_that_nearly_matched():
    """A rule whose class fits but whose words do not is worth telling."""
    told = explain(
        failing(BANK),
        ProjectFacts(),
        compile_rules({"mine": RuleSetting(category=T, types=("bankapi.*",), message="^closed")}),
    )
    assert told.steps[0].answer == "nearly: own.mine"


def test_a_message_over_the_size_limit_is_no_rate_limit():
    """gRPC answers both with one code; only one of them is cured by waiting."""
    limited = link("grpc.RpcError", "Quota exceeded", grpc_code="RESOURCE_EXHAUSTED")
    too_large = link("grpc.RpcError", "Received message larger than max (5 vs. 4)", grpc_code="RESOURCE_EXHAUSTED")
    found = [diagnose(failing(one), ProjectFacts()).category for one in (limited, too_large)]
    assert found == [Category.RATE_LIMIT, Category.UNKNOWN]
