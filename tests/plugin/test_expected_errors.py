"""Calls whose exception the code around them waits for: raising may be right, so what is written must say what."""

from __future__ import annotations

import pytest

from pytest_selfheal.regress.expecting import CAUGHT
from pytest_selfheal.regress.replaying import Way
from pytest_selfheal.regress.trying import try_tests

APP = """
import collections.abc


class Refused(Exception):
    pass


def read(text, strict=True, *, depth=3):
    return {}[text]


def careful(text, lock=None):
    try:
        return read(text)
    except ValueError:
        return ""


class Bag:
    clear = collections.abc.MutableMapping.clear

    def popitem(self):
        return [][1]


class Shelf:
    def __init__(self, *names, size=2):
        self.names = names

    def __getitem__(self, name):
        return {}[name]

    def __call__(self, *names, **more):
        return {}[names]
"""
CALLS = {
    "nothing around it": ("app.read('a')", "app.read('a')", ""),
    "raises": ("with pytest.raises(app.Refused):\n        app.read('a')", "app.read('a')", "app.Refused"),
    "one of several": (
        "with pytest.raises((ValueError, app.Refused), match='x') as caught:\n        app.read('a')",
        "app.read('a')",
        "(ValueError, app.Refused)",
    ),
    "function form": ("pytest.raises(app.Refused, app.read, 'a')", "app.read('a')", "app.Refused"),
    "used up": ("with pytest.raises(app.Refused):\n        list(app.read('a'))", "app.read('a')", "app.Refused"),
    "after it": ("with pytest.raises(ZeroDivisionError):\n        1 / 0\n    app.read('a')", "app.read('a')", ""),
    "finally only": ("try:\n        app.read('a')\n    finally:\n        pass", "app.read('a')", ""),
    "which of two calls": ("with pytest.raises(app.Refused):\n        app.read(app.read('a'))", "", CAUGHT),
    "which of two lines": (
        "with pytest.raises(app.Refused):\n        app.read('a')\n        app.read('b')",
        "",
        CAUGHT,
    ),
    "caught": ("try:\n        app.read('a')\n    except ValueError:\n        pass", "", CAUGHT),
    "suppressed": ("with contextlib.suppress(ValueError):\n        app.read('a')", "", CAUGHT),
    "any context": ("gone = pytest.raises(app.Refused)\n    with gone:\n        app.read('a')", "", CAUGHT),
    "unknown error": ("with pytest.raises(errors()[0]):\n        app.read('a')", "", CAUGHT),
    "local error": (
        "class Own(Exception):\n        pass\n    with pytest.raises(Own):\n        app.read('a')",
        "",
        "the error its test expects: test_13.<locals>.Own cannot be imported",
    ),
    "caught by its caller": ("app.careful('a', open(__file__))", "", CAUGHT),
    "caught by a library": ("app.Bag().clear()", "", CAUGHT),
    "passed on": (
        "try:\n        app.read('a')\n    except ValueError:\n        print()\n        raise",
        "app.read('a')",
        "",
    ),
    "defaults left out": ("app.read('a', True, depth=3)", "app.read('a')", ""),
    "after a default": ("app.read('a', depth=4)", "app.read('a', depth=4)", ""),
    "other type than the default": ("app.read('a', 1)", "app.read('a', 1)", ""),
    "item": ("app.Shelf('b', size=2)['a']", "app.Shelf('b')['a']", ""),
    "called object": ("app.Shelf()(1, 2, of='x')", "app.Shelf()(1, 2, of='x')", ""),
}


HEAD = "import contextlib\nimport pytest\nimport app\n\ndef errors():\n    return [app.Refused]\n\n"


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """How each line's test failed; all of them run in one child."""
    root = tmp_path_factory.mktemp("expected")
    (root / "app.py").write_text(APP)
    tests = [f"def test_{number}():\n    {line}\n" for number, (line, _text, _told) in enumerate(CALLS.values())]
    (root / "test_it.py").write_text(HEAD + "\n".join(tests))
    record = [("app.py", name) for name in ("read", "careful", "__getitem__", "__call__", "popitem")]
    return try_tests(["test_it.py"], Way(root, root), timeout_s=120, record=record).seen


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_written_as_a_person_would_with_the_error_its_test_waits_for(seen, name):
    """One call that has to raise is written with the exception it has to raise; where that is unclear there is none."""
    _line, text, told = CALLS[name]
    this = seen[f"test_it.py::test_{list(CALLS).index(name)}"]
    assert [call.text for _path, call in this.candidates()][:1] == ([text] if text else [])
    assert told in ([this.candidates()[0][1].raises] if text else this.reasons())
