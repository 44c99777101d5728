"""Source text without secrets, line for line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_secrets import MIX
from planted_secrets import SECRETS

from pytest_selfheal.advice.veil import veiled
from pytest_selfheal.safety.redact import Redactor

BEGIN, END = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
REDACT = Redactor({"TWO_LINES_TOKEN": "first half of it\nsecond half of it"}).redact


@pytest.mark.parametrize(("secret", "line"), [(row[1], row[2]) for row in SECRETS], ids=[row[0] for row in SECRETS])
def test_the_lines_stay_where_they_are(secret, line):
    """What stands above and below a secret keeps its number."""
    planted = line.format(secret)
    text = f"above = 1\n# {planted.replace(chr(10), chr(10) + '# ')}\nbelow = 2\n"
    shown = veiled(text, REDACT)
    assert shown is not None
    assert secret not in shown
    assert shown.splitlines()[0] == "above = 1"
    assert shown.splitlines()[text.splitlines().index("below = 2")] == "below = 2"


@pytest.mark.parametrize(
    "text",
    [
        f'KEY = """{BEGIN}\n{MIX[:64]}\n{MIX[1:65]}\n{END}"""\nx = 1\n',
        f'KEY = (\n    "{BEGIN}\\n"\n    "{MIX[:64]}\\n"\n    "{MIX[1:65]}\\n"\n    "{END}"\n)\nx = 1\n',
        f'KEY = "{BEGIN}\\n{MIX[:64]}\\n{MIX[1:65]}\\n{END}"\nx = 1\n',
        f"# {BEGIN}\n# {MIX * 9}\nx = 1\n",
        f"# {MIX[:64]}\n# {END}\nx = 1\n",
    ],
    ids=["block", "pieces", "one line", "cut tail", "cut head"],
)
def test_a_private_key_goes_row_by_row(text):
    """However it is written down; the code after it stays."""
    shown = veiled(text, REDACT)
    assert shown is not None
    assert MIX[1:60] not in shown
    assert "x = 1" in shown.splitlines()


def test_the_words_alone_hide_nothing():
    """A check for a key is code like any other."""
    text = f"def is_key(text):\n    if text.startswith('{BEGIN}'):\n        return True\n    return False\n"
    assert "    return False" in veiled(text, REDACT)


def test_a_secret_over_two_lines_hides_the_file():
    """Where lines cannot be kept nothing is shown."""
    assert veiled('x = """first half of it\nsecond half of it"""\n', REDACT) is None


@given(text=st.text(max_size=400))
def test_ordinary_text_keeps_its_lines(text):
    """Any text comes out with as many lines, or not at all."""
    shown = veiled(text, REDACT)
    assert shown is None or len(shown.splitlines()) == len(text.splitlines())


def test_a_hostile_row_takes_no_time():
    """A long row beside a key is hidden, not looked at."""
    assert "+++" not in veiled(f"# {BEGIN}\n{'+' * 300_000}!\n# {END}\n", lambda text: text)
