"""docs/fixes.md does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "fixes.md").read_text(encoding="utf-8")
TOML, CONFTEST = (re.search(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)[1] for kind in ("toml", "python"))

OLD = """\
import billing


def total():
    return billing.compute(2)
"""
TEST = "import shop\n\ndef test_total():\n    assert shop.total() == 4\n"


@pytest.fixture
def heal(pytester, monkeypatch, tmp_path_factory):
    """Run pytest --selfheal in a project that uses a library installed elsewhere."""
    lib = tmp_path_factory.mktemp("installed")
    (lib / "billing").mkdir()
    (lib / "billing" / "__init__.py").touch()
    (lib / "billing" / "rates.py").write_text("def compute(x, timeout_s=1):\n    return 2 * x\n")
    (lib / "acme_billing-2.1.dist-info").mkdir()
    (lib / "acme_billing-2.1.dist-info" / "METADATA").write_text("Name: acme-billing\nVersion: 2.1\n")
    monkeypatch.setenv("SELFHEAL_TRUST", "local")
    monkeypatch.setenv("PYTHONPATH", str(lib))
    return lambda: pytester.runpytest_subprocess("--selfheal", "-p", "no:cacheprovider")


def test_a_rule_of_the_project_suggests_its_rewrite(heal, pytester):
    """The settings of the page answer a name that the library took away; nothing is written."""
    pytester.makepyprojecttoml(TOML)
    pytester.makepyfile(shop=OLD, test_shop=TEST)
    heal().stdout.fnmatch_lines(
        ["selfheal: suggested: *use `billing.rates.compute` instead of `billing.compute` in shop.py*"]
    )
    assert pytester.path.joinpath("shop.py").read_text() == OLD.strip()


def test_a_rule_that_is_sure_is_applied(heal, pytester):
    """With `sure = true` the bands decide."""
    pytester.makepyprojecttoml(TOML.replace('since = "2.0"', 'since = "2.0"\nsure = true'))
    pytester.makepyfile(shop=OLD, test_shop=TEST)
    heal().stdout.fnmatch_lines(["selfheal: fixed: *"])
    assert "billing.rates" in pytester.path.joinpath("shop.py").read_text()


def test_a_plugin_proposes_and_a_person_decides(heal, pytester):
    """The hook of the page is asked; its fix is validated and suggested."""
    pytester.makeconftest(CONFTEST)
    source = "class NewLedger:\n    sum = 4\n\ndef gone():\n    raise TypeError('use the new ledger')\n\n"
    source += "Ledger = gone\n\ndef total():\n    return Ledger().sum\n"
    pytester.makepyfile(shop=source, test_shop=TEST)
    heal().stdout.fnmatch_lines(["selfheal: suggested: *use NewLedger in shop.py*"])
    assert pytester.path.joinpath("shop.py").read_text() == f"{source.strip()}"


def test_a_hook_that_skips_or_answers_nonsense_changes_nothing(heal, pytester):
    """Neither pytest's own outcomes nor a wrong answer of the hook end the run; one line says what happened."""
    pytester.makepyfile(shop=OLD, test_shop=TEST)
    for body, said in (("pytest.skip('not here')", "Skipped: not here"), ("return 3", "the answer holds a int")):
        pytester.makeconftest(f"import pytest\ndef pytest_selfheal_propose(failure, root):\n    {body}\n")
        done = heal()
        done.stdout.fnmatch_lines([f"*pytest_selfheal_propose: *{said}*", "*1 failed*"])
