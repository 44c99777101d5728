"""The nouns: every arrow of the river is one of these values.

Frozen, built from plain JSON types, and round-tripping through `to_dict` / `from_dict`. Probabilities are 0-1,
durations are seconds, times are UTC in ISO 8601 with milliseconds and a trailing `Z`. Field names follow the tables of
the architecture document wherever they mean the same thing.

A name is loaded when it is first asked for: building three dozen dataclasses would cost a green run more than all the
rest of the plugin.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_selfheal.model.asking import Advice
    from pytest_selfheal.model.asking import Prompt
    from pytest_selfheal.model.asking import Proposal
    from pytest_selfheal.model.asking import Reply
    from pytest_selfheal.model.asking import Rewrite
    from pytest_selfheal.model.asking import Usage
    from pytest_selfheal.model.committing import GeneratedFile
    from pytest_selfheal.model.committing import Landing
    from pytest_selfheal.model.committing import Skipped
    from pytest_selfheal.model.identity import stable_id
    from pytest_selfheal.model.judging import Alert
    from pytest_selfheal.model.judging import Health
    from pytest_selfheal.model.judging import Metric
    from pytest_selfheal.model.judging import RuleResult
    from pytest_selfheal.model.judging import Verdict
    from pytest_selfheal.model.moment import utc_text
    from pytest_selfheal.model.observing import Attempt
    from pytest_selfheal.model.observing import Diagnosis
    from pytest_selfheal.model.observing import ErrorLink
    from pytest_selfheal.model.observing import Failure
    from pytest_selfheal.model.observing import Frame
    from pytest_selfheal.model.observing import Observation
    from pytest_selfheal.model.observing import Ruling
    from pytest_selfheal.model.patterns import Change
    from pytest_selfheal.model.patterns import ErrorFacts
    from pytest_selfheal.model.patterns import Evidence
    from pytest_selfheal.model.patterns import Example
    from pytest_selfheal.model.patterns import LearnedPattern
    from pytest_selfheal.model.patterns import OpenFailure
    from pytest_selfheal.model.patterns import Shape
    from pytest_selfheal.model.project import ProjectFacts
    from pytest_selfheal.model.records import FailureRecord
    from pytest_selfheal.model.records import GeneratedTest
    from pytest_selfheal.model.records import HealingEvent
    from pytest_selfheal.model.records import History
    from pytest_selfheal.model.records import Occurrence
    from pytest_selfheal.model.records import Pattern
    from pytest_selfheal.model.records import PatternResult
    from pytest_selfheal.model.records import ReviewEntry
    from pytest_selfheal.model.repairing import Action
    from pytest_selfheal.model.repairing import Applied
    from pytest_selfheal.model.repairing import Apply
    from pytest_selfheal.model.repairing import Ask
    from pytest_selfheal.model.repairing import Candidate
    from pytest_selfheal.model.repairing import Edit
    from pytest_selfheal.model.repairing import Escalate
    from pytest_selfheal.model.repairing import Fix
    from pytest_selfheal.model.repairing import Patch
    from pytest_selfheal.model.repairing import Proof
    from pytest_selfheal.model.repairing import Suggest
    from pytest_selfheal.model.repairing import Validation
    from pytest_selfheal.model.runs import Record
    from pytest_selfheal.model.runs import RunRecord
    from pytest_selfheal.model.telling import Deed
    from pytest_selfheal.model.telling import RunSummary
    from pytest_selfheal.model.value import Value
    from pytest_selfheal.model.words import Category
    from pytest_selfheal.model.words import ErrorClass
    from pytest_selfheal.model.words import Origin
    from pytest_selfheal.model.words import Outcome
    from pytest_selfheal.model.words import Phase
    from pytest_selfheal.model.words import Severity
    from pytest_selfheal.model.words import Trust

_HOMES = {
    "asking": "Advice Prompt Proposal Reply Rewrite Usage",
    "committing": "GeneratedFile Landing Skipped",
    "identity": "stable_id",
    "judging": "Alert Health Metric RuleResult Verdict",
    "moment": "utc_text",
    "observing": "Attempt Diagnosis ErrorLink Failure Frame Observation Ruling",
    "patterns": "Change ErrorFacts Evidence Example LearnedPattern OpenFailure Shape",
    "project": "ProjectFacts",
    "records": "FailureRecord GeneratedTest HealingEvent History Occurrence Pattern PatternResult ReviewEntry",
    "repairing": "Action Applied Apply Ask Candidate Edit Escalate Fix Patch Proof Suggest Validation",
    "runs": "Record RunRecord",
    "telling": "Deed RunSummary",
    "value": "Value",
    "words": "Category ErrorClass Origin Outcome Phase Severity Trust",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value


__all__ = [
    "Action",
    "Advice",
    "Alert",
    "Applied",
    "Apply",
    "Ask",
    "Attempt",
    "Candidate",
    "Category",
    "Change",
    "Deed",
    "Diagnosis",
    "Edit",
    "ErrorClass",
    "ErrorFacts",
    "ErrorLink",
    "Escalate",
    "Evidence",
    "Example",
    "Failure",
    "FailureRecord",
    "Fix",
    "Frame",
    "GeneratedFile",
    "GeneratedTest",
    "HealingEvent",
    "Health",
    "History",
    "Landing",
    "LearnedPattern",
    "Metric",
    "Observation",
    "Occurrence",
    "OpenFailure",
    "Origin",
    "Outcome",
    "Patch",
    "Pattern",
    "PatternResult",
    "Phase",
    "ProjectFacts",
    "Prompt",
    "Proof",
    "Proposal",
    "Record",
    "Reply",
    "ReviewEntry",
    "Rewrite",
    "RuleResult",
    "Ruling",
    "RunRecord",
    "RunSummary",
    "Severity",
    "Shape",
    "Skipped",
    "Suggest",
    "Trust",
    "Usage",
    "Validation",
    "Value",
    "Verdict",
    "stable_id",
    "utc_text",
]
