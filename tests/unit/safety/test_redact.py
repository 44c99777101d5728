"""Secrets never leave the process; ordinary text is left alone."""

from __future__ import annotations

import importlib
import json
import sys

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from planted_secrets import HEX
from planted_secrets import MIX
from planted_secrets import SECRETS

from pytest_selfheal.safety.redact import MASK
from pytest_selfheal.safety.redact import Redactor
from pytest_selfheal.safety.redact import redact
from pytest_selfheal.safety.redact import shorten
from pytest_selfheal.safety.secret_shapes import HEADERS
from pytest_selfheal.safety.secret_shapes import PAIRS
from pytest_selfheal.safety.secret_shapes import SCHEMES
from pytest_selfheal.safety.secret_shapes import TOKENS
from pytest_selfheal.safety.secret_shapes import URLS

HARMLESS = [
    "assert 3 == 4",
    "AssertionError: assert 'abc' == 'abd'",
    "password field is required",
    "{'password': ['This field is required.']}",
    "commit 3f2a9c0b7d115be0c4a8917263fedcba00112233",
    "3f2a9c0",
    "id 123e4567-e89b-12d3-a456-426614174000",
    "sha256:" + HEX[:64],
    "aGVsbG8=",
    "d29ybGQ=",
    "KeyError: 'token'",
    "KeyError: 'password'",
    "TypeError: login() missing 1 required positional argument: 'password'",
    "TypeError: f() got an unexpected keyword argument 'api_key'",
    "token = tokenizer.next()",
    "token = response",
    "self.password = password",
    "password=password",
    "login(user=user, password=new_password)",
    "api_key=settings.API_KEY",
    "secret = os.environ['APP_SECRET']",
    "password = getpass.getpass()",
    "def check(password: str, token: str | None = None) -> bool:",
    "if token == expected:",
    "assert token != other",
    "max_tokens=4096",
    '"total_tokens": 123456',
    "token_type: bearer",
    "token_count = 12345678",
    "Unexpected token: line 1 column 5",
    "SyntaxError: invalid token",
    "Basic authentication failed",
    "Bearer authentication required",
    "WWW-Authenticate: Basic realm",
    "missing Authorization header",
    "Authorization: missing",
    "https://example.org/path/to/page?page=2&sort=name",
    "http://user@example.org/",
    "ann@example.org wrote to bob@example.org",
    "git@github.com:owner/repository.git",
    'File "/home/ann/project/tests/test_api.py", line 12, in test_login',
    "<app.models.User object at 0x7f3c2a1b4d60>",
    "tests/test_auth.py::test_token[admin-True] FAILED",
    "E   requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: http://127.0.0.1:8000/token",
    "2026-03-01T12:00:00.123Z INFO started",
    "sk-learn-like names such as sk-toolbar-button-container-left",
    "risk-assessment-of-something-very-long-indeed",
    "pypi-server is not running",
    "keyboard = layout",
    "monkey: banana",
    "The secret of success is patience",
    "passed=12 failed=3 skipped=1",
    "pass: 3",
    "compass=north",
    "-----BEGIN CERTIFICATE-----",
    "bypass = True",
    "secret=None",
    "token: null",
    "cookie jar is empty",
    "x = {'a': 1, 'b': [2, 3]}",
    "np.float64(0.1234567890123456)",
    "E       assert {'id': 1, 'name': 'Ann'} == {'id': 1, 'name': 'Bob'}",
]


@pytest.mark.parametrize(("secret", "line"), [row[1:] for row in SECRETS], ids=[row[0] for row in SECRETS])
def test_no_secret_survives(secret, line):
    """A token or password is gone, and at least the mask stands in its place."""
    cleaned = redact(line.format(secret), {})
    assert secret not in cleaned
    assert MASK in cleaned


@pytest.mark.parametrize(("secret", "line"), [row[1:] for row in SECRETS], ids=[row[0] for row in SECRETS])
def test_secrets_inside_longer_text(secret, line):
    """The surroundings of a secret do not protect it, and stay."""
    cleaned = redact(f"before it\n{line.format(secret)}\nafter it", {})
    assert secret not in cleaned
    assert cleaned.startswith("before it\n") or "END" in line
    assert cleaned.endswith("\nafter it") or "BEGIN" in line


@pytest.mark.parametrize("line", HARMLESS)
def test_harmless_text_is_unchanged(line):
    """Messages, code, hashes and ids that are no secrets come out as they went in."""
    assert redact(line, {"HOME": "/home/ann", "PATH": "/usr/bin", "PWD": "/home/ann/project"}) == line


@pytest.mark.parametrize("name", ["API_TOKEN", "DB_PASSWORD", "MY_SECRET", "AWS_SECRET_ACCESS_KEY", "SENTRY_DSN"])
def test_values_of_secret_variables_are_masked(name):
    """The value of a secret-like variable disappears wherever it stands."""
    assert redact("got plain-sailing-7 back", {name: "plain-sailing-7"}) == f"got {MASK} back"


@pytest.mark.parametrize(
    ("name", "value"),
    [("HOME", "/home/annabel"), ("API_TOKEN", "short"), ("SSH_AUTH_SOCK", "/tmp/agent.1"), ("PWD", "/srv/project")],
)
def test_other_variables_are_left_alone(name, value):
    """Names that are not secret-like, and values too short to be secrets, are not masked."""
    assert redact(f"x {value} y", {name: value}) == f"x {value} y"


def test_escaped_spelling_of_a_variable_is_masked():
    """A secret with quotes and line breaks is found in its `repr` and JSON spelling too."""
    value = 'line one 1\nline "two" 2'
    cleaned = redact(f"{value!r} {json.dumps(value)}", {"APP_SECRET": value})
    assert "line one" not in cleaned
    assert "two" not in cleaned


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=20), st.sampled_from([row[2].format(row[1]) for row in SECRETS]))))
def test_redacting_twice_changes_nothing_more(parts):
    """Redaction is idempotent, also for secrets next to each other and arbitrary text."""
    once = redact(" ".join(parts), {})
    assert redact(once, {}) == once


def test_a_cut_never_leaves_half_a_secret():
    """Redaction comes before the final cut, so a token at the cut is still recognised."""
    token = "ghp" + "_" + MIX[:36]
    redactor = Redactor({})
    for shift in range(60):
        cleaned = redactor.clean("x" * (1300 + shift) + " " + token + " " + "y " * 2000, 2048)
        assert MIX[:10] not in cleaned


@pytest.mark.parametrize("pattern", [HEADERS, PAIRS, SCHEMES, TOKENS, *(url[0] for url in URLS)], ids=repr)
def test_patterns_have_no_unbounded_repeat(pattern):
    """Every repeat has an upper bound, so that no text makes the time grow faster than its length."""
    parser = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")
    assert "MAXREPEAT" not in repr(list(parser.parse(pattern)))


@given(st.text(max_size=400), st.integers(60, 200))
def test_shorten_keeps_head_and_tail(text, limit):
    """The result fits, and begins and ends like the text."""
    short = shorten(text, limit)
    assert len(short) <= max(limit, 0)
    assert len(text) > limit or short == text
    assert short[:5] == text[:5]
    assert not text or short[-1] == text[-1]
