"""`[tool.selfheal.ai]`: off unless configured, and no key in the settings."""

from __future__ import annotations

import pytest

from pytest_selfheal.ai_settings import AiSettings
from pytest_selfheal.config import read_policy
from pytest_selfheal.errors import ConfigError


def _read(tmp_path, text):
    path = tmp_path / "pyproject.toml"
    path.write_text(f"[tool.selfheal.ai]\n{text}\n", encoding="utf-8")
    return read_policy(path, {}).ai


def test_without_settings_nobody_is_asked(tmp_path):
    """A provider has to be named."""
    assert _read(tmp_path, "") == AiSettings()
    assert AiSettings().provider == "off"


def test_the_budget_is_a_table_in_the_table(tmp_path):
    """What is not given keeps its default."""
    read = _read(tmp_path, 'provider = "anthropic"\nmodel = "m"\nbudget = { calls = 2 }')
    assert (read.budget.calls, read.budget.time_s, read.service) == (2, 60.0, "anthropic m")


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ('provider = "openai"\nmodel = "m"', "OPENAI_API_KEY"),
        ('provider = "anthropic"\nmodel = "m"', "ANTHROPIC_API_KEY"),
        ('provider = "openai"\nmodel = "m"\napi_key_env = "MY_KEY"', "MY_KEY"),
        ('provider = "openai"\nmodel = "m"\nbase_url = "http://127.0.0.1:1/v1"', ""),
        ('provider = "hook"', ""),
    ],
    ids=["openai", "anthropic", "own", "other server", "hook"],
)
def test_the_key_is_looked_for_where_the_provider_keeps_it(tmp_path, text, variable):
    """Unless another variable is named."""
    assert _read(tmp_path, text).key_variable == variable


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('provider = "opnai"', "did you mean 'openai'?"),
        ('provider = "openai"', "ai.model is missing"),
        ('api_key = "x"', "unknown key 'ai.api_key'; did you mean 'api_key_env'?"),
        ('base_url = "ftp://x"', "must begin with https:// or http://"),
        ('base_url = "https://ann:pw@host/v1"', "no user name or password"),
        ("timeout_s = 0", "ai.timeout_s = 0.0 must be more than 0"),
        ("budget = { calls = -1 }", "must not be negative"),
        ("budget = 3", "must be a table with calls, time_s, tokens"),
    ],
    ids=["provider", "model", "key", "scheme", "password", "timeout", "calls", "budget"],
)
def test_mistakes_are_told(tmp_path, text, words):
    """Each with what is allowed."""
    with pytest.raises(ConfigError) as caught:
        _read(tmp_path, text)
    assert words in str(caught.value)


def test_a_key_in_the_settings_is_refused_and_not_repeated(tmp_path):
    """An error message may end up in a log."""
    with pytest.raises(ConfigError) as caught:
        _read(tmp_path, 'api_key_env = "not-a-name-0123456789"')
    assert "must be the name of an environment variable" in str(caught.value)
    assert "0123456789" not in str(caught.value)
