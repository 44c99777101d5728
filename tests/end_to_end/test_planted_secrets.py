"""Secrets planted all over a project, and a search for them in everything that is written or printed afterwards."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# Put together here, so that no scanner takes this file for a leak.
MIX = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1cD3eF5gH7iJ9kL2mN4oP6qR8sT0uV2wX4yZ6"
SECRETS = {
    "environment": "plain" + "wordsofthevault",
    "id": "sk" + "-" + MIX[:40],
    "id-pair": "hunter" + "2hunter",
    "message": "ghp" + "_" + MIX[:36],
    "local": "glpat" + "-" + MIX[3:23],
    "output": "xoxb" + "-123456789012-" + MIX[:24],
    "source": "AKIA" + "Q7WXE3RT5YU8IOP2",
    "diff": "sk" + "_live_" + MIX[7:31],
    "syntax": "npm" + "_" + MIX[2:38],
    "waiting": "hvs" + "." + MIX[:40],
    "behind": "dop" + "_v1_" + "3f2a9c0b7d115be0c4a8917263fedcba" * 2,
}
FILES = {
    "pytest.ini": "[pytest]\npythonpath = src\n"
    "addopts = --tb=no -rN --show-capture=no -p no:cacheprovider --continue-on-collection-errors\n",
    "src/shop/__init__.py": "",
    "src/shop/prices.py": "from decimal import Decimal\n\nRATE = Decimal('1.21')\n",
    "src/shop/cart.py": "KEY = '{diff}'\n\ndef total(items):\n    return sum(items, Decimal(0))\n",
    "src/shop/web.py": "def get(key):\n    return sesion.get('{behind}')\n\n\nclass _Session:\n"
    "    def get(self, key):\n        raise ValueError(f'refused {{key}}')\n\n\nsession = _Session()\n",
    "src/shop/bad.py": "def key()\n    return '{syntax}'\n",
    "tests/test_cart.py": "from shop.cart import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n",
    "tests/test_web.py": "from shop.web import get\n\n\ndef test_get():\n    get('a')\n",
    "tests/test_bad.py": "import shop.bad\n\n\ndef test_key():\n    assert shop.bad.key()\n",
    "tests/test_all.py": """
import os
import pytest

@pytest.mark.parametrize("key", ["api_key={id}", "b", pytest.param("c", id="password={id-pair}")])
def test_id(key):
    token = "{local}"
    print("{output}")
    assert key in ("b", token)

def test_message():
    raise ValueError("bad credentials {message}, refused " + os.environ["SHOP_API_TOKEN"])

def test_source():
    connect("{source}")

def connect(key): raise KeyError("no such thing")

def test_waiting():
    raise ConnectionError("connection refused for {waiting}")
""",
}
COMMANDS = (
    "explain tests/test_all.py::test_message --context",
    "report --html page.html",
    "failures --json",
    "health --json",
    "gate --json",
    "review list",
    "undo",
    "review list --json",
)


@pytest.fixture
def project(tmp_path):
    """A repository full of secrets."""
    root = tmp_path / "shop"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        for key, secret in SECRETS.items():
            text = text.replace(f"{{{key}}}", secret)  # noqa: PLW2901 - one text, many secrets
        (root / name).write_text(text.replace("{{", "{").replace("}}", "}"))
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        subprocess.run([*git, *command], cwd=root, check=True)
    return root


def _run(root, *command):
    env = {
        **os.environ,
        "SHOP_API_TOKEN": SECRETS["environment"],
        "SELFHEAL_TRUST": "local",
        "SELFHEAL_OCCURRENCES": "1",
        "SELFHEAL_RETRY_BASE_S": "0.001",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", *command]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=240, check=False)
    return done.stdout + done.stderr


def _found(text):
    return {name for name, secret in SECRETS.items() if secret in text}


def test_no_secret_is_written_or_printed(project):
    """Neither the store, a report, a generated test, nor any command's output holds one; files of the user stay."""
    own = {path for path in project.rglob("*") if path.is_file()}
    printed = [_run(project, "pytest", "--selfheal")]
    assert "import Decimal in src/shop/cart.py" in printed[0]
    printed += [_run(project, "pytest_selfheal.cli", *command.split()) for command in COMMANDS]
    assert "test_id[redacted-" in printed[-1]
    assert [_found(text) for text in printed] == [set() for _ in printed]
    generated = [path.read_text() for path in (project / "tests" / "regressions").glob("*.py")]
    assert any("test_id[redacted-" in text for text in generated)
    leaks = {
        path.relative_to(project).as_posix(): found
        for path in project.rglob("*")
        if path.is_file() and path not in own and (found := _found(path.read_text("utf-8", errors="replace")))
    }
    assert leaks == {}
