"""Rules for what pytest and its plugins say themselves; exact wording only.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from pytest_selfheal.classify.rules import STRUCTURAL
from pytest_selfheal.classify.rules import Rule
from pytest_selfheal.model import Category
from pytest_selfheal.model import Severity

ENVELOPES = frozenset(
    {
        "_pytest.nodes.Collector.CollectError",
        "_pytest.config.ConftestImportFailure",
        "doctest.UnexpectedException",
        "_pytest.doctest.MultipleDoctestFailures",
    }
)
"""Wrappers of pytest's that say nothing themselves; the exception inside counts, without loss of confidence."""

FAILED = "builtins.Failed"

# Words of fixtures.py, python.py and compat.py of pytest 8.2 to 9.2 for wrong use of fixtures and parameters.
_FIXTURE_USAGE = (
    r"^ScopeMismatch: |^Fixture \"[^\"]+\" called directly|^fixture function has more than one 'yield'"
    r"|requested an async fixture|^The requested fixture has no parameter defined for test|does not support fixtures"
    r"|^In [^\n]*: (?:indirect fixture '|function uses no (?:fixture|argument) '|function already takes an argument '"
    r"|\d+ parameter sets specified|expected Sequence or boolean for indirect|ids contains unsupported value"
    r"|\"parametrize\" sets the number of values|duplicate parametrization)"
    r"|'request' is a reserved|^Marks cannot be applied to fixtures|unexpected scope value '"
    r"|^Could not determine arguments of|duplicate parametrization|multiple instances of HIDDEN_PARAM"
    r"|^recursive dependency involving fixture|^Unknown '[^']+' mark, did you mean|in \"parametrize\" the number of"
)

STRUCTURAL_RULES = (
    Rule("pytest.fixture_lookup", Category.FIXTURE_ERROR, STRUCTURAL, ("_pytest.fixtures.FixtureLookupError",)),
    Rule(
        "pytest.timeout",
        Category.TIMEOUT,
        STRUCTURAL,
        (FAILED,),
        message=r"^Timeout \(>[\d.]+s\) from pytest-timeout\.?$",
    ),
    Rule("selfheal.timeout", Category.TIMEOUT, STRUCTURAL, ("pytest_selfheal.resilience.limits.TimeLimitError",)),
    # Its breaker has already decided that calling again is of no use for a while.
    Rule(
        "selfheal.circuit_open",
        Category.ENVIRONMENT,
        STRUCTURAL,
        ("pytest_selfheal.resilience.breaker.CircuitOpenError",),
        severity=Severity.MEDIUM,
    ),
    Rule("pytest.did_not_raise", Category.ASSERTION, STRUCTURAL, (FAILED,), message=r"^DID NOT (?:RAISE|WARN)\b"),
    Rule("pytest.fixture_usage", Category.FIXTURE_ERROR, STRUCTURAL, (FAILED,), message=_FIXTURE_USAGE),
    Rule(
        "pytest.marker",
        Category.ENVIRONMENT,
        0.7,
        (FAILED,),
        message=r"^'[^']+' not found in `markers` configuration option",
        severity=Severity.MEDIUM,
    ),
    Rule(
        "pytest.no_async", Category.MISSING_DEPENDENCY, 0.8, (FAILED,), message=r"^async def functions are not natively"
    ),
    Rule("pytest.condition", Category.UNKNOWN, 0.6, (FAILED,), message=r"^Error evaluating '"),
    Rule("pytest.crashed", Category.CRASH, STRUCTURAL, (FAILED,), message=r"CRASHED with signal \d"),
    Rule("pytest.fail", Category.ASSERTION, 0.9, (FAILED,)),
    Rule("doctest.mismatch", Category.ASSERTION, STRUCTURAL, ("doctest.DocTestFailure",)),
    Rule(
        "pytest.import_mismatch",
        Category.ENVIRONMENT,
        0.95,
        ("_pytest.pathlib.ImportPathMismatchError", "py._path.local.LocalPath.ImportMismatchError"),
    ),
    Rule(
        "pytest.collect_usage",
        Category.FIXTURE_ERROR,
        0.9,
        ("_pytest.nodes.Collector.CollectError",),
        message=_FIXTURE_USAGE,
    ),
    Rule(
        "pytest.nothing_yielded",
        Category.FIXTURE_ERROR,
        0.9,
        ("builtins.ValueError",),
        message=r"^[A-Za-z_]\w* did not yield a value$",
    ),
    Rule("unraisable", Category.UNKNOWN, 0.7, ("pytest.PytestUnraisableExceptionWarning",)),
)

# Errors a server raises to answer its client: the program under test decided so, no remote service failed.
SERVED = (
    Rule(
        "served.http",
        Category.UNKNOWN,
        0.9,
        (
            "starlette.exceptions.HTTPException",
            "werkzeug.exceptions.HTTPException",
            "aiohttp.web_exceptions.HTTPException",
            "rest_framework.exceptions.APIException",
            "falcon.http_error.HTTPError",
            "sanic.exceptions.SanicException",
            "tornado.web.HTTPError",
            "litestar.exceptions.http_exceptions.HTTPException",
            "django.http.response.Http404",
            "bottle.HTTPError",
        ),
    ),
)

# A mock refused the call: the test and the code disagree, although the class says that the network failed.
MOCKED = (
    Rule(
        "mock.responses", Category.ASSERTION, 0.85, message=r"^Connection refused by Responses - the call doesn't match"
    ),
    Rule("mock.requests_mock", Category.ASSERTION, 0.85, ("requests_mock.exceptions.NoMockAddress",)),
    Rule("mock.httpretty", Category.ASSERTION, 0.85, ("httpretty.errors.UnmockedError",)),
    Rule(
        "mock.httpx", Category.ASSERTION, 0.85, ("httpx.TimeoutException",), message=r"^No response can be found for "
    ),
    Rule(
        "mock.aioresponses",
        Category.ASSERTION,
        0.85,
        ("aiohttp.client_exceptions.ClientConnectionError",),
        message=r"^Connection refused: (?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) ",
    ),
    Rule("mock.vcr", Category.ASSERTION, 0.8, ("vcr.errors.CannotOverwriteExistingRequestException",)),
    Rule("mock.socket_blocked", Category.ENVIRONMENT, 0.7, ("pytest_socket.SocketBlockedError",)),
)
