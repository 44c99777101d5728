"""The labelled table: what each kind of failure is."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
import os
import pickle
import socket
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest

from pytest_selfheal.classify import diagnose
from pytest_selfheal.model import Category
from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Frame
from pytest_selfheal.model import Phase
from pytest_selfheal.model import ProjectFacts
from pytest_selfheal.plugin.capture import capture

ROOT = Path(__file__).parents[3]
FACTS = ProjectFacts(
    own=frozenset({"shop", "tests"}),
    installed=frozenset({"requests", "httpx", "numpy", "hypothesis", "google", "somelib"}),
    own_modules=frozenset({"shop.cart", "shop.users"}),
)


def library(name, *bases, **attributes):
    """Return a class that carries the fully-qualified name of a library's."""
    module, _, qualname = name.rpartition(".")
    return type(qualname, bases or (Exception,), {"__module__": module, **attributes})


def diagnosed(error):
    failure = capture(error, nodeid="tests/test_a.py::test_a", phase=Phase.CALL, rootpath=ROOT)
    return diagnose(Failure.from_dict(failure.to_dict()), FACTS)


def raised(call):
    """Return the exception that a call raises."""
    with pytest.raises(BaseException) as excinfo:  # noqa: PT011 - any exception is data here
        call()
    return excinfo.value


def throw(error, cause=None):
    if cause is None:
        raise error
    raise error from cause


def while_handling(first, second):
    try:
        raise first  # noqa: TRY301 - the chain is the point
    except BaseException:  # noqa: BLE001 - the chain is the point
        raise second  # noqa: B904


def instead_of(first, second):
    """Raise the second exception `from None` in answer to the first."""
    try:
        raise first  # noqa: TRY301 - the chain is the point
    except BaseException:  # noqa: BLE001 - the chain is the point
        raise second from None


def with_facts(error, **facts):
    for name, value in facts.items():
        setattr(error, name, value)
    return error


def response(status, **headers):
    return SimpleNamespace(status_code=status, headers=headers)


RequestException = library("requests.exceptions.RequestException", OSError)
RequestsConnection = library("requests.exceptions.ConnectionError", RequestException)
HTTPError = library("requests.exceptions.HTTPError", RequestException)
HTTPXTransport = library("httpx.TransportError")
RedisError = library("redis.exceptions.RedisError")
RedisConnection = library("redis.exceptions.ConnectionError", RedisError)
ClientError = library("botocore.exceptions.ClientError")
DBAPIError = library("sqlalchemy.exc.DBAPIError")
APIStatusError = library("openai.APIStatusError", library("openai.APIError", library("openai.OpenAIError")))
Pydantic = library("pydantic_core._pydantic_core.ValidationError", ValueError)
OwnError = library("shop.errors.ShopError")
Unlisted = library("somelib.errors.SomeError")


def aws(code, status):
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return with_facts(ClientError(f"An error occurred ({code})"), response=answer)


def grpc(name):
    base = library("grpc.RpcError")
    return library("grpc._channel._InactiveRpcError", base, code=lambda self: SimpleNamespace(name=name))("rpc failed")


def locked_database():
    one, two = (sqlite3.connect("file:locked?mode=memory&cache=shared", uri=True, timeout=0) for _ in "12")
    try:
        one.execute("create table t (x)")
        one.execute("begin exclusive")
        two.execute("insert into t values (1)")
    finally:
        one.close()
        two.close()


def no_such_table():
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("select * from nothing")


def undefined():
    return base64.b64encode(b"x")  # noqa: F821 - the error is the point


def misspelt():
    customer_name = "x"
    return custommer_name + customer_name  # noqa: F821 - the error is the point


def unbound():
    if sys.argv == []:
        value = 1
    return value


def expect_key_error():
    with pytest.raises(KeyError):
        str(0)


def import_name(module, name):
    exec(f"from {module} import {name}", {})


T, R, O = Category.TRANSIENT, Category.RATE_LIMIT, Category.TIMEOUT  # noqa: E741 - short columns
E, P, U, A = Category.ENVIRONMENT, Category.PARSE, Category.UNKNOWN, Category.ASSERTION

STANDARD_LIBRARY = [
    ("assert", A, lambda: raised(lambda: ast.literal_eval("1") == 1 and throw(AssertionError("1 == 2")))),
    ("assert-words", A, lambda: AssertionError("Connection reset by peer")),
    (
        "assert-caused",
        A,
        lambda: raised(lambda: throw(AssertionError("no answer"), ConnectionResetError(104, "reset"))),
    ),
    ("reset", T, lambda: ConnectionResetError(104, "Connection reset by peer")),
    ("refused", T, lambda: raised(lambda: socket.create_connection(("127.0.0.1", 9), timeout=2))),
    ("oserror-unreachable", T, lambda: OSError(101, "Network is unreachable")),
    ("dns-again", T, lambda: socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")),
    ("dns-unknown", E, lambda: socket.gaierror(socket.EAI_NONAME, "Name or service not known")),
    ("timeout", O, lambda: TimeoutError("timed out")),
    ("timeout-async", O, lambda: raised(lambda: asyncio.run(asyncio.wait_for(asyncio.sleep(5), 0.001)))),
    ("timeout-process", O, lambda: subprocess.TimeoutExpired(["x"], 3)),
    ("disk-full", E, lambda: OSError(28, "No space left on device")),
    ("files-open", E, lambda: OSError(24, "Too many open files")),
    ("no-file", E, lambda: raised(lambda: Path("/does/not/exist").read_text())),
    ("no-access", E, lambda: PermissionError(13, "Permission denied")),
    ("memory", E, MemoryError),
    ("environ", E, lambda: raised(lambda: os.environ["SHOP_SETTING_THAT_IS_UNSET"])),
    ("key", U, lambda: raised(lambda: {"a": 1}["b"])),
    ("index", U, lambda: raised(lambda: list("a")[2])),
    ("value", U, lambda: ValueError("Connection reset by peer")),
    ("lookup-words", U, lambda: LookupError("rate limit exceeded")),
    ("zero", U, lambda: raised(lambda: 1 / 0)),
    ("recursion", U, lambda: RecursionError("maximum recursion depth exceeded")),
    ("exit", U, lambda: SystemExit(1)),
    ("type", Category.TYPE_ERROR, lambda: raised(lambda: len(5))),
    ("type-words", Category.TYPE_ERROR, lambda: TypeError("request timed out")),
    ("attribute-none", Category.TYPE_ERROR, lambda: raised(lambda: None.upper())),  # noqa: PLW0108 - the attribute is looked up inside
    ("attribute-submodule", Category.MISSING_IMPORT, lambda: raised(lambda: sys.modules["shop_probe"].cart)),
    ("json", P, lambda: raised(lambda: json.loads("{nope"))),
    ("xml", P, lambda: raised(lambda: ET.fromstring("<a>"))),
    ("zip", P, lambda: raised(lambda: zipfile.ZipFile(BytesIO(b"nope")))),
    ("pickle", P, lambda: pickle.UnpicklingError("pickle data was truncated")),
    ("unicode", P, lambda: raised(b"\xff".decode)),
    ("syntax-text", P, lambda: raised(lambda: compile("x = = 1", "<string>", "exec"))),
    ("syntax-file", Category.SYNTAX, lambda: raised(lambda: compile("x = = 1", str(ROOT / "shop/cart.py"), "exec"))),
    ("syntax-indent", Category.SYNTAX, lambda: raised(lambda: compile("  x\n y", str(ROOT / "shop/a.py"), "exec"))),
    ("syntax-installed", E, lambda: SyntaxError("bad", (str(ROOT / ".venv/lib/python3.11/x.py"), 1, 1, "x"))),
    ("import-missing", Category.MISSING_DEPENDENCY, lambda: raised(lambda: import_name("flask_login_x", "a"))),
    ("import-own", Category.MISSING_IMPORT, lambda: ModuleNotFoundError("No module named 'shop.x'", name="shop.x")),
    ("import-stdlib", E, lambda: ModuleNotFoundError("No module named 'winreg'", name="winreg")),
    ("import-removed", E, lambda: ModuleNotFoundError("No module named 'telnetlib'", name="telnetlib")),
    (
        "import-own-name",
        Category.MISSING_IMPORT,
        lambda: ImportError("cannot import name 'x' from 'shop' (a)", name="shop"),
    ),
    (
        "import-namespace",
        Category.MISSING_DEPENDENCY,
        lambda: raised(
            lambda: throw(ImportError("cannot import name 'pubsub' from 'google' (unknown location)", name="google"))
        ),
    ),
    ("import-moved", Category.MISSING_IMPORT, lambda: raised(lambda: import_name("collections", "Mapping"))),
    (
        "import-circular",
        Category.MISSING_IMPORT,
        lambda: ImportError(
            "cannot import name 'x' from partially initialized module 'shop.a' (most likely due to a circular import)"
        ),
    ),
    ("import-binary", E, lambda: ImportError("libGL.so.1: cannot open shared object file: No such file or directory")),
    ("import-optional", Category.MISSING_DEPENDENCY, lambda: ImportError("Missing optional dependency 'openpyxl'.")),
    (
        "import-relative",
        Category.MISSING_IMPORT,
        lambda: ImportError("attempted relative import with no known parent package"),
    ),
    ("name-import", Category.MISSING_IMPORT, lambda: raised(undefined)),
    ("name-misspelt", U, lambda: raised(misspelt)),
    ("name-alias", Category.MISSING_IMPORT, lambda: NameError("name 'np' is not defined")),
    ("name-unbound", U, lambda: raised(unbound)),
    ("sqlite-locked", T, lambda: raised(locked_database)),
    ("sqlite-table", U, lambda: raised(no_such_table)),
    ("process-killed", Category.CRASH, lambda: subprocess.CalledProcessError(-11, ["x"])),
    ("process-missing", E, lambda: subprocess.CalledProcessError(127, ["x"])),
    ("process-failed", U, lambda: subprocess.CalledProcessError(1, ["x"])),
    ("mock-side-effect", U, lambda: raised(mock.Mock(side_effect=ConnectionResetError(104, "reset")))),
    ("mock-assertion", A, lambda: raised(mock.Mock().assert_called_once)),
]

PYTEST = [
    ("fail", A, lambda: raised(lambda: pytest.fail("Connection refused"))),
    ("did-not-raise", A, lambda: raised(expect_key_error)),
    ("timeout-plugin", O, lambda: raised(lambda: pytest.fail("Timeout (>3.0s) from pytest-timeout."))),
    ("timeout-in-words", A, lambda: raised(lambda: pytest.fail("we saw: Timeout (>3.0s) from pytest-timeout."))),
    ("scope", Category.FIXTURE_ERROR, lambda: raised(lambda: pytest.fail("ScopeMismatch: You tried to access"))),
    ("called-directly", Category.FIXTURE_ERROR, lambda: raised(pytest.fixture(lambda: 1))),
    (
        "collect-import",
        Category.MISSING_DEPENDENCY,
        lambda: raised(
            lambda: throw(
                pytest.Collector.CollectError("ImportError while importing"),
                ModuleNotFoundError("No module named 'zz'", name="zz"),
            )
        ),
    ),
    (
        "collect-syntax",
        Category.SYNTAX,
        lambda: raised(
            lambda: throw(
                pytest.Collector.CollectError("x"), SyntaxError("bad", (str(ROOT / "tests/test_x.py"), 1, 1, "x"))
            )
        ),
    ),
]

LIBRARIES = [
    ("requests-connection", T, lambda: RequestsConnection("Max retries exceeded")),
    (
        "requests-ssl",
        E,
        lambda: library("requests.exceptions.SSLError", RequestsConnection)("certificate verify failed"),
    ),
    (
        "requests-connect-timeout",
        O,
        lambda: library(
            "requests.exceptions.ConnectTimeout",
            RequestsConnection,
            library("requests.exceptions.Timeout", RequestException),
        )("x"),
    ),
    ("requests-json", P, lambda: library("requests.exceptions.JSONDecodeError", RequestException, ValueError)("x")),
    ("requests-503", T, lambda: with_facts(HTTPError("503 Server Error"), response=response(503))),
    ("requests-429", R, lambda: with_facts(HTTPError("429 Client Error"), response=response(429))),
    ("requests-401", E, lambda: with_facts(HTTPError("401 Client Error"), response=response(401))),
    ("requests-404", U, lambda: with_facts(HTTPError("404 Client Error"), response=response(404))),
    (
        "requests-mocked",
        A,
        lambda: RequestsConnection("Connection refused by Responses - the call doesn't match any mock"),
    ),
    ("requests-vendored", T, lambda: library("pip._vendor.requests.exceptions.ConnectionError")("x")),
    (
        "httpx-connect",
        T,
        lambda: library("httpx.ConnectError", library("httpx.NetworkError", HTTPXTransport))("refused"),
    ),
    ("httpx-certificate", E, lambda: library("httpx.ConnectError", HTTPXTransport)("[SSL: CERTIFICATE_VERIFY_FAILED]")),
    ("httpx-read", O, lambda: library("httpx.ReadTimeout", library("httpx.TimeoutException", HTTPXTransport))("x")),
    (
        "httpx-mocked",
        A,
        lambda: library("httpx.TimeoutException", HTTPXTransport)("No response can be found for GET request"),
    ),
    (
        "httpx-in-process",
        U,
        lambda: with_facts(
            library("httpx.HTTPStatusError")("Server error '500 Internal Server Error' for url 'http://testserver/x'"),
            response=response(500),
        ),
    ),
    ("aiohttp-503", T, lambda: with_facts(library("aiohttp.client_exceptions.ClientResponseError")("503"), status=503)),
    (
        "aiohttp-content",
        P,
        lambda: with_facts(library("aiohttp.client_exceptions.ContentTypeError")("text/html"), status=200),
    ),
    ("aiohttp-timeout", O, lambda: library("aiohttp.client_exceptions.ServerTimeoutError", TimeoutError)("x")),
    (
        "urllib3-new",
        T,
        lambda: library(
            "urllib3.exceptions.NewConnectionError",
            library("urllib3.exceptions.ConnectTimeoutError", library("urllib3.exceptions.TimeoutError")),
        )("x"),
    ),
    ("openai-rate", R, lambda: with_facts(library("openai.RateLimitError", APIStatusError)("x"), status_code=429)),
    (
        "openai-quota",
        E,
        lambda: with_facts(
            library("openai.RateLimitError", APIStatusError)("x"), status_code=429, code="insufficient_quota"
        ),
    ),
    (
        "openai-connection",
        T,
        lambda: library("openai.APIConnectionError", library("openai.APIError"))("Connection error."),
    ),
    ("openai-timeout", O, lambda: library("openai.APITimeoutError", library("openai.APIConnectionError"))("timed out")),
    ("openai-key", E, lambda: library("openai.AuthenticationError", APIStatusError)("Incorrect API key")),
    ("anthropic-overloaded", T, lambda: with_facts(library("anthropic.APIStatusError")("Overloaded"), status_code=529)),
    ("aws-throttled", R, lambda: aws("ThrottlingException", 400)),
    ("aws-denied", E, lambda: aws("AccessDenied", 403)),
    ("aws-503", T, lambda: aws("SomethingNew", 503)),
    ("aws-key", U, lambda: aws("NoSuchKey", 404)),
    ("grpc-unavailable", T, lambda: grpc("UNAVAILABLE")),
    ("grpc-exhausted", R, lambda: grpc("RESOURCE_EXHAUSTED")),
    ("grpc-argument", U, lambda: grpc("INVALID_ARGUMENT")),
    ("sql-deadlock", T, lambda: with_facts(library("psycopg.errors.Whatever")("x"), sqlstate="40P01")),
    ("sql-auth", E, lambda: with_facts(library("asyncpg.exceptions.X")("x"), sqlstate="28P01")),
    ("sql-unique", U, lambda: with_facts(library("sqlalchemy.exc.IntegrityError", DBAPIError)("x"), pgcode="23505")),
    ("sql-starting", T, lambda: library("psycopg2.OperationalError")("FATAL:  the database system is starting up")),
    (
        "sqlalchemy-wraps",
        T,
        lambda: raised(
            lambda: throw(
                library("sqlalchemy.exc.OperationalError", DBAPIError)("x"),
                sqlite3.OperationalError("database is locked"),
            )
        ),
    ),
    (
        "sqlalchemy-table",
        U,
        lambda: raised(
            lambda: throw(
                library("sqlalchemy.exc.OperationalError", DBAPIError)("no such table: t"),
                sqlite3.OperationalError("no such table: t"),
            )
        ),
    ),
    ("mysql-gone", T, lambda: library("pymysql.err.OperationalError")(2006, "MySQL server has gone away")),
    ("mysql-access", E, lambda: library("pymysql.err.OperationalError")(1045, "Access denied")),
    ("redis-connection", T, lambda: RedisConnection("Error 111")),
    ("redis-auth", E, lambda: library("redis.exceptions.AuthenticationError", RedisConnection)("x")),
    ("redis-memory", E, lambda: library("redis.exceptions.OutOfMemoryError", RedisConnection)("x")),
    ("redis-timeout", O, lambda: library("redis.exceptions.TimeoutError", RedisError)("x")),
    ("mongo-selection", T, lambda: library("pymongo.errors.ServerSelectionTimeoutError", TimeoutError)("refused")),
    (
        "mongo-duplicate",
        U,
        lambda: library("pymongo.errors.DuplicateKeyError", library("pymongo.errors.WriteError"))("x"),
    ),
    (
        "mongo-label",
        T,
        lambda: with_facts(
            library("pymongo.errors.OperationFailure")("x"), details={"errorLabels": ["TransientTransactionError"]}
        ),
    ),
    ("pydantic-data", P, lambda: with_facts(Pydantic("1 validation error for User"), title="User")),
    ("pydantic-settings", E, lambda: with_facts(Pydantic("1 validation error for Settings"), title="AppSettings")),
    (
        "pydantic-call",
        Category.TYPE_ERROR,
        lambda: with_facts(Pydantic("x [type=unexpected_keyword_argument, input_value=1]"), title="send"),
    ),
    ("yaml", P, lambda: library("yaml.scanner.ScannerError", library("yaml.error.MarkedYAMLError"))("x")),
    ("lxml", P, lambda: library("lxml.etree.XMLSyntaxError", SyntaxError)("x")),
    ("numpy-memory", E, lambda: library("numpy._core._exceptions._ArrayMemoryError", MemoryError)("x")),
    ("numpy-type", Category.TYPE_ERROR, lambda: library("numpy._core._exceptions._UFuncNoLoopError", TypeError)("x")),
    ("pandas-parser", P, lambda: library("pandas.errors.ParserError", ValueError)("x")),
    (
        "tenacity",
        T,
        lambda: raised(lambda: throw(library("tenacity.RetryError")("x"), ConnectionResetError(104, "reset"))),
    ),
    ("served-429", U, lambda: with_facts(library("starlette.exceptions.HTTPException")("x"), status_code=429)),
    ("unlisted", U, lambda: Unlisted("Something else")),
    ("unlisted-connection", T, lambda: library("somelib.Lost", ConnectionError)("x")),
]

CHAINS = [
    ("runtime-cause", T, lambda: raised(lambda: throw(RuntimeError("load failed"), ConnectionResetError(104, "x")))),
    (
        "runtime-context",
        T,
        lambda: raised(lambda: while_handling(ConnectionResetError(104, "x"), RuntimeError("failed"))),
    ),
    ("runtime-message", T, lambda: RuntimeError("upstream answered: 503 Service Unavailable")),
    ("exception-message", R, lambda: Exception("Too Many Requests")),
    ("talk", U, lambda: RuntimeError("expected Connection refused but nothing happened")),
    ("runtime", U, lambda: RuntimeError("cannot do that")),
    (
        "definite-over-context",
        U,
        lambda: raised(lambda: while_handling(ConnectionResetError(104, "x"), ValueError("bad"))),
    ),
    (
        "definite-over-cause",
        Category.TYPE_ERROR,
        lambda: raised(lambda: throw(TypeError("bad"), ConnectionResetError())),
    ),
    ("suppressed", U, lambda: raised(lambda: throw(with_facts(RuntimeError("x"), __suppress_context__=True)))),
    ("own-wraps", T, lambda: raised(lambda: throw(OwnError("cannot load"), ConnectionResetError(104, "x")))),
    (
        "own-answer-429",
        R,
        lambda: raised(lambda: instead_of(with_facts(HTTPError(), response=response(429)), OwnError("x"))),
    ),
    (
        "own-answer-404",
        U,
        lambda: raised(lambda: instead_of(with_facts(HTTPError(), response=response(404)), OwnError("x"))),
    ),
    ("own-answers-own", U, lambda: raised(lambda: instead_of(with_facts(OwnError(), status_code=429), OwnError("x")))),
    ("own-answer-key", U, lambda: raised(lambda: instead_of(KeyError("429"), OwnError("429 too many requests")))),
    ("own-domain", U, lambda: raised(lambda: throw(library("shop.limits.TooMany", OwnError)("rate limit exceeded")))),
    ("own-timeout", U, lambda: raised(lambda: throw(library("shop.limits.Expired", TimeoutError)("x")))),
    ("own-status", T, lambda: raised(lambda: throw(with_facts(OwnError("x"), status_code=503)))),
    ("own-assertion", A, lambda: library("shop.testing.Mismatch", AssertionError)("x")),
    ("unlisted-context", U, lambda: raised(lambda: while_handling(ConnectionResetError(104, "x"), Unlisted("bad")))),
    ("unlisted-cause", T, lambda: raised(lambda: throw(Unlisted("bad"), ConnectionResetError(104, "x")))),
]

ROWS = STANDARD_LIBRARY + PYTEST + LIBRARIES + CHAINS


@pytest.fixture(autouse=True)
def probe_module(monkeypatch):
    """A module named like the project's package, without its submodule."""
    monkeypatch.setitem(sys.modules, "shop_probe", type(sys)("shop"))


@pytest.mark.parametrize(("category", "make"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_category(category, make):
    """Each failure gets its label, with a rule's name and a confidence between zero and one."""
    diagnosis = diagnosed(make())
    assert diagnosis.category is category, diagnosis
    assert diagnosis.rule
    assert 0 < diagnosis.confidence < 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups are built in since 3.11")
@pytest.mark.parametrize(
    ("category", "members"),
    [
        (T, [ConnectionResetError(104, "x"), ConnectionRefusedError(111, "x")]),
        (A, [ConnectionResetError(104, "x"), AssertionError("x")]),
        (U, [ConnectionResetError(104, "x"), ValueError("x")]),
        (O, [ConnectionResetError(104, "x"), TimeoutError("x")]),
    ],
    ids=["all-curable", "assertion", "value", "timeout"],
)
def test_the_least_curable_leaf_decides(category, members):
    """A group is as curable as its worst member, nested or not, wrapped or not."""
    group = ExceptionGroup("many", [ExceptionGroup("inner", members)])  # noqa: F821 - 3.11+
    assert diagnosed(group).category is category
    assert diagnosed(raised(lambda: throw(RuntimeError("x"), group))).category is category


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups are built in since 3.11")
def test_a_group_too_large_to_look_through_is_unknown():
    """Members that were not looked at might be bugs."""
    group = ExceptionGroup("many", [ConnectionResetError(104, f"x{at}") for at in range(40)])  # noqa: F821 - 3.11+
    assert diagnosed(group).category is U


def test_confidence_shrinks_along_a_chain():
    """A cause is believed more than an accidental context, and both less than the exception itself."""
    direct = diagnosed(ConnectionResetError(104, "x")).confidence
    cause = diagnosed(raised(lambda: throw(RuntimeError("x"), ConnectionResetError(104, "x")))).confidence
    context = diagnosed(raised(lambda: while_handling(ConnectionResetError(104, "x"), RuntimeError("x")))).confidence
    words = diagnosed(RuntimeError("Connection reset by peer")).confidence
    assert direct > cause > context > words
    assert diagnosed(RuntimeError("x")).confidence == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("kind", "message", "category"),
    [
        ("crash", "worker 'gw0' crashed while running 'a'", Category.CRASH),
        ("xpass_strict", "[XPASS(strict)] fixed", A),
        ("text", "contains 2 failed subtests", U),
        ("text", "some plugin says no", U),
        ("text", "Connection reset by peer", T),
    ],
)
def test_reports_without_exception(kind, message, category):
    """A report of which only text is left is judged by its kind, then by its words."""
    failure = Failure("a.py::t", Phase.CALL, "Failure", message, report_kind=kind)
    assert diagnose(failure, FACTS).category is category


def test_unknown_project_names_do_not_make_a_library_own():
    """Without the list of installed packages a library class is still a library class."""
    link = ErrorLink(
        "httpx.ConnectError",
        ("httpx.ConnectError", "builtins.Exception"),
        "x",
        frames=(Frame("a.py", 1, "f", in_app=True),),
    )
    failure = Failure("a.py::t", Phase.CALL, "x", "x", chain=(link,))
    assert diagnose(failure, ProjectFacts()).category is T
