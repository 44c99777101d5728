"""Fixtures and parametrized names in tests: what must be rewritten, and what must not be touched."""

from __future__ import annotations

import pytest

from pytest_selfheal.repair.fixers import fixtures
from pytest_selfheal.repair.fixers import parametrize

HEAD = "import pytest\n\nfrom shop.box import Box\n\n\n"
CONFTEST = HEAD + "@pytest.fixture\ndef warehouse():\n    return Box()\n"
BOX = "class Box:\n    def put(self, item): ...\n\n    def count(self): ...\n"
BASE = {"shop/box.py": BOX, "tests/conftest.py": CONFTEST}
LISTED = "\n> available fixtures: cache, capsys, tmp_path, warehouse\n> use 'pytest --fixtures' for help"


def missing(failing, name, listed=LISTED):
    message = f"fixture '{name}' not found{listed}"
    return failing("_pytest.fixtures.FixtureLookupError", message, "tests/test_it.py", 1)


# name: (missing fixture, test module, new text)
REWRITE = {
    "misspelt in the parameters only": (
        "warehuose",
        "def test_a(warehuose):\n    assert warehouse.count() is None\n",
        "def test_a(warehouse):\n    assert warehouse.count() is None\n",
    ),
    "misspelt in its uses as well": (
        "warehuose",
        "def test_a(warehuose):\n    warehuose.put(1)\n",
        "def test_a(warehouse):\n    warehouse.put(1)\n",
    ),
    "one that pytest brings": (
        "tmp_paht",
        "def test_a(tmp_paht):\n    (tmp_paht / 'x').mkdir()\n",
        "def test_a(tmp_path):\n    (tmp_path / 'x').mkdir()\n",
    ),
    "renamed, and used in assertions": (
        "box",
        "def test_a(box):\n    box.put(1)\n    assert box.count() is None\n",
        "def test_a(warehouse):\n    box = warehouse\n    box.put(1)\n    assert box.count() is None\n",
    ),
    "renamed, and used outside of assertions": (
        "box",
        "def test_a(box):\n    box.put(1)\n    n = box.count()\n    assert n is None\n",
        "def test_a(warehouse):\n    warehouse.put(1)\n    n = warehouse.count()\n    assert n is None\n",
    ),
}


@pytest.mark.parametrize(("name", "text", "expected"), REWRITE.values(), ids=REWRITE)
def test_the_fixture_that_is_there_is_asked_for(name, text, expected, make_project, failing, healed):
    """A test that asks for a missing fixture asks for the one that was meant; its assertions stay as they are."""
    project = make_project(BASE | {"tests/test_it.py": text})
    assert healed(fixtures.propose, missing(failing, name), project) == {"tests/test_it.py": expected}


def test_all_modules_that_ask_for_it_change(make_project, failing, healed):
    """A renamed fixture is renamed in every module below its conftest, but not where the old name is defined."""
    asking = "def test_a(box):\n    box.put(1)\n"
    own = HEAD + f"@pytest.fixture\ndef box(): ...\n\n\n{asking}"
    files = BASE | {"tests/test_it.py": asking, "tests/deep/test_b.py": asking, "tests/test_own.py": own}
    new = healed(fixtures.propose, missing(failing, "box"), make_project(files))
    assert new.keys() == {"tests/test_it.py", "tests/deep/test_b.py"}


LEFT = {
    "a fixture that cannot do what the test wants": (BASE, "def test_a(box):\n    box.open()\n"),
    "two fixtures nobody asks for": (
        BASE | {"tests/conftest.py": CONFTEST + "\n\n@pytest.fixture\ndef other():\n    return Box()\n"},
        "def test_a(box):\n    box.put(1)\n",
    ),
    "a fixture others ask for": (
        BASE | {"tests/test_b.py": "def test_b(warehouse): ...\n"},
        "def test_a(box):\n    box.put(1)\n",
    ),
    "a test that does nothing with it": (BASE, "def test_a(box):\n    pass\n"),
    "an argument that a mark gives": (
        BASE,
        "import pytest\n\n\n@pytest.mark.parametrize('box', [1])\ndef test_a(box):\n    box.put(1)\n",
    ),
}


@pytest.mark.parametrize(("files", "text"), LEFT.values(), ids=LEFT)
def test_other_fixtures_are_left_alone(files, text, make_project, failing, healed):
    """Where the missing fixture may have been something else, nothing is done by itself."""
    project = make_project(files | {"tests/test_it.py": text})
    assert healed(fixtures.propose, missing(failing, "box"), project) == {}


def marked(names, signature, rows="[(1, 2, 3)]"):
    return f"import pytest\n\n\n@pytest.mark.parametrize({names}, {rows})\ndef test_a({signature}):\n    assert b\n"


def too_few(failing, names, values):
    message = (
        f'tests/test_it.py::test_a: in "parametrize" the number of names ({names}):\n  []\n'
        f"must be equal to the number of values ({values}):\n  ()"
    )
    return failing("builtins.Failed", message, nodeid="tests/test_it.py")


NAMES = {
    "in a string": ('"a, c"', "a, b, c", '"a, b, c"'),
    "at the end": ("'a,b'", "a, b, c", "'a,b,c'"),
    "in a list": ('["a", "c"]', "a, b, c", '["a", "b", "c"]'),
    "in a tuple, beside a fixture": ('("b", "c")', "tmp_path, a, b, c", '("a", "b", "c")'),
}


def test_a_name_too_many_is_taken_out(make_project, failing, healed):
    """More names than values: the name that the test does not take goes."""
    project = make_project({"tests/test_it.py": marked('"a, b, c"', "a, c", "[(1, 2)]")})
    new = healed(parametrize.propose, too_few(failing, 3, 2), project)
    assert new == {"tests/test_it.py": marked('"a, c"', "a, c", "[(1, 2)]")}


@pytest.mark.parametrize(("names", "signature", "expected"), NAMES.values(), ids=NAMES)
def test_a_name_is_added_from_the_signature(names, signature, expected, make_project, failing, healed):
    """Rows with one value more than names: the test's parameter that nothing provides is the missing name."""
    project = make_project({"tests/test_it.py": marked(names, signature)})
    new = healed(parametrize.propose, too_few(failing, 2, 3), project)
    assert new == {"tests/test_it.py": marked(expected, signature)}


def test_a_misspelt_name_is_corrected(make_project, failing, healed):
    """A name that the test does not have becomes the close parameter that nothing provides."""
    project = make_project({"tests/test_it.py": marked('"yaer, b"', "year, b", "[(1, 2)]")})
    message = "In tests/test_it.py::test_a: function uses no argument 'yaer'"
    failure = failing("builtins.Failed", message, nodeid="tests/test_it.py")
    expected = marked('"year, b"', "year, b", "[(1, 2)]")
    assert healed(parametrize.propose, failure, project) == {"tests/test_it.py": expected}


UNCLEAR = {
    "a signature without it": ('"a, c"', "a, c"),
    "a signature in another order": ('"c, a"', "a, b, c"),
    "two names too few": ('"a"', "a, b"),
    "names that are computed": ("NAMES", "a, b, c"),
}


@pytest.mark.parametrize(("names", "signature"), UNCLEAR.values(), ids=UNCLEAR)
def test_unclear_names_are_left_alone(names, signature, make_project, failing):
    """Where the test does not tell which name is missing, nothing is proposed."""
    project = make_project({"tests/test_it.py": marked(names, signature)})
    assert parametrize.propose(too_few(failing, 2, 3), project) == []
