"""The report as text: whole, self-contained, and honest when there is little to show."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from page_material import PAYLOADS
from page_material import full_material
from page_material import hostile_material

from pytest_selfheal.model import Health
from pytest_selfheal.model import Outcome
from pytest_selfheal.report.html.material import Material
from pytest_selfheal.report.html.page import html_report

ANCHORS = ("failures", "healed", "review", "health", "trends", "flaky", "patterns", "generated")
VOID = {"meta", "link", "br", "wbr", "input"}
EMPTY = Material("shop", "2026-11-25T10:00:00.000Z", "1.0", Health("no data", "", "", 0, ()))


class Nesting(HTMLParser):
    """Keeps the open elements, what was closed wrongly, and every address."""

    def __init__(self):
        super().__init__()
        self.open, self.wrong, self.addresses, self.ids = [], [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.addresses += [value for name, value in attrs if name in {"href", "src", "action", "data", "srcset"}]
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def _nesting(page):
    reader = Nesting()
    reader.feed(page)
    reader.close()
    return reader


@pytest.mark.parametrize("material", [EMPTY, full_material(), hostile_material()], ids=["empty", "full", "hostile"])
def test_it_is_well_formed_and_points_nowhere_else(material):
    """Every element closed, every id once, every link to a place in the page."""
    found = _nesting(html_report(material))
    assert (found.open, found.wrong) == ([], [])
    assert len(found.ids) == len(set(found.ids))
    assert all(address.startswith(("#", "data:")) for address in found.addresses)
    assert {address[1:] for address in found.addresses if address[0] == "#"} <= set(found.ids)
    assert set(ANCHORS) <= set(found.ids)


def test_the_policy_allows_its_own_style_and_script_by_hash_and_nothing_else():
    """No 'unsafe-inline', no host; a change of one byte in them would be blocked."""
    page = html_report(EMPTY)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#39;", "'")
    for tag in ("style", "script"):
        text = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert re.search(r"\son\w+=|\sstyle=", re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)) is None


def test_payloads_are_there_as_text():
    """None is lost, none is markup."""
    page = html_report(hostile_material())
    assert not any(payload in page for payload in PAYLOADS if "<" in payload)
    assert "&lt;script&gt;window.pwned=1&lt;/script&gt;" in page
    assert page.count("<script>") == 1


def test_equal_material_gives_an_equal_page():
    """No clock, no randomness of its own."""
    assert html_report(full_material()) == html_report(full_material())


def test_an_empty_store_is_told_what_will_fill_it():
    """Each section says that it is empty and why."""
    page = html_report(EMPTY)
    assert page.count('class="empty"') == len(ANCHORS)
    assert "No run has been recorded yet." in page


def test_a_green_run_says_so():
    """Nothing failed, and how many needed a second try."""
    material = full_material()
    green = replace(material.runs[0], failed=0)
    failures = [one for one in material.failures if one.run_id != "run-40" or one.outcome is Outcome.HEALED]
    page = html_report(replace(material, runs=[green, *material.runs[1:]], failures=failures))
    assert "Everything passed</strong>. 3 passed only after a retry." in page
    assert "Nothing failed in the last run" in page


def test_it_says_what_failed_how_it_was_healed_and_what_to_type():
    """Tests, errors, diffs, commands, figures with what they are made of."""
    page = re.sub(r"<wbr>", "", html_report(full_material()))
    for words in (
        "9 tests failed",
        "tests/test_orders.py::test_case[0]",
        '<span class="add">+import json',
        '<span class="del">-    x = 1',
        "selfheal undo fix-1",
        "selfheal review accept v1:suggestion",
        "selfheal review accept v1:options N",
        "selfheal review reject v1:escalation",
        "300 of 1,000",
        "n = 3, needs 5",
        "mean of 30",
        "tests, n = 40",
        '1.3</span></p><p class="basis">per week, n = 21',
        "15 of 19",
        "The store is degraded: the log has a hole",
        "1 interrupted run left out",
    ):
        assert words in page, words


def test_a_store_that_keeps_sums_only_is_told_from_one_without_results():
    """The section says that there is no history."""
    assert "sums only" in html_report(replace(full_material(), results=None))
    assert "sums only" not in html_report(full_material())


def test_ten_thousand_failures_of_one_run_stay_a_page():
    """What does not fit is counted and the command named; traces are cut in the middle."""
    material = full_material()
    many = [
        replace(
            material.failures[0], id=f"f{n}", nodeid=f"t.py::t{n}", signature=f"v1:{n % 3000}", stack_trace="x" * 16000
        )
        for n in range(10_000)
    ]
    page = html_report(replace(material, failures=many))
    assert len(page) < 2_000_000
    assert "2,900 more errors: selfheal failures --run-id run-40" in page
    assert "characters left out" in page
