"""Secrets never leave the process; ordinary text is left alone."""

from __future__ import annotations

import base64
import importlib
import json
import sys

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_selfheal.safety.redact import MASK
from pytest_selfheal.safety.redact import Redactor
from pytest_selfheal.safety.redact import redact
from pytest_selfheal.safety.redact import shorten
from pytest_selfheal.safety.secret_shapes import HEADERS
from pytest_selfheal.safety.secret_shapes import PAIRS
from pytest_selfheal.safety.secret_shapes import SCHEMES
from pytest_selfheal.safety.secret_shapes import TOKENS
from pytest_selfheal.safety.secret_shapes import URLS

# Made-up material; every token is put together here so that no scanner takes this file for a leak.
MIX = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1cD3eF5gH7iJ9kL2mN4oP6qR8sT0uV2wX4yZ6"
HEX = "3f2a9c0b7d115be0c4a8917263fedcba" * 4
UPPER = "Q7WXE3RT5YU8IOP2ASD4FGH6JKL9ZXC1"
WORDS = "correcthorsebatterystaple"


def _b64(text):
    return base64.b64encode(text.encode()).decode()


def _jwt():
    head = base64.urlsafe_b64encode(b'{"alg":"HS256"}').decode().rstrip("=")
    body = base64.urlsafe_b64encode(b'{"sub":"1234567890"}').decode().rstrip("=")
    return f"{head}.{body}.{MIX[:43]}"


def _pem(kind):
    dashes = "-" * 5
    return f"{dashes}BEGIN {kind}PRIVATE KEY{dashes}\n{MIX[:64]}\n{MIX[1:65]}\n{dashes}END {kind}PRIVATE KEY{dashes}"


# (id, the secret itself, the line it stands in with {} in its place)
SECRETS = [
    ("aws-id", "AKIA" + UPPER[:16], "InvalidAccessKeyId: {} does not exist"),
    ("aws-session-id", "ASIA" + UPPER[:16], "key {}"),
    ("aws-secret", MIX[:36] + "/+aZ", "aws_secret_access_key = {}"),
    ("aws-secret-json", MIX[:36] + "/+aZ", '{{"SecretAccessKey": "{}"}}'),
    ("github-classic", "ghp" + "_" + MIX[:36], "remote: {}"),
    ("github-oauth", "gho" + "_" + MIX[:36], "using {}."),
    ("github-app", "ghs" + "_" + MIX[:36], "'{}'"),
    ("github-fine", "github" + "_pat_" + MIX[:22] + "_" + MIX[:59], "x {} y"),
    ("gitlab", "glpat" + "-" + MIX[:20], "token was {}"),
    ("gitlab-deploy", "gldt" + "-" + MIX[:20], "{}"),
    ("slack-bot", "xoxb" + "-123456789012-" + MIX[:24], "invalid_auth {}"),
    ("slack-user", "xoxp" + "-123456789012-" + MIX[:24], "({})"),
    ("slack-app", "xapp" + "-1-A0123-" + MIX[:24], "{}"),
    ("slack-hook", f"T{UPPER[:8]}/B{UPPER[:8]}/{MIX[:24]}", "POST https://hooks.slack.com/services/{} 404"),
    ("discord-hook", "123456789012345678/" + MIX[:60], "https://discord.com/api/webhooks/{}"),
    ("pypi", "pypi" + "-AgEIcHlwaS5vcmc" + MIX[:60], "403 for {}"),
    ("openai", "sk" + "-" + MIX[:48], "Incorrect API key provided: {}."),
    ("openai-project", "sk" + "-proj-" + MIX[:48], "{}"),
    ("anthropic", "sk" + "-ant-api03-" + MIX[:60], "x-api-key: {}"),
    ("stripe-live", "sk" + "_live_" + MIX[:24], "No such token {}"),
    ("stripe-restricted", "rk" + "_test_" + MIX[:24], "{}"),
    ("stripe-hook", "whsec" + "_" + MIX[:32], "{}"),
    ("google-key", "AIza" + MIX[:35], "GET /maps?key={} HTTP/1.1"),
    ("google-oauth", "ya29" + "." + MIX[:60], "{}"),
    ("google-client", "GOCSPX" + "-" + MIX[:28], "{}"),
    ("jwt", _jwt(), "token {} expired"),
    ("jwt-bearer", _jwt(), "Authorization: Bearer {}"),
    ("bearer", MIX[:32], "Authorization: Bearer {}"),
    ("bearer-dict", MIX[:32], "{{'Authorization': 'Bearer {}', 'Accept': '*/*'}}"),
    ("bearer-alone", MIX[:32], "sent Bearer {} to the server"),
    ("basic", _b64("user:hunter2"), "Authorization: Basic {}"),
    ("basic-dict", _b64("user:hunter2"), '{{"authorization": "Basic {}"}}'),
    ("header-plain", MIX[:24], "'X-Api-Key': '{}'"),
    ("cookie", MIX[:24], "Cookie: session={}; theme=dark"),
    ("set-cookie", MIX[:24], "Set-Cookie: sid={}; HttpOnly"),
    ("url-password", "hunter2hunter", "postgresql://app:{}@db.internal:5432/shop"),
    ("url-empty-user", "hunter2hunter", "redis://:{}@cache:6379/0"),
    ("url-percent", "p%40ss%2Fword", "amqp://guest:{}@mq//"),
    ("url-user-token", MIX[:32], "https://{}@sentry.example/42"),
    ("url-query", MIX[:32], "GET https://api.example/items?access_token={}&page=2"),
    ("url-signature", MIX[:40] + "%3D", "https://acc.blob.example/c/b?sv=2024&sig={}"),
    ("azure-account", MIX[:60] + "==", "AccountName=shop;AccountKey={};EndpointSuffix=core.example"),
    ("ado", "S3cr3t!Pass", "Server=db;Database=shop;User Id=sa;Password={};"),
    ("libpq", "s3cr3tpass", "host=db user=app password={} dbname=shop"),
    ("pair-env", WORDS, "DB_PASSWORD={}"),
    ("pair-env-short", "hunter2", "export PASSWORD={}"),
    ("pair-symbols", "Tr0ub4dor&3", 'password="{}"'),
    ("pair-json", WORDS, '{{"user": "ann", "password": "{}"}}'),
    ("pair-json-words", "correct horse battery", '{{"client_secret": "{}"}}'),
    ("pair-repr", WORDS, "{{'api_key': '{}', 'n': 1}}"),
    ("pair-escaped", WORDS, '"{{\\"password\\": \\"{}\\"}}"'),
    ("pair-yaml", "s3cr3t-value-9", "  auth_token: {}"),
    ("pair-kwarg", WORDS, "connect(user='ann', passwd='{}')"),
    ("pair-arrow", MIX[:20], "secret => {}"),
    ("pair-camel", MIX[:20], '"refreshToken": "{}"'),
    ("pair-digits", "83645172", "token={}"),
    ("option", "hunter2", "command: login --password {} --user ann"),
    ("pem", MIX[:64], _pem("").replace(MIX[:64], "{}")),
    ("pem-rsa", MIX[1:65], _pem("RSA ").replace(MIX[1:65], "{}")),
    ("pem-cut-head", MIX[:64], "{}\n" + "-" * 5 + "END PRIVATE KEY" + "-" * 5),
    ("pem-cut-tail", MIX[:64], "-" * 5 + "BEGIN EC PRIVATE KEY" + "-" * 5 + "\n{}"),
    ("sendgrid", "SG." + MIX[:22] + "." + MIX[:43], "{}"),
    ("twilio", "SK" + HEX[:32], "{}"),
    ("npm", "npm" + "_" + MIX[:36], "//registry.example/:_authToken={}"),
    ("hugging", "hf" + "_" + MIX[:34], "{}"),
    ("digitalocean", "dop" + "_v1_" + HEX[:64], "{}"),
    ("databricks", "dapi" + HEX[:32], "{}"),
    ("vault", "hvs" + "." + MIX[:40], "{}"),
    ("telegram", "123456789:AA" + MIX[:33], "https://api.telegram.org/bot{}/getMe"),
    ("mailchimp", HEX[:32] + "-us14", "{}"),
]

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
