"""Which way candidates are tried: cold children, forks of a warm one, and the verdict that counts."""

from __future__ import annotations

import re
import time

import pytest

from pytest_selfheal.model import Candidate
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Frame
from pytest_selfheal.model import Origin
from pytest_selfheal.model import Phase
from pytest_selfheal.policy import Policy
from pytest_selfheal.repair.patch import edits_between
from pytest_selfheal.repair.patch import patch_id
from pytest_selfheal.repair.patch import patch_of
from pytest_selfheal.repair.screening import Children
from pytest_selfheal.repair.validate import ChildSetup
from pytest_selfheal.repair.warm import can_fork
from pytest_selfheal.repair.workshop import Bench
from pytest_selfheal.safety.child_args import child_args

TEST = "tests/test_shop.py::test_total"
SHOP = "def total(items):\n    return sum(items, begin)\n"
FILES = {
    "pytest.ini": "[pytest]\npythonpath = src\n",
    "src/shop.py": SHOP,
    "tests/test_shop.py": "from shop import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n",
}
RIGHT = SHOP.replace("begin", "0")
needs_fork = pytest.mark.skipif(not can_fork(), reason="this system cannot fork")


@pytest.fixture
def root(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def bench_of(root, **policy):
    return Bench(
        root,
        Policy(**policy),
        directory=root,
        child_args=child_args([], ()),
        monotonic=time.monotonic,
        inipath=str(root / "pytest.ini"),
    )


def children_of(root, seconds=60.0):
    setup = ChildSetup(str(root), str(root), child_args([], ()), inipath=str(root / "pytest.ini"), timeout_s=60.0)
    return Children(setup, lambda: seconds)


def candidate(bench, text, confidence=0.6):
    read = bench.project.read
    patch = patch_of(edits_between("src/shop.py", read("src/shop.py"), text.encode()), read)
    return Candidate(
        id=patch_id(patch),
        fixer="by_hand",
        title=text.splitlines()[-1].strip(),
        patch=patch,
        confidence=confidence,
        origin=Origin.BUILTIN,
        error_class=ErrorClass.API,
        learned=False,
    )


def failure(kind="NameError"):
    frame = Frame("src/shop.py", 2, "total", in_app=True)
    link = ErrorLink(kind, message="name 'begin' is not defined", frames=(frame,))
    return Failure(TEST, Phase.CALL, kind, link.message, chain=(link,), test_path="tests/test_shop.py")


def counting(bench):
    trials = []
    bench.attend(told=lambda: trials.append(1), writes=False)
    return trials


@needs_fork
def test_many_candidates_are_forked_and_the_winner_is_run_cold_as_well(root):
    """One of four passes: four forks, and one cold child whose verdict stands in the fix."""
    bench = bench_of(root)
    trials = counting(bench)
    texts = [SHOP.replace("begin", word) for word in ("1", "items", "None", "0")]
    proof = bench.prove(failure(), [candidate(bench, text) for text in texts], [TEST], frozenset())
    bench.close()
    assert [fix.candidate.title for fix in proof.fixes] == ["return sum(items, 0)"]
    assert len(proof.notes) == 3
    assert len(trials) == 5
    assert (root / "src/shop.py").read_text() == SHOP


def test_two_candidates_get_a_cold_child_each(root):
    """Starting a warm child would take longer."""
    bench = bench_of(root)
    trials = counting(bench)
    texts = [SHOP.replace("begin", "1"), RIGHT]
    proof = bench.prove(failure(), [candidate(bench, text) for text in texts], [TEST], frozenset())
    assert [fix.candidate.title for fix in proof.fixes] == ["return sum(items, 0)"]
    assert len(trials) == 2


@needs_fork
def test_what_passes_only_in_a_fork_is_no_fix(root):
    """A fork has modules loaded that the test forgot to import; the cold child has not."""
    import xmlrpc.client  # noqa: F401 - one that pytest does not load

    children = children_of(root)
    test = "import sys\nimport shop\n\n\ndef test_total():\n    {}\n    assert 'xmlrpc.client' in sys.modules\n"
    (root / "tests/test_shop.py").write_text(test.format("shop.total([])"))
    assert children.warm_up(failure(), [TEST], 3)
    trials = []
    children.told = lambda: trials.append(1)
    validation, run = children.forked({"src/shop.py": RIGHT.encode()}, [TEST], frozenset())
    children.close()
    assert not validation.ok
    assert run.errors[TEST].error_type == "AssertionError"
    assert len(trials) == 2


@needs_fork
@pytest.mark.parametrize(
    ("kind", "count", "fit"),
    [("NameError", 3, True), ("NameError", 2, False), ("KeyError", 3, False)],
    ids=["fails alike", "too few", "fails otherwise"],
)
def test_a_warm_child_must_fail_like_the_users_test(root, kind, count, fit):
    """Where a fork fails in another way than the run did, its verdicts are worth nothing."""
    children = children_of(root)
    assert children.warm_up(failure(kind), [TEST], count) is fit
    children.close()


@needs_fork
def test_a_setting_that_is_made_before_an_import_is_noticed(root):
    """A conftest that prepares an import comes too late in a fork: everything is run cold then."""
    import xmlrpc.client  # noqa: F401 - the module that must not be loaded yet

    (root / "tests/conftest.py").write_text("import sys\nif 'xmlrpc.client' in sys.modules:\n    raise ImportError\n")
    children = children_of(root)
    assert not children.warm_up(failure(), [TEST], 3)
    validation, _run = children.forked({"src/shop.py": RIGHT.encode()}, [TEST], frozenset())
    children.close()
    assert validation.ok


def test_a_child_that_was_got_ready_confirms_what_is_on_disk(root):
    """It does not matter whether one was; without an order it is let go."""
    children = children_of(root)
    children.get_ready([TEST])
    (root / "src/shop.py").write_text(RIGHT)
    for _ in range(2):
        validation, _run = children.confirm([TEST], edited=["src/shop.py"], also=["tests"], known_failures=frozenset())
        assert (validation.ok, validation.passed) == (True, 1)
    children.get_ready([TEST])
    children.close()


@pytest.mark.parametrize("count", [1, pytest.param(3, marks=needs_fork)], ids=["cold", "forks"])
def test_a_hanging_test_ends_with_the_budget_of_its_error(root, count):
    """The first trial is stopped when the time for this error is used up, and no further one is made."""
    bench = bench_of(root, fix_budget_s=4.0)
    hanging = [SHOP.replace("begin", f"{number}") + "while True: pass\n" for number in range(count)]
    proof = bench.prove(failure(), [candidate(bench, text) for text in hanging], [TEST], frozenset())
    bench.close()
    assert proof.fixes == ()
    # Where the machine is slow, starting the children alone can use up the time.
    stopped = re.compile("the tests were still running after|the time for repairs is used up")
    assert all(map(stopped.search, proof.notes))
    assert bench.time_left()
