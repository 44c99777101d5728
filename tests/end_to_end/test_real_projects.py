"""Projects that nobody here wrote: nothing changes when all is green, and a lost import comes back byte for byte.

The source distributions come from the package index through pip. Without a connection these tests are skipped, except
in CI, where being skipped would prove nothing.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path

import pytest

IN_CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}


@dataclass(frozen=True)
class Real:
    """A project, where its sources are, and one module-level import its tests need."""

    name: str
    version: str
    source_path: str
    victim: str
    statement: str


PROJECTS = [
    Real("itsdangerous", "2.2.0", "src", "src/itsdangerous/serializer.py", "import json\n"),
    Real("itsdangerous", "2.2.0", "src", "src/itsdangerous/signer.py", "from .exc import BadSignature\n"),
    Real("sqlparse", "0.6.1", ".", "sqlparse/lexer.py", "import re\n"),
    Real("sqlparse", "0.6.1", ".", "sqlparse/engine/grouping.py", "from sqlparse import tokens as T\n"),
    Real("tomlkit", "0.15.2", ".", "tomlkit/parser.py", "from tomlkit._utils import parse_rfc3339\n"),
    Real("tomlkit", "0.15.2", ".", "tomlkit/container.py", "import copy\n"),
]
SUITES = {project.name: project for project in PROJECTS}
FLAKY = {
    **SUITES,
    "iniconfig": Real("iniconfig", "2.3.1", "src", "", ""),
    "pluggy": Real("pluggy", "1.7.0", "src", "", ""),
}


@pytest.fixture(scope="session")
def sources(tmp_path_factory):
    """Unpacked source distributions, one folder each, without anything a run would leave behind."""
    folder = tmp_path_factory.mktemp("sdists")
    wanted = sorted({f"{project.name}=={project.version}" for project in FLAKY.values()})
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", *wanted]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        message = f"the source distributions cannot be had: {done.stderr[-500:]}"
        pytest.fail(message) if IN_CI else pytest.skip(message)
    for archive in folder.glob("*.tar.gz"):
        with tarfile.open(archive) as tar:
            if hasattr(tarfile, "data_filter"):
                tar.extractall(folder, filter="data")
            else:
                tar.extractall(folder)
    return folder


@pytest.fixture
def checkout(sources, tmp_path):
    """Return a function that copies a project into a git repository with one commit."""

    def make(project):
        target = tmp_path / project.name
        shutil.copytree(sources / f"{project.name}-{project.version}", target)
        return target

    return make


def _git(folder, *arguments):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "core.autocrlf=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def _commit(folder):
    _git(folder, "init", "--quiet")
    (folder / ".git" / "info" / "exclude").write_text("__pycache__/\n.pytest_cache/\n")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "as published")


def _pytest(folder, project, *arguments):
    env = {**os.environ, "PYTHONPATH": str(folder / project.source_path), "PYTHONDONTWRITEBYTECODE": "1"}
    env |= {"SELFHEAL_TRUST": "local"}
    # Without its option set, pytest-asyncio warns, and some of these suites turn warnings into errors.
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:asyncio", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=600, check=False)


def _counts(done):
    """Return what the last line counts, without the time: {'passed': 297}."""
    return {
        word: int(number) for number, word in re.findall(r"(\d+) (\w+)", done.stdout.splitlines()[-1].split(" in ")[0])
    }


@pytest.mark.parametrize("extra", [(), ("-n", "2")], ids=["plain", "xdist"])
@pytest.mark.parametrize("name", sorted(SUITES))
def test_a_green_suite_is_the_same_with_and_without_us(checkout, name, extra):
    """The same counts and exit status, and not one changed or new file for git to see."""
    project = SUITES[name]
    folder = checkout(project)
    _commit(folder)
    bare = _pytest(folder, project, "-p", "no:selfheal", *extra)
    ours = _pytest(folder, project, "--selfheal", *extra)
    assert _counts(bare)["passed"] > 100
    assert (_counts(ours), ours.returncode) == (_counts(bare), bare.returncode)
    assert _git(folder, "status", "--porcelain") == ""


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.victim)
def test_a_deleted_import_comes_back_and_can_be_taken_back(checkout, project):
    """Only the one file changes, the suite is green again, and undo restores the broken text byte for byte."""
    folder = checkout(project)
    victim = folder / project.victim
    published = victim.read_bytes()
    assert published.count(project.statement.encode()) == 1
    broken = published.replace(project.statement.encode(), b"")
    victim.write_bytes(broken)
    _commit(folder)

    healing = _pytest(folder, project, "--selfheal")
    assert healing.returncode != 0, "a fix never turns the red run green by itself"
    assert _git(folder, "status", "--porcelain") == f" M {project.victim}\n", healing.stdout
    assert ast.dump(ast.parse(victim.read_bytes())) == ast.dump(ast.parse(published))
    assert _pytest(folder, project, "-p", "no:selfheal").returncode == 0

    command = [sys.executable, "-m", "pytest_selfheal.cli", "undo"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    assert victim.read_bytes() == broken
    assert _git(folder, "status", "--porcelain") == ""


def test_the_test_files_of_these_projects_are_what_was_published(sources):
    """The suites run as published: nothing in the unpacked folders was left out."""
    for project in SUITES.values():
        assert list(Path(sources / f"{project.name}-{project.version}").rglob("test_*.py"))


INJECTOR = """
import hashlib, json, os, pathlib
import pytest

SEEN = pathlib.Path(os.environ["INJECT_FOLDER"])


class ServiceError(Exception):
    def __init__(self, status):
        super().__init__(f"the service answered {status}")
        self.response = type("Response", (), {"status_code": status, "headers": {"Retry-After": "0.05"}})()


KINDS = [
    lambda: ConnectionResetError(104, "Connection reset by peer"),
    lambda: ServiceError(503),
    lambda: ServiceError(429),
]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    number = int.from_bytes(hashlib.sha256(item.nodeid.encode()).digest()[:4], "big")
    mark = SEEN / hashlib.sha256(item.nodeid.encode()).hexdigest()
    if number % 20 == 0 and not mark.exists() and item.get_closest_marker("xfail") is None:
        mark.write_text(item.nodeid)
        if os.environ["INJECT"] == "assertion":
            raise AssertionError("503 Service Unavailable")
        raise KINDS[number // 20 % 3]()
    return (yield)
"""


@pytest.fixture
def inject(tmp_path, monkeypatch):
    """Make one test in twenty fail once; return the folder with a file for each that did."""
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "injector.py").write_text(INJECTOR, encoding="utf-8")

    def prepare(kind):
        seen = tmp_path / f"seen-{kind}"
        seen.mkdir()
        monkeypatch.setenv("INJECT", kind)
        monkeypatch.setenv("INJECT_FOLDER", str(seen))
        return plugins, seen

    return prepare


@pytest.mark.parametrize("extra", [(), ("-n", "2")], ids=["plain", "xdist"])
@pytest.mark.parametrize("name", sorted(FLAKY))
def test_outages_in_real_suites_are_healed_and_reported(checkout, inject, monkeypatch, name, extra):
    """One test in twenty meets a reset, a 503 or a 429: all green, every one of them told as healed, counts equal."""
    project = FLAKY[name]
    folder = checkout(project)
    plugins, seen = inject("outage")
    bare = _counts(_pytest(folder, project, "-p", "no:selfheal", *extra))
    monkeypatch.setenv("SELFHEAL_RETRY_BASE_S", "0.01")
    done = _pytest(folder, _beside(project, plugins), "--selfheal", "-p", "injector", *extra)
    counts = _counts(done)
    hit = len(list(seen.iterdir()))
    assert hit > 1
    assert (counts.pop("healed"), done.returncode) == (hit, 0), done.stdout[-3000:]
    assert counts.pop("passed") + hit == bare.pop("passed")
    assert counts == bare


@pytest.mark.parametrize("name", sorted(FLAKY))
def test_failed_checks_in_real_suites_are_never_healed(checkout, inject, name):
    """The same tests fail once by an assertion that talks of a 503: each stays a failure."""
    project = FLAKY[name]
    folder = checkout(project)
    plugins, seen = inject("assertion")
    done = _pytest(folder, _beside(project, plugins), "--selfheal=auto", "-p", "injector", "-n", "2")
    counts = _counts(done)
    assert counts["failed"] == len(list(seen.iterdir()))
    assert "healed" not in counts
    assert done.returncode == 1


def _beside(project, folder):
    """Return the project with one more folder on its path, given relative to the checkout."""
    return replace(project, source_path=f"{project.source_path}{os.pathsep}{folder}")
