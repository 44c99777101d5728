"""What an exception object tells about itself, read so that nothing it does can hurt.

Attributes may be properties that raise, mocks that answer everything, or subclasses of `int` and `str` with a life of
their own: every read is guarded, and only exact plain values are kept. Nothing is called but `.code()` of gRPC errors
and `.get()` of response headers.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import errno
import re
import sys
from functools import partial
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable

T = TypeVar("T")

RETRY_AT = "selfheal_retry_at"
"""An exception that carries this attribute asks for another try after so many seconds."""

_MAX_TEXT = 300
_MAX_NAMES = 2000
_MAX_OUTPUT = 1000
_MAX_EXPORTERS = 20
_SQLSTATE = re.compile(r"[0-9A-Z]{5}")
_CODE = re.compile(r"[A-Za-z][\w.-]{1,80}")
_PYTEST_TIMEOUT = re.compile(r"Timeout \(?>([\d.]+)s\)?(?: from pytest-timeout)?")
_DATABASE = (
    "pymysql.",
    "MySQLdb.",
    "mysql.",
    "asyncmy.",
    "aiomysql.",
    "cx_Oracle.",
    "oracledb.",
    "pyodbc.",
    "sqlite3.",
)
_RETRYABLE_LABELS = ("TransientTransactionError", "RetryableWriteError")


def safely(read: Callable[[], T], default: T) -> T:
    """Return `read()`, or `default` when it raises anything but a user's interrupt."""
    try:
        return read()
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a property may raise SystemExit or pytest.skip as well
        return default


def attribute(holder: Any, name: str) -> Any:
    """Return the attribute, or None when there is none or reading it raises."""
    return safely(lambda: getattr(holder, name, None), None)


def whole(value: Any) -> int | None:
    """Return a plain `int` for an integer of moderate size, enumerations included, else None."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    number = safely(lambda: int.__index__(value), None)
    return number if number is not None and abs(number) < 2**31 else None


def plain_text(value: Any, limit: int = _MAX_TEXT) -> str | None:
    """Return an exact `str` of at most `limit` characters, without surrogates; None for anything else."""
    if not isinstance(value, str):
        return None
    return str.__getitem__(value, slice(limit)).encode("utf-8", "backslashreplace").decode("utf-8")


def exact_text(value: Any) -> str:
    """Return an exact `str` of any length for a string or a subclass of it; empty for anything else."""
    return str.__str__(value) if isinstance(value, str) else ""


def type_name(kind: type[Any]) -> str:
    """Return the fully-qualified name of a class."""
    module = plain_text(attribute(kind, "__module__"), 200) or "?"
    name = plain_text(attribute(kind, "__qualname__"), 200) or "?"
    return f"{module}.{name}"


def mro_names(kind: type[Any]) -> tuple[str, ...]:
    """Return the fully-qualified names of a class and its bases, most specific first, without `object`."""
    bases = safely(lambda: type.mro(kind), [kind])
    return tuple(type_name(base) for base in bases[:30] if base is not object)


def facts_of(error: BaseException, mro: tuple[str, ...], clean: Callable[[str], str]) -> dict[str, Any]:
    """Return the facts of one exception as plain JSON values; absent facts have no key.

    Args:
        error: the exception; nothing of it is changed.
        mro: the fully-qualified names of its classes.
        clean: redacts a text.
    """
    facts: dict[str, Any] = {}
    nothing: dict[str, Any] = {}
    for reader in (
        _from_system,
        _from_response,
        _from_request,
        _from_service,
        _from_database,
        _from_names,
        _from_python,
        _from_pytest,
    ):
        found = safely(partial(reader, error, mro), nothing)
        facts.update({key: value for key, value in found.items() if value is not None and value != ""})
    return {key: clean(value) if isinstance(value, str) else value for key, value in facts.items()}


def _from_system(error: BaseException, mro: tuple[str, ...]) -> dict[str, Any]:
    facts: dict[str, Any] = {"returncode": whole(attribute(error, "returncode"))}
    if "subprocess.SubprocessError" in mro:
        facts["stderr"] = _tail(attribute(error, "stderr"))
    if "builtins.OSError" not in mro:
        return facts
    number = whole(attribute(error, "errno"))
    facts["errno"] = number
    facts["errno_name"] = _errno_name(number, mro)
    facts["winerror"] = whole(attribute(error, "winerror"))
    facts["filename"] = plain_text(attribute(error, "filename"))
    return facts


def _tail(output: Any) -> str | None:
    """Return the end of what a program wrote: errors stand in the last lines."""
    if type(output) is bytes:
        output = output[-_MAX_OUTPUT:].decode("utf-8", "replace")
    return plain_text(output[-_MAX_OUTPUT:], _MAX_OUTPUT) if type(output) is str else None


def _errno_name(number: int | None, mro: tuple[str, ...]) -> str | None:
    if number is None:
        return None
    if "socket.gaierror" in mro:
        members = vars(sys.modules.get("socket", errno)).items()
        return next((name for name, value in members if name.startswith("EAI_") and value == number), None)
    return errno.errorcode.get(number, "").removeprefix("WSA") or None


def _from_response(error: BaseException, _mro: tuple[str, ...]) -> dict[str, Any]:
    response = attribute(error, "response")
    candidates = [
        attribute(error, "status_code"),
        attribute(response, "status_code"),
        attribute(error, "status"),
        attribute(response, "status"),
        attribute(error, "code"),
    ]
    if type(response) is dict:
        candidates.append(_item(_item(response, "ResponseMetadata"), "HTTPStatusCode"))
    statuses = [whole(candidate) for candidate in candidates]
    status = next((number for number in statuses if number is not None and 400 <= number <= 599), None)
    return {
        "http_status": status,
        "status_of_class": _is_of_class(error, status) or None,
        "retry_after": _retry_after(error, response),
        "error_code": _code_text(attribute(error, "code")),
    }


def _is_of_class(error: BaseException, status: int | None) -> bool:
    """Tell a status that every exception of this class has from one that came with an answer."""
    if status is None:
        return False
    kinds = [vars(kind) for kind in type.mro(type(error))[:30]]
    return any(whole(names.get(key)) == status for names in kinds for key in ("status_code", "status", "code"))


def _retry_after(error: BaseException, response: Any) -> float | None:
    seconds = _seconds(attribute(error, "retry_after"))
    if seconds is not None:
        return seconds
    for holder in (response, error):
        headers = attribute(holder, "headers")
        get = attribute(headers, "get")
        for name in ("retry-after", "Retry-After") if callable(get) else ():
            seconds = _seconds(safely(partial(get, name), None))
            if seconds is not None:
                return seconds
    return None


def _seconds(value: Any) -> float | None:
    number = whole(value)
    if number is None and isinstance(value, float):
        seconds = safely(lambda: float.__float__(value), -1.0)
    elif number is None:
        text = plain_text(value, 60)
        seconds = safely(lambda: float(text or ""), -1.0)
        if seconds < 0 and text and text[-3:] == "GMT":
            seconds = safely(lambda: _until(text), -1.0)
    else:
        seconds = float(number)
    return seconds if 0 <= seconds <= 86400 else None


def _from_request(error: BaseException, mro: tuple[str, ...]) -> dict[str, Any]:
    """Read the wish of an exception to be met again later; an assertion has nothing to wait for."""
    if "builtins.AssertionError" in mro:
        return {}
    return {"retry_at": _seconds(attribute(error, RETRY_AT))}


def _until(date: str) -> float:
    import time
    from email.utils import parsedate_to_datetime

    return max(parsedate_to_datetime(date).timestamp() - time.time(), 0.0)


def _from_service(error: BaseException, mro: tuple[str, ...]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    response = attribute(error, "response")
    if type(response) is dict:
        facts["aws_code"] = _code_text(_item(_item(response, "Error"), "Code"))
    grpc = attribute(error, "grpc_status_code")
    if any(name.startswith("grpc.") for name in mro):
        code = attribute(error, "code")
        grpc = safely(code, None) if callable(code) else None
    if any(name.startswith("smtplib.") for name in mro):
        facts["smtp_code"] = whole(attribute(error, "smtp_code"))
    facts["grpc_code"] = _code_text(attribute(grpc, "name"))
    details = attribute(error, "details")
    labels = _item(details, "errorLabels") if type(details) is dict else None
    if type(labels) is list:
        facts["retryable_label"] = any(label in labels for label in _RETRYABLE_LABELS) or None
    if any(name.startswith("pymongo.") for name in mro):
        facts["vendor_code"] = whole(attribute(error, "code"))
    return facts


def _from_database(error: BaseException, mro: tuple[str, ...]) -> dict[str, Any]:
    if any(name.startswith("sqlalchemy.") for name in mro):  # it keeps the driver's own error
        original = attribute(error, "orig")
        if not isinstance(original, BaseException):
            return {}
        error, mro = original, mro_names(type(original))
    facts: dict[str, Any] = {"sqlite_error": _code_text(attribute(error, "sqlite_errorname"))}
    args = attribute(error, "args")
    first = args[0] if type(args) is tuple and args else None
    candidates = [attribute(error, "sqlstate"), attribute(error, "pgcode")]
    if any(name.startswith(_DATABASE) for name in mro):
        facts["vendor_code"] = whole(first) or whole(attribute(error, "errno"))
        candidates.append(first)
    texts = [plain_text(candidate, 6) or "" for candidate in candidates]
    facts["sqlstate"] = next((text for text in texts if _SQLSTATE.fullmatch(text)), None)
    return facts


def _from_names(error: BaseException, mro: tuple[str, ...]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if "builtins.ImportError" in mro:
        facts.update({key: plain_text(attribute(error, key)) for key in ("name", "name_from", "path")})
    elif "builtins.AttributeError" in mro:
        facts["name"] = plain_text(attribute(error, "name"))
        holder = attribute(error, "obj")
        if facts["name"] is not None:
            facts["obj_type"] = type_name(type(holder))
            is_module = type(holder) is type(sys)
            facts["obj_module"] = plain_text(attribute(holder, "__name__")) if is_module else None
    elif "builtins.NameError" in mro:
        facts["name"] = plain_text(attribute(error, "name"))
        facts["close_names"] = _close_names(error, facts["name"]) or None
        facts["exporters"] = _exporters(facts["name"]) or None
    elif "builtins.KeyError" in mro:
        args = attribute(error, "args")
        if type(args) is tuple and len(args) == 1 and type(args[0]) in (str, int, bool, float, type(None)):
            facts["key"] = plain_text(repr(args[0])[:80])
    return facts


def _exporters(name: str | None) -> list[str]:
    """Return loaded modules, not of the standard library, that define a class or function of this name."""
    found: list[str] = []
    for module_name, module in list(sys.modules.items()) if name else ():
        if len(found) == _MAX_EXPORTERS:
            break
        top = module_name.partition(".")[0]
        if top in sys.stdlib_module_names or top.startswith(("_", "pytest")) or type(module) is not type(sys):
            continue
        value = module.__dict__.get(str(name))
        if value is not None and attribute(value, "__module__") == module_name:
            found.append(module_name)
    return found


def _close_names(error: BaseException, name: str | None) -> list[str]:
    traceback = attribute(error, "__traceback__")
    if name is None or traceback is None:
        return []
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    frame = traceback.tb_frame
    known: set[str] = set()
    for scope in (frame.f_locals, frame.f_globals, frame.f_builtins):
        known.update(_short_names(scope))
    known.discard(name)
    import difflib

    return difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.75)


def _short_names(scope: Iterable[Any]) -> set[str]:
    return {name for name in list(scope)[:_MAX_NAMES] if type(name) is str and len(name) <= 80}


def _from_python(error: BaseException, mro: tuple[str, ...]) -> dict[str, Any]:
    if "builtins.SyntaxError" not in mro:
        return {}
    text = plain_text(attribute(error, "text"))
    return {
        "filename": plain_text(attribute(error, "filename")),
        "lineno": whole(attribute(error, "lineno")),
        "offset": whole(attribute(error, "offset")),
        "text": " ".join(text.split()) if text else None,
        "msg": plain_text(attribute(error, "msg")),
    }


def _from_pytest(error: BaseException, mro: tuple[str, ...]) -> dict[str, Any]:
    if mro[0] == "_pytest.fixtures.FixtureLookupError":
        return {"fixture": plain_text(attribute(error, "argname"))}
    if mro[0] == "builtins.Failed":
        match = _PYTEST_TIMEOUT.match(plain_text(attribute(error, "msg")) or "")
        return {"pytest_timeout": float(match[1])} if match else {}
    if mro[0] == "_pytest.config.ConftestImportFailure":
        return {"conftest": plain_text(safely(lambda: str(attribute(error, "path")), ""))}
    if "pydantic_core._pydantic_core.ValidationError" in mro or "pydantic.error_wrappers.ValidationError" in mro:
        model = attribute(attribute(error, "model"), "__name__")
        return {"title": plain_text(attribute(error, "title"), 100) or plain_text(model, 100)}
    return {}


def _code_text(value: Any) -> str | None:
    text = plain_text(value, 90)
    return text if text and _CODE.fullmatch(text) else None


def _item(holder: Any, key: str) -> Any:
    return holder.get(key) if type(holder) is dict else None
