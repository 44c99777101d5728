"""Tests whose parameters hold a secret: how they are named, and how they are found by that name."""

from __future__ import annotations

import re

import pytest

from pytest_selfheal.safety.redact import Redactor

TOKEN = "ghp" + "_" + "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1cD3"
SUITE = f"""
import pytest

@pytest.mark.parametrize("key", ["{TOKEN}", "{TOKEN[::-1]}", "password=hunter2hunter", "plain"])
def test_key(key):
    assert key == "{TOKEN[::-1]}"

def test_other():
    pass
"""


@pytest.mark.parametrize(
    ("nodeid", "is_kept"),
    [
        ("t.py::test_a", True),
        ("t.py::test_a[1-GET-True]", True),
        ("t.py::test_a[token]", True),
        (f"t.py::TestA::test_a[{TOKEN}]", False),
        ("t.py::test_a[x-password=hunter2hunter]", False),
        ("t.py::test_a[value-of-the-vault]", False),
    ],
)
def test_only_secret_parameters_are_replaced(nodeid, is_kept):
    """File, class and function stay, and another secret gives another name; twice changes nothing."""
    redactor = Redactor({"SHOP_SECRET": "value-of-the-vault"})
    public = redactor.public_id(nodeid)
    assert (public == nodeid) is is_kept
    assert redactor.public_id(public) == public
    if not is_kept:
        assert re.fullmatch(re.escape(nodeid.partition("[")[0]) + r"\[redacted-[0-9a-f]{6}\]", public)
        assert public != redactor.public_id(f"{nodeid[:-1]}0]")


def test_a_public_name_selects_its_test(pytester, run, failures):
    """The name that the store and the reports give runs just that test again, with the plugin on or off."""
    pytester.makepyfile(test_it=SUITE)
    run("--selfheal=record")
    names = [record.nodeid for record in failures()]
    assert [name.partition("[")[2].partition("-")[0] for name in names] == ["redacted", "redacted", "plain]"]
    for flag in ("--selfheal=record", "--selfheal=off"):
        done = run(flag, names[0], "test_it.py::test_other", "--tb=no", "-rN")
        assert "1 failed, 1 passed, 3 deselected" in done.stdout
    assert failures()[-1].nodeid == names[0]


@pytest.mark.parametrize(
    ("others", "counted"),
    [
        (("test_it.py::test_key[plain]",), "2 failed, 2 deselected"),
        (("test_it.py::test_key",), "3 failed, 1 passed"),
        (("other/test_it_too.py::test_key",), "1 failed, 1 passed, 3 deselected"),
    ],
)
def test_what_is_asked_for_by_its_own_name_runs_as_well(pytester, run, failures, others, counted):
    """Another parameter of the function, all of them, and a function of that name in another file."""
    pytester.makepyfile(test_it=SUITE, **{"other/test_it_too": "def test_key(): pass\n"})
    run("--selfheal=record", "test_it.py")
    done = run("--selfheal=off", failures()[0].nodeid, *others, "--tb=no", "-rN")
    assert f"{counted} in" in done.stdout


def test_repairs_work_on_a_test_with_a_public_name(pytester, run, store):
    """The children that prove a fix find the test by the name that is kept."""
    pytester.makepyfile(
        rates="from decimal import Decimal\n\nRATE = Decimal('1.21')\n",
        cart="def total(key):\n    return Decimal(len(key))\n",
        test_it=f"""
            import pytest
            from cart import total

            @pytest.mark.parametrize("key", ["{TOKEN}", "{TOKEN[::-1]}", "plain"])
            def test_total(key):
                assert total(key) == len(key)
        """,
    )
    pytester.run("git", "init", "-q")
    pytester.run("git", "add", "-A")
    run("--selfheal")
    assert [(event.action, event.result) for event in store().events()] == [("fix", "ok")]
    assert "from decimal import Decimal" in (pytester.path / "cart.py").read_text()
