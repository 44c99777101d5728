"""A lost import behind `except Exception`: the source tells what the error does not."""

from __future__ import annotations

import pytest

from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Frame
from pytest_selfheal.model import Phase
from pytest_selfheal.repair.fixers.swallowed_name import propose
from pytest_selfheal.repair.fixers.swallowed_name import undefined
from pytest_selfheal.repair.patch import apply_patch

SWALLOWING = (
    "def valid(text):\n    try:\n        return bool(json.loads(text))\n    except Exception:\n        return False\n"
)
FILES = {
    "shop/__init__.py": "",
    "shop/other.py": "import json\n\n\ndef f():\n    return json.dumps(1)\n",
    "shop/checks.py": SWALLOWING,
    "tests/test_it.py": "from shop.checks import valid\n\n\ndef test_it():\n    assert valid('[1]')\n",
}


def failing(kind="AssertionError", message="assert False", phase=Phase.CALL):
    frames = (Frame("tests/test_it.py", 4, "test_it", in_app=True, is_test=True),)
    link = ErrorLink(kind, message=message, frames=frames)
    return Failure("tests/test_it.py::test_it", phase, kind, message, chain=(link,), test_path="tests/test_it.py")


def test_the_file_with_an_undefined_name_gets_its_import(make_project):
    """The candidate is sure of the import and says that it need not be the answer."""
    project = make_project(FILES)
    (candidate,) = propose(failing(), project)
    assert apply_patch(candidate.patch, project.read) == {"shop/checks.py": b"import json\n\n\n" + SWALLOWING.encode()}
    assert (candidate.specific, candidate.learned, candidate.fixer) == (False, True, "swallowed_name")


@pytest.mark.parametrize(
    ("failure", "changes"),
    [
        pytest.param(failing("NameError", "name 'json' is not defined"), {}, id="an error that names its cause"),
        pytest.param(failing("SyntaxError", "invalid syntax"), {}, id="a syntax error"),
        pytest.param(failing(phase=Phase.COLLECT), {}, id="a collection error"),
        pytest.param(failing(), {"shop/checks.py": f"import json\n{SWALLOWING}"}, id="nothing is undefined"),
        pytest.param(failing(), {"shop/checks.py": SWALLOWING.replace("json", "jsno")}, id="nobody knows the name"),
        pytest.param(failing(), {"shop/checks.py": "def f(:\n"}, id="a file that does not parse"),
    ],
)
def test_other_failures_get_no_candidate(make_project, failure, changes):
    """Without an undefined name that has one sure import there is nothing to try."""
    files = {**FILES, **changes}
    assert propose(failure, make_project(files)) == []


def test_tests_and_scripts_are_not_looked_at(make_project):
    """Only product code can have swallowed the error."""
    files = {**FILES, "shop/checks.py": "", "tests/test_it.py": SWALLOWING, "docs/conf.py": SWALLOWING}
    assert undefined(make_project(files)) == {}
