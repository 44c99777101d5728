"""Repairs at the end of a run: what is written, what is only offered, and what stays as it is."""

from __future__ import annotations

import subprocess
import textwrap

import pytest

CART = "def total(items):\n    return sum(items, Decimal(0))\n"
FIXED = f"from decimal import Decimal\n\n\n{CART}"


@pytest.fixture
def shop(pytester):
    """A git repository with a module that lost an import, and neighbours that show how it is imported."""
    pytester.makeini("[pytest]\npythonpath = src\n")
    files = {
        "src/shop/__init__.py": "",
        "src/shop/prices.py": "from decimal import Decimal\n\nRATE = Decimal('1.21')\n",
        "src/shop/cart.py": CART,
        "tests/test_cart.py": "from shop.cart import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n",
    }
    for name, text in files.items():
        path = pytester.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    _git(pytester.path, "init", "-q")
    _commit(pytester.path)
    return pytester


def _git(folder, *arguments):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def _commit(folder):
    _git(folder, "add", "-A")
    _git(folder, "commit", "-q", "--allow-empty", "-m", "change")


def _cart(shop):
    return (shop.path / "src/shop/cart.py").read_text()


def _kinds(store):
    return [entry.entry for entry in store().reviews(status="open")]


@pytest.mark.parametrize("extra", [(), ("-n", "2")], ids=["plain", "xdist"])
def test_a_missing_import_is_written_and_the_run_stays_red(shop, run, store, extra):
    """The fix is applied and told with its diff and how to undo it; the exit status is that of the failing test."""
    done = run("--selfheal", *extra)
    assert done.returncode == 1
    assert _cart(shop) == FIXED
    assert "+from decimal import Decimal" in done.stdout
    assert "take back with: selfheal undo" in done.stdout
    assert [(event.action, event.result) for event in store().events()] == [("fix", "ok")]
    assert _kinds(store) == []
    assert _git(shop.path, "status", "--porcelain", "--", "src", "tests") == " M src/shop/cart.py\n"


def test_the_next_run_is_green_and_silent(shop, run):
    """After the fix nothing is left to tell."""
    run("--selfheal")
    done = run("--selfheal")
    assert done.returncode == 0
    assert "= selfheal =" not in done.stdout


def test_accept_fixes_lets_the_run_pass(shop, run):
    """Only when asked for, and only when nothing else failed."""
    assert run("--selfheal", env={"SELFHEAL_ACCEPT_FIXES": "1"}).returncode == 0


def test_accept_fixes_does_not_hide_another_failure(shop, run):
    """One fixed and one standing failure are a red run."""
    (shop.path / "tests" / "test_bug.py").write_text("def test_bug():\n    assert 1 == 2\n")
    assert run("--selfheal", env={"SELFHEAL_ACCEPT_FIXES": "1"}).returncode == 1
    assert _cart(shop) == FIXED


def test_accept_fixes_does_not_vouch_for_tests_that_did_not_run(shop, run):
    """After -x the tests behind the fixed one are unknown, so the run stays red."""
    (shop.path / "tests" / "test_z_bug.py").write_text("def test_bug():\n    assert 1 == 2\n")
    assert run("--selfheal", "-x", env={"SELFHEAL_ACCEPT_FIXES": "1"}).returncode == 1
    assert _cart(shop) == FIXED


SECOND = """

def average(items):
    return frobnicate(items) / len(items)
"""
AVERAGE = "from shop.cart import average\n\n\ndef test_average():\n    assert average([1, 3]) == 2\n"


def _second_error(shop, name):
    (shop.path / "src/shop/cart.py").write_text(CART + SECOND.replace("frobnicate", name))
    (shop.path / "tests/test_average.py").write_text(AVERAGE)
    _commit(shop.path)
    return _cart(shop)


def test_half_of_a_file_is_not_mended(shop, run, store):
    """Where another error of the same file stays, the fix waits: who mends the rest wants to see it as it was."""
    before = _second_error(shop, "frobnicate")
    run("--selfheal")
    assert _cart(shop) == before
    assert sorted(_kinds(store)) == ["escalation", "suggestion"]
    (entry,) = (entry for entry in store().reviews() if entry.candidates)
    assert "another error that is not mended: NameError: name 'frobnicate'" in entry.reason


def test_a_file_with_two_errors_that_can_be_mended_is(shop, run):
    """Each of them gets its fix."""
    _second_error(shop, "totl")
    run("--selfheal")
    assert "total(items) / len" in _cart(shop)
    assert "from decimal import Decimal" in _cart(shop)


@pytest.mark.parametrize(
    ("mode", "env"),
    [
        ("--selfheal=suggest", {}),
        ("--selfheal", {"SELFHEAL_TRUST": "collaborator"}),
        ("--selfheal", {"SELFHEAL_TRUST": "untrusted"}),
        ("--selfheal", {"SELFHEAL_TRUST": "auto", "CI": "true"}),
    ],
    ids=["suggest", "collaborator", "untrusted", "unknown CI"],
)
def test_without_the_right_to_write_the_fix_is_a_suggestion(shop, run, store, mode, env):
    """The validated patch waits in the queue, with the reason why it was not applied."""
    run(mode, env=env)
    assert _cart(shop) == CART
    (entry,) = store().reviews()
    assert entry.entry == "suggestion"
    assert "never writes code" in entry.reason


def test_during_a_merge_nothing_is_written(shop, run, store):
    """A work tree in the middle of something is a person's."""
    (shop.path / ".git" / "MERGE_HEAD").write_text(_git(shop.path, "rev-parse", "HEAD"))
    run("--selfheal")
    assert _cart(shop) == CART
    assert store().reviews()[0].reason == "a merge is in progress"


def test_a_file_git_does_not_track_is_not_edited(shop, run, store):
    """There would be no way back to what it was but ours."""
    _git(shop.path, "rm", "-q", "--cached", "src/shop/cart.py")
    run("--selfheal")
    assert _cart(shop) == CART
    assert _kinds(store) == ["escalation"]
    assert any("git" in note for note in store().reviews()[0].notes)


def test_outside_the_edit_roots_nothing_is_edited(shop, run):
    """edit_roots limits where fixes may go."""
    run("--selfheal", env={"SELFHEAL_EDIT_ROOTS": "lib"})
    assert _cart(shop) == CART


def test_record_mode_only_records(shop, run, store, failures):
    """No child process, no queue, no edit."""
    run("--selfheal=record")
    assert _cart(shop) == CART
    assert len(failures()) == 1
    assert store().reviews() == []


def test_two_meanings_that_both_pass_are_asked(shop, run, store):
    """Green tests do not tell which of two functions was meant."""
    (shop.path / "src/shop/cart.py").write_text("def total(items):\n    return len(tidy_up(items)) + 1\n")
    (shop.path / "src/shop/left.py").write_text("def tidy_up(items):\n    return list(items)\n")
    (shop.path / "src/shop/right.py").write_text("def tidy_up(items):\n    return sorted(items)\n")
    _commit(shop.path)
    run("--selfheal")
    assert _cart(shop).startswith("def total")
    (entry,) = store().reviews()
    assert (entry.entry, len(entry.candidates)) == ("options", 2)


@pytest.mark.parametrize("options", [("-x",), ("tests/test_cart.py::test_total",)], ids=["-x", "one test"])
def test_a_failure_that_was_there_before_does_not_stand_in_the_way(shop, run, options):
    """Tests this run did not get to are judged by what they did with the old text."""
    test = shop.path / "tests" / "test_cart.py"
    test.write_text(test.read_text() + "\n\ndef test_bug():\n    assert 1 == 2\n")
    _commit(shop.path)
    run("--selfheal", *options)
    assert _cart(shop) == FIXED


def test_a_lost_import_behind_a_broad_except_comes_back(shop, run, store):
    """The test sees a wrong answer only; a name nothing defines is found in the source and proved by the test."""
    swallowing = (
        "def parse(text):\n    try:\n        return Decimal(text)\n    except Exception:\n        return None\n"
    )
    (shop.path / "src/shop/cart.py").write_text(swallowing)
    test = "from shop.cart import parse\n\n\ndef test_parse():\n    assert parse('1') == 1\n"
    (shop.path / "tests" / "test_cart.py").write_text(test)
    _commit(shop.path)
    run("--selfheal")
    assert _cart(shop) == f"from decimal import Decimal\n\n\n{swallowing}"


def test_an_undefined_name_that_is_not_the_cause_is_not_offered(shop, run, store):
    """What does not turn the tests green has nothing to do with them: the entry is a plain escalation."""
    (shop.path / "tests" / "test_cart.py").write_text("def test_bug():\n    assert 1 == 2\n")
    _commit(shop.path)
    run("--selfheal")
    assert _cart(shop) == CART
    (entry,) = store().reviews()
    assert (entry.entry, entry.candidates, entry.reason) == ("escalation", (), "no fixer knows this error")


def test_a_fix_that_breaks_another_test_is_taken_back(shop, run, store):
    """The confirming run has all tests of the file; the sources are as before, and the failure is a person's."""
    (shop.path / "tests" / "test_cart.py").write_text(
        "import shop.cart\n\ndef test_total():\n    assert shop.cart.total([1, 2]) == 3\n\n"
        "def test_no_decimal():\n    assert not hasattr(shop.cart, 'Decimal')\n"
    )
    _commit(shop.path)
    run("--selfheal")
    assert _cart(shop) == CART
    assert [(event.action, event.result) for event in store().events() if event.action == "fix"] == [("fix", "failed")]
    assert _kinds(store) == ["escalation"]


def test_an_error_behind_the_error_is_fixed_in_the_same_run(shop, run):
    """A collection error hides a second one in another file; the chain is kept because it ends green."""
    (shop.path / "src/shop/cart.py").write_text(f"RATE = Decimal(1)\n\n\n{CART}")
    test = shop.path / "tests" / "test_cart.py"
    test.write_text(test.read_text() + "\n\ndef test_raises():\n    with pytest.raises(TypeError):\n        total(1)\n")
    _commit(shop.path)
    run("--selfheal")
    assert _cart(shop).startswith("from decimal import Decimal\n")
    assert test.read_text().startswith("import pytest\n")
    assert run("--selfheal=off").returncode == 0


@pytest.mark.parametrize("where", ["conftest.py", "tests/conftest.py"])
def test_a_source_that_breaks_a_conftest_is_repaired(shop, run, where):
    """pytest gives up with exit status 4 before collection; the lost import comes back all the same."""
    (shop.path / "src/shop/cart.py").write_text(f"ZERO = Decimal(0)\n\n\n{CART}")
    (shop.path / where).write_text("import shop.cart\n")
    _commit(shop.path)
    done = run("--selfheal", "tests")
    assert done.returncode == 4
    assert _cart(shop).startswith("from decimal import Decimal\n"), done.stderr
    assert run("--selfheal").returncode == 0


def test_a_conftest_itself_is_never_edited(shop, run):
    """What all tests share is a person's to change."""
    conftest = shop.path / "tests" / "conftest.py"
    conftest.write_text("ZERO = Decimal(0)\n")
    _commit(shop.path)
    run("--selfheal")
    assert conftest.read_text() == "ZERO = Decimal(0)\n"


def test_the_users_reports_are_not_overwritten_by_validation(shop, run):
    """A validation run has its own temporary folders and none of the user's report options."""
    done = run("--selfheal", "--junitxml=report.xml", "--basetemp=mine")
    assert _cart(shop) == FIXED
    assert 'failures="1"' in (shop.path / "report.xml").read_text()
    assert done.returncode == 1


def test_the_opt_out_marker_keeps_a_test_from_being_repaired(shop, run):
    """no_selfheal is recorded and left alone."""
    test = shop.path / "tests" / "test_cart.py"
    test.write_text("import pytest\n\npytestmark = pytest.mark.no_selfheal\n\n" + test.read_text())
    _commit(shop.path)
    run("--selfheal")
    assert _cart(shop) == CART


def test_a_hanging_validation_ends_within_its_limit(shop, run, store):
    """A candidate whose test does not end is no fix."""
    (shop.path / "tests" / "test_cart.py").write_text(
        "import time\nfrom shop.cart import total\n\ndef test_total():\n"
        "    assert total([1]) == 1\n    time.sleep(60)\n"
    )
    _commit(shop.path)
    run("--selfheal", env={"SELFHEAL_VALIDATION_TIMEOUT_S": "3"}, timeout=50)
    assert _cart(shop) == CART
    assert any("still running" in note for note in store().reviews()[0].notes)


def test_the_third_run_with_an_error_writes_a_regression_test(pytester, run, store):
    """Two runs write nothing, ten failing parameters in one run are one sighting; the third run writes one file."""
    pytester.makepyfile(
        test_bug="import pytest\n@pytest.mark.parametrize('n', range(3))\ndef test_bug(n):\n    assert [1][n + 1]\n"
        + "".join(f"def test_fine_{n}(): pass\n" for n in range(9))
    )
    folder = pytester.path / "tests" / "regressions"
    for _ in range(2):
        run("--selfheal")
        assert not folder.exists()
    done = run("--selfheal")
    (emitted,) = folder.glob("*.py")
    assert f"tests/regressions/{emitted.name}" in done.stdout
    assert len(store().generated_tests()) == 1
    run("--selfheal")
    assert list(folder.glob("*.py")) == [emitted]


def test_the_regression_test_fails_with_the_bug_and_passes_without(pytester, run, failures):
    """It makes the failing call; it is itself never retried, repaired, or made the source of another one."""
    pytester.makepyfile(test_bug="def test_bug():\n    assert [1][1]\n")
    for _ in range(3):
        run("--selfheal")
    replayed = run("tests/regressions")
    assert "1 failed" in replayed.stdout
    assert "IndexError" in replayed.stdout
    assert not any(record.is_regression for record in failures())
    pytester.makepyfile(test_bug="def test_bug():\n    assert [1][0]\n")
    assert run("tests/regressions").returncode == 0
    pytester.makepyfile(test_bug="import pytest\ndef test_bug():\n    pytest.skip('not now')\n")
    assert "1 skipped" in run("tests/regressions").stdout
    pytester.makepyfile(test_bug="")
    assert "delete this file" in run("-rs", "tests/regressions").stdout


@pytest.mark.parametrize(
    ("body", "env"),
    [
        ("raise ConnectionResetError('gone')", {"SELFHEAL_ATTEMPTS": "1"}),
        ("import not_there_at_all", {}),
        ("assert 0", {"SELFHEAL_TRUST": "untrusted"}),
        ("assert 0", {"SELFHEAL_OCCURRENCES": "9"}),
        ("assert 0", {"SELFHEAL_MODE": "suggest"}),
    ],
    ids=["transient", "missing package", "untrusted", "higher limit", "suggest"],
)
def test_no_regression_test_without_reason(pytester, run, body, env):
    """Outages and missing packages say nothing about the code; untrusted runs do not count; suggest never writes."""
    pytester.makepyfile(test_it=f"def test_it():\n    {body}\n")
    option = "--selfheal=suggest" if env.get("SELFHEAL_MODE") else "--selfheal"
    for _ in range(3):
        run(option, env=env)
    assert not (pytester.path / "tests").exists()


@pytest.mark.parametrize("way", ["option", "mark"])
def test_another_plugin_that_retries_keeps_the_tests(pytester, run, failures, way):
    """With rerunfailures active, by its option or a mark, ours only observes and says so once."""
    mark = "@pytest.mark.flaky(reruns=1)\n" if way == "mark" else ""
    pytester.makepyfile(f"import pytest\n{mark}def test_it():\n    raise ConnectionResetError('gone')\n")
    done = run("--selfheal", *(["--reruns", "1"] if way == "option" else []))
    assert done.stdout.count("keeps the retries") == 1
    assert "1 rerun" in done.stdout
    assert {record.outcome.value for record in failures()} <= {"failed", "escalated"}


@pytest.mark.parametrize("workers", [[], ["-n1"]], ids=["plain", "worker"])
def test_what_another_plugin_healed_is_no_failure_of_ours(pytester, run, failures, workers):
    """A try that rerunfailures repeats is an attempt; only its last word counts, and a rescue is told as healed."""
    pytester.makepyfile(
        """
        import itertools
        once, twice = itertools.count(), itertools.count()
        def test_rescued():
            assert next(once)
        def test_lost():
            assert next(twice) > 5
        """
    )
    run("--selfheal", "--reruns", "1", *workers)
    outcomes = {
        record.nodeid.rpartition("::")[2]: (record.outcome.value, len(record.attempts)) for record in failures()
    }
    assert outcomes == {"test_rescued": ("healed", 1), "test_lost": ("escalated", 1)}


def test_a_timeout_of_pytest_timeout_does_not_run_while_ours_waits(pytester, run):
    """The clock of --timeout stands still during a backoff, and starts anew for the next attempt."""
    pytester.makepyfile(
        """
        import itertools, time
        count = itertools.count(1)
        def test_it():
            time.sleep(0.3)
            if next(count) < 3:
                raise ConnectionResetError("again")
        """
    )
    done = run("--selfheal", "--timeout=3", env={"SELFHEAL_RETRY_BASE_S": "0.8", "SELFHEAL_RETRY_JITTER": "0"})
    assert done.returncode == 0, done.stdout
    assert "1 healed" in done.stdout.splitlines()[-1]


def test_a_timeout_is_recorded_as_one_and_run_again_alone(pytester, run, failures):
    """pytest-timeout's own words decide; the test gets its time again in a fresh process."""
    pytester.makepyfile("import time\ndef test_it():\n    time.sleep(20)\n")
    done = run("--selfheal", "--timeout=0.5")
    assert [(record.failure_category.value, record.attempt) for record in failures()] == [("timeout", 2)]
    assert "run again alone in a fresh process: Failed: Timeout (>0.5s)" in done.stdout


LUCKY = """
    import pathlib
    from shop.prices import RATE

    def test_rate():
        log = pathlib.Path(__file__).with_name("log.txt")
        log.write_text(log.read_text() + "x" if log.exists() else "x")
        assert len(log.read_text()) in {passes}
"""


@pytest.mark.parametrize("passes", [range(2, 99), {2, 4, 6}], ids=["once", "every-second-time"])
def test_a_fix_is_not_credited_with_a_lucky_green(shop, run, store, passes):
    """A test that passes without the change as well is flaky: nothing is written, and the run stays red."""
    (shop.path / "tests" / "test_cart.py").unlink()  # nothing runs the file with the undefined name
    (shop.path / "tests" / "test_rate.py").write_text(textwrap.dedent(LUCKY.format(passes=passes)))
    done = run("--selfheal", env={"SELFHEAL_ACCEPT_FIXES": "1"})
    assert done.returncode == 1
    assert _cart(shop) == CART
    assert _kinds(store) == ["escalation"]
    if 3 in passes:
        assert [event.nodeids for event in store().events() if event.action == "flaky"] == [
            ("tests/test_rate.py::test_rate",)
        ]
        assert "fails only sometimes" in done.stdout
