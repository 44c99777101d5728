"""A small shop with one lost import and one bug, and the server started on it."""

from __future__ import annotations

import os
import subprocess
import sys

SOURCE = {
    "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['src']\ntestpaths = ['tests']\n",
    "src/shop/__init__.py": "",
    "src/shop/prices.py": "from decimal import Decimal\n\nRATE = Decimal('1.21')\n",
    "src/shop/taxes.py": "from decimal import Decimal\n\nZERO = Decimal(0)\n",
    "src/shop/cart.py": "def total(items):\n    return sum(items, Decimal(0))\n",
    "src/shop/stock.py": "def count(items):\n    return len(items) / items.get('boxes')\n",
    "tests/test_cart.py": "from shop.cart import total\n\ndef test_total():\n    assert total([1, 2]) == 3\n",
    "tests/test_stock.py": "from shop.stock import count\n\ndef test_count():\n    assert count({}) == 0\n",
}
CLEAN = {"PYTHONDONTWRITEBYTECODE": "1", "SELFHEAL_TRUST": "local"}


def write_shop(root, **more):
    """Write the project, and further files by name, into a git repository with one commit; return its folder."""
    for name, text in {**SOURCE, **more}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        subprocess.run([*git, *command], cwd=root, check=True)
    return root


def start_server(root, *options):
    """Start `selfheal serve` on a free port; return its first line and the process."""
    command = [sys.executable, "-m", "pytest_selfheal.cli", "--root", str(root), "serve", "--port", "0", *options]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env={**os.environ, **CLEAN}, stdout=pipe, stderr=pipe, text=True)
    return process.stdout.readline(), process
