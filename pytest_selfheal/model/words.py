"""The enumerations: one word, one meaning (design, section 4).

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from enum import Enum


class Category(str, Enum):
    """What kind of trouble a failure is; decides which recovery or repair may be tried."""

    TRANSIENT = "transient"
    RATE_LIMIT = "rate_limit"
    TIMEOUT = "timeout"
    SYNTAX = "syntax"
    MISSING_IMPORT = "missing_import"
    MISSING_DEPENDENCY = "missing_dependency"
    TYPE_ERROR = "type_error"
    FIXTURE_ERROR = "fixture_error"
    ASSERTION = "assertion"
    ENVIRONMENT = "environment"
    PARSE = "parse"
    CRASH = "crash"
    UNKNOWN = "unknown"


class Severity(str, Enum):
    """How much of the run a failure spoils, from `low` to `critical`."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    def raised(self) -> Severity:
        """Return the next step up; `critical` stays."""
        steps = list(Severity)
        return steps[min(steps.index(self) + 1, len(steps) - 1)]


class Phase(str, Enum):
    """Where in a test's life it failed; `collect` covers module and conftest imports."""

    COLLECT = "collect"
    SETUP = "setup"
    CALL = "call"
    TEARDOWN = "teardown"


class Outcome(str, Enum):
    """How a test that failed at least once ended."""

    PASSED = "passed"
    HEALED = "healed"
    FAILED = "failed"
    ESCALATED = "escalated"


class Trust(str, Enum):
    """How far the run's origin is trusted; decides whether code may be written."""

    LOCAL = "local"
    TRUSTED_CI = "trusted_ci"
    COLLABORATOR = "collaborator"
    UNTRUSTED = "untrusted"


class Origin(str, Enum):
    """Who thought of a candidate."""

    BUILTIN = "builtin"
    LEARNED = "learned"
    AI = "ai"
    HUMAN = "human"


class ErrorClass(str, Enum):
    """`api` errors fail loudly when a fix is wrong; `value` errors do not (design, section 5)."""

    API = "api"
    VALUE = "value"
