"""Edits given as text, and what code from outside may not do."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_selfheal.errors import PatchError
from pytest_selfheal.model import Origin
from pytest_selfheal.model import Rewrite
from pytest_selfheal.repair.foreign import foreign_refusal
from pytest_selfheal.repair.patch import apply_patch
from pytest_selfheal.repair.project import Project
from pytest_selfheal.repair.rewriting import candidate_from

STOCK = '''import math
import os
import json
import yaml
from shop import sizes


def load(path):
    with open(path) as file:
        return json.load(file)


def home():
    return os.sep


def count(items):
    """Count (see `__len__`)."""
    return len(items)


def weigh(items):
    return len(items)
'''


@pytest.fixture
def project(tmp_path):
    """A project of one module and a test."""
    files = {"src/shop/__init__.py": "", "src/shop/sizes.py": "SMALL = 1\n", "src/shop/stock.py": STOCK}
    for name, text in {**files, "tests/test_stock.py": "def test_one():\n    assert 1\n"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text.encode())
    return Project(tmp_path)


def _candidate(project, *rewrites):
    return candidate_from(rewrites, project, fixer="ai:any", title="an edit")


def _result(project, *rewrites):
    return apply_patch(_candidate(project, *rewrites).patch, project.read)["src/shop/stock.py"].decode()


def test_an_anchor_tells_which_of_two_is_meant(project):
    """The first one from the line with the anchor on."""
    found = _result(project, Rewrite("src/shop/stock.py", "return len(items)", "return 2", "def weigh(items):"))
    assert found == STOCK[: STOCK.index("def weigh")] + "def weigh(items):\n    return 2\n"


def test_several_edits_are_one_candidate(project):
    """Of origin ai, a guess, never learned."""
    one = Rewrite("src/shop/stock.py", "import math\n", "")
    two = Rewrite("./src/shop/sizes.py", "SMALL = 1", "SMALL = 2")
    candidate = _candidate(project, one, two)
    assert sorted(candidate.patch.hashes) == ["src/shop/sizes.py", "src/shop/stock.py"]
    assert (candidate.origin, candidate.confidence, candidate.learned) == (Origin.AI, 0.5, False)


@pytest.mark.parametrize(
    ("data", "search", "replace", "expected"),
    [
        (b"a = 1\r\nb = 2\r\n", "a = 1\nb", "a = 2\nc", b"a = 2\r\nc = 2\r\n"),
        (b"\xef\xbb\xbfa = '\xc3\xa4'\nb = 1\n", "b = 1", "b = 2", b"\xef\xbb\xbfa = '\xc3\xa4'\nb = 2\n"),
        (
            b"# coding: latin-1\na = '\xe4'\nb = 1\n",
            "b = 1",
            "b = '\u00fc'",
            b"# coding: latin-1\na = '\xe4'\nb = '\xfc'\n",
        ),
    ],
    ids=["crlf", "bom", "latin-1"],
)
def test_the_bytes_around_an_edit_stay(project, data, search, replace, expected):
    """Line ends, byte order mark and encoding are those of the file."""
    (project.root / "src/shop/stock.py").write_bytes(data)
    patch = _candidate(project, Rewrite("src/shop/stock.py", search, replace)).patch
    assert apply_patch(patch, project.read)["src/shop/stock.py"] == expected


@pytest.mark.parametrize(
    ("rewrite", "why"),
    [
        (Rewrite("../x.py", "a", "b"), "leaves the project"),
        (Rewrite("src/shop/none.py", "a", "b"), "cannot be read"),
        (Rewrite("src/shop/stock.py", "no such text", "b"), "is not in the file"),
        (Rewrite("src/shop/stock.py", "return len(items)", "b"), "more than once"),
        (Rewrite("src/shop/stock.py", "return len", "b", "no such line"), "stands in 0 lines"),
        (Rewrite("src/shop/stock.py", "return len", "b", "items"), "stands in 4 lines"),
        (Rewrite("src/shop/stock.py", "\n", "b"), "is empty"),
        (Rewrite("src/shop/stock.py", "import math", "import math"), "changes nothing"),
        (Rewrite("src/shop/stock.py", "import math", "import [redacted]"), "secret"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_edit_without_one_place_is_refused(project, rewrite, why):
    """With the reason, before anything is run."""
    with pytest.raises(PatchError, match=why):
        _candidate(project, rewrite)


PARTS = st.sampled_from(
    ["..", ".", "src", "shop", "stock.py", "x.py", "", ".git", "~", "C:", "\0", "\ud800", "\n", "a" * 300]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.lists(PARTS, max_size=5).map("/".join) | st.text(max_size=20))
def test_only_the_projects_own_files_are_reached(project, path):
    """Whatever is given as a path: one of the files, or a refusal."""
    try:
        candidate = _candidate(project, Rewrite(path, "import math", "import cmath"))
    except PatchError:
        return
    assert set(candidate.patch.hashes) == {"src/shop/stock.py"}


def test_overlapping_edits_are_refused(project):
    """Two edits of one place contradict each other."""
    with pytest.raises(PatchError, match="overlaps"):
        _candidate(
            project,
            Rewrite("src/shop/stock.py", "import math", "x"),
            Rewrite("src/shop/stock.py", "math\nimport os", "y"),
        )


def _refusal(project, search, replace):
    return foreign_refusal(_candidate(project, Rewrite("src/shop/stock.py", search, replace)).patch, project)


HARMLESS = {
    "arithmetic": ("return len(items)\n\n\ndef weigh", "return len(items) + 1\n\n\ndef weigh"),
    "harmless import": (
        "import math\n",
        "import math\nfrom decimal import Decimal\nfrom collections.abc import Sized\n",
    ),
    "own module": ("import math\n", "import math\nfrom shop.sizes import SMALL\n"),
    "relative": ("import math\n", "import math\nfrom .sizes import SMALL\n"),
    "imported library": ("def home():", "def dump(x):\n    return yaml.dump(x)\n\n\ndef home():"),
    "beside a use": ("    with open(path) as file:\n", "    path = str(path)\n    with open(path) as file:\n"),
}
HARMFUL = {
    "os": ("return os.sep", "return os.getcwd()"),
    "changed use": ("open(path)", "open(path, 'w')"),
    "more of it": ("def home():", "def lines(path):\n    return open(path)\n\n\ndef home():"),
    "new import": ("import math\n", "import math\nimport subprocess\n"),
    "hidden import": ("import math\n", "import math, socket\n"),
    "from os": ("import math\n", "import math\nfrom os import remove\n"),
    "new library": ("import math\n", "import math\nimport numpy\n"),
    "star": ("from shop import sizes\n", "from shop import sizes\nfrom shop.sizes import *\n"),
    "through a module": ("def home():", "def gone(p):\n    json.codecs.builtins.exec(p)\n\n\ndef home():"),
    "import function": ("return os.sep", "return __import__('os').sep"),
    "getattr": ("def home():", "def gone(p):\n    getattr(p, 'unlink')()\n\n\ndef home():"),
    "eval": ("def home():", "def gone(p):\n    eval(p)\n\n\ndef home():"),
    "dunder": ("def home():", "def gone(p):\n    return p.__class__\n\n\ndef home():"),
    "format": ("def home():", "def gone(p):\n    return '{0.__class__}'.format(p)\n\n\ndef home():"),
    "path method": ("def home():", "def gone(p):\n    p.unlink()\n\n\ndef home():"),
    "under test": ("return os.sep", "return 'PYTEST_CURRENT_TEST'"),
    "no syntax": ("return os.sep", "return os.sep("),
}


@pytest.mark.parametrize(("search", "replace"), HARMLESS.values(), ids=HARMLESS)
def test_ordinary_code_may_be_tried(project, search, replace):
    """Calculating, the project's own modules, the libraries a file has already."""
    assert _refusal(project, search, replace) == ""


@pytest.mark.parametrize(("search", "replace"), HARMFUL.values(), ids=HARMFUL)
def test_what_reaches_outside_is_not_even_run(project, search, replace):
    """New mentions of files, processes, network and the interpreter, and changed ones."""
    assert _refusal(project, search, replace).startswith("src/shop/stock.py: ")


def test_tests_are_for_people(project):
    """Also where no assertion is touched."""
    patch = _candidate(project, Rewrite("tests/test_stock.py", "assert 1", "assert 2")).patch
    assert foreign_refusal(patch, project) == "tests/test_stock.py: only people and the built-in fixers edit tests"
