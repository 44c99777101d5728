"""Class rules for Python itself: fully-qualified name to category.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from pytest_selfheal.classify.rules import BASE
from pytest_selfheal.classify.rules import EXACT
from pytest_selfheal.classify.rules import UNSURE
from pytest_selfheal.classify.rules import Rule
from pytest_selfheal.model import Category
from pytest_selfheal.model import Severity

Table = dict[str, tuple[Rule, ...]]


def rows(category: Category, confidence: float, names: str, severity: Severity | None = None) -> Table:
    """Return one rule for each of the blank-separated class names."""
    return {name: (Rule(f"class.{name}", category, confidence, (name,), severity=severity),) for name in names.split()}


def worded(name: str, *choices: tuple[str, Category, float]) -> Table:
    """Return rules of one class that differ by what the message says; an empty pattern always matches."""
    return {
        name: tuple(
            Rule(f"class.{name}", category, confidence, (name,), message=message)
            for message, category, confidence in choices
        )
    }


_UNEXPECTED_EOF = r"UNEXPECTED_EOF|EOF occurred in violation of protocol|timed out"
_NO_CREDENTIALS = r"^\"?Could not resolve authentication method"
_LOCKED = r"database (?:table |schema )?is locked"

BUILTIN: Table = {
    # The network
    **rows(
        Category.TRANSIENT,
        EXACT,
        "builtins.ConnectionError builtins.ConnectionResetError builtins.ConnectionAbortedError "
        "builtins.ConnectionRefusedError http.client.RemoteDisconnected http.client.IncompleteRead "
        "urllib.error.ContentTooShortError ssl.SSLZeroReturnError ssl.SSLEOFError ssl.SSLWantReadError "
        "smtplib.SMTPServerDisconnected smtplib.SMTPConnectError",
    ),
    **rows(
        Category.TRANSIENT,
        BASE,
        "builtins.BrokenPipeError http.client.BadStatusLine asyncio.IncompleteReadError ftplib.error_temp",
    ),
    **rows(
        Category.TIMEOUT,
        EXACT,
        "builtins.TimeoutError asyncio.TimeoutError concurrent.futures.TimeoutError "
        "multiprocessing.context.TimeoutError "
        "socket.timeout subprocess.TimeoutExpired",
    ),
    **worded("ssl.SSLError", (_UNEXPECTED_EOF, Category.TRANSIENT, BASE), ("", Category.ENVIRONMENT, 0.7)),
    # The place the tests run in
    **rows(
        Category.ENVIRONMENT,
        BASE,
        "builtins.PermissionError ssl.SSLCertVerificationError smtplib.SMTPAuthenticationError locale.Error "
        "zoneinfo._common.ZoneInfoNotFoundError",
    ),
    **rows(Category.ENVIRONMENT, 0.8, "builtins.FileNotFoundError socket.gaierror socket.herror"),
    **rows(Category.ENVIRONMENT, BASE, "builtins.MemoryError", Severity.CRITICAL),
    **rows(Category.MISSING_DEPENDENCY, EXACT, "importlib.metadata.PackageNotFoundError"),
    **rows(Category.CRASH, EXACT, "concurrent.futures.process.BrokenProcessPool"),
    # Data that cannot be read
    **rows(
        Category.PARSE,
        EXACT,
        "json.JSONDecodeError xml.etree.ElementTree.ParseError xml.parsers.expat.ExpatError tomllib.TOMLDecodeError "
        "configparser.ParsingError configparser.MissingSectionHeaderError csv.Error _csv.Error gzip.BadGzipFile "
        "zipfile.BadZipFile tarfile.ReadError pickle.UnpicklingError _pickle.UnpicklingError binascii.Error zlib.error "
        "plistlib.InvalidFileException struct.error email.errors.MessageParseError",
    ),
    **rows(Category.PARSE, 0.75, "builtins.UnicodeDecodeError"),
    # Wrong use of a name or a value
    **worded(
        "builtins.TypeError",
        (_NO_CREDENTIALS, Category.ENVIRONMENT, 0.9),
        ("", Category.TYPE_ERROR, EXACT),
    ),
    **rows(Category.TYPE_ERROR, BASE, "builtins.AttributeError"),
    **worded(
        "sqlite3.OperationalError",
        (_LOCKED, Category.TRANSIENT, EXACT),
        (r"disk is full|disk I/O error|unable to open database|readonly database", Category.ENVIRONMENT, BASE),
        ("", Category.UNKNOWN, UNSURE),
    ),
    # Nothing that a recovery could know: the program's own logic, or too general to tell
    **rows(
        Category.UNKNOWN,
        UNSURE,
        "builtins.ValueError builtins.LookupError builtins.KeyError builtins.IndexError builtins.ArithmeticError "
        "builtins.ZeroDivisionError builtins.OverflowError builtins.RecursionError builtins.NotImplementedError "
        "builtins.StopIteration builtins.StopAsyncIteration builtins.GeneratorExit builtins.SystemExit "
        "builtins.EOFError "
        "builtins.BufferError builtins.ReferenceError builtins.UnicodeError builtins.UnicodeEncodeError "
        "builtins.Warning "
        "builtins.FileExistsError builtins.IsADirectoryError builtins.NotADirectoryError builtins.Skipped "
        "builtins.XFailed "
        "builtins.UnboundLocalError asyncio.CancelledError asyncio.InvalidStateError asyncio.QueueEmpty "
        "asyncio.QueueFull "
        "concurrent.futures.CancelledError queue.Empty queue.Full _queue.Empty http.client.InvalidURL "
        "decimal.InvalidOperation "
        "subprocess.CalledProcessError unittest.case.SkipTest sqlite3.Error sqlite3.DatabaseError "
        "sqlite3.IntegrityError "
        "sqlite3.ProgrammingError sqlite3.InterfaceError threading.BrokenBarrierError configparser.Error re.error "
        "re.PatternError _pytest.outcomes.Exit shutil.Error",
    ),
}
