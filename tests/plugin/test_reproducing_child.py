"""The child that records calls: what it may not call, it says."""

from __future__ import annotations

import pytest

from pytest_selfheal.regress.replaying import Way
from pytest_selfheal.regress.trying import try_tests

APP = "def send(text):\n    return text[9]\n"
TESTS = {
    "plain": "import app\ndef test_it():\n    app.send('hi')\n",
    "fixture": "import app\ndef test_it(monkeypatch):\n    app.send('hi')\n",
    "patch": "from unittest import mock\nimport app\ndef test_it():\n"
    "    with mock.patch('app.print', create=True):\n        app.send('hi')\n",
}


@pytest.mark.parametrize("way", TESTS)
def test_code_is_not_called_without_what_its_test_replaces(pytester, way):
    """Outside a test that patches, the call would do the real thing."""
    pytester.makepyfile(app=APP, test_it=TESTS[way])
    result = try_tests(
        ["test_it.py::test_it"], Way(pytester.path, pytester.path), timeout_s=60, record=[("app.py", "send")]
    )
    seen = result.seen["test_it.py::test_it"]
    assert [call.text for _path, call in seen.candidates()] == (["app.send('hi')"] if way == "plain" else [])
    assert ("replaces parts" in "".join(seen.reasons())) is (way != "plain")
