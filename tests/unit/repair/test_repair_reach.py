"""Which files a failure can have to do with, and which tests a change can break."""

from __future__ import annotations

import pytest

from pytest_selfheal.repair.reach import affected_tests
from pytest_selfheal.repair.reach import reached

FILES = {
    "src/shop/__init__.py": "",
    "src/shop/a.py": "from . import b\n",
    "src/shop/b.py": "from shop.c import x\nimport os\n",
    "src/shop/c.py": "x = 1\n",
    "src/shop/alone.py": "def f(:\n",
    "tests/test_a.py": "from shop.a import y\n",
    "tests/test_c.py": "import shop.c\n",
    "tests/helper.py": "from shop import b\n",
    "tests/test_h.py": "import helper\n",
}


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (["tests/test_a.py"], ["tests/test_a.py", "src/shop/a.py", "src/shop/b.py", "src/shop/__init__.py"]),
        (["src/shop/c.py"], ["src/shop/c.py"]),
        (["src/shop/alone.py"], ["src/shop/alone.py"]),
        (["elsewhere.py"], []),
    ],
)
def test_what_a_file_reaches_comes_nearest_first(make_project, start, expected):
    """Broken files end the walk, files outside the project do not begin it."""
    found = reached(make_project(FILES), start, 4)
    assert sorted(found) == sorted(expected)
    assert found[:2] == expected[:2]


def test_no_more_files_than_asked_for(make_project):
    """A snapshot of a big project stays small."""
    assert len(reached(make_project(FILES), ["tests/test_a.py"], 2)) == 2


def test_the_tests_that_reach_a_file_over_any_steps(make_project):
    """Also by way of other modules and of helpers of the tests."""
    project = make_project(FILES)
    assert set(affected_tests(project, ["src/shop/c.py"], 9)) == {
        "tests/test_c.py",
        "tests/test_a.py",
        "tests/test_h.py",
    }
    assert affected_tests(project, ["src/shop/c.py"], 1) == ["tests/test_c.py"]
    assert affected_tests(project, ["src/shop/alone.py"], 9) == []
