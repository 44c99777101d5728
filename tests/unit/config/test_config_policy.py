"""Settings: precedence, and every problem told at once."""

from __future__ import annotations

import pytest

from pytest_selfheal.config import Policy
from pytest_selfheal.config import read_policy
from pytest_selfheal.errors import ConfigError


def _pyproject(tmp_path, text):
    path = tmp_path / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_settings_the_defaults_hold():
    """No file, no environment: the documented policy."""
    assert read_policy(None, {}) == Policy()


def test_a_project_without_our_table_has_the_defaults(tmp_path):
    """Somebody else's pyproject is none of our business."""
    assert read_policy(_pyproject(tmp_path, "[tool.other]\nmode = 1\n"), {}) == Policy()


def test_command_line_beats_environment_beats_file_beats_default(tmp_path):
    """The documented order of precedence."""
    path = _pyproject(tmp_path, '[tool.selfheal]\nmode = "record"\nattempts = 5\noccurrences = 4\n')
    policy = read_policy(path, {"SELFHEAL_MODE": "suggest", "SELFHEAL_ATTEMPTS": "7"}, {"mode": "off", "store": None})
    assert (policy.mode, policy.attempts, policy.occurrences, policy.window_days) == ("off", 7, 4, 7.0)


def test_tables_within_tables_are_read(tmp_path):
    """Gate limits keep their defaults where they are not given."""
    path = _pyproject(tmp_path, "[tool.selfheal.gate]\nfailure_rate = { warn = 0.1, critical = 0.2 }\n")
    policy = read_policy(path, {})
    assert (policy.gate.failure_rate.warn, policy.gate.timeout_rate.warn) == (0.1, 0.1)
    assert policy.gate.failure_rate.critical == 0.2


def test_every_problem_is_told_at_once_with_file_key_and_remedy(tmp_path):
    """One run shows all mistakes, not one after the other."""
    path = _pyproject(
        tmp_path,
        '[tool.selfheal]\nmode = "autp"\natempts = 3\napply_confidence = 75\nretry_cap_s = "x"\nedit_roots = "src"\n'
        "accept_fixes = 1\noccurrences = 0\nretry_base_s = nan\n[tool.selfheal.gate]\nmin_sample = 3\n"
        "failure_rate = { warn = 0.9, critical = 0.1 }\ntimeout_rate = 3\n",
    )
    with pytest.raises(ConfigError) as caught:
        read_policy(path, {"SELFHEAL_ATTEMPTS": "many"})
    text = str(caught.value)
    assert str(path) in text
    for words in (
        "mode = 'autp' must be one of auto, suggest, record, off; did you mean 'auto'?",
        "unknown key 'atempts'; did you mean 'attempts'?",
        "apply_confidence = 75 must be between 0 and 1",
        "retry_cap_s = 'x' must be a number",
        "edit_roots = 'src' must be a list of strings",
        "accept_fixes = 1 must be true or false",
        "occurrences = 0 must be at least 1",
        "retry_base_s = nan must be a finite number",
        "unknown key 'gate.min_sample'; did you mean 'min_samples'?",
        "gate.failure_rate.warn = 0.9 must not be above gate.failure_rate.critical = 0.1",
        "gate.timeout_rate = 3 must be a table with warn, critical",
        "SELFHEAL_ATTEMPTS = 'many' is not a int",
    ):
        assert words in text
    assert len(caught.value.problems) == 12


@pytest.mark.parametrize("text", ["[tool.selfheal", "tool = 3\n# selfheal\n", "tool.selfheal = 3\n"])
def test_a_file_that_is_no_settings_is_a_clear_error(tmp_path, text):
    """Broken TOML and a table that is none name the file."""
    if text.startswith("tool = 3"):
        assert read_policy(_pyproject(tmp_path, "# selfheal\n"), {}) == Policy()
        return
    with pytest.raises(ConfigError, match=r"pyproject\.toml"):
        read_policy(_pyproject(tmp_path, text), {})


@pytest.mark.parametrize(("text", "expected"), [("1", True), ("on", True), ("FALSE", False), ("no", False)])
def test_booleans_from_the_environment(text, expected):
    """The usual words."""
    assert read_policy(None, {"SELFHEAL_FAIL_ON_HEALED": text}).fail_on_healed is expected


def test_lists_from_the_environment_are_separated_by_commas():
    """Spaces around the parts do not matter."""
    assert read_policy(None, {"SELFHEAL_EDIT_ROOTS": "src, tests"}).edit_roots == ("src", "tests")


def test_suggesting_above_applying_makes_no_sense():
    """The bands must be in order."""
    with pytest.raises(ConfigError, match="suggest_confidence"):
        read_policy(None, {"SELFHEAL_SUGGEST_CONFIDENCE": "0.9"})


def test_rules_of_the_project_are_read_in_order(tmp_path):
    """A table per rule; facts take numbers and words."""
    path = _pyproject(
        tmp_path,
        '[tool.selfheal.rules.b]\ncategory = "transient"\nmessage = "^later"\n'
        '[tool.selfheal.rules.a]\ncategory = "environment"\nfacts = { http_status = [409], errno_name = ["EDQUOT"] }\n'
        'phases = ["setup"]\nseverity = "high"\nconfidence = 1\n',
    )
    rules = read_policy(path, {}).rules
    assert list(rules) == ["b", "a"]
    assert rules["a"].facts == {"http_status": (409,), "errno_name": ("EDQUOT",)}
    assert (rules["a"].severity, rules["a"].phases, rules["b"].confidence) == ("high", ("setup",), 0.95)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[tool.selfheal.rules.a]\ncategory = "transient"\n', "rules.a needs at least one of types, message, facts"),
        ('[tool.selfheal.rules.a]\nmessage = "x"\n', "RuleSetting lacks the field 'category'"),
        ('[tool.selfheal.rules.a]\ncategory = "transien"\nmessage = "x"\n', "expected one of 'transient'"),
        ('[tool.selfheal.rules.a]\ncategory = "transient"\nmesage = "x"\n', "did you mean 'message'?"),
        ('[tool.selfheal.rules.a]\ncategory = "transient"\nmessage = "("\n', "is not a regular expression"),
        ('[tool.selfheal.rules.a]\ncategory = "crash"\nmessage = "x"\nconfidence = 2\n', "must be between 0 and 1"),
        ('[tool.selfheal.rules]\na = "transient"\n', "expected an object for RuleSetting"),
        ("[tool.selfheal]\nrules = 3\n", "must be a table with one table for each rule"),
    ],
)
def test_a_rule_that_cannot_work_is_a_problem(tmp_path, text, words):
    """Each mistake names the rule and what is wrong with it."""
    with pytest.raises(ConfigError) as caught:
        read_policy(_pyproject(tmp_path, text), {})
    assert words in str(caught.value)
