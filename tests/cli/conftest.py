"""A small project with a store, and the command run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SOURCE = {
    "src/shop/__init__.py": "",
    "src/shop/prices.py": "from decimal import Decimal\n\nRATE = Decimal('1.21')\n",
    "src/shop/taxes.py": "from decimal import Decimal\n\nZERO = Decimal(0)\n",
    "src/shop/cart.py": "def total(items):\n    return sum(items, Decimal(0))\n",
    "src/shop/stock.py": "def count(items):\n    return len(items) / items.get('boxes')\n",
    "tests/test_cart.py": "from shop.cart import total\n\ndef test_total():\n    assert total([1, 2]) == 3\n",
    "tests/test_stock.py": "from shop.stock import count\n\ndef test_count():\n    assert count({}) == 0\n",
    "tests/test_fine.py": "def test_fine():\n    pass\n",
    "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['src']\ntestpaths = ['tests']\n",
}
CLEAN = {"PYTHONDONTWRITEBYTECODE": "1", "SELFHEAL_TRUST": "local", "COLUMNS": "200"}


@pytest.fixture
def project(tmp_path):
    """A project with one lost import and one bug, in a git repository."""
    root = tmp_path / "shop"
    for name, text in SOURCE.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        subprocess.run([*git, *command], cwd=root, check=True)
    return root


def _run(root, module, arguments, env):
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=root,
        env={**os.environ, **CLEAN, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def heal(project):
    """Run pytest --selfheal (or another mode) in the project."""
    lean = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:html"]  # they take a third of the start
    return lambda *arguments, **env: _run(project, "pytest", [*lean, *(arguments or ["--selfheal"])], env)


@pytest.fixture
def selfheal(project):
    """Run the selfheal command in the project."""
    return lambda *arguments, **env: _run(project, "pytest_selfheal.cli", arguments, env)
