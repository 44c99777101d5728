"""From live exceptions to failures, whatever the exceptions do."""

from __future__ import annotations

import errno
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_selfheal.capture.chain import MAX_LINKS
from pytest_selfheal.capture.facts import attribute
from pytest_selfheal.capture.facts import safely
from pytest_selfheal.capture.frames import MAX_FRAMES
from pytest_selfheal.classify import diagnose
from pytest_selfheal.model import Category
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Phase
from pytest_selfheal.model import ProjectFacts
from pytest_selfheal.plugin.capture import capture
from pytest_selfheal.plugin.capture import capture_report
from pytest_selfheal.plugin.capture import user_request
from pytest_selfheal.safety.redact import MESSAGE_LIMIT
from pytest_selfheal.safety.redact import TRACE_LIMIT
from pytest_selfheal.safety.redact import Redactor

ROOT = Path(__file__).parents[2]


def captured(error, **changes):
    about = {"nodeid": "tests/test_a.py::test_a", "phase": Phase.CALL, "rootpath": ROOT, **changes}
    return capture(error, **about)


def raised(error, cause=None):
    try:
        raise error from cause  # noqa: TRY301 - raised here to have a traceback
    except BaseException as caught:  # noqa: BLE001 - the traceback is the point
        return caught


def caught_from(call):
    with pytest.raises(BaseException) as excinfo:  # noqa: PT011 - any exception is data here
        call()
    return excinfo


class SilentError(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class SkippingError(Exception):
    @property
    def status_code(self):
        pytest.skip("not in here")

    @property
    def errno(self):
        raise SystemExit(3)

    def __getattr__(self, name):
        raise ValueError(name)


class Everything:
    """Answers every question with itself, like a mock."""

    def __getattr__(self, name):
        return self

    def __call__(self, *args):
        return self


class Number(int):
    def __int__(self):
        raise ValueError

    def __index__(self):
        raise ValueError

    def __eq__(self, other):
        raise ValueError

    __hash__ = None


class Text(str):
    __slots__ = ()

    def __getitem__(self, key):
        raise ValueError

    def encode(self, *args):
        raise ValueError


class SlyError(Exception):
    def __str__(self):
        return Text("sly words")


def cyclic():
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    return one


def endless_causes():
    error = ValueError("0")
    for number in range(1, 500):
        outer = ValueError(str(number))
        outer.__cause__ = error
        error = outer
    return error


def noted():
    error = ValueError("noted")
    error.__notes__ = ["note"] * 10_000
    return error


def deep(depth=900):
    def dive(level):
        if level == 0:
            raise ValueError("bottom")
        dive(level - 1)

    return caught_from(lambda: dive(depth)).value


def with_attributes(**attributes):
    error = ValueError("x")
    error.__dict__.update(attributes)
    return error


HOSTILE = [
    ("str-raises", SilentError),
    ("properties-raise", lambda: SkippingError("x")),
    ("cyclic", cyclic),
    ("many-causes", endless_causes),
    ("many-lines", lambda: ValueError("line\n" * 4000)),
    ("megabytes", lambda: ValueError("x" * 5_000_000)),
    ("surrogates", lambda: ValueError("\ud800 \udfff \x00")),
    ("many-notes", noted),
    ("deep", deep),
    ("mock-attributes", lambda: with_attributes(response=Everything(), status=Everything(), code=Everything())),
    ("sly-number", lambda: with_attributes(status_code=Number(503), errno=Number(5))),
    ("sly-text", SlyError),
    ("huge-number", lambda: with_attributes(status_code=10**400, returncode=-(10**400), retry_after=10**400)),
    ("nan", lambda: with_attributes(retry_after=float("nan"))),
    ("key-object", lambda: KeyError(object())),
    ("no-arguments", KeyError),
    ("odd-syntax", lambda: SyntaxError("x", ("f", "not a number", None, Everything()))),
    ("module-lie", lambda: type("Odd", (Exception,), {"__module__": 5})("x")),
]


@pytest.mark.parametrize("make", [row[1] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_hostile_exceptions_give_a_bounded_json_value(make):
    """Whatever an exception does, the failure is small, plain, encodable, and can be diagnosed."""
    failure = captured(raised(make()))
    text = json.dumps(failure.to_dict(), allow_nan=False)
    text.encode("ascii")
    failure.error_message.encode("utf-8")
    assert len(failure.error_message) <= MESSAGE_LIMIT
    assert len(failure.stack_trace) <= TRACE_LIMIT
    assert 1 <= len(failure.chain) <= MAX_LINKS
    assert all(len(link.frames) <= MAX_FRAMES for link in failure.chain)
    assert Failure.from_dict(json.loads(text)) == failure
    assert diagnose(failure, ProjectFacts()).category in Category


def test_the_user_can_still_interrupt():
    """Ctrl-C while reading an exception is not swallowed."""

    class Slow:
        @property
        def status(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attribute(Slow(), "status")
    assert safely(lambda: 1 / 0, "default") == "default"


def test_head_and_tail_of_a_long_message_are_kept():
    """The end of a long message is often its point."""
    message = captured(ValueError("begin " + "x" * 9000 + " end")).error_message
    assert message.startswith("begin")
    assert message.endswith("end")
    assert "left out" in message


def test_excinfo_and_exception_give_the_same():
    """What pytest hands over and the exception in it are captured alike."""
    excinfo = caught_from(lambda: int("x"))
    assert captured(excinfo) == captured(excinfo.value)


def test_secrets_are_taken_out_everywhere():
    """A secret is in no field, not even in the source line that holds it."""
    secret = "hidden-" + "value-42"

    def connect():
        raise ValueError(f"cannot log in with {secret} at postgres://ann:{secret}@db/x") from KeyError(secret)

    failure = captured(
        caught_from(connect), redactor=Redactor({"SHOP_TOKEN": secret}), docstring=f"Log in with {secret}."
    )
    assert secret not in json.dumps(failure.to_dict())
    assert "[redacted]" in failure.error_message


def test_chain_follows_cause_and_context():
    """Explicit causes and unsuppressed contexts become links, each marked with how it belongs."""

    def nested():
        try:
            try:
                raise KeyError("a")  # noqa: TRY301 - the chain is the point
            except KeyError:
                raise ValueError("b")  # noqa: B904 - the context is the point
        except ValueError as error:
            raise RuntimeError("c") from error

    relations = [(link.type_name, link.relation) for link in captured(caught_from(nested)).chain]
    assert relations == [
        ("builtins.RuntimeError", "self"),
        ("builtins.ValueError", "cause"),
        ("builtins.KeyError", "context"),
    ]


def test_suppressed_context_is_left_out():
    """`raise ... from None` says that what came before does not matter."""

    def suppressing():
        try:
            raise KeyError("a")  # noqa: TRY301 - the chain is the point
        except KeyError:
            raise ValueError("b") from None

    assert len(captured(caught_from(suppressing)).chain) == 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups are built in since 3.11")
def test_group_leaves_are_put_side_by_side():
    """Leaves of nested groups follow the group, equal ones once, each with its own cause."""
    leaf = raised(OSError(errno.ECONNRESET, "x"), KeyError("cause"))
    group = ExceptionGroup("g", [leaf, ExceptionGroup("h", [ValueError("v"), ValueError("v")])])  # noqa: F821 - 3.11+
    relations = [(link.type_name.rpartition(".")[2], link.relation) for link in captured(group).chain]
    assert relations == [
        ("ExceptionGroup", "self"),
        ("ConnectionResetError", "group"),
        ("KeyError", "cause"),
        ("ValueError", "group"),
    ]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups are built in since 3.11")
def test_huge_groups_say_that_members_were_left_out():
    """A group of thousands is cut, and the cut is a fact."""
    group = ExceptionGroup("g", [ValueError(str(number)) for number in range(5000)])  # noqa: F821 - 3.11+
    chain = captured(group).chain
    assert len(chain) == 13
    assert chain[0].facts["leaves_left_out"] == 5000 - 12


@pytest.mark.parametrize(
    ("make", "facts"),
    [
        (lambda: OSError(errno.ECONNREFUSED, "x"), {"errno": errno.ECONNREFUSED, "errno_name": "ECONNREFUSED"}),
        (lambda: with_attributes(status_code=503), {"http_status": 503}),
        (lambda: with_attributes(status=200, code=404), {"http_status": 404}),
        (lambda: with_attributes(status_code=302), {}),
        (
            lambda: with_attributes(response=SimpleNamespace(status_code=429, headers={"Retry-After": "7"})),
            {"http_status": 429, "retry_after": 7.0},
        ),
        (lambda: with_attributes(retry_after=1.5), {"retry_after": 1.5}),
        (lambda: with_attributes(retry_after="-5"), {}),
        (lambda: with_attributes(code="rate_limited"), {"error_code": "rate_limited"}),
        (lambda: with_attributes(sqlstate="40001"), {"sqlstate": "40001"}),
        (lambda: with_attributes(returncode=-9), {"returncode": -9}),
        (lambda: KeyError("name"), {"key": "'name'"}),
        (lambda: ModuleNotFoundError("x", name="a.b", path=str(ROOT / "a/b.py")), {"name": "a.b", "path": "a/b.py"}),
        (lambda: ValueError(404), {}),
    ],
)
def test_facts(make, facts):
    """Facts are read from where libraries put them, and nothing else is invented."""
    assert captured(make()).chain[0].facts == facts


def test_facts_of_an_attribute_error():
    """The owner's type is kept, and for a module its name."""
    facts = captured(caught_from(lambda: json.nothing)).chain[0].facts
    assert facts == {"name": "nothing", "obj_type": "builtins.module", "obj_module": "json"}


def test_facts_of_a_syntax_error():
    """File, place and text are kept; the file is relative to the root directory."""
    error = caught_from(lambda: compile("x =  = 1\n", str(ROOT / "shop/a.py"), "exec"))
    facts = captured(error).chain[0].facts
    assert (facts["filename"], facts["lineno"], facts["text"], facts["in_app"]) == ("shop/a.py", 1, "x = = 1", True)


def test_frames_know_whose_code_they_are(tmp_path):
    """Paths are relative with slashes; installed code, this package and pytest are not the project's."""
    files = {
        "shop/cart.py": (True, False),
        "tests/test_cart.py": (True, True),
        "tests/helpers.py": (True, True),
        "conftest.py": (True, True),
        ".venv/lib/python3.11/site-packages/lib.py": (False, False),
    }
    for name, expected in files.items():
        namespace = {}
        exec(compile("def f():\n    raise ValueError", str(tmp_path / name), "exec"), namespace)
        frame = captured(caught_from(namespace["f"]), rootpath=tmp_path).chain[0].frames[-1]
        assert (frame.path, frame.function, frame.lineno) == (name, "f", 2)
        assert (frame.in_app, frame.is_test) == expected
    outside = captured(caught_from(lambda: json.loads("x"))).chain[0].frames[-1]
    assert outside.path.endswith("json/decoder.py")
    assert not outside.in_app


def test_source_lines_are_collapsed():
    """A frame carries its line of code with blanks collapsed."""
    frame = captured(caught_from(lambda: int(   "x"   ))).chain[0].frames[-1]  # fmt: skip
    assert 'int( "x" )' in frame.source


@pytest.mark.parametrize(
    ("name", "docstring", "request_"),
    [
        ("test_login_fails", None, "login fails"),
        ("test_login_fails[admin-1]", "", "login fails [admin-1]"),
        ("testLoginFails", None, "login fails"),
        ("test_HTTP_error", None, "HTTP error"),
        ("test_x", "\n  Logging in works.\n  More.", "Logging in works."),
        ("test", None, "test"),
        ("test_x", Everything(), "x"),
    ],
)
def test_user_request(name, docstring, request_):
    """The intent is the docstring's first line, else the name in words."""
    assert user_request(name, docstring) == request_


class Recorder:
    """Captures what a real pytest run shows, as the plugin does."""

    def __init__(self, root):
        self.root = root
        self.failures = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        if report.failed and call.excinfo is not None:
            self.failures.append(
                capture(
                    call.excinfo, nodeid=item.nodeid, phase=Phase(report.when), rootpath=self.root, test_path=item.path
                )
            )
        elif report.failed:
            self.failures.append(capture_report(report, rootpath=self.root))
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector):
        report = yield
        if report.failed:
            self.failures.append(
                capture(report.call.excinfo, nodeid=collector.nodeid, phase=Phase.COLLECT, rootpath=self.root)
            )
        return report


REAL = [
    ("def test_a():\n    assert 1 == 2", "AssertionError", "assertion"),
    ("def test_a(nothing):\n    pass", "_pytest.fixtures.FixtureLookupError", "fixture_error"),
    ("import module_that_is_nowhere", "ModuleNotFoundError", "missing_dependency"),
    ("def test_a(:\n    pass", "SyntaxError", "syntax"),
    ("import pytest\n@pytest.mark.parametrize('x', [1])\ndef test_a(y): pass", "Failed", "fixture_error"),
    ("import pytest\n@pytest.fixture\ndef f(): return 1\ndef test_a(): f()", "Failed", "fixture_error"),
    ("import pytest\ndef test_a():\n    with pytest.raises(KeyError): pass", "Failed", "assertion"),
    ("import pytest\n@pytest.mark.xfail(strict=True)\ndef test_a(): pass", "XPassStrict", "assertion"),
    (
        "import pytest\n@pytest.fixture\ndef f(): raise ConnectionResetError(104, 'x')\ndef test_a(f): pass",
        "ConnectionResetError",
        "transient",
    ),
    ("def test_a():\n    return json.loads('1')", "NameError", "missing_import"),
    (
        "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): self.assertEqual(1, 2)",
        "AssertionError",
        "assertion",
    ),
    ("import os\ndef test_a():\n    os.environ['NOT_SET_HERE']", "KeyError", "environment"),
    ("raise KeyError('while importing')", "KeyError", "unknown"),
    ("def f():\n    '''\n    >>> 1 + 1\n    3\n    '''", "doctest.DocTestFailure", "assertion"),
    ("def f():\n    '''\n    >>> {}['a']\n    3\n    '''", "KeyError", "unknown"),
]


@pytest.mark.parametrize(("source", "error_type", "category"), REAL)
def test_real_failures_of_pytest(pytester, source, error_type, category):
    """What pytest really raises is unwrapped to the error behind it, located, and classified."""
    pytester.makepyfile(test_real=source)
    recorder = Recorder(pytester.path)
    pytester.inline_run("--doctest-modules", "-p", "no:selfheal", plugins=[recorder])
    failure = recorder.failures[0]
    assert failure.error_type == error_type
    assert failure.test_path == "test_real.py"
    assert failure.error_message
    diagnosis = diagnose(failure, ProjectFacts(own=frozenset({"test_real"})))
    assert diagnosis.category.value == category
    assert str(pytester.path) not in "".join(diagnosis.signature_parts)


def test_conftest_failure_is_unwrapped(pytester):
    """A conftest that cannot be imported shows the error inside, and is critical."""
    pytester.makepyfile(**{"sub/conftest": "import module_that_is_nowhere", "sub/test_a": "def test_a(): pass"})
    recorder = Recorder(pytester.path)
    pytester.inline_run("-p", "no:selfheal", plugins=[recorder])
    failure = recorder.failures[0]
    assert (failure.error_type, failure.chain[1].relation) == ("ModuleNotFoundError", "cause")
    assert diagnose(failure, ProjectFacts()).severity.value == "critical"


def test_reports_of_dead_workers():
    """A report that xdist makes for a dead worker is a crash."""
    report = SimpleNamespace(
        nodeid="a.py::t", when="???", longrepr="worker 'gw0' crashed while running 'a.py::t'", duration=0
    )
    failure = capture_report(report, rootpath=ROOT)
    assert (failure.report_kind, failure.error_type, failure.test_path) == ("crash", "WorkerCrash", "a.py")
    assert diagnose(failure, ProjectFacts()).category is Category.CRASH


def test_reports_with_text_only():
    """The type's name is read off the text when it begins with one."""
    crash = SimpleNamespace(message="ConnectionResetError: Connection reset by peer")
    report = SimpleNamespace(nodeid="a.py::t", when="call", longrepr=SimpleNamespace(reprcrash=crash), duration=0.5)
    failure = capture_report(report, rootpath=ROOT)
    assert (failure.error_type, failure.error_message) == ("ConnectionResetError", "Connection reset by peer")
    assert (failure.report_kind, failure.phase, failure.duration_s) == ("text", Phase.CALL, 0.5)
