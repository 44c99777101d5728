"""The pages that people read refer to things that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_selfheal.model import Category

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "example_project").glob("*.md")])
FRAGMENT_TYPES = ("security", "feature", "change", "fix", "removal", "misc")


@pytest.mark.parametrize("page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES])
def test_relative_links_lead_somewhere(page):
    """Every relative link of a page names an existing file."""
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("[!i]*.md")), ids=lambda page: page.stem)
def test_every_page_is_in_the_index(page):
    """A page that nobody can find is not documentation."""
    assert f"({page.name})" in (ROOT / "docs" / "index.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("category", list(Category), ids=lambda category: category.value)
def test_every_category_is_explained(category):
    """docs/how-it-works.md has a row for each category."""
    assert f"| `{category.value}` |" in (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", ["demo", "test", "test-all", "lint", "bench"])
def test_the_commands_of_the_readme_exist(target):
    """Each make target that the README or CONTRIBUTING names is a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    read = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md"))
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert f"make {target}" in read


def test_changelog_fragments_are_named_so_that_they_are_found():
    """A fragment is `<issue>.<type>.md` with a known type and says something."""
    fragments = [path for path in (ROOT / "changelog.d").iterdir() if path.name not in {".gitkeep", "README.md"}]
    named = re.compile(rf"\+?\w+\.(?:{'|'.join(FRAGMENT_TYPES)})\.md")
    assert [path.name for path in fragments if not named.fullmatch(path.name)] == []
    assert all(path.read_text(encoding="utf-8").strip() for path in fragments)


def test_the_fragment_types_are_those_of_towncrier():
    """The types checked here are the types that towncrier.toml defines."""
    config = (ROOT / "towncrier.toml").read_text(encoding="utf-8")
    assert tuple(re.findall(r'^directory = "(\w+)"$', config, re.MULTILINE)) == FRAGMENT_TYPES
