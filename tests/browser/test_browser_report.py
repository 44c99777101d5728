"""The report in a real browser: no complaint, nothing runs that a test named, readable by everybody."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from page_material import PAYLOADS
from page_material import full_material
from page_material import hostile_material

from pytest_selfheal.report.html.page import html_report

LOOKS = [pytest.param(width, scheme, id=f"{width}-{scheme}") for width in (1280, 390) for scheme in ("light", "dark")]


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a report and returns its address."""

    def write(material):
        path = tmp_path / "report.html"
        path.write_text(html_report(material), encoding="utf-8")
        return path.as_uri()

    return write


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_it_opens_from_a_file_quietly_and_fits(open_page, written, width, scheme):
    """No message on the console, no request to anywhere, nothing wider than the screen."""
    address = written(full_material())
    page = open_page(address, width=width, scheme=scheme)
    assert page.complaints == []
    assert [url for url in page.requests if url != address and not url.startswith("data:")] == []
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= width


def test_what_tests_call_themselves_cannot_act(open_page, written):
    """Payloads in every text stay text: no element of theirs, no dialog, not even an attempt that the policy stops."""
    page = open_page(written(hostile_material()))
    for summary in page.tab.locator("summary").all():
        if summary.is_visible():
            summary.click()
    assert page.complaints == []
    assert page.tab.evaluate("window.pwned") is None
    assert page.tab.locator("img, iframe, object, embed, [onerror], [onload], base, form").count() == 0
    assert page.tab.locator("script").count() == 1
    assert page.tab.locator("style").count() == 1
    shown = page.tab.locator("body").text_content()
    assert all(payload in shown for payload in PAYLOADS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious(open_page, written, width, scheme):
    """Contrast, names, roles, order: the rules of axe-core, with everything unfolded."""
    page = open_page(written(full_material()), width=width, scheme=scheme)
    page.tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = Axe().run(page.tab).response["violations"]
    serious = [(rule["id"], rule["nodes"][0]["html"]) for rule in found if rule["impact"] in ("serious", "critical")]
    assert serious == []


def test_the_keyboard_reaches_everything(open_page, written):
    """The first stop skips the navigation; the theme, the filter and the entries work without a pointer."""
    page = open_page(written(full_material()))
    tab = page.tab
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.documentElement.dataset.theme") == "light"
    seen = []
    for _ in range(40):
        tab.keyboard.press("Tab")
        seen.append(tab.evaluate("document.activeElement.tagName + '#' + document.activeElement.id"))
        if seen[-1].startswith("SUMMARY"):
            break
    assert "INPUT#filter" in seen
    entry = "document.activeElement.parentElement"
    before = tab.evaluate(f"{entry}.open")
    tab.keyboard.press("Enter")
    assert tab.evaluate(f"{entry}.open") is not before


def test_the_filter_shows_what_matches(open_page, written):
    """Words of a test, an error or a category, all of them."""
    tab = open_page(written(full_material())).tab
    everything = tab.locator("#failures .entry").count()
    tab.locator("#filter").fill("KEYERROR test_mail")
    shown = [entry for entry in tab.locator("#failures .entry").all() if entry.is_visible()]
    assert 0 < len(shown) < everything
    assert all("test_mail" in entry.text_content() for entry in shown)
    assert tab.locator("#filter-count").text_content() == f"{len(shown)} shown"


def test_a_chosen_theme_wins_over_the_system(open_page, written):
    """The button goes from system to light to dark and is remembered where the browser allows it."""
    tab = open_page(written(full_material()), scheme="dark").tab
    dark = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.locator("#theme").click()
    assert tab.locator("#theme").text_content() == "Theme: light"
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != dark


def test_it_is_readable_without_script(open_page, written):
    """Everything but the theme and the filter, which hide."""
    tab = open_page(written(full_material()), script=False).tab
    assert tab.locator("#theme").is_hidden()
    assert tab.locator("#filter").is_hidden()
    tab.locator("#failures summary").first.click()
    assert tab.locator("#failures pre, #failures .evidence").first.is_visible()
