"""Three real libraries took something away: one place of a small project is repaired by hand, how many others heal?

    python benchmarks/library_drift.py --work DIR [--library NAME]

For each library two virtual environments are made in DIR (once), with the release before and the release after. The
project passes with the old one and fails with the new one. One file is repaired by hand, the tests are run, and then
run again: every other place has to be healed by what was learned. Needs a package index.
"""

# ruff: noqa: E501 - files of small projects as single strings, one line each

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
SETTINGS = "[tool.pytest.ini_options]\npythonpath = ['src']\ntestpaths = ['tests']\n"


@dataclass(frozen=True)
class Drift:
    """One library: its releases, the project, the file repaired by hand with its new text, what must be gone after."""

    name: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    files: dict[str, str]
    lesson: tuple[str, str, str]
    gone: str


QUOTING = Drift(
    "werkzeug",
    ("Werkzeug==2.3.8",),
    ("Werkzeug==3.0.6",),
    {
        "src/site_/__init__.py": "",
        "src/site_/links.py": "from werkzeug.urls import url_quote\n\n\ndef link(name):\n    return '/' + url_quote(name)\n",
        "src/site_/menu.py": (
            "from werkzeug.urls import url_quote as quoted\n\n\ndef menu(items):\n"
            "    return [quoted(item) for item in items]\n\n\ndef crumb(*parts):\n    return '/'.join(map(quoted, parts))\n"
        ),
        "src/site_/feed.py": (
            "import werkzeug.urls\n\n\nclass Feed:\n    def __init__(self, base):\n        self.base = base\n\n"
            "    def entry(self, title):\n        return f'{self.base}/{werkzeug.urls.url_quote(title)}'\n\n"
            "    def tag(self, word):\n        return werkzeug.urls.url_quote(\n            word.lower(),\n        )\n"
        ),
        "src/site_/robots.py": (
            "from werkzeug.urls import url_quote\n\nHOME = url_quote('a b')\n\n\ndef rule(path):\n"
            "    return f'{HOME} {url_quote(path)}'\n"
        ),
        "tests/test_robots.py": (
            "from site_.robots import rule\n\n\ndef test_rule():\n    assert rule('a b') == 'a%20b a%20b'\n"
        ),
        "src/site_/search.py": (
            "from werkzeug import urls\n\n\ndef query(words):\n    return '+'.join(urls.url_quote(w) for w in words)\n"
        ),
        "tests/test_links.py": "from site_.links import link\n\n\ndef test_link():\n    assert link('a b') == '/a%20b'\n",
        "tests/test_menu.py": (
            "from site_.menu import crumb, menu\n\n\ndef test_menu():\n    assert menu(['a b']) == ['a%20b']\n\n\n"
            "def test_crumb():\n    assert crumb('a', 'b c') == 'a/b%20c'\n"
        ),
        "tests/test_feed.py": (
            "from site_.feed import Feed\n\n\ndef test_entry():\n    assert Feed('x').entry('a b') == 'x/a%20b'\n\n\n"
            "def test_tag():\n    assert Feed('x').tag('A B') == 'a%20b'\n"
        ),
        "tests/test_search.py": (
            "from site_.search import query\n\n\ndef test_query():\n    assert query(['a b', 'c']) == 'a%20b+c'\n"
        ),
    },
    ("src/site_/links.py", "from werkzeug.urls import url_quote", "from urllib.parse import quote"),
    "url_quote",
)
MEASURING = Drift(
    "pillow",
    ("Pillow==9.5.0",),
    ("Pillow==10.4.0",),
    {
        "src/site_/__init__.py": "",
        "src/site_/badge.py": (
            "from PIL import Image, ImageDraw\n\n\ndef width(text):\n"
            "    draw = ImageDraw.Draw(Image.new('L', (9, 9)))\n    w, _ = draw.textsize(text)\n    return w\n"
        ),
        "src/site_/label.py": (
            "from PIL import Image, ImageDraw\n\n\nclass Label:\n    def __init__(self):\n"
            "        self.pen = ImageDraw.Draw(Image.new('L', (9, 9)))\n\n    def box(self, text):\n"
            "        size = self.pen.textsize(text.strip())\n        return size[0] > 0\n\n    def widths(self, texts):\n"
            "        return [self.pen.textsize(t)[0] for t in texts]\n"
        ),
        "src/site_/poster.py": (
            "from PIL import Image, ImageDraw\n\n\ndef fits(canvas, text, room):\n    return canvas.textsize(text)[0] <= room\n\n\n"
            "def tallest(canvas, texts):\n    return max(canvas.textsize(text)[1] for text in texts)\n\n\n"
            "def canvas():\n    return ImageDraw.Draw(Image.new('L', (9, 9)))\n\n\n"
            "def centre(pen, text, room):\n    w, h = pen.textsize(\n        text,\n    )\n    return (room - w) // 2\n"
        ),
        "tests/test_badge.py": (
            "from site_.badge import width\n\n\ndef test_width():\n    assert width('abc') > width('a')\n"
        ),
        "tests/test_label.py": (
            "from site_.label import Label\n\n\ndef test_box():\n    assert Label().box(' a ')\n\n\n"
            "def test_widths():\n    assert len(Label().widths(['a', 'b'])) == 2\n"
        ),
        "tests/test_poster.py": (
            "from site_.poster import canvas, centre, fits, tallest\n\n\ndef test_fits():\n"
            "    assert fits(canvas(), 'a', 500)\n\n\ndef test_tallest():\n    assert tallest(canvas(), ['a', 'b']) > 0\n\n\n"
            "def test_centre():\n    assert centre(canvas(), 'a', 500) > 100\n"
        ),
    },
    ("src/site_/badge.py", "draw.textsize(text)", "draw.textbbox((0, 0), text)[2:]"),
    "textsize",
)
DUMPING = Drift(
    "marshmallow",
    ("marshmallow==2.21.0",),
    ("marshmallow==3.26.1",),
    {
        "src/site_/__init__.py": "",
        "src/site_/schemas.py": (
            "from marshmallow import Schema, fields\n\n\nclass Pet(Schema):\n    name = fields.String()\n"
        ),
        "src/site_/show.py": ("from site_.schemas import Pet\n\n\ndef show(pet):\n    return Pet().dump(pet).data\n"),
        "src/site_/pages.py": (
            "from site_ import schemas\n\n\nclass Page:\n    def __init__(self):\n        self.schema = schemas.Pet()\n\n"
            "    def row(self, pet):\n        return sorted(self.schema.dump(pet).data.items())\n\n    def rows(self, pets):\n"
            "        return [self.schema.dump(pet).data for pet in pets]\n"
        ),
        "src/site_/export.py": (
            "from site_.schemas import Pet\n\nPETS = Pet()\n\n\ndef line(pet):\n    return f\"{PETS.dump(pet).data['name']}\"\n\n\n"
            "def both(a, b):\n    return {**PETS.dump(a).data, **Pet().dump(b).data}\n\n\n"
            "def names(pets):\n    found = Pet().dump(pets, many=True).data\n    return [one['name'] for one in found]\n"
        ),
        "tests/test_show.py": (
            "from site_.show import show\n\n\ndef test_show():\n    assert show({'name': 'a'}) == {'name': 'a'}\n"
        ),
        "tests/test_pages.py": (
            "from site_.pages import Page\n\n\ndef test_row():\n    assert Page().row({'name': 'a'}) == [('name', 'a')]\n\n\n"
            "def test_rows():\n    assert Page().rows([{'name': 'a'}]) == [{'name': 'a'}]\n"
        ),
        "tests/test_export.py": (
            "from site_.export import both, line, names\n\n\ndef test_line():\n    assert line({'name': 'a'}) == 'a'\n\n\n"
            "def test_both():\n    assert both({'name': 'a'}, {'name': 'b'}) == {'name': 'b'}\n\n\n"
            "def test_names():\n    assert names([{'name': 'a'}]) == ['a']\n"
        ),
    },
    ("src/site_/show.py", "Pet().dump(pet).data", "Pet().dump(pet)"),
    ").data",
)
DRIFTS = (QUOTING, MEASURING, DUMPING)


def main() -> int:
    """Print how many places healed for each library; the status is 1 when one of them did not heal in full."""
    parser = argparse.ArgumentParser(description="Measure learning from one edit across releases of real libraries.")
    parser.add_argument("--work", type=Path, required=True, help="folder for environments and projects")
    parser.add_argument("--library", help="only this one")
    options = parser.parse_args()
    results = [_measure(drift, options.work) for drift in DRIFTS if options.library in (None, drift.name)]
    return 0 if all(results) else 1


def _measure(drift: Drift, work: Path) -> bool:
    old, new = (_environment(work / f"{drift.name}-{which}", getattr(drift, which)) for which in ("old", "new"))
    root = work / f"{drift.name}-project-{os.getpid()}"
    for name, text in {"pyproject.toml": SETTINGS, **drift.files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        subprocess.run([*git, *command], cwd=root, check=True)
    edited, gone, come = drift.lesson
    before = _places(root, drift.gone, edited)
    statuses = [_pytest(old, root, "-p", "no:selfheal"), _pytest(new, root, "--selfheal=suggest")]
    path = root / edited
    text = path.read_text("utf-8").replace(gone, come)
    path.write_text(text.replace("url_quote(name)", "quote(name)"), encoding="utf-8")
    # An import that fails ends the collection: some tests are seen in a later run only.
    statuses += [_pytest(new, root, "--selfheal") for _run in range(3)]
    statuses.append(_pytest(new, root, "-p", "no:selfheal"))
    left = _places(root, drift.gone, edited)
    print(f"{drift.name}: {before - left} of {before} other places healed from one; statuses {statuses}")
    return statuses[0] == statuses[-1] == left == 0


def _places(root: Path, word: str, besides: str) -> int:
    paths = [path for path in root.glob("src/**/*.py") if path != root / besides]
    return sum(path.read_text("utf-8").count(word) for path in paths)


def _environment(folder: Path, requirements: tuple[str, ...]) -> Path:
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", "setuptools<80", "-e", str(HOME), *requirements]
        subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
    return python


def _pytest(python: Path, root: Path, *arguments: str) -> int:
    env = {**os.environ, "SELFHEAL_TRUST": "local", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    if os.environ.get("SHOW"):
        print(done.stdout[-3000:])
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
