"""Which options reach a validation child."""

from __future__ import annotations

import pytest

from pytest_selfheal.safety.child_args import child_args

EMPTY = ("-o", "addopts=")

CASES = {
    "nothing": ([], [], ()),
    "tests are chosen by us": (
        ["tests/test_a.py", "tests/b.py::test_c[x y]"],
        ["tests/test_a.py", "tests/b.py::test_c[x y]"],
        (),
    ),
    "our own options": (["--selfheal", "--selfheal=suggest", "--selfheal-x", "y"], [], ()),
    "our bare flag before a file": (["--selfheal", "tests"], ["tests"], ()),
    "our plugin by name": (["-p", "selfheal", "-ppytest_selfheal.plugin", "-p", "no:selfheal"], [], ()),
    "distribution": (
        ["-n", "2", "-n2", "-nauto", "-n=2", "--dist", "loadfile", "--dist=each", "--tx", "popen"],
        [],
        (),
    ),
    "numprocesses": (["--numprocesses", "4", "--maxprocesses=3"], [], ()),
    "coverage": (
        ["--cov", "src", "--cov=src", "--cov-report", "xml", "--cov-report=html", "--cov-append", "--no-cov-on-fail"],
        [],
        (),
    ),
    "bare coverage before a file": (["--cov", "tests/test_a.py"], ["tests/test_a.py"], ()),
    "reports": (
        [
            "--junitxml=a.xml",
            "--junit-xml",
            "a.xml",
            "--html",
            "a.html",
            "--self-contained-html",
            "--json-report",
            "--json-report-file=x.json",
            "--report-log",
            "x",
            "--alluredir=x",
            "--md",
            "x",
        ],
        [],
        (),
    ),
    "repetition": (["--reruns", "2", "--reruns-delay=1", "--only-rerun", "X", "--count=3", "--force-flaky"], [], ()),
    "stopping": (["-x", "--exitfirst", "--maxfail=2", "--maxfail", "2"], [], ()),
    "selection": (["-k", "a and b", "-kx", "-m", "slow", "--deselect", "x", "--deselect=x"], [], ()),
    "order by earlier runs": (
        ["--lf", "--ff", "--nf", "--sw", "--stepwise-skip", "--lfnf", "all", "--cache-clear"],
        [],
        (),
    ),
    "talk": (
        [
            "-v",
            "-vv",
            "-q",
            "-rA",
            "-r",
            "fE",
            "-l",
            "--tb=long",
            "--tb",
            "short",
            "--color=yes",
            "--no-header",
            "--durations=5",
            "--durations",
            "5",
            "--verbosity=2",
        ],
        [],
        (),
    ),
    "debugging": (
        ["--pdb", "--trace", "--pdbcls=a:b", "--setup-show", "--setup-plan", "--collect-only", "--co"],
        [],
        (),
    ),
    "temporary folder": (["--basetemp", "/x", "--basetemp=/y"], [], ()),
    "argument files": (["@args.txt"], [], ()),
    "after two dashes": (["--", "tests"], [], ()),
    "how tests are found": (
        ["-c", "other.ini", "--rootdir", "/r", "--import-mode=importlib", "--ignore", "x", "--confcutdir=y"],
        [],
        ("-cother.ini", "--rootdir=/r", "--import-mode=importlib", "--ignore=x", "--confcutdir=y"),
    ),
    "plugins, warnings, settings": (
        ["-p", "no:randomly", "-pxdist", "-W", "error", "-Wignore::X", "-o", "xfail_strict=true", "-ofoo=bar"],
        [],
        ("-pno:randomly", "-pxdist", "-Werror", "-Wignore::X", "-oxfail_strict=true", "-ofoo=bar"),
    ),
    "capture": (["-s", "--capture=no", "--capture", "sys"], [], ("-s", "--capture=no", "--capture=sys")),
    "short flags together": (["-xvs", "-qqx", "-svn", "3", "-vcx.ini"], [], ("-s", "-s", "-cx.ini")),
    "options of unknown plugins": (
        ["--browser", "firefox", "--base-url=http://x", "--headed", "tests"],
        ["tests"],
        ("--browser", "firefox", "--base-url=http://x", "--headed"),
    ),
    "unknown short options": (["-Zfoo"], [], ("-Zfoo",)),
    "a dash alone": (["-"], ["-"], ()),
    "values that are missing": (["-n"], [], ()),
}


@pytest.mark.parametrize(("given", "positional", "kept"), CASES.values(), ids=CASES.keys())
def test_only_what_decides_how_tests_run_is_kept(given, positional, kept):
    """Selection, artefacts, distribution, repetition and talk are dropped with their values."""
    assert child_args(given, positional) == (*EMPTY, *kept)


@pytest.mark.parametrize(
    "addopts",
    ["-ra -n auto --cov=src -p no:doctest -W 'error::DeprecationWarning: x' --strict-markers",
     ["-ra", "-n", "auto", "--cov=src", "-p", "no:doctest", "-W", "error::DeprecationWarning: x", "--strict-markers"]],
    ids=["text", "list"],
)  # fmt: skip
def test_addopts_of_the_ini_file_are_filtered_too(addopts):
    """The ini file's own `addopts` are emptied and their harmless part is passed before the command line."""
    kept = ("-pno:doctest", "-Werror::DeprecationWarning: x", "--strict-markers")
    assert child_args(["-s"], (), addopts) == (*EMPTY, *kept, "-s")


def test_overridden_addopts_replace_those_of_the_ini_file():
    """`-o addopts=...` on the command line wins over the file, filtered as well."""
    assert child_args(["-o", "addopts=-s -x"], (), "-p no:doctest") == (*EMPTY, "-s")


def test_addopts_of_the_environment_count():
    """`PYTEST_ADDOPTS` stands before the command line; unbalanced quotes do no harm."""
    assert child_args(["-p", "b"], (), (), "-p a -n 3") == (*EMPTY, "-pa", "-pb")
    assert child_args([], (), (), "-p 'a") == (*EMPTY, "-p'a")
