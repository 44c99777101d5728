"""The action, the workflows and the set-ups to copy: linted, and their shell run with hostile input."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SET_UPS = sorted((ROOT / "docs" / "set-ups").glob("*.yml"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
HOSTILE = [
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned",
    "' ; touch pwned ; '",
    '" ; touch pwned ; "',
    "&& touch pwned",
    "| touch pwned",
    "${IFS}touch pwned",
    "-p\nno:selfheal;touch pwned",
    "> pwned",
    "--junitxml=$(touch pwned)",
    "\x1b]0;pwned\x07",
    "::set-output name=status::pass",
    "*",
    "~",
    "a b",
    "\\",
    "é\u202e",
]


def _program(name):
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    assert found, f"{name} belongs to the dependency group `lint`"
    return found


def test_zizmor_finds_nothing(tmp_path):
    """The strictest persona, without the network, over action, workflows and the set-ups to copy."""
    copies = tmp_path / ".github" / "workflows"
    copies.mkdir(parents=True)
    for path in SET_UPS:
        if path.name.startswith("github-"):
            shutil.copy(path, copies)
    command = [_program("zizmor"), "--offline", "--persona=auditor", "--no-progress"]
    places = [ROOT / "action.yml", ROOT / ".github", copies]
    done = subprocess.run([*command, *places], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("vendor.github-actions", [ROOT / "action.yml"]),
        ("vendor.github-workflows", [*WORKFLOWS, *(path for path in SET_UPS if path.name.startswith("github-"))]),
        ("vendor.gitlab-ci", [path for path in SET_UPS if path.name.startswith("gitlab")]),
    ],
    ids=["action", "workflows", "gitlab"],
)
def test_the_files_fit_their_schemas(schema, paths):
    """Of the services that read them."""
    command = [_program("check-jsonschema"), "--builtin-schema", schema, *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", [ROOT / "action.yml", *WORKFLOWS, *SET_UPS], ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_commit(path):
    """With the version beside it, for people and for Dependabot."""
    used = re.findall(r"uses: (\S+)(.*)", path.read_text("utf-8"))
    foreign = [(name, rest) for name, rest in used if not name.startswith("./")]
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name) for name, _rest in foreign)
    assert all(re.fullmatch(r" # v\d+\.\d+\.\d+", rest) for _name, rest in foreign)


@pytest.mark.parametrize(
    "path", [*WORKFLOWS, *[p for p in SET_UPS if p.name.startswith("github-")]], ids=lambda p: p.name
)
def test_workflows_may_do_nothing_unless_a_job_says_so(path):
    """Least privilege at the top, and no event that runs foreign code with a token."""
    document = yaml.safe_load(path.read_text("utf-8"))
    assert document["permissions"] == {}
    assert "pull_request_target" not in document[True]  # YAML reads the key `on` as true


def _script(step_id):
    return next(step for step in ACTION["runs"]["steps"] if step.get("id") == step_id)["run"]


def _bash(folder, step_id, **env):
    output = folder / "output"
    output.touch()
    given = {"PYTHON": sys.executable, "OUT": "out", "GITHUB_OUTPUT": str(output), "PATH": os.environ["PATH"], **env}
    # As the runner does: `shell: bash` means these options.
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", _script(step_id)]
    done = subprocess.run(
        command,
        cwd=folder,
        env=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return done, output.read_text("utf-8")


def test_hostile_arguments_are_arguments(tmp_path):
    """All at once, one on each line: pytest gets them as words, the shell reads none of them."""
    spy = tmp_path / "spy.sh"
    spy.write_text('#!/bin/sh\nif [ "$1" = -c ]; then echo 0123456789abcdef; else printf "<%s>\\n" "$@"; exit 3; fi\n')
    spy.chmod(0o755)
    done, output = _bash(tmp_path, "test", PYTHON=str(spy), PYTEST_ARGS="\n".join(HOSTILE))
    words = re.findall(r"<(.*)>", done.stdout)
    assert words[:4] == ["-m", "pytest", "--selfheal", "--junitxml=out/junit.xml"]
    assert words[4:] == [line for text in HOSTILE for line in text.split("\n")]
    assert output == "pytest-exit=3\n"
    assert not (tmp_path / "pwned").exists()
    assert done.returncode == 0


@pytest.mark.parametrize("name", ["BASE", "OUT", "PYTEST_EXIT"])
@pytest.mark.parametrize("value", [text for text in HOSTILE if "\n" not in text])
def test_hostile_inputs_of_the_gate_are_values(tmp_path, name, value):
    """Neither an option of its own nor shell."""
    spy = tmp_path / "spy.sh"
    spy.write_text('#!/bin/sh\nprintf "<%s>\\n" "$@"\n')
    spy.chmod(0o755)
    done, output = _bash(tmp_path, "gate", **{"PYTHON": str(spy), "BASE": "", "PYTEST_EXIT": "", name: value})
    option = {"BASE": "--base", "OUT": "--out", "PYTEST_EXIT": "--pytest-exit"}[name]
    assert f"<{option}={value}>" in done.stdout
    assert output == ""
    assert not (tmp_path / "pwned").exists()


def test_tests_cannot_give_orders_to_the_runner(tmp_path):
    """What they print stands between the commands that stop commands, and their exit status is kept."""
    (tmp_path / "test_it.py").write_text("def test_a():\n    print('::set-output name=pytest-exit::0')\n    assert 0\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done, output = _bash(tmp_path, "test", PYTEST_ARGS="-s\n-p\nno:cacheprovider", SELFHEAL_MODE="record")
    lines = done.stdout.splitlines()
    token = lines[0].removeprefix("::stop-commands::")
    order = next(number for number, line in enumerate(lines) if "set-output" in line)
    assert re.fullmatch("[0-9a-f]{32}", token)
    assert 0 < order < lines.index(f"::{token}::")
    assert output == "pytest-exit=1\n"
    assert (tmp_path / "out" / "junit.xml").is_file()


def test_the_action_documents_every_input_and_output():
    """docs/ci.md names them."""
    page = (ROOT / "docs" / "ci.md").read_text("utf-8")
    assert [name for name in (*ACTION["inputs"], *ACTION["outputs"]) if f"`{name}`" not in page] == []


def test_inputs_reach_no_script_but_through_the_environment():
    """`${{ }}` inside a script would be pasted into it."""
    assert [step["id"] for step in ACTION["runs"]["steps"] if "${{" in step.get("run", "")] == []


def test_the_hook_for_pre_commit_is_complete():
    """As pre-commit wants it."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert {"id", "name", "entry", "language"} <= set(hook)
    assert hook["entry"] == "selfheal gate"
