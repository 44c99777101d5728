"""The key of an error stays the same while the code around it moves."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_selfheal.classify import diagnose
from pytest_selfheal.classify.masking import mask
from pytest_selfheal.model import Category
from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Frame
from pytest_selfheal.model import Phase
from pytest_selfheal.model import ProjectFacts
from pytest_selfheal.plugin.capture import capture

PRODUCT = """
def total(prices):
    return sum(prices) / len(prices)  # the mean


def load(kind):
    if kind == "value":
        raise ValueError("bad value 17 at 0x7f00aa")
    return total([])
"""
TEST = """
from shop_product import load


def check(answer, expected):
    assert answer == expected


def test_mean():
    load("mean")


def test_value():
    load("value")


def test_helper():
    check(1, 2)


def test_other_helper():
    check(1, 2)


def test_own():
    assert {} == {"a": 1}
"""


def project(folder, shift=0):
    """Write a small project and return its test module; `shift` moves every line down."""
    folder.mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "shop_product.py").write_text("# moved\n" * shift + PRODUCT)
    (folder / "tests/test_shop.py").write_text("# moved\n" * shift + TEST)
    modules = {}
    for name, path in (("shop_product", "shop_product.py"), ("test_shop", "tests/test_shop.py")):
        spec = importlib.util.spec_from_file_location(name, folder / path)
        modules[name] = importlib.util.module_from_spec(spec)
        sys.modules[name] = modules[name]
        spec.loader.exec_module(modules[name])
    return modules["test_shop"]


@pytest.fixture(autouse=True)
def forget_modules():
    """The modules of these projects do not outlive the test."""
    yield
    for name in ("shop_product", "test_shop"):
        sys.modules.pop(name, None)


def diagnosed(root, function, nodeid="tests/test_shop.py::test_x"):
    with pytest.raises(Exception) as excinfo:  # noqa: PT011 - any exception is data here
        function()
    return diagnose(capture(excinfo, nodeid=nodeid, phase=Phase.CALL, rootpath=root), ProjectFacts())


@pytest.mark.parametrize("name", ["test_mean", "test_value", "test_helper", "test_own"])
def test_moving_lines_and_the_project_changes_nothing(tmp_path, name):
    """Other line numbers, another folder and another test id give the same signature and outage key."""
    one = diagnosed(tmp_path / "one", getattr(project(tmp_path / "one"), name))
    other = diagnosed(
        tmp_path / "else/where",
        getattr(project(tmp_path / "else/where", shift=7), name),
        "tests/test_shop.py::test_x[b-2]",
    )
    assert one.signature_parts == other.signature_parts
    assert (one.signature, one.outage_key) == (other.signature, other.outage_key)
    assert one.signature.startswith("v1:")
    assert len(one.signature) == len("v1:") + 16


def test_different_places_differ(tmp_path):
    """Two bugs, and two tests that share a helper, do not fall together."""
    module = project(tmp_path / "p")
    names = ("test_mean", "test_value", "test_helper", "test_other_helper", "test_own")
    assert len({diagnosed(tmp_path / "p", getattr(module, name)).signature for name in names}) == len(names)


def test_parts_name_the_product_line_without_comment(tmp_path):
    """The innermost frame of the product is the place; its comment does not count."""
    parts = diagnosed(tmp_path / "p", project(tmp_path / "p").test_mean).signature_parts
    assert parts == (
        "type=builtins.ZeroDivisionError",
        "at=shop_product.py:total:return sum(prices) / len(prices)",
    )


def test_hash_seed_does_not_matter():
    """A message with a set in it gives the same signature in processes with different hash seeds."""
    program = (
        "from pytest_selfheal.classify import *; from pytest_selfheal.model import *;"
        "text = str({'alpha', 'beta', 'gamma', 'delta'});"
        "print(diagnose(Failure('t.py::t', Phase.CALL, 'x', text, report_kind='text'), ProjectFacts()).signature)"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(answers) == 1


def failure(*links, **changes):
    base = Failure("tests/test_a.py::test_a[1]", Phase.CALL, links[0].type_name, links[0].message, chain=links)
    return replace(base, **changes)


def link(type_name, *bases, relation="self", message="", frames=(), **facts):
    return ErrorLink(type_name, (type_name, *bases), message, relation, facts, tuple(frames))


def signature(case):
    return diagnose(case, ProjectFacts()).signature


APP = Frame("shop/client.py", 10, "Client.get", "return self.send()", in_app=True)
TEST_FRAME = Frame("tests/test_a.py", 5, "test_a", "client.get()", in_app=True, is_test=True)
LIBRARY = Frame("/lib/site-packages/httpx/x.py", 90, "raise_it", "raise X")


def test_facts_tell_errors_at_one_place_apart():
    """Status codes and missing names are part of the signature."""
    statuses = {signature(failure(link("a.E", frames=[APP], http_status=status))) for status in (500, 503)}
    names = {
        signature(failure(link("builtins.ModuleNotFoundError", "builtins.ImportError", frames=[APP], name=name)))
        for name in ("requests", "numpy")
    }
    assert (len(statuses), len(names)) == (2, 2)


def test_library_frames_messages_and_contexts_do_not_count():
    """What happens inside a library, what the message says and what was handled before change nothing."""
    plain = failure(link("a.E", message="one", frames=[TEST_FRAME, APP]))
    noisy = failure(
        link("a.E", message="two", frames=[TEST_FRAME, APP, LIBRARY]), link("builtins.KeyError", relation="context")
    )
    caused = failure(link("a.E", message="one", frames=[TEST_FRAME, APP]), link("b.F", relation="cause"))
    assert signature(plain) == signature(noisy)
    assert signature(plain) != signature(caused)


def test_envelopes_of_pytest_do_not_count():
    """A collection error has the signature of the exception inside."""
    inner = link("builtins.ValueError", relation="cause", frames=[APP])
    wrapped = failure(link("_pytest.nodes.Collector.CollectError", message="long text"), inner)
    assert signature(wrapped) == signature(failure(replace(inner, relation="self")))


def test_a_hang_is_known_by_its_test_alone():
    """The line that a timeout interrupts is chance."""
    frames = [[replace(TEST_FRAME, source=text), replace(APP, source=text)] for text in ("sleep(1)", "poll()")]
    hangs = [
        failure(
            link("builtins.Failed", message="Timeout (>1.0s) from pytest-timeout.", frames=pair, pytest_timeout=1.0)
        )
        for pair in frames
    ]
    assert signature(hangs[0]) == signature(hangs[1])
    assert diagnose(hangs[0], ProjectFacts()).category is Category.TIMEOUT


def test_a_syntax_error_is_known_by_file_and_text():
    """Where the importing code stands does not matter, nor the line number."""
    bases = ("builtins.Exception",)
    cases = [
        link("builtins.SyntaxError", *bases, frames=[frame], filename="shop/a.py", text="x = = 1", lineno=lineno)
        for frame, lineno in ((APP, 1), (TEST_FRAME, 9))
    ]
    assert signature(failure(cases[0])) == signature(failure(cases[1]))


def test_crashes_are_known_by_their_test_without_parameters():
    """A dead worker leaves only the test's name."""
    crash = Failure("a.py::t[1]", Phase.CALL, "WorkerCrash", "worker 'gw0' crashed", report_kind="crash")
    assert signature(crash) == signature(replace(crash, nodeid="a.py::t[2]", error_message="worker 'gw7' crashed"))
    assert signature(crash) != signature(replace(crash, nodeid="a.py::u"))


def test_one_outage_in_many_places_has_one_outage_key():
    """The coarser key leaves the place out and looks at the innermost explicit cause."""
    keys = {
        diagnose(
            failure(link("a.Wrap", frames=[frame]), link("b.Down", relation="cause", http_status=503)), ProjectFacts()
        ).outage_key
        for frame in (APP, TEST_FRAME)
    }
    assert len(keys) == 1


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("at 2026-03-01T12:00:00.123Z", "at <time>"),
        ("id 123e4567-e89b-12d3-a456-426614174000", "id <uuid>"),
        ("<Cart object at 0x7f3c2a1b4d60>", "<Cart object at <address>>"),
        ("commit 3f2a9c0b7d11", "commit <hex>"),
        ("file /tmp/pytest-of-ann/pytest-3/x.txt missing", "file <path> missing"),
        ("worker gw3 on 10.0.0.17:8080", "worker <worker> on <ip>"),
        ("took 1.52 s, wanted 3", "took <duration>, wanted <n>"),
        ("got {'b', 'a'}", "got {'a', 'b'}"),
        ("\n\n  first line \nsecond", "first line"),
        ("plain words stay", "plain words stay"),
    ],
)
def test_masking(text, masked):
    """What changes between runs is replaced, the rest stays."""
    assert mask(text) == masked


@given(st.text(max_size=200))
def test_masking_twice_changes_nothing_more_but_numbers(text):
    """No text breaks the masks, and the result is one line."""
    assert len(mask(text).splitlines()) <= 1
