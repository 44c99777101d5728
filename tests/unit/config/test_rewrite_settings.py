"""The project's own rewrite rules: what is read, and what is said about mistakes."""

from __future__ import annotations

import pytest

from pytest_selfheal.config import policy_from
from pytest_selfheal.errors import ConfigError
from pytest_selfheal.rewrite_settings import RewriteRule

HEAD = "[[tool.selfheal.rewrite]]\n"


def test_rules_are_read():
    """Every table is one rule."""
    text = HEAD + 'before = "a.b"\nafter = "a.c"\nsince = "2"\n' + HEAD + 'before = "a.f"\nkeyword = "k"\nsure = true\n'
    rules = policy_from(text.encode(), {}).rewrite
    assert rules == (RewriteRule("a.b", after="a.c", since="2"), RewriteRule("a.f", keyword="k", sure=True))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('after = "a.b"', "before = '' must be a dotted name"),
        ('before = "a b"\nafter = "c"', "before = 'a b' must be a dotted name"),
        ('before = "a.b"', "needs either after"),
        ('before = "a.b"\nafter = "a.c"\nkeyword = "k"', "needs either after"),
        ('before = "a.b"\nafter = "a.b"', "the same as before"),
        ('before = "a.b"\nafter = "a.c"\nrenamed = "k"', "renamed needs keyword"),
        ('before = "a.b"\nkeyword = "two words"', "must be the name of a keyword argument"),
        ('before = "a.b"\nafter = "a.c"\nsince = "new"', "since = 'new' must be a version"),
        ('before = "a.b"\nafter = "a.c"\nsure = "yes"', "sure = 'yes' must be true or false"),
        ('befor = "a.b"', "unknown key 'befor' in rewrite 1"),
    ],
)
def test_mistakes_are_named(text, told):
    """Each problem says which rule, which key, and what is allowed."""
    with pytest.raises(ConfigError, match="rewrite 1") as raised:
        policy_from((HEAD + text).encode(), {})
    assert told in str(raised.value)


def test_a_table_in_the_place_of_tables_is_an_error():
    """Single brackets are a slip that is easily made."""
    with pytest.raises(ConfigError, match=r"\[\[tool\.selfheal\.rewrite\]\]"):
        policy_from(b'[tool.selfheal.rewrite]\nbefore = "a"\n', {})


@pytest.mark.parametrize(
    ("since", "version", "holds"),
    [("", "", True), ("2.0", "", False), ("2.0", "2", True), ("2.0", "10.1rc1", True), ("2.1", "2.0.9", False)],
)
def test_a_rule_holds_from_its_version_on(since, version, holds):
    """Versions are compared as numbers; without the library there is no version that could be late enough."""
    assert RewriteRule("a.b", after="a.c", since=since).holds(version) is holds
