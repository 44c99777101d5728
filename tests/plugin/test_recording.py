"""Recording: what is kept, what never is, in plain runs and across xdist."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

MANY = """
import pytest
def test_passes(): pass
def test_fails(): assert {'token': 'x'} == 3
def test_skips(): pytest.skip("no")
@pytest.mark.xfail
def test_xfails(): assert 0
@pytest.mark.xfail(strict=True)
def test_xpass_strict(): pass
@pytest.fixture
def broken(): raise KeyError("setup")
def test_setup(broken): pass
def test_unknown_fixture(nothing_like_it): pass
@pytest.mark.parametrize("n", [1, 2])
def test_many(n): raise RuntimeError("the same")
"""


@pytest.mark.parametrize("extra", [(), ("-n", "2")], ids=["plain", "xdist"])
def test_failures_are_kept_and_nothing_else(pytester, run, failures, extra):
    """Passes, skips and expected failures leave no record; every failing phase leaves one."""
    pytester.makepyfile(test_many=MANY)
    run("--selfheal", *extra)
    found = {(record.nodeid.partition("::")[2], record.phase.value) for record in failures()}
    assert found == {
        ("test_fails", "call"),
        ("test_xpass_strict", "call"),
        ("test_setup", "setup"),
        ("test_unknown_fixture", "setup"),
        ("test_many[1]", "call"),
        ("test_many[2]", "call"),
    }


def test_plain_and_xdist_agree_on_every_signature(pytester, run, failures):
    """The same error has the same key whoever ran it."""
    pytester.makepyfile(test_many=MANY)
    run("--selfheal")
    plain = {(record.nodeid, record.signature, record.failure_category) for record in failures()}
    run("--selfheal", "-n", "2")
    assert {(record.nodeid, record.signature, record.failure_category) for record in failures()} == plain


@pytest.mark.parametrize("extra", [(), ("-n", "2")], ids=["plain", "xdist"])
def test_collection_errors_are_kept_once_each(pytester, run, failures, extra):
    """Syntax errors, missing modules, bad parametrize and a broken conftest in a folder."""
    pytester.makepyfile(
        test_syntax="def broken(:\n",
        test_import="import not_there_at_all\n",
        test_raises="raise KeyError('while importing')\n",
        test_params="import pytest\n@pytest.mark.parametrize('x', [1])\ndef test_a(y): pass\n",
        test_fine="def test_a(): pass\n",
    )
    folder = pytester.mkdir("inner")
    (folder / "conftest.py").write_text("import also_not_there\n")
    (folder / "test_inner.py").write_text("def test_a(): pass\n")
    run("--selfheal", *extra)
    kept = [(record.nodeid, record.phase.value) for record in failures()]
    assert len(kept) == len(set(kept))
    names = {nodeid for nodeid, phase in kept if phase == "collect"}
    assert {"test_syntax.py", "test_import.py", "test_raises.py", "test_params.py", "inner"} <= {
        name.removesuffix("/test_inner.py") for name in names
    }


def test_a_root_conftest_that_cannot_be_imported_is_kept(pytester, run, failures):
    """pytest gives up before collection; the failure is recorded all the same and the exit status stays pytest's."""
    pytester.makeconftest("import not_there_at_all\n")
    done = run("--selfheal")
    assert done.returncode == 4
    assert [record.failure_category.value for record in failures()] == ["missing_dependency"]


@pytest.mark.parametrize("extra", [(), ("-n", "2")], ids=["plain", "xdist"])
def test_failing_subtests_are_kept(pytester, run, failures, extra):
    """Each failing sub-test is recorded, its passing siblings are not."""
    if not hasattr(pytest, "Subtests"):
        pytest.skip("this pytest has no built-in sub-tests")
    pytester.makepyfile(
        """
        def test_it(subtests):
            for n in range(3):
                with subtests.test(n=n):
                    assert n != 1, "planted"
        """
    )
    run("--selfheal", *extra)
    assert [record.nodeid for record in failures()] == ["test_failing_subtests_are_kept.py::test_it"]


def test_a_worker_that_dies_is_a_crash(pytester, run, failures):
    """The controller records what the worker cannot."""
    pytester.makepyfile("import os\ndef test_dies(): os._exit(3)\ndef test_lives(): pass\n")
    run("--selfheal", "-n", "2")
    assert [(record.failure_category.value, record.nodeid.partition("::")[2]) for record in failures()] == [
        ("crash", "test_dies")
    ]


def test_secrets_never_reach_the_store(pytester, run):
    """Values of secret-looking variables and well-known token shapes are taken out before anything is written."""
    token = "ghp_" + "a1B2" * 9
    pytester.makepyfile(
        f"""
        import os
        def test_it():
            raise RuntimeError("sent {token} and " + os.environ["SERVICE_PASSWORD"])
        """
    )
    run("--selfheal", env={"SERVICE_PASSWORD": "correct-horse-battery"})
    stored = b"".join(path.read_bytes() for path in (pytester.path / ".selfheal").rglob("*") if path.is_file())
    assert b"RuntimeError" in stored
    assert token.encode() not in stored
    assert b"correct-horse-battery" not in stored


HOSTILE = """
class Nasty(Exception):
    def __str__(self): raise RuntimeError("no text for you")
class Cyclic(Exception): pass
class Props(Exception):
    @property
    def status_code(self): raise OSError("boo")
    response = errno = code = property(lambda self: 1 / 0)
def test_str(): raise Nasty()
def test_cycle():
    a, b = Cyclic("a"), Cyclic("b")
    a.__cause__, b.__cause__ = b, a
    raise a
def test_props(): raise Props("x")
def test_long(): raise ValueError("line\\n" * 4000)
def test_controls(): raise ValueError("\\x00 \\x1b[2J")
def test_notes():
    e = ValueError("noted")
    e.__notes__ = ["n"] * 10000
    raise e
def test_big(): raise ValueError(-2**70, "x" * 5_000_000)
"""


@pytest.mark.parametrize("extra", [(), ("-n", "2")], ids=["plain", "xdist"])
def test_hostile_exceptions_change_nothing_but_the_store(pytester, run, failures, extra):
    """Seven failures are seven failures, the session ends normally, and each is recorded."""
    pytester.makepyfile(test_hostile=HOSTILE)
    done = run("--selfheal", "--tb=no", *extra)
    assert done.returncode == 1
    assert "7 failed" in done.stdout
    assert "INTERNALERROR" not in done.stdout + done.stderr
    assert len(failures()) == 7


def test_lone_surrogates_are_kept_readable(pytester, run, failures):
    """Half a character is no reason to lose a record (under xdist pytest's own report of it ends the session)."""
    pytester.makepyfile(test_half="def test_it(): raise ValueError('\\ud800 half')\n")
    assert run("--selfheal").returncode == 1
    assert "half" in failures()[0].error_message


def test_switched_off_creates_nothing(pytester, run):
    """Installed but not enabled: no folder, no line, no difference."""
    pytester.makepyfile("def test_it(): assert 0\n")
    done = run()
    assert "selfheal" not in done.stdout.replace("plugins: ", "").partition("collected")[2]
    assert not (pytester.path / ".selfheal").exists()


@pytest.mark.parametrize("extra", [(), ("-n", "2")], ids=["plain", "xdist"])
@pytest.mark.parametrize("where", ["ini", "environment"])
def test_other_ways_to_switch_on(pytester, run, failures, where, extra):
    """The ini setting and SELFHEAL_MODE do what the flag does, in workers too."""
    pytester.makepyfile("def test_it(): assert 0\n")
    if where == "ini":
        pytester.makeini("[pytest]\nselfheal = true\n")
    run(*extra, env={"SELFHEAL_MODE": "record"} if where == "environment" else None)
    assert len(failures()) == 1


@pytest.mark.parametrize(
    ("option", "env", "mode"),
    [
        ("--selfheal", {}, "suggest"),
        ("--selfheal=record", {}, "record"),
        ("--selfheal", {"SELFHEAL_MODE": "record"}, "record"),
        ("--selfheal=auto", {"SELFHEAL_MODE": "record"}, "auto"),
    ],
)
def test_the_bare_flag_takes_the_configured_mode(pytester, run, option, env, mode):
    """A mode named on the command line wins, then the environment, then the file."""
    pytester.makepyprojecttoml('[tool.selfheal]\nmode = "suggest"\n')
    pytester.makepyfile("def test_it(): pass\n")
    assert f"selfheal: mode {mode}," in run(option, env=env).stdout


def test_unusual_sets_of_plugins_change_nothing(pytester, run, failures):
    """Without debugger, terminal and cache the tests run and failures are kept."""
    pytester.makepyfile("def test_fails(): assert 0\ndef test_passes(): pass\n")
    assert run("--selfheal", "-p", "no:debugging", "-p", "no:terminal").returncode == 1
    assert len(failures()) == 1


def test_the_flag_does_not_swallow_a_path(pytester, run):
    """`pytest --selfheal tests/` runs the tests in tests/."""
    folder = pytester.mkdir("only_here")
    (folder / "test_a.py").write_text("def test_a(): pass\n")
    pytester.makepyfile(test_elsewhere="def test_b(): pass\n")
    assert "1 passed" in run("--selfheal", "only_here").stdout


def test_an_unknown_mode_is_a_usage_error_that_lists_the_modes(pytester, run):
    """--selfheal=nonsense ends with exit status 4 before anything runs."""
    pytester.makepyfile("def test_it(): pass\n")
    done = run("--selfheal=nonsense")
    assert done.returncode == 4
    for mode in ("auto", "suggest", "record", "off"):
        assert f"--selfheal={mode}" in done.stderr


def test_broken_settings_are_a_usage_error_with_every_problem(pytester, run):
    """Exit status 4 with file, keys and suggestions; nothing runs."""
    pytester.makepyprojecttoml('[tool.selfheal]\nmoed = "auto"\nattempts = "three"\n')
    pytester.makepyfile("def test_it(): pass\n")
    done = run("--selfheal")
    assert done.returncode == 4
    assert "unknown key 'moed'; did you mean 'mode'?" in done.stderr
    assert "attempts = 'three' must be a whole number" in done.stderr
    assert "pyproject.toml" in done.stderr


@pytest.mark.parametrize("damage", ["file", "garbage", "newer"])
def test_a_store_that_cannot_be_used_is_one_warning_and_a_normal_run(pytester, run, damage):
    """The outcome of the tests is pytest's own; the summary says once that the store is degraded."""
    folder = pytester.path / ".selfheal"
    if damage == "file":
        folder.write_text("not a folder")
    else:
        folder.mkdir()
        text = "{{{ garbage" if damage == "garbage" else '{"format": "pytest-selfheal", "version": 99}'
        (folder / "store.json").write_text(text)
    pytester.makepyfile("def test_fails(): assert 0\ndef test_passes(): pass\n")
    done = run("--selfheal")
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout.splitlines()[-1]
    assert done.stdout.count("selfheal degraded") == (0 if damage == "garbage" else 1)


def test_an_error_inside_the_plugin_changes_no_outcome(pytester, run):
    """A listener that raises costs one line in the summary."""
    pytester.makeconftest(
        """
        import pytest
        def pytest_selfheal_event(event):
            raise RuntimeError("a listener's mistake")
        """
    )
    pytester.makepyfile("def test_fails(): assert 0\n")
    done = run("--selfheal")
    assert done.returncode == 1
    assert "1 failed" in done.stdout.splitlines()[-1]
    assert "a listener's mistake" in done.stdout


def test_events_are_broadcast_to_listeners(pytester, run):
    """A conftest hears of a healed test as it happens."""
    pytester.makeconftest(
        """
        def pytest_selfheal_event(event):
            print("HEARD", event.action, event.result, event.nodeids)
        """
    )
    pytester.makepyfile(
        """
        import itertools
        count = itertools.count()
        def test_it():
            if next(count) == 0:
                raise ConnectionResetError("once")
        """
    )
    done = run("--selfheal", "-s")
    assert "HEARD retry ok ('test_events_are_broadcast_to_listeners.py::test_it',)" in done.stdout


def test_the_run_is_recorded_with_its_counts(pytester, run, store):
    """Health needs green runs too."""
    pytester.makepyfile("import pytest\ndef test_a(): pass\ndef test_b(): pytest.skip('x')\ndef test_c(): assert 0\n")
    run("--selfheal")
    (found,) = store().runs()
    assert (found.complete, found.exit_status, found.passed, found.skipped, found.failed) == (True, 1, 1, 1, 1)


@pytest.mark.parametrize("verbosity", ["-v", "", "-q", "-qq"])
def test_a_green_run_says_nothing_at_the_end(pytester, run, verbosity):
    """Calm when green; only the header line shows that the plugin is on."""
    pytester.makepyfile("def test_a(): pass\n")
    done = run("--selfheal", *([verbosity] if verbosity else []))
    assert done.returncode == 0
    assert "= selfheal =" not in done.stdout
    assert done.stdout.count("selfheal: mode auto") == (1 if verbosity in ("", "-v") else 0)


@pytest.mark.parametrize(
    ("options", "section", "words"),
    [((), 1, True), (("-q",), 0, True), (("-qq",), 0, False), (("--no-summary",), 0, False)],
)
def test_quiet_options_quieten_the_summary(pytester, run, options, section, words):
    """-q is one line, -qq and --no-summary nothing."""
    pytester.makepyfile("def test_a(): raise KeyError('x')\n")
    done = run("--selfheal", *options)
    assert done.stdout.count("= selfheal =") == section
    tail = done.stdout.partition("selfheal: escalated:")[2] if not options else done.stdout
    assert ("escalated" in tail.lower()) is words


def test_terminal_escapes_from_a_test_do_not_reach_our_lines(pytester, run):
    """A message that would clear the screen is written out."""
    pytester.makepyfile("def test_a(): raise KeyError('\\x1b[2J\\x1b]0;owned\\x07')\n")
    done = run("--selfheal", "--tb=no", "-rN")
    assert "\x1b" not in done.stdout


IMPORT_CHECK = """
import sys, json, time
import pytest
import _pytest.config
config = _pytest.config._prepareconfig(["-p", "no:selfheal", "--co"])
before = set(sys.modules)
import pytest_selfheal.plugin
loaded = sorted(set(sys.modules) - before)
print(json.dumps(loaded))
"""


def test_importing_the_plugin_loads_nothing_heavy(pytester):
    """The entry point of everybody's pytest costs next to nothing."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_CHECK],
        cwd=pytester.path,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    loaded = json.loads(done.stdout)
    heavy = {
        "sqlite3",
        "ssl",
        "asyncio",
        "urllib.request",
        "multiprocessing",
        "unittest.mock",
        "sqlalchemy",
        "json_repair",
        "tenacity",
        "openai",
    }
    assert heavy.isdisjoint(loaded)
    assert {name for name in loaded if not name.startswith("pytest_selfheal")} <= {"argparse"}
    assert [name for name in loaded if name.startswith("pytest_selfheal")] == [
        "pytest_selfheal",
        "pytest_selfheal.plugin",
    ]


def test_an_enabled_green_run_loads_nothing_heavy_either(pytester, run):
    """Only a failure may cost more."""
    pytester.makepyfile(
        """
        def test_it():
            import sys
            assert {"sqlite3", "sqlalchemy", "json_repair", "tenacity", "openai"}.isdisjoint(sys.modules)
        """
    )
    assert run("--selfheal").returncode == 0


KILLED = """
import os, pathlib, signal, time

def test_flaky():
    raise ConnectionRefusedError(111, "Connection refused")

def test_last():
    os.kill(os.getpid(), signal.{signal})
    time.sleep(60)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="these signals do not exist here")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_a_failure_that_waits_is_kept_when_the_run_is_killed(pytester, run, failures, name):
    """Its first failure is in the store before anything else runs, and the signal does what it always does."""
    pytester.makepyfile(KILLED.replace("{signal}", name))
    done = run("--selfheal", env={"SELFHEAL_RETRY_BASE_S": "30"})
    assert done.returncode == -getattr(signal, name)
    assert [(record.nodeid.rpartition("::")[2], record.outcome.value) for record in failures()] == [
        ("test_flaky", "failed")
    ]


def test_what_becomes_of_a_waiting_failure_replaces_it(pytester, run, failures):
    """One test leaves one record, although it failed in two ways before it passed."""
    pytester.makepyfile("""
        tries = [ConnectionResetError("reset"), ConnectionRefusedError("refused")]

        def test_flaky():
            if tries:
                raise tries.pop()

        def test_other():
            pass
    """)
    assert run("--selfheal").returncode == 0
    assert [(record.outcome.value, len(record.attempts)) for record in failures()] == [("healed", 2)]


def test_sub_tests_that_fail_in_two_ways_are_both_kept(pytester, run, failures):
    """The one that was held while the test waited keeps its place when another one joins it."""
    pytester.makepyfile("""
        tries = []

        def test_both(subtests):
            tries.append(1)
            with subtests.test("first"):
                raise ConnectionResetError("reset")
            with subtests.test("second"):
                if len(tries) > 1:
                    raise BrokenPipeError("broken")

        def test_other():
            pass
    """)
    run("--selfheal")
    assert {record.error_type for record in failures()} == {"ConnectionResetError", "BrokenPipeError"}


def test_our_own_modules_are_loaded_by_python_itself(pytester, run):
    """pytest's rewriting would read them more slowly, and in vain; test modules are rewritten as ever."""
    pytester.makeconftest(
        "import sys\n\n\ndef pytest_unconfigure():\n"
        "    for name in ('pytest_selfheal.plugin.controller', 'pytest_selfheal.repair.workshop', 'test_it'):\n"
        "        print(name, type(sys.modules[name].__loader__).__name__)\n"
    )
    pytester.makepyfile(test_it="def test_it():\n    assert undefined\n")
    lines = run("--selfheal=suggest", "-s").stdout.splitlines()
    assert "pytest_selfheal.plugin.controller SourceFileLoader" in lines
    assert "pytest_selfheal.repair.workshop SourceFileLoader" in lines
    assert "test_it AssertionRewritingHook" in lines
