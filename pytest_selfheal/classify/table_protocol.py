"""Rules on facts of a protocol: HTTP, cloud codes, gRPC, SQLSTATE, vendor codes, errno, return codes.

Sources: RFC 9110 and 6585 for statuses; RFC 5321 and 4954 for mail; the retry tables of botocore and of the gRPC
guide; PostgreSQL appendix A for SQLSTATE; the MySQL server error reference; errno(3).

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import Any

from pytest_selfheal.classify.rules import PROTOCOL
from pytest_selfheal.classify.rules import UNSURE
from pytest_selfheal.classify.rules import Rule
from pytest_selfheal.model import Category
from pytest_selfheal.model import Severity

_T, _R, _O, _E, _U = (
    Category.TRANSIENT,
    Category.RATE_LIMIT,
    Category.TIMEOUT,
    Category.ENVIRONMENT,
    Category.UNKNOWN,
)


def _rule(
    name: str, category: Category, fact: str, values: str | tuple[Any, ...], confidence: float = PROTOCOL
) -> Rule:
    allowed = frozenset(values.split() if isinstance(values, str) else values)
    return Rule(name, category, confidence, facts={fact: allowed})


_EXHAUSTED = Rule(
    "errno.exhausted",
    _E,
    PROTOCOL,
    facts={"errno_name": frozenset({"ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "ENOMEM"})},
    severity=Severity.CRITICAL,
)

CLOUD_RULES = (
    Rule(
        "api.quota_exhausted",
        _E,
        PROTOCOL,
        facts={"error_code": frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})},
    ),
    Rule(
        "api.out_of_credit",
        _E,
        0.9,
        facts={"http_status": frozenset({400, 402, 403, 429})},
        message=r"\bcredit balance is too low\b|\binsufficient credits?\b|\bexceeded your current quota\b"
        r"|\bbilling (?:hard limit|not active)\b|\bout of credits\b",
    ),
    _rule(
        "aws.throttled",
        _R,
        "aws_code",
        "Throttling ThrottlingException ThrottledException RequestThrottledException RequestThrottled "
        "TooManyRequestsException RequestLimitExceeded ProvisionedThroughputExceededException SlowDown "
        "BandwidthLimitExceeded EC2ThrottledException PriorRequestNotComplete LimitExceededException",
    ),
    _rule(
        "aws.transient",
        _T,
        "aws_code",
        "RequestTimeout RequestTimeoutException InternalError InternalFailure InternalServerError Unavailable "
        "InternalServerException ServiceUnavailable ServiceUnavailableException TransactionInProgressException "
        "ModelNotReadyException IDPCommunicationError",
    ),
    _rule(
        "aws.credentials",
        _E,
        "aws_code",
        "ExpiredToken ExpiredTokenException InvalidAccessKeyId SignatureDoesNotMatch AccessDenied AuthFailure "
        "AccessDeniedException UnrecognizedClientException InvalidClientTokenId UnauthorizedOperation OptInRequired "
        "RequestExpired RequestTimeTooSkewed MissingAuthenticationToken IncompleteSignature InvalidSignatureException",
    ),
    _rule("grpc.unavailable", _T, "grpc_code", "UNAVAILABLE ABORTED"),
    # The same code for a message over the size limit: it will be as large the next time.
    Rule(
        "grpc.too_large",
        _U,
        PROTOCOL,
        facts={"grpc_code": frozenset({"RESOURCE_EXHAUSTED"})},
        message=r"\blarger than max\b",
    ),
    _rule("grpc.exhausted", _R, "grpc_code", "RESOURCE_EXHAUSTED"),
    _rule("grpc.deadline", _O, "grpc_code", "DEADLINE_EXCEEDED"),
    _rule("grpc.credentials", _E, "grpc_code", "UNAUTHENTICATED PERMISSION_DENIED"),
    _rule(
        "grpc.refused",
        _U,
        "grpc_code",
        "CANCELLED UNKNOWN INVALID_ARGUMENT NOT_FOUND ALREADY_EXISTS FAILED_PRECONDITION OUT_OF_RANGE UNIMPLEMENTED "
        "INTERNAL DATA_LOSS",
        UNSURE,
    ),
)

HTTP_RULES = (
    Rule(
        "http.in_process",
        _U,
        0.7,
        facts={"http_status": frozenset(range(400, 600))},
        message=r"https?://(?:testserver|test|testclient)[/:'\"\s]",
    ),
    Rule(
        "http.403_limited",
        _R,
        0.9,
        facts={"http_status": frozenset({403})},
        message=r"rate limit exceeded|secondary rate limit|rateLimitExceeded|userRateLimitExceeded",
    ),
    _rule("http.429", _R, "http_status", (429,)),
    _rule("http.unavailable", _T, "http_status", (502, 503, 504, 408, 425, *range(520, 531), 598, 599)),
    _rule("http.500", _T, "http_status", (500,), 0.75),
    _rule("http.credentials", _E, "http_status", (401, 402, 403, 407, 511), 0.85),
    _rule("http.refused", _U, "http_status", tuple(range(400, 600)), UNSURE),
)

DATABASE_RULES = (
    Rule(
        "mongo.recovering",
        _T,
        PROTOCOL,
        ("pymongo.errors.PyMongoError",),
        {"vendor_code": frozenset({6, 7, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436})},
    ),
    _rule("mongo.labels", _T, "retryable_label", (True,)),
    _rule("sql.lost_connection", _T, "sqlstate", "08000 08001 08003 08004 08006 08007 08S01 57P01 57P02 57P03 57P05"),
    _rule("sql.conflict", _T, "sqlstate", "40001 40P01 55P03"),
    _rule("sql.busy", _T, "sqlstate", "53300 53400"),
    _rule("sql.timeout", _O, "sqlstate", "57014 25P03 HYT00 HYT01"),
    _rule("sql.environment", _E, "sqlstate", "28000 28P01 3D000 42501 53200 0A001"),
    Rule("sql.disk_full", _E, PROTOCOL, facts={"sqlstate": frozenset({"53100"})}, severity=Severity.CRITICAL),
    _rule(
        "sqlite.busy",
        _T,
        "sqlite_error",
        "SQLITE_BUSY SQLITE_BUSY_SNAPSHOT SQLITE_BUSY_RECOVERY SQLITE_LOCKED "
        "SQLITE_BUSY_TIMEOUT SQLITE_LOCKED_SHAREDCACHE SQLITE_LOCKED_VTAB",
    ),
    Rule("sqlite.full", _E, PROTOCOL, facts={"sqlite_error": frozenset({"SQLITE_FULL"})}, severity=Severity.CRITICAL),
    _rule(
        "sqlite.environment",
        _E,
        "sqlite_error",
        "SQLITE_READONLY SQLITE_READONLY_DBMOVED SQLITE_READONLY_DIRECTORY "
        "SQLITE_CANTOPEN SQLITE_CANTOPEN_ISDIR SQLITE_PERM SQLITE_IOERR SQLITE_CORRUPT SQLITE_NOTADB",
        0.85,
    ),
    _rule("mysql.conflict", _T, "vendor_code", (1205, 1213, 3572)),
    _rule("mysql.lost_connection", _T, "vendor_code", (1040, 1053, 1203, 2002, 2003, 2006, 2013, 2055)),
    _rule("mysql.environment", _E, "vendor_code", (1044, 1045, 1049, 1142, 1698)),
    _rule("mysql.limit", _R, "vendor_code", (1226,)),
    _rule("mysql.timeout", _O, "vendor_code", (3024, 1317)),
)

MAIL_RULES = (
    _rule("smtp.temporary", _T, "smtp_code", (421, 450, 451, 452, 455), 0.85),
    _rule("smtp.credentials", _E, "smtp_code", (432, 454, 530, 534, 535, 538), 0.9),
    _rule("smtp.refused", _U, "smtp_code", tuple(range(400, 600)), UNSURE),
)

SYSTEM_RULES = (
    _EXHAUSTED,
    _rule(
        "errno.network",
        _T,
        "errno_name",
        "ECONNRESET ECONNREFUSED ECONNABORTED EHOSTUNREACH ENETUNREACH ENETDOWN ENETRESET EHOSTDOWN ETIMEDOUT "
        "EAI_AGAIN "
        "ENOTCONN ESHUTDOWN ESTALE EINTR",
    ),
    _rule("errno.pipe", _T, "errno_name", "EPIPE EADDRINUSE EAGAIN EWOULDBLOCK", 0.8),
    _rule("errno.address", _E, "errno_name", "EAI_NONAME EAI_NODATA EAI_FAIL EAI_FAMILY EADDRNOTAVAIL", 0.75),
    _rule("errno.access", _E, "errno_name", "EACCES EPERM EROFS ETXTBSY EBUSY", 0.8),
    _rule("errno.missing", _E, "errno_name", "ENOENT ENODEV ENXIO ENOEXEC", 0.85),
    _rule(
        "errno.other",
        _U,
        "errno_name",
        "EEXIST EISDIR ENOTDIR ENOTEMPTY EINVAL EBADF ENAMETOOLONG ELOOP EXDEV EFBIG",
        0.85,
    ),
    Rule("process.killed", Category.CRASH, PROTOCOL, facts={"returncode": frozenset(range(-64, 0))}),
    Rule("process.not_runnable", _E, 0.85, ("subprocess.CalledProcessError",), {"returncode": frozenset({126, 127})}),
)
