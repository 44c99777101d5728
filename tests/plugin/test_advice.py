"""A model is asked at the end of a real run, as the settings say, about what nothing else could repair."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from model_server import Say
from packing_project import BOXES
from packing_project import FIXED
from packing_project import KEY
from packing_project import NOTHING
from packing_project import TEST
from packing_project import answer
from planted_secrets import SECRETS

PYPROJECT = """[tool.pytest.ini_options]
pythonpath = ["src"]
testpaths = ["tests"]

[tool.selfheal.ai]
provider = "{provider}"
model = "stand-in"
base_url = "{url}"
api_key_env = "PACKING_ACCESS"
input_price = 20000.0
output_price = 80000.0
budget = {{ calls = {calls}, time_s = 60, tokens = 5000000 }}
"""


@pytest.fixture
def packing(pytester, model_server):
    """A project with a bug that no fixer knows, and settings that name the server."""

    def build(provider="openai", calls=5, files=None):
        base = f"{model_server.url}/v1" if provider == "openai" else model_server.url
        settings = PYPROJECT.format(provider=provider, url=base, calls=calls)
        sources = {"src/shop/__init__.py": "", "src/shop/packing.py": BOXES, "tests/test_packing.py": TEST}
        for name, text in {"pyproject.toml": settings, **sources, **(files or {})}.items():
            path = pytester.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
        for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
            subprocess.run([*git, *command], cwd=pytester.path, check=True)
        return pytester.path

    return build


@pytest.fixture
def heal(run):
    """Run with repairs and the key in the environment."""
    return lambda mode="--selfheal", **env: run(mode, env={"PACKING_ACCESS": KEY, **env})


def _changed(folder):
    command = ["git", "status", "--porcelain", "-uno"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def _only(store):
    (entry,) = store().reviews(status="open")
    return entry


def test_a_good_answer_is_suggested_and_accepted(packing, heal, store, model_server):
    """The queue holds it, the summary tells the cost, nothing is written until a person accepts it."""
    model_server.after = Say(answer())
    folder = packing()
    done = heal()
    entry = _only(store)
    assert (done.returncode, entry.entry, entry.candidates[0].fixer) == (1, "suggestion", "ai:openai stand-in")
    assert "asked openai stand-in: 1 call, 1 tokens sent, 1 received" in done.stdout
    assert "cost 0.1000" in done.stdout
    assert _changed(folder) == ""
    command = [sys.executable, "-m", "pytest_selfheal.cli", "review", "accept", entry.id]
    subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert FIXED in (folder / "src/shop/packing.py").read_text()


def test_an_outage_ends_the_asking_not_the_run(packing, heal, store, model_server):
    """After three failed requests in a row nothing more is sent; each error is escalated with what happened."""
    model_server.after = (503, {})
    files = {}
    for word in ("height", "weight", "colour", "origin"):
        files[f"src/shop/{word}.py"] = f"def {word}(x):\n    return x['{word}']\n"
        test = f"from shop.{word} import {word}\n\n\ndef test_{word}():\n    assert {word}({{}}) == 1\n"
        files[f"tests/test_{word}.py"] = test
    packing(calls=50, files=files)
    done = heal()
    entries = store().reviews(status="open")
    notes = [note for entry in entries for note in entry.notes]
    assert (done.returncode, model_server.calls) == (1, 3)
    assert {entry.entry for entry in entries} == {"escalation"}
    assert sum("was not asked: it failed 3 times in a row" in note for note in notes) == len(entries) - 2
    assert "5 failed" in done.stdout


def test_an_untrusted_run_sends_nothing(packing, heal, store, model_server):
    """Whatever the settings say: they came with the change."""
    packing()
    heal(SELFHEAL_TRUST="auto", GITHUB_ACTIONS="true")
    assert model_server.calls == 0
    assert "openai stand-in was not asked: the run is untrusted" in _only(store).notes


def test_no_planted_secret_is_in_any_request(packing, heal, model_server):
    """Of every shape, in the environment, in the sources and in the messages of tests: nothing of it is sent."""
    lines = [line.format(secret) for _name, secret, line in SECRETS]
    rows = [row for line in lines for row in line.splitlines()]
    body = "".join(f"    # {row}\n" for row in rows)
    said = [f"def test_said_{n}():\n    raise RuntimeError({line!r})\n" for n, line in enumerate(lines)]
    source = f"def boxes(items, per_box):\n{body}    return items // per_box\n"
    packing(calls=100, files={"src/shop/packing.py": source, "tests/test_said.py": "\n\n".join(said)})
    model_server.after = Say(NOTHING)
    planted = {f"PLANTED_{n}_TOKEN": secret for n, (_name, secret, _line) in enumerate(SECRETS)}
    heal(**planted)
    asked = [json.loads(body)["messages"][1]["content"] for body in model_server.bodies]
    assert len(asked) > 20
    assert any("return items // per_box" in text for text in asked)
    assert {name for name, secret, _line in SECRETS for text in asked if secret in text} == set()


def test_a_model_of_ones_own_answers_through_the_hook(packing, heal, store):
    """A conftest stands in for the client; the answer goes the same way."""
    conftest = f"def pytest_selfheal_ai(prompt):\n    assert 'per_box' in prompt.user\n    return {answer()!r}\n"
    packing("hook", files={"conftest.py": conftest})
    heal()
    (candidate,) = _only(store).candidates
    assert candidate.fixer == "ai:hook stand-in"


def test_a_missing_key_is_told_in_the_queue(packing, run, store):
    """Without a key and an address of one's own there is nobody to ask."""
    folder = packing()
    text = (folder / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text("\n".join(row for row in text.splitlines() if "base_url" not in row))
    done = run("--selfheal")
    entry = _only(store)
    assert entry.notes == ("openai stand-in was not asked: the environment variable PACKING_ACCESS is not set",)
    assert (done.returncode, "degraded" in done.stdout) == (1, False)
