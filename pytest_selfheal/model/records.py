"""What the store keeps, and what it answers with.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from typing import Any
from typing import ClassVar

from pytest_selfheal.model.identity import stable_id
from pytest_selfheal.model.observing import Attempt
from pytest_selfheal.model.observing import ErrorLink
from pytest_selfheal.model.observing import Failure
from pytest_selfheal.model.observing import Observation
from pytest_selfheal.model.repairing import Candidate
from pytest_selfheal.model.runs import Record
from pytest_selfheal.model.value import Value
from pytest_selfheal.model.words import Category
from pytest_selfheal.model.words import Origin
from pytest_selfheal.model.words import Outcome
from pytest_selfheal.model.words import Phase
from pytest_selfheal.model.words import Severity
from pytest_selfheal.model.words import Trust

_KEPT_FRAMES = 8
_KEPT_MESSAGE = 600


@dataclass(frozen=True)
class FailureRecord(Record):
    """A failure as kept: the architecture document's `failures` table plus what identifies it here.

    The first failure of a run with a signature also keeps what the diagnosis was made from: `signature_parts`, readable
    where `signature` is a hash, `stack_trace`, and `chain`, every exception with its facts and nearest frames.
    """

    kind: ClassVar[str] = "failure"

    run_id: str
    nodeid: str
    phase: Phase
    error_type: str
    error_message: str
    failure_category: Category
    severity: Severity
    confidence: float
    signature: str
    outage_key: str
    rule: str
    outcome: Outcome
    created_at: str
    attempt: int = 1
    attempts: tuple[Attempt, ...] = ()
    duration_s: float = 0.0
    stack_trace: str = ""
    framework: str = "pytest"
    user_request: str = ""
    test_path: str = ""
    evidence: tuple[str, ...] = ()
    signature_parts: tuple[str, ...] = ()
    chain: tuple[ErrorLink, ...] = ()
    scope: str = "function"
    report_kind: str = "exception"
    is_regression: bool = False
    trust: Trust = Trust.LOCAL
    occurrence_count: int = 1
    test_generated: bool = False

    @classmethod
    def of(
        cls,
        observation: Observation,
        run_id: str,
        trust: Trust,
        *,
        detailed: bool = True,
        severity: Severity | None = None,
    ) -> FailureRecord:
        """Return the record of an observation; the same observation of a run always gets the same id.

        Args:
            observation: the failure with its diagnosis.
            run_id: the run.
            trust: how far the run is trusted.
            detailed: keeps the chain, the stack trace and the parts of the signature.
            severity: what the rest of the run makes of the diagnosis' severity; that one by default.
        """
        failure, diagnosis = observation.failure, observation.diagnosis
        return cls(
            id=cls.id_of(observation, run_id),
            updated_at=failure.created_at,
            run_id=run_id,
            nodeid=failure.nodeid,
            phase=failure.phase,
            error_type=failure.error_type,
            error_message=failure.error_message,
            failure_category=diagnosis.category,
            severity=severity or diagnosis.severity,
            confidence=diagnosis.confidence,
            signature=diagnosis.signature,
            outage_key=diagnosis.outage_key,
            rule=diagnosis.rule,
            outcome=observation.outcome,
            created_at=failure.created_at,
            attempt=len(observation.attempts) + 1,
            attempts=observation.attempts,
            duration_s=failure.duration_s,
            stack_trace=failure.stack_trace if detailed else "",
            framework=failure.framework,
            user_request=failure.user_request,
            test_path=failure.test_path,
            evidence=diagnosis.evidence,
            signature_parts=diagnosis.signature_parts if detailed else (),
            chain=tuple(_trimmed(link) for link in failure.chain) if detailed else (),
            scope=failure.scope,
            report_kind=failure.report_kind,
            is_regression=observation.is_regression,
            trust=trust,
        )

    @staticmethod
    def id_of(observation: Observation, run_id: str) -> str:
        """Return the id of the record of an observation, without making it."""
        failure = observation.failure
        return stable_id(run_id, failure.nodeid, failure.phase.value, observation.diagnosis.signature)

    def failure(self) -> Failure:
        """Return the failure this record was made from, as far as it was kept; diagnosing it again is possible."""
        return Failure(
            nodeid=self.nodeid,
            phase=self.phase,
            error_type=self.error_type,
            error_message=self.error_message,
            stack_trace=self.stack_trace,
            chain=self.chain,
            report_kind=self.report_kind,
            scope=self.scope,
            test_path=self.test_path,
            user_request=self.user_request,
            duration_s=self.duration_s,
            created_at=self.created_at,
        )


def _trimmed(link: ErrorLink) -> ErrorLink:
    own = tuple(frame for frame in link.frames if frame.in_app)
    kept = own if len(own) <= _KEPT_FRAMES else (own[0], *own[1 - _KEPT_FRAMES :])
    if link.frames and link.frames[-1] not in kept:  # who raised it decides about "domain behaviour" and mocks
        kept = (*kept, link.frames[-1])
    return replace(link, frames=kept, message=link.message[:_KEPT_MESSAGE])


@dataclass(frozen=True)
class HealingEvent(Record):
    """Something the plugin did: `action` is retry, fix, suggest, ask, escalate, regression, undo, accept, alert, flaky
    (a test that failed passed again without any change) or analyse (a model was asked; `ref` is the key of the
    question).

    `result` is `ok`, `failed` or `refused`; `ref` names the journal entry, review entry or file it is about.
    """

    kind: ClassVar[str] = "event"

    run_id: str
    action: str
    result: str
    signature: str
    nodeids: tuple[str, ...] = ()
    detail: str = ""
    ref: str = ""
    duration_s: float = 0.0
    created_at: str = ""


@dataclass(frozen=True)
class ReviewEntry(Record):
    """One entry of the human queue. `entry` is suggestion, options or escalation; `status` open, accepted,
    rejected or fixed.

    One entry per signature (the id): seeing the same error again refreshes it instead of adding another. `notes` holds
    one sentence per candidate that could not be validated.
    """

    kind: ClassVar[str] = "review"

    run_id: str
    entry: str
    status: str
    signature: str
    failure_category: Category
    error_type: str
    error_message: str
    nodeids: tuple[str, ...]
    reason: str
    candidates: tuple[Candidate, ...] = ()
    notes: tuple[str, ...] = ()
    stack_trace: str = ""
    created_at: str = ""


@dataclass(frozen=True)
class PatternResult(Record):
    """One validated success or failure of a pattern; the posterior is folded from these."""

    kind: ClassVar[str] = "pattern_result"

    pattern_name: str
    error_signature: str
    fix_strategy: dict[str, Any]
    ok: bool
    run_id: str
    created_at: str


@dataclass(frozen=True)
class GeneratedTest(Record):
    """A regression test this package wrote, one per signature (the id).

    `state` is `open` (the bug stands), `guarding` (it has passed: a failure is a regression) or `retired`; `run_id` is
    the run that wrote it. Counts are of runs that were trusted: `changes` counts how often a guarding test changed
    between passing and failing, `gone_since` is when its target was first missed.
    """

    kind: ClassVar[str] = "generated_test"

    test_name: str
    test_type: str
    test_prompt: str
    expected_behavior: dict[str, Any]
    created_from_failure_id: str
    confidence_score: float
    path: str
    nodeid: str
    content_sha256: str
    created_at: str
    framework: str = "pytest"
    run_count: int = 0
    pass_count: int = 0
    fail_count: int = 0
    is_active: bool = True
    state: str = "open"
    run_id: str = ""
    last_outcome: str = ""
    last_run_at: str = ""
    changes: int = 0
    gone_since: str = ""


@dataclass(frozen=True)
class Pattern(Value):
    """A way to fix a class of errors with the evidence for it; folded from `PatternResult` records."""

    pattern_name: str
    error_signature: str
    fix_strategy: dict[str, Any]
    success_count: int
    failure_count: int
    confidence_score: float
    last_used_at: str
    created_at: str
    origin: Origin = Origin.BUILTIN
    learned: bool = False


@dataclass(frozen=True)
class Occurrence(Value):
    """A failure counted for the repetition rule: distinct by run and nodeid, retries are not counted."""

    run_id: str
    nodeid: str
    created_at: str
    failure_id: str


@dataclass(frozen=True)
class History(Value):
    """What the store knows of one signature, oldest occurrence first."""

    signature: str
    occurrences: tuple[Occurrence, ...] = ()
    total: int = 0
    test_generated: bool = False
