"""Fixes that make a test green by weakening what it checks, or the code less safe: each shape must be refused."""

from __future__ import annotations

import ast

import pytest

from pytest_selfheal.repair.guards import MAX_FILES
from pytest_selfheal.repair.guards import path_refusal
from pytest_selfheal.repair.guards import refusal
from pytest_selfheal.repair.patch import edits_between
from pytest_selfheal.repair.patch import patch_of


def refused(tmp_path, path, old, new):
    """Ask the guards about the change of one file from one text to another."""
    full = tmp_path / path
    full.parent.mkdir(parents=True, exist_ok=True)
    files = {path: old if isinstance(old, bytes) else old.encode()}
    full.write_bytes(files[path])
    after = new if isinstance(new, bytes) else new.encode()
    return refusal(patch_of(edits_between(path, files[path], after), files.__getitem__), files.__getitem__, tmp_path)


TEST = '''\
import math
import unittest
from unittest import mock

import pytest
from pytest import raises as fails_with

from shop import check_invoice, load, total

CASES = [("a", 1), ("b", -2)]
close = pytest.approx


@pytest.fixture
def expected():
    return {"sum": 3, "names": ["x", "y"]}


@pytest.mark.parametrize(("name", "value"), [("a", 1), ("b", 2)])
def test_load(name, value, expected):
    """Loading works."""
    got = load(name)
    wanted = value + 1
    assert got == wanted
    check_invoice(got, expected)


def test_total(mocker):
    service = mock.Mock(spec=["pay"])
    with fails_with(ValueError):
        total(None)
    total([1], service, rounding=2)
    service.pay.assert_called_once_with(1)
    close(1.5)
    for amount in [1, 2]:
        assert math.isclose(total([amount]), amount, rel_tol=1e-9)


class TestCart(unittest.TestCase):
    def test_cart(self):
        self.assertEqual(total([1, 2]), 3)
        self.assertAlmostEqual(total([1.5]), 1.5, places=7)
        if total([]):
            self.fail("empty")
'''
ASSERT = "    assert got == wanted\n"
ONCE = "    service.pay.assert_called_once_with(1)\n"

WEAKER = {
    "assert becomes if": (ASSERT, "    if got == wanted:\n        pass\n"),
    "assert under if": (ASSERT, f"    if got:\n    {ASSERT}"),
    "assert in a loop over nothing": (ASSERT, f"    for _ in ():\n    {ASSERT}"),
    "assert in a function nobody calls": (ASSERT, f"    def later():\n    {ASSERT}"),
    "assert in a try": (ASSERT, f"    try:\n    {ASSERT}    finally:\n        got = 1\n"),
    "assert behind a return": (ASSERT, f"    return\n{ASSERT}"),
    "assert behind a conditional return": (ASSERT, f"    if got:\n        return\n{ASSERT}"),
    "assert of a tuple": ("assert got == wanted", "assert (got, wanted)"),
    "assert with or": ("assert got == wanted", "assert got == wanted or True"),
    "assert with the other operator": ("assert got == wanted", "assert got >= wanted"),
    "assert of itself": ("assert got == wanted", "assert got == got"),
    "the result is made to fit": ("    got = load(name)\n", "    got = value + 1\n    load(name)\n"),
    "the wanted is made to fit": ("wanted = value + 1", "wanted = value + 0"),
    "the wanted is computed otherwise": ("wanted = value + 1", "wanted = value - 1"),
    "unittest assert weaker": ("self.assertEqual(total([1, 2]), 3)", "self.assertTrue(total([1, 2]), 3)"),
    "unittest assert of another value": ("total([1, 2]), 3)", "total([1, 2]), 4)"),
    "unittest fewer places": ("places=7", "places=0"),
    "unittest places gone": (", places=7", ""),
    "unittest fail gone": ('            self.fail("empty")\n', "            self.id()\n"),
    "raises widened": ("fails_with(ValueError)", "fails_with(Exception)"),
    "raises of two": ("fails_with(ValueError)", "fails_with((ValueError, TypeError))"),
    "raises becomes suppress": ("fails_with(ValueError)", "contextlib.suppress(ValueError)"),
    "tolerance by keyword": ("close(1.5)", "close(1.5, abs=9)"),
    "tolerance of math": ("rel_tol=1e-9", "rel_tol=1e9"),
    "mock assertion gone": (ONCE, "    service.pay(1)\n"),
    "mock assertion becomes an attribute": (ONCE, "    service.pay.called_once_with(1)\n"),
    "mock assertion without arguments": (ONCE, "    service.pay.assert_called()\n"),
    "mock without spec": ("mock.Mock(spec=['pay'])".replace("'", '"'), "mock.Mock()"),
    "mock with a wider spec": ('spec=["pay"]', 'spec=["pay", "refund"]'),
    "expected value of a parameter": ('("b", 2)', '("b", 3)'),
    "a row less": (', ("b", 2)]', "]"),
    "expected sign": ('("b", -2)', '("b", 2)'),
    "expected text": ('"names": ["x", "y"]', '"names": ["x", "z"]'),
    "expected value of a fixture": ('"sum": 3', '"sum": 4'),
    "expected value in a call": ("rounding=2", "rounding=3"),
    "a helper that checks": ("    check_invoice(got, expected)\n", "    str(got)\n"),
    "a loop without rounds": ("for amount in [1, 2]:", "for amount in []:"),
    "skip": ("def test_total", "@pytest.mark.skip\ndef test_total"),
    "skip by condition": ("def test_total", "@pytest.mark.skipif(True, reason='x')\ndef test_total"),
    "skip inside": ("    service = mock", "    pytest.skip('later')\n    service = mock"),
    "skip of unittest": ("    def test_cart", "    @unittest.skip('x')\n    def test_cart"),
    "skip by raising": ("    service = mock", "    raise unittest.SkipTest\n    service = mock"),
    "skip by module mark": ("CASES =", "pytestmark = pytest.mark.skip\nCASES ="),
    "skip by an alias": ("CASES =", "later = pytest.mark.skip\nCASES ="),
    "importorskip": ("import pytest\n", "import pytest\nshop = pytest.importorskip('shop')\n"),
    "xfail": ("def test_total", "@pytest.mark.xfail\ndef test_total"),
    "expected failure": ("    def test_cart", "    @unittest.expectedFailure\n    def test_cart"),
    "repeats": ("def test_total", "@pytest.mark.flaky(reruns=3)\ndef test_total"),
    "another decorator": ("def test_total", "@lenient\ndef test_total"),
    "not collected": ("def test_total", "def _test_total"),
    "not collected class": ("class TestCart(unittest.TestCase):", "class Cart:"),
    "not a test": (
        "class TestCart(unittest.TestCase):\n",
        "class TestCart(unittest.TestCase):\n    __test__ = False\n",
    ),
    "a coroutine nobody awaits": ("def test_total", "async def test_total"),
    "except added": (ASSERT, f"    try:\n    {ASSERT}    except AssertionError:\n        pass\n"),
    "suppress added": (ASSERT, f"    with contextlib.suppress(AssertionError):\n    {ASSERT}"),
    "suppress by alias": ("import math\n", "import math\nfrom contextlib import suppress as quiet\nquiet(OSError)\n"),
    "warnings silenced": ("CASES =", "warnings.simplefilter('ignore')\nCASES ="),
    "leaving the process": ("    total(None)\n", "    os._exit(0)\n    total(None)\n"),
    "statement deleted": ("    total([1], service, rounding=2)\n", ""),
    "checker silenced": ("got = load(name)", "got = load(name)  # nosec"),
}


@pytest.mark.parametrize(("old", "new"), WEAKER.values(), ids=WEAKER)
def test_every_way_to_weaken_a_test_is_refused(tmp_path, old, new):
    """Whatever its shape, what decides about a test stays as it is."""
    assert TEST.count(old) >= 1
    changed = TEST.replace(old, new, 1)
    ast.parse(changed)
    assert refused(tmp_path, "tests/test_shop.py", TEST, changed) != ""


HONEST = {
    "import": ("import math\n", "import json\nimport math\n"),
    "module renamed": ("from shop import check_invoice", "from store import check_invoice"),
    "fixture renamed": ("def test_total(mocker)", "def test_total(monkeypatch)"),
    "parametrized names": ('("name", "value"), [(', '("name", "worth"), [('),
    "keyword of a call": ("rounding=2", "digits=2"),
    "call renamed": ("    got = load(name)", "    got = read(name)"),
}


@pytest.mark.parametrize(("old", "new"), HONEST.values(), ids=HONEST)
def test_repairs_of_what_a_test_calls_pass(tmp_path, old, new):
    """Imports, names of fixtures and parameters, and calls outside of assertions may follow the code."""
    assert TEST.count(old) >= 1
    assert refused(tmp_path, "tests/test_shop.py", TEST, TEST.replace(old, new, 1)) == ""


BROKEN = """\
def test_a()
    got = f(1)
    assert (
        got
        == 2
    )
"""
BROKEN_WEAKER = {
    "another number": ("== 2", "== 3"),
    "another comparison": ("== 2", "!= 2"),
    "a way out": ("    got = f(1)\n", "    return\n    got = f(1)\n"),
    "a negation": ("        got\n", "        not got\n"),
}


@pytest.mark.parametrize(("old", "new"), BROKEN_WEAKER.values(), ids=BROKEN_WEAKER)
def test_a_repair_of_syntax_does_not_change_values_besides(tmp_path, old, new):
    """Where the old text has no tree, numbers and comparisons are compared as they are written."""
    fixed = BROKEN.replace("test_a()", "test_a():")
    assert refused(tmp_path, "test_a.py", BROKEN, fixed) == ""
    assert refused(tmp_path, "test_a.py", BROKEN, fixed.replace(old, new)) != ""


TWO_TESTS = """\
def test_a():
    got = f(1

class TestB:
    def test_b(self):
        got = g(2)
"""
HIDDEN = {
    "inside a function": lambda text: text.replace("\nclass", "\n    class").replace(
        "    def test_b", "        def test_b"
    ),
    "another name": lambda text: text.replace("test_b", "helper"),
    "inside a text": lambda text: text.replace("class", '"""\nclass') + '"""\n',
}


@pytest.mark.parametrize("hide", HIDDEN.values(), ids=HIDDEN)
def test_a_repair_of_syntax_hides_no_test(tmp_path, hide):
    """What was a test by its first line still is one that pytest finds."""
    fixed = TWO_TESTS.replace("f(1", "f(1)")
    assert refused(tmp_path, "test_a.py", TWO_TESTS, fixed) == ""
    assert refused(tmp_path, "test_a.py", TWO_TESTS, hide(fixed)) != ""


CODE = """\
import hashlib
import hmac
import pickle
import random
import secrets
import ssl
import subprocess

import jwt
import requests
import yaml
from django.contrib.auth.decorators import login_required

DEBUG = False
SESSION_COOKIE_SECURE = True
ALLOWED_HOSTS = ["shop.example"]


@login_required
def run(url, command, text, token, *, verify=True):
    try:
        answer = requests.get(url, verify=verify, timeout=3)
        requests.get(url, verify=True)
    finally:
        secrets.token_hex(8)
    subprocess.run(command, shell=False, check=True)
    yaml.safe_load(text)
    yaml.load(text, Loader=yaml.SafeLoader)
    context = ssl.create_default_context()
    context.check_hostname = True
    context.verify_mode = ssl.CERT_REQUIRED
    jwt.decode(text, options={"verify_signature": True}, algorithms=["HS256"])
    if not hmac.compare_digest(token, hashlib.sha256(text).hexdigest()):
        raise PermissionError(token)
    return answer
"""
LESS_SAFE = {
    "certificates": ("url, verify=True", "url, verify=False"),
    "certificates by number": ("url, verify=True", "url, verify=0"),
    "certificates by default": ("*, verify=True", "*, verify=False"),
    "certificates by dict": ("url, verify=True", "url, **{'verify': False}"),
    "certificates by attribute": (
        "    yaml.safe_load(text)\n",
        "    yaml.safe_load(text)\n    session.verify = False\n",
    ),
    "certificates by setattr": ("context.check_hostname = True", "setattr(context, 'check_hostname', False)"),
    "certificates by environment": ("DEBUG = False", "os.environ['PYTHONHTTPSVERIFY'] = '0'\nDEBUG = False"),
    "host names": ("check_hostname = True", "check_hostname = False"),
    "verification off": ("ssl.CERT_REQUIRED", "ssl.CERT_NONE"),
    "unverified context": ("ssl.create_default_context()", "ssl._create_unverified_context()"),
    "old protocol": ("ssl.create_default_context()", "ssl.SSLContext(ssl.PROTOCOL_TLSv1)"),
    "shell": ("shell=False", "shell=True"),
    "shell by a keyword more": ("check=True)", "check=True, executable='sh')\n    os.system(command)"),
    "unchecked process": ("check=True", "check=False"),
    "debug": ("DEBUG = False", "DEBUG = True"),
    "cookies": ("SESSION_COOKIE_SECURE = True", "SESSION_COOKIE_SECURE = False"),
    "every host": ('["shop.example"]', '["*"]'),
    "unsafe yaml": ("yaml.safe_load(text)", "yaml.load(text)"),
    "unsafe yaml by name": ("yaml.safe_load(text)", "yaml.unsafe_load(text)"),
    "full loader": ("yaml.SafeLoader", "yaml.FullLoader"),
    "plain loader": ("yaml.SafeLoader", "yaml.Loader"),
    "signature": ('"verify_signature": True', '"verify_signature": False'),
    "no algorithm": ('["HS256"]', '["none"]'),
    "weak hash": ("hashlib.sha256(", "hashlib.md5("),
    "weak hash by name": ("hashlib.sha256(text)", "hashlib.new('md5', text)"),
    "comparison that leaks": (
        "not hmac.compare_digest(token, hashlib.sha256(text).hexdigest())",
        "token != hashlib.sha256(text).hexdigest()",
    ),
    "predictable secrets": ("secrets.token_hex(8)", "random.random()"),
    "pickle": ("yaml.safe_load(text)", "pickle.loads(text)"),
    "pickle by alias": ("import pickle\n", "import pickle as p\np.loads(b'')\n"),
    "eval": ("yaml.safe_load(text)", "eval(text)"),
    "nobody asked for a password": ("@login_required\n", ""),
    "anybody may": ("@login_required", "@csrf_exempt"),
    "what forbids is never reached": ("        raise PermissionError(token)", "        return answer"),
    "a way out of finally": ("        secrets.token_hex(8)\n", "        secrets.token_hex(8)\n        return None\n"),
    "a context that swallows": ("DEBUG =", "class C:\n    def __exit__(self, *_):\n        return True\n\n\nDEBUG ="),
    "invisible characters": ("command, shell", "command\u202e, shell"),
}


@pytest.mark.parametrize(("old", "new"), LESS_SAFE.values(), ids=LESS_SAFE)
def test_every_way_to_make_code_less_safe_is_refused(tmp_path, old, new):
    """Switches, loaders, ciphers and checks of who may do what are not a fix's to change."""
    assert CODE.count(old) >= 1
    assert refused(tmp_path, "shop.py", CODE, CODE.replace(old, new, 1)) != ""


SAFER = {
    "a loader": ("yaml.load(text)\n", "yaml.safe_load(text)\n"),
    "a misspelt hash": ("import hashlib\n\nhashlib.md55(b'')\n", "import hashlib\n\nhashlib.md5(b'')\n"),
    "a lost import": ("pickle.loads(DATA)\n", "import pickle\n\npickle.loads(DATA)\n"),
    "a misspelt switch": ("run(shel=True)\n", "run(shell=True)\n"),
    "a misspelt strictness": ("run(chekc=True)\n", "run(check=True)\n"),
}


@pytest.mark.parametrize(("old", "new"), SAFER.values(), ids=SAFER)
def test_what_its_writer_meant_is_no_weakening(tmp_path, old, new):
    """An unsafe form may go; one that was only misspelt, or not imported, may be written right."""
    assert refused(tmp_path, "shop.py", old, new) == ""


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("noxfile.py", "never edited"),
        ("ci/steps.py", "files of the CI"),
        (".github/scripts/a.py", "hidden"),
        (".circleci/a.py", "hidden"),
        ("poetry.lock", "only Python"),
        ("requirements.txt", "only Python"),
        ("tests/data/expected.json", "only Python"),
        ("shop/migrations/0001_initial.py", "migrations"),
        ("alembic/versions/ab12_add.py", "migrations"),
        ("sitecustomize.py", "never edited"),
        ("shop/../../a.py", "leaves the project"),
        ("C:a.py", "leaves the project"),
        ("a.py\n", "only Python"),
    ],
)
def test_files_of_others_are_refused(tmp_path, path, reason):
    """CI, locks, data, migrations and what Python loads by itself are never edited."""
    assert reason in path_refusal(path, tmp_path)


def test_untracked_and_ignored_files_are_refused(tmp_path):
    """What git does not know cannot be brought back by it; nothing tracked at all means git has not answered."""
    (tmp_path / "a.py").write_text("x = 1\n")
    assert "not tracked" in path_refusal("a.py", tmp_path, (), frozenset({"b.py"}))
    assert "git does not say" in path_refusal("a.py", tmp_path, (), frozenset())


def test_a_long_line_is_no_small_edit(tmp_path):
    """The budget counts characters too."""
    assert "characters" in refused(tmp_path, "a.py", "x = 1\n", f"x = '{'y' * 70_000}'\n")


def test_many_files_are_no_small_edit(tmp_path):
    """A sweep over very many files needs a person."""
    files = {f"m{number}.py": b"x = 1\n" for number in range(MAX_FILES + 1)}
    for path, data in files.items():
        (tmp_path / path).write_bytes(data)
    edits = [edit for path, data in files.items() for edit in edits_between(path, data, b"x = 22\n")]
    assert "files" in refusal(patch_of(edits, files.__getitem__), files.__getitem__, tmp_path)


def test_another_encoding_is_refused(tmp_path):
    """A cookie could make the same bytes mean something else."""
    assert "encoding" in refused(tmp_path, "a.py", "# x\ny = 1\n", "# coding: utf-7\ny = 1\n")
