"""The live page in a real browser: it follows runs, decides on disk, and nothing a test named can act in it."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from page_material import PAYLOADS
from page_material import failure
from page_material import hostile_material

from pytest_selfheal.model import Outcome
from pytest_selfheal.store import open_store

FIXED = "from decimal import Decimal\n\n\ndef total(items):\n"
UP_TO_DATE = "up to date"


def _is_live(tab):
    tab.locator("#connection", has_text=UP_TO_DATE).wait_for()


def test_accept_in_the_page_fixes_the_file(open_page, serve, queue):
    """By keyboard alone: unfold, accept, read that the tests pass; the file on disk is fixed, the entry is gone."""
    page = open_page(serve())
    _is_live(page.tab)
    for _ in range(30):
        page.tab.keyboard.press("Tab")
        where = page.tab.evaluate("document.activeElement.tagName + ' ' + document.activeElement.innerText")
        if where.startswith("SUMMARY") and "test_cart" in where:
            page.tab.keyboard.press("Enter")
        if where.startswith("BUTTON Accept"):
            break
    page.tab.keyboard.press("Enter")
    page.tab.locator("#result.good", has_text="applied").wait_for(timeout=60_000)
    assert (queue / "src/shop/cart.py").read_text().startswith(FIXED)
    page.tab.locator("#review", has_text="1 entry waits for you").wait_for()
    page.tab.locator("#feed-items .chip", has_text="accepted and applied").wait_for()
    assert page.complaints == []


def test_it_follows_a_run_and_rejects(open_page, serve, heal, project):
    """What a run does appears without loading again; a rejected entry leaves the queue and nothing is written."""
    page = open_page(serve())
    _is_live(page.tab)
    assert "Nothing to decide" in page.tab.locator("#review").inner_text()
    heal()
    page.tab.locator("#feed-items .chip", has_text="a run ended").first.wait_for()
    entry = page.tab.locator("#review .entry", has_text="test_cart")
    entry.locator("summary").first.click()
    assert "+from decimal import Decimal" in entry.locator(".diff").inner_text()
    entry.get_by_role("button", name="Reject").click()
    page.tab.locator("#result.good", has_text="rejected").wait_for(timeout=30_000)
    entry.wait_for(state="detached")
    assert not (project / "src/shop/cart.py").read_text().startswith("from")
    assert page.complaints == []


def test_it_decides_without_script_and_behind_a_token(open_page, serve, queue):
    """A plain form does the same; the token leaves the address bar, and without it nothing is shown."""
    address = serve("--token")
    page = open_page(address, script=False)
    assert "token" not in page.tab.url
    page.tab.locator("#review .entry", has_text="test_cart").locator("summary").first.click()
    page.tab.get_by_role("button", name="Accept").click(timeout=60_000)
    assert "applied" in page.tab.locator("#result").inner_text()
    assert (queue / "src/shop/cart.py").read_text().startswith(FIXED)
    stranger = open_page(address.partition("?")[0])
    assert "needs its token" in stranger.tab.locator("body").inner_text()


def test_payloads_stay_text_in_the_page_and_in_the_stream(open_page, serve, project):
    """Hostile records of the store, and those that arrive while the page is open."""
    store = open_store(project / ".selfheal")
    material = hostile_material()
    store.commit([*material.runs[:3], *material.failures[:12], *material.events, *material.reviews])
    page = open_page(serve())
    _is_live(page.tab)
    arriving = [failure(41, f"tests/new.py::{payload}", Outcome.FAILED, error_message=payload) for payload in PAYLOADS]
    store.commit(arriving)
    page.tab.locator("#feed-items", has_text="tests/new.py").wait_for()
    for summary in page.tab.locator("summary").all():
        if summary.is_visible():
            summary.click()
    page.tab.wait_for_timeout(600)  # the parts are renewed
    assert page.complaints == []
    assert page.tab.evaluate("window.pwned") is None
    assert page.tab.locator("img, iframe, [onerror], [onload], base, script:not([src])").count() == 0
    shown = page.tab.locator("body").text_content()
    assert all(payload in shown for payload in PAYLOADS)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_serious_and_it_fits(open_page, serve, queue, width, scheme):
    """With every entry unfolded; and no asking elsewhere."""
    address = serve()
    page = open_page(address, width=width, scheme=scheme)
    _is_live(page.tab)
    page.tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = Axe().run(page.tab).response["violations"]
    serious = [(rule["id"], rule["nodes"][0]["html"]) for rule in found if rule["impact"] in ("serious", "critical")]
    assert serious == []
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= width
    assert all(url.startswith((address, "data:")) for url in page.requests)


def test_the_full_report_is_served_under_its_own_policy(open_page, serve, queue):
    """Its inline style and script are allowed by their hashes."""
    page = open_page(serve() + "report")
    assert page.complaints == []
    assert page.tab.locator("#theme").is_visible()
