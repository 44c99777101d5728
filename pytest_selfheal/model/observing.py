"""What a worker sees of a test that failed: facts, diagnosis, attempts.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import Any

from pytest_selfheal.model.value import Value
from pytest_selfheal.model.words import Category
from pytest_selfheal.model.words import Outcome
from pytest_selfheal.model.words import Phase
from pytest_selfheal.model.words import Severity


@dataclass(frozen=True)
class Frame(Value):
    """One traceback entry. `path` is relative to the root directory with `/`, absolute when outside it."""

    path: str
    lineno: int
    function: str
    source: str = ""
    in_app: bool = False
    is_test: bool = False


@dataclass(frozen=True)
class ErrorLink(Value):
    """One exception of a chain as plain facts; the exception object itself never leaves the worker.

    `relation` is `self`, `cause`, `context` or `group` (leaf of an exception group). `facts` holds what could be read
    safely from the object: `errno`, `http_status`, `retry_after`, `sqlstate`, `grpc_code`, `aws_code`, `name`,
    `filename`, `returncode`, ... Frames are outermost first.
    """

    type_name: str
    mro: tuple[str, ...] = ()
    message: str = ""
    relation: str = "self"
    facts: dict[str, Any] = field(default_factory=dict)
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class Failure(Value):
    """One failed phase of one test or collection, redacted, as the worker saw it.

    `chain[0]` is the exception pytest saw; `report_kind` is `exception`, `xpass_strict`, `crash` or `text` (a report
    without an exception object). `scope` is the widest scope of the fixtures that were being set up. `user_request` is
    the test's intent: the first line of its docstring, or its name in words.
    """

    nodeid: str
    phase: Phase
    error_type: str
    error_message: str
    stack_trace: str = ""
    chain: tuple[ErrorLink, ...] = ()
    report_kind: str = "exception"
    scope: str = "function"
    test_path: str = ""
    user_request: str = ""
    duration_s: float = 0.0
    created_at: str = ""
    framework: str = "pytest"


@dataclass(frozen=True)
class Diagnosis(Value):
    """What a failure is: the decisive rule, its confidence, and the stable key of the error."""

    category: Category
    severity: Severity
    confidence: float
    signature: str
    outage_key: str
    rule: str
    evidence: tuple[str, ...] = ()
    signature_parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ruling(Value):
    """What an implementation of `pytest_selfheal_classify` says a failure is.

    `severity` None leaves it to the category and the phase; `reason` is kept as evidence.
    """

    category: Category
    severity: Severity | None = None
    confidence: float = 0.9
    reason: str = ""


@dataclass(frozen=True)
class Attempt(Value):
    """One failed try of a test within a run. `waited_s` is the backoff slept after it."""

    number: int
    category: Category
    signature: str
    error_type: str
    error_message: str
    duration_s: float = 0.0
    waited_s: float = 0.0


@dataclass(frozen=True)
class Observation(Value):
    """What a worker tells the controller about one test that failed at least once (one JSON string on the report).

    `hands_off` tells that the test's author opted out of retries and repairs, `stopped` why there was no further try.
    """

    failure: Failure
    diagnosis: Diagnosis
    outcome: Outcome
    attempts: tuple[Attempt, ...] = ()
    is_regression: bool = False
    hands_off: bool = False
    stopped: str = ""
