"""The behaviours that users of retry plugins have asked for, one row each, against real pytest in a process of its own.

Each test fails at its first try in a way that passes (a connection reset) unless the row says otherwise; files in the
folder `seen` carry the memory from try to try, also into other processes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import datetime
from datetime import timezone
from xml.etree import ElementTree as ET

import pytest

FAST = {"SELFHEAL_RETRY_BASE_S": "0.001", "SELFHEAL_TRUST": "local"}

ONCE = """
import pathlib, sys
def kept(name):
    mark = pathlib.Path(__file__).parent / "seen" / sys._getframe(2).f_globals["__name__"].rpartition(".")[2] / name
    mark.parent.mkdir(exist_ok=True, parents=True)
    return mark
def once(name, error=None):
    mark = kept(name)
    with mark.open("a") as file:
        file.write("x")
    if mark.read_text() == "x":
        raise error or ConnectionResetError(104, "Connection reset by peer")
def note(text):
    with kept("events.txt").open("a") as file:
        file.write(text + " ")
"""

FIXTURES = """
import pytest
from once import once, note
@pytest.fixture(scope="session")
def session(): once("session"); yield; note("session-")
@pytest.fixture(scope="module")
def module(): once("module"); yield
@pytest.fixture
def function(): once("function"); yield
def test_session(session): pass
def test_session_again(session): pass
def test_module(module): pass
def test_function(function): pass
"""

ORDER = """
import pytest
from once import once, note
@pytest.fixture(scope="session", autouse=True)
def s(): note("S+"); yield; note("S-")
@pytest.fixture(scope="module", autouse=True)
def m(): note("M+"); yield; note("M-")
class TestIt:
    @pytest.fixture(scope="class", autouse=True)
    def c(self): note("C+"); yield; note("C-")
    @pytest.fixture(autouse=True)
    def f(self): note("F+"); yield; note("F-")
    def test_it(self): note("T"); once("it")
"""

UNITTEST = """
import unittest
from once import once, note
class Sync(unittest.TestCase):
    @classmethod
    def setUpClass(cls): note("class")
    def setUp(self): self.state = 0
    def test_a(self):
        self.state += 1
        once("a")
        self.assertEqual(self.state, 1)
    def test_subtests(self):
        for number in range(3):
            with self.subTest(number=number):
                if number == 1: once("subtest")
class Async(unittest.IsolatedAsyncioTestCase):
    async def test_b(self): once("b")
"""

ASYNCIO = """
import pytest, pytest_asyncio
from once import once
@pytest_asyncio.fixture
async def service(): once("fixture"); yield 1
@pytest.mark.asyncio
async def test_call(): once("call")
@pytest.mark.asyncio
async def test_fixture(service): assert service == 1
"""

ANYIO = """
import pytest
from once import once
@pytest.fixture
def anyio_backend(): return "asyncio"
@pytest.fixture
async def service(anyio_backend): once("fixture"); yield 1
@pytest.mark.anyio
async def test_call(): once("call")
@pytest.mark.anyio
async def test_fixture(service): assert service == 1
"""

SUBTESTS = """
from once import once
def test_it(subtests):
    for number in range(3):
        with subtests.test(number=number):
            if number == 1: once("one")
"""

CLASS = """
import os
from once import once
class TestIt:
    def test_state(self, tmp_path, capsys, monkeypatch):
        assert not hasattr(self, "seen") and not list(tmp_path.iterdir()) and "ONCE_MORE" not in os.environ
        self.seen = True
        (tmp_path / "file").touch()
        monkeypatch.setenv("ONCE_MORE", "1")
        print("out")
        once("state")
        assert capsys.readouterr().out == "out\\n"
"""

NEVER = """
import pytest, sys
from once import once, note
@pytest.mark.xfail
def test_xfail(): note("xfail"); once("xfail")
@pytest.mark.xfail(strict=True)
def test_strict(): note("strict"); once("strict")
def test_exit(): note("exit"); sys.exit(3)
def test_assert(): note("assert"); once("assert", AssertionError("Connection reset by peer"))
@pytest.mark.no_selfheal
def test_opted_out(): note("opted_out"); once("opted_out")
"""

SKIPS = """
import pytest
from once import once
def test_it():
    once("it")
    pytest.skip("the service is away")
"""

TEARDOWN = """
import pytest
from once import once
@pytest.fixture
def leaky():
    yield
    once("teardown")
def test_it(leaky): pass
"""

CHANGES = """
from once import once
def test_it():
    once("it")
    assert 1 == 2, "the second try meets a bug"
"""

DOCTEST = '''
def value():
    """
    >>> from once import once
    >>> once("doctest")
    >>> 1 + 1
    2
    """
'''

IDS = """
import pytest
from once import once
@pytest.mark.parametrize("value", ["a b", "c::d", "e[f]", "\\u00e9", "#1", "x/y"])
def test_it(value): once("id" + "-".join(str(ord(letter)) for letter in value))
"""

ROWS = {
    # file: (text, outcomes, events in order)
    "fixtures": (FIXTURES, {"healed": 3, "passed": 1}, None),
    "order": (ORDER, {"healed": 1}, "S+ M+ C+ F+ T F- F+ T F- C- M- S-"),
    "unittest": (UNITTEST, {"healed": 3}, "class"),
    "asyncio": (ASYNCIO, {"healed": 2}, None),
    "anyio": (ANYIO, {"healed": 2}, None),
    "instance": (CLASS, {"healed": 1}, None),
    "never": (NEVER, {"failed": 3, "xfailed": 2}, "xfail strict exit assert opted_out"),
    "skips": (SKIPS, {"failed": 1}, None),
    "teardown": (TEARDOWN, {"passed": 1, "error": 1}, None),
    "changes": (CHANGES, {"failed": 1}, None),
    "doctest": (DOCTEST, {"healed": 1}, None),
    "ids": (IDS, {"healed": 6}, None),
    "subtests": (SUBTESTS, {"healed": 1}, None),
}

WAYS = {
    "plain": (),
    "blocking": ("--maxfail=1000",),
    "load": ("-n2",),
    "loadscope": ("-n2", "--dist=loadscope"),
    "worksteal": ("-n2", "--dist=worksteal"),
}


def counts(stdout):
    """Return the outcomes of the last line; sub-tests that passed are pytest's own extra count."""
    found = re.findall(r"(\d+) (failed|passed|skipped|xfailed|xpassed|errors?|healed)\b", stdout.splitlines()[-1])
    return {word.removesuffix("s") if word == "errors" else word: int(number) for number, word in found}


def outcomes_by_file(junit):
    """Return what became of the tests of each file, by the cases of a JUnit file."""
    found = {}
    for case in ET.parse(junit).getroot().iter("testcase"):
        name = re.sub(r"^test_(\w+).*", r"\1", case.get("classname"))
        words = {"failure": "failed", "error": "error", "skipped": "xfailed", "flakyFailure": "healed"}
        said = [words[child.tag] for child in case if child.tag in words]
        # An error of the teardown stands beside the outcome of the call.
        told = ["passed", "error"] if said == ["error"] else said[-1:] or ["passed"]
        for word in told:
            found.setdefault(name, {}).setdefault(word, 0)
            found[name][word] += 1
    return found


@pytest.fixture(scope="module", params=WAYS)
def table(request, tmp_path_factory):
    """All rows in one run: the outcomes by file, and the folder."""
    path = tmp_path_factory.mktemp(request.param)
    (path / "once.py").write_text(ONCE, encoding="utf-8")
    for name, (text, *_rest) in ROWS.items():
        (path / f"test_{name}.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--selfheal", "--doctest-modules", "-p", "no:cacheprovider"),
            *("--junitxml=junit.xml", "-o", "asyncio_default_fixture_loop_scope=function", *WAYS[request.param]),
        ],
        cwd=path,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **FAST},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return request.param, path, outcomes_by_file(path / "junit.xml"), done


@pytest.mark.parametrize("row", ROWS)
def test_row(table, row):
    """The outcomes and the order of events: plain, at once instead of later, and with workers."""
    way, path, outcomes, done = table
    if row == "subtests":
        pytest.importorskip("_pytest.subtests", reason="pytest 9 has them built in")
    _text, expected, events = ROWS[row]
    assert outcomes[row] == expected, done.stdout
    if events and way in {"plain", "blocking"}:
        told = path / "seen" / f"test_{row}" / "events.txt"
        assert told.read_text(encoding="utf-8").split() == events.split()


@pytest.fixture
def project(pytester):
    """Write the memory and one test file."""

    def write(text, name="test_row"):
        pytester.makepyfile(once=ONCE, **{name: text})
        return pytester.path

    return write


CRASH = """
import os, pathlib
from once import once
def test_a(): pass
def test_crash():
    try: once("crash")
    except ConnectionResetError: os._exit(3)
def test_b(): pass
def test_c(): pass
"""


@pytest.mark.parametrize("dist", ["load", "worksteal", "loadscope"])
def test_a_crashed_worker_costs_one_try(project, run, failures, dist):
    """The test runs again alone; every test has one outcome, whatever the distribution."""
    project(CRASH)
    done = run("--selfheal", "-n2", f"--dist={dist}")
    assert (counts(done.stdout), done.returncode) == ({"passed": 3, "healed": 1}, 0), done.stdout
    assert [(record.failure_category.value, record.outcome.value) for record in failures()] == [("crash", "healed")]


def test_a_crash_that_comes_again_is_reported_once(project, run):
    """Alone it crashes as well: one failure that says so."""
    project("import os\ndef test_a(): os._exit(3)\ndef test_b(): pass\n")
    done = run("--selfheal", "-n2")
    assert (counts(done.stdout), done.returncode) == ({"passed": 1, "failed": 1}, 1), done.stdout
    assert "run again alone in a fresh process" in done.stdout


@pytest.mark.parametrize("options", [(), ("-n2",), ("-x",)], ids=["deferred", "xdist", "blocking"])
@pytest.mark.parametrize("year", [1970, 2071])
def test_tests_that_freeze_the_time_do_not_stop_ours(project, run, pytester, failures, options, year):
    """A frozen clock neither makes a test wait for decades nor dates its failure."""
    pytest.importorskip("freezegun")
    project("from once import once\ndef test_a(): once('a')\ndef test_b(): once('b')\n")
    pytester.makeconftest(
        "import pytest\nfrom freezegun import freeze_time\n@pytest.fixture(autouse=True)\ndef frozen():\n"
        f"    with freeze_time('{year}-06-21'): yield\n"
    )
    done = run("--selfheal", *options, env={"SELFHEAL_RETRY_BASE_S": "0.2"}, timeout=60)
    assert (counts(done.stdout), done.returncode) == ({"healed": 2}, 0), done.stdout
    today = datetime.now(timezone.utc).strftime("%Y-%m-")
    assert all(record.created_at.startswith(today) for record in failures())
    assert len(failures()) == 2


def test_a_worker_that_dies_in_a_teardown_fails_the_run(project, run):
    """The test itself has passed; its crash must not vanish with that."""
    project(
        "import os, pytest\n@pytest.fixture\ndef deadly():\n    yield\n    os._exit(3)\n"
        "def test_a(deadly): pass\ndef test_b(): pass\n"
    )
    done = run("--selfheal", "-n2")
    assert done.returncode == 1, done.stdout
    assert counts(done.stdout)["failed"] == 1


@pytest.mark.parametrize("options", [(), ("--maxfail=9",)], ids=["deferred", "blocking"])
def test_slow_hooks_after_a_timeout_are_not_interrupted(project, run, pytester, options):
    """A screenshot taken while the report is made takes its time; the session goes on."""
    project("import time\ndef test_a(): time.sleep(30)\ndef test_b(): pass\n")
    pytester.makeconftest(
        "import pytest, time\n@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_makereport(item, call):\n"
        "    report = yield\n    if report.failed: time.sleep(3)\n    return report\n"
    )
    done = run("--selfheal", "--timeout=0.5", *options)
    assert counts(done.stdout) == {"failed": 1, "passed": 1}, done.stdout


def test_a_worker_that_dies_while_tests_wait_loses_none(project, run):
    """Reports out equal tests collected: what waited is reported as it failed."""
    project(
        "import os, pytest\nfrom once import once\n"
        "@pytest.mark.parametrize('n', range(3))\ndef test_wait(n): once(f'wait{n}')\n"
        "def test_z():\n    os._exit(3)\n"
    )
    done = run("--selfheal", "-n1", env={"SELFHEAL_RETRY_BASE_S": "3", "SELFHEAL_RETRY_JITTER": "0"})
    assert counts(done.stdout) == {"failed": 4}, done.stdout
    assert done.stdout.count("the worker died before its next try had ended") == 3


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["plain", "xdist"])
def test_a_module_that_cannot_be_imported_for_a_passing_reason_is_collected_again(project, run, failures, options):
    """A fresh process says that it can be; the tests run, and the module is reported as healed."""
    path = project("from once import once\nonce('import')\nimport helper_of_row\ndef test_it(): pass\n")
    (path / "helper_of_row.py").write_text("VALUE = 1\n", encoding="utf-8")
    done = run("--selfheal", *options)
    assert (counts(done.stdout), done.returncode) == ({"passed": 1}, 0), done.stdout
    assert "collect" in {record.phase.value for record in failures() if record.outcome.value == "healed"}
    assert "HEALED test_row.py" in done.stdout


JUNIT = """
from once import once
def test_flaky(): once("flaky")
def test_hard():
    once("hard")
    raise ConnectionResetError(104, "still away")
def test_fine(): pass
"""


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["plain", "xdist"])
def test_every_file_that_tells_outcomes_agrees(project, run, options):
    """JUnit has one case per test with its tries; pytest-html, pytest-json-report and --lf count the same."""
    path = project(JUNIT)
    done = run(
        *("--selfheal", "--junitxml=j.xml", "--html=r.html", "--self-contained-html", *options),
        *("--json-report", "--json-report-file=r.json", "-o", f"cache_dir={path / 'cache'}", "-p", "cacheprovider"),
    )
    assert counts(done.stdout) == {"healed": 1, "failed": 1, "passed": 1}, done.stdout
    suite = ET.parse(path / "j.xml").getroot().find("testsuite")
    cases = {case.get("name"): case for case in suite.findall("testcase")}
    assert (suite.get("tests"), suite.get("failures"), len(cases)) == ("3", "1", 3)
    assert [len(cases[f"test_{name}"].findall("flakyFailure")) for name in ("flaky", "hard", "fine")] == [1, 0, 0]
    assert [len(cases[f"test_{name}"].findall("rerunFailure")) for name in ("flaky", "hard", "fine")] == [0, 2, 0]
    assert cases["test_flaky"].find("flakyFailure").get("type") == "ConnectionResetError"
    assert cases["test_flaky"].find("flakyFailure/stackTrace").text.startswith("attempt 1: transient")
    summary = json.loads((path / "r.json").read_text())["summary"]
    assert (summary["healed"], summary["passed"], summary["failed"], summary["total"]) == (1, 1, 1, 3)
    page = (path / "r.html").read_text(encoding="utf-8")
    assert re.search(r"1 Failed", page)
    assert re.search(r"2 Passed", page)
    again = run("--lf", "--collect-only", "-q", "-o", f"cache_dir={path / 'cache'}", "-p", "cacheprovider")
    assert "test_row.py::test_hard" in again.stdout
    assert "test_flaky" not in again.stdout


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["plain", "xdist"])
def test_fail_on_healed_holds_with_workers_too(project, run, options):
    """A strict suite is red although everything passed in the end."""
    project("from once import once\ndef test_flaky(): once('flaky')\n")
    done = run("--selfheal", *options, env={"SELFHEAL_FAIL_ON_HEALED": "1"})
    assert (counts(done.stdout), done.returncode) == ({"healed": 1}, 1)


SLOW = """
import time
from once import once
def test_slow():
    once("slow")
    time.sleep(30)
def test_next(): pass
"""

HANGS_ONCE = """
import time
from once import once
def test_hang():
    try: once("hang")
    except ConnectionResetError:
        while True: time.sleep(0.05)
def test_next(): pass
"""


@pytest.mark.parametrize("options", [(), ("-x",), ("-n2",)], ids=["deferred", "blocking", "xdist"])
def test_the_time_limit_holds_for_every_try(project, run, failures, options):
    """The first try fails fast, the second hangs and is stopped; after that the test has had its tries."""
    project(SLOW)
    done = run("--selfheal", "--timeout=1", *options, env={"SELFHEAL_ATTEMPTS": "2"})
    assert done.returncode == 1
    assert "failed" in counts(done.stdout)
    assert {record.failure_category.value for record in failures()} == {"timeout"}


@pytest.mark.parametrize("method", ["signal", "thread"])
def test_a_test_that_hangs_is_stopped_and_run_again_alone(project, run, method):
    """Also with the method that ends the session in pytest-timeout itself; the stacks are kept."""
    path = project(HANGS_ONCE)
    done = run("--selfheal", "--timeout=1", f"--timeout-method={method}")
    assert (counts(done.stdout), done.returncode) == ({"healed": 1, "passed": 1}, 0), done.stdout
    assert (path / "seen" / "test_row" / "hang").read_text() == "xx"


def test_code_that_swallows_the_limit_is_stopped_again(project, run):
    """The timer fires until it bites, and the stacks of all threads stand in the report."""
    project(
        "import time\ndef test_it():\n    for _ in range(2):\n        try: time.sleep(30)\n"
        "        except BaseException: pass\n    time.sleep(30)\n"
    )
    done = run("--selfheal", "--timeout=0.5", env={"SELFHEAL_ATTEMPTS": "1"}, timeout=60)
    assert done.returncode == 1
    assert "stacks at the time limit" in done.stdout


def test_a_teardown_that_hangs_after_a_failure_is_stopped_too(project, run):
    """pytest-timeout disarms its timer at the first failure."""
    project(
        "import pytest, time\n@pytest.fixture\ndef slow():\n    yield\n    time.sleep(30)\n"
        "def test_it(slow): assert 0\n"
    )
    done = run("--selfheal", "--timeout=1", timeout=60)
    assert counts(done.stdout) == {"failed": 1, "error": 1}, done.stdout


def test_a_worker_stuck_in_c_is_ended_and_the_run_goes_on(project, run):
    """Nothing of Python can stop it; the worker is lost, not the run, and its last stacks are reported."""
    project(
        "import ctypes\ndef test_stuck():\n    mutex = ctypes.create_string_buffer(64)\n"
        "    for _ in range(2): ctypes.PyDLL(None).pthread_mutex_lock(mutex)\n"
        "def test_a(): pass\ndef test_b(): pass\n"
    )
    done = run("--selfheal", "-n2", "--timeout=1", "--maxfail=9", timeout=100)  # blocking: not tried again
    assert counts(done.stdout) == {"failed": 1, "passed": 2}, done.stdout
    assert "Timeout of 1 s exceeded" in done.stdout
    assert "in test_stuck" in done.stdout


def test_without_a_limit_of_the_users_each_test_has_five_minutes(project, run):
    """The header says so; the user's own limit goes first, and 0 switches it off."""
    project("def test_it(): pass\n")
    assert "timeout: 300.0s" in run("--selfheal").stdout
    assert "timeout: 7.0s" in run("--selfheal", "--timeout=7").stdout
    assert "timeout:" not in run("--selfheal", env={"SELFHEAL_TIMEOUT_S": "0"}).stdout
    assert "timeout:" not in run("--selfheal=record").stdout
    assert "timeout:" not in run().stdout
