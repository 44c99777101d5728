"""Red, repaired by hand, green, learned, used: with real runs of pytest in a git repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

CLEAN = {"PYTHONDONTWRITEBYTECODE": "1", "SELFHEAL_TRUST": "local", "COLUMNS": "200"}
FILES = {
    "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['src']\ntestpaths = ['tests']\n",
    "src/till.py": (
        "class Till:\n    def total_of(self, items):\n        return sum(items)\n\n\n"
        "def row(key):\n    return {'a': {'note': None}}[key]\n"
    ),
    "src/first.py": "def bill(till, items):\n    return till.sum_up(items)\n",
    "src/notes.py": "from till import row\n\n\ndef note(key):\n    return row(key)['note'].strip()\n",
    "tests/test_first.py": (
        "from till import Till\nfrom first import bill\n\n\ndef test_bill():\n    assert bill(Till(), [1, 2]) == 3\n"
    ),
    "tests/test_notes.py": "from notes import note\n\n\ndef test_note():\n    assert note('a') == ''\n",
}
SECOND = {
    "src/second.py": (
        "class Desk:\n    def __init__(self, till):\n        self.till = till\n\n"
        "    def pay(self, a):\n        return self.till.sum_up([a])\n"
    ),
    "tests/test_second.py": (
        "from till import Till\nfrom second import Desk\n\n\ndef test_pay():\n    assert Desk(Till()).pay(2) == 2\n"
    ),
}
HEALED = SECOND["src/second.py"].replace("sum_up", "total_of")


def write(root, files):
    """Write files by their path."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def commit(root):
    """Commit everything."""
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "--allow-empty", "-m", "step"]):
        subprocess.run([*git, *command], cwd=root, check=True)


def run(root, *arguments, module="pytest", **env):
    """Run pytest or the command in a project."""
    command = [sys.executable, "-m", module, *(["-p", "no:cacheprovider"] if module == "pytest" else []), *arguments]
    environ = {**os.environ, **CLEAN, **env}
    return subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, timeout=120, check=False)


def patterns(root):
    """Return what was learned."""
    path = root / ".selfheal" / "patterns.json"
    return json.loads(path.read_text("utf-8"))["patterns"] if path.exists() else []


@pytest.fixture(scope="module")
def red(tmp_path_factory):
    """A project whose two tests failed in one run."""
    root = tmp_path_factory.mktemp("red") / "project"
    write(root, FILES)
    commit(root)
    assert run(root, "--selfheal").returncode == 1
    return root


@pytest.fixture(scope="module")
def taught(red, tmp_path_factory):
    """The same, once a person repaired both places and ran the tests again."""
    root = tmp_path_factory.mktemp("taught") / "project"
    shutil.copytree(red, root)
    write(root, {"src/first.py": FILES["src/first.py"].replace("sum_up", "total_of")})
    write(root, {"src/notes.py": FILES["src/notes.py"].replace("row(key)['note']", "(row(key)['note'] or '')")})
    done = run(root, "--selfheal")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("selfheal: learned:") == 2
    return root


def test_what_a_service_does_is_no_lesson(tmp_path):
    """The sources of a failure that an edit cannot have healed are not kept."""
    write(tmp_path, {"test_a.py": "def test_a():\n    raise ConnectionRefusedError(111, 'Connection refused')\n"})
    assert run(tmp_path, "--selfheal=record").returncode == 1
    assert not (tmp_path / ".selfheal" / "objects").exists()


@pytest.fixture
def project(taught, tmp_path):
    """A copy of the taught project, committed with what was learned, and with another place that fails."""
    root = tmp_path / "project"
    shutil.copytree(taught, root)
    write(root, SECOND)
    commit(root)
    return root


@pytest.fixture
def failed(red, tmp_path):
    """A copy of the project that failed."""
    root = tmp_path / "project"
    shutil.copytree(red, root)
    return root


def test_the_edits_are_written_down_with_where_they_come_from(taught):
    """One of an interface, one of a value; readable, with test, file and diff."""
    found = {pattern["error"]["error_class"]: pattern for pattern in patterns(taught)}
    assert found["api"]["edits"][0]["before"] == "$A.sum_up"
    assert "['note'] or ''" in found["value"]["edits"][0]["after"]
    assert found["api"]["examples"][0]["test"] == "tests/test_first.py::test_bill"
    assert "+    return till.total_of(items)" in found["api"]["examples"][0]["diff"]


def test_the_next_failure_of_the_kind_is_healed(project):
    """Another receiver in another file; validated, written, counted, and undone by the command."""
    done = run(project, "--selfheal")
    assert (project / "src/second.py").read_text() == HEALED, done.stdout
    api = next(pattern for pattern in patterns(project) if pattern["error"]["error_class"] == "api")
    assert [event["result"] for event in api["evidence"]] == ["taught", "success"]

    undone = run(project, "undo", module="pytest_selfheal.cli")
    assert "only suggested from now on" in undone.stdout
    assert (project / "src/second.py").read_text() == SECOND["src/second.py"]
    run(project, "--selfheal")
    assert (project / "src/second.py").read_text() == SECOND["src/second.py"]


def test_workers_heal_as_well_and_a_fix_of_ours_teaches_nothing(project):
    """With xdist the controller sees the reports all the same; the next green is no lesson and no second success."""
    done = run(project, "--selfheal", "-n2")
    assert (project / "src/second.py").read_text() == HEALED, done.stdout
    before = patterns(project)
    assert run(project, "--selfheal").returncode == 0
    assert patterns(project) == before


def test_an_edit_about_a_value_is_only_suggested_until_a_person_says_yes(project):
    """None may have to be an error elsewhere: the suggestion waits; accepting it is the first success."""
    text = "from till import row\n\n\ndef head(k):\n    return '# ' + row(k)['note'].strip()\n"
    write(project, {"src/heads.py": text, "src/second.py": HEALED})
    write(
        project, {"tests/test_heads.py": "from heads import head\n\n\ndef test_head():\n    assert head('a') == '# '\n"}
    )
    commit(project)
    run(project, "--selfheal")
    assert (project / "src/heads.py").read_text() == text
    listed = json.loads(run(project, "review", "list", "--json", module="pytest_selfheal.cli").stdout)
    (entry,) = (one for one in listed["reviews"] if "test_head" in one["nodeids"][0])
    done = run(project, "review", "accept", entry["id"], module="pytest_selfheal.cli")
    assert done.returncode == 0, done.stdout + done.stderr
    value = next(pattern for pattern in patterns(project) if pattern["error"]["error_class"] == "value")
    assert [(event["result"], event["by"]) for event in value["evidence"]] == [
        ("taught", "person"),
        ("success", "person"),
    ]


def test_an_accepted_suggestion_teaches_like_an_edit(tmp_path):
    """A misspelt method, put right by a built-in fixer that a person agreed to."""
    write(tmp_path, {**FILES, "src/first.py": FILES["src/first.py"].replace("sum_up", "total_off")})
    (tmp_path / "tests/test_notes.py").unlink()
    run(tmp_path, "--selfheal=suggest")
    listed = json.loads(run(tmp_path, "review", "list", "--json", module="pytest_selfheal.cli").stdout)["reviews"]
    done = run(tmp_path, "review", "accept", listed[0]["id"], module="pytest_selfheal.cli")
    assert "learned: $A.total_off -> $A.total_of" in done.stdout, done.stdout + done.stderr
    assert [pattern["origin"] for pattern in patterns(tmp_path)] == ["accepted"]


def test_in_ci_only_committed_patterns_act_alone(project):
    """What is not on the base branch is at most suggested there."""
    text = (project / ".selfheal/patterns.json").read_text()
    subprocess.run(["git", "rm", "-q", "--cached", ".selfheal/patterns.json"], cwd=project, check=True)
    commit_only = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", "commit", "-q", "-m", "without"]
    subprocess.run(commit_only, cwd=project, check=True)
    done = run(project, "--selfheal", SELFHEAL_TRUST="trusted_ci")
    assert "SUGGESTED tests/test_second.py::test_pay" in done.stdout
    assert (project / "src/second.py").read_text() == SECOND["src/second.py"]

    commit(project)
    run(project, "--selfheal", SELFHEAL_TRUST="trusted_ci")
    assert (project / "src/second.py").read_text() == HEALED
    assert (project / ".selfheal/patterns.json").read_text() == text


def test_a_green_by_other_means_teaches_nothing(failed):
    """The library got its method back while somebody tidied up near the failing line."""
    write(failed, {"src/till.py": FILES["src/till.py"] + "\n\nTill.sum_up = Till.total_of\n"})
    write(failed, {"src/first.py": "def bill(till, items):\n    return till.sum_up(list(items))\n"})
    write(failed, {"src/notes.py": "def note(key):\n    return ''\n"})
    done = run(failed, "--selfheal")
    assert done.returncode == 0, done.stdout
    assert patterns(failed) == []
    waiting = json.loads((failed / ".selfheal/objects/open.json").read_text())["open"]
    assert waiting == {}


def test_an_edit_of_the_test_teaches_nothing(failed):
    """A weaker test is no repair."""
    write(failed, {"tests/test_first.py": "def test_bill():\n    assert True\n"})
    write(failed, {"tests/test_notes.py": "def test_note():\n    pass\n"})
    assert run(failed, "--selfheal").returncode == 0
    assert patterns(failed) == []


def test_kept_sources_stay_under_the_size_that_was_set(tmp_path):
    """A failure whose sources do not fit is not waited for; it is reported like any other."""
    write(tmp_path, FILES)
    write(tmp_path, {"pyproject.toml": FILES["pyproject.toml"] + "[tool.selfheal]\nsnapshots_mb = 0.0001\n"})
    assert run(tmp_path, "--selfheal").returncode == 1
    objects = tmp_path / ".selfheal" / "objects"
    assert json.loads((objects / "open.json").read_text("utf-8"))["open"] == {}
    assert [path for path in objects.rglob("*") if path.is_file()] == [objects / "open.json"]


def test_learning_can_be_switched_off(tmp_path):
    """Then no source is kept."""
    write(tmp_path, {**FILES, "pyproject.toml": FILES["pyproject.toml"] + "[tool.selfheal]\nlearn = false\n"})
    run(tmp_path, "--selfheal")
    assert not (tmp_path / ".selfheal/objects").exists()


def test_a_damaged_file_of_patterns_is_named_and_left_alone(project):
    """The run goes on without it, and nothing is written over it."""
    path = project / ".selfheal/patterns.json"
    path.write_text("{", "utf-8")
    done = run(project, "--selfheal")
    assert done.returncode == 1
    assert "patterns.json: is no JSON" in done.stdout
    assert path.read_text("utf-8") == "{"


def test_commits_teach_when_they_are_named(failed):
    """The text from before the commit makes today's test fail, its own heals it."""
    shutil.rmtree(failed / ".selfheal")
    write(failed, {"src/first.py": FILES["src/first.py"].replace("sum_up", "total_of")})
    commit(failed)
    done = run(failed, "learn", "--since", "HEAD~1", module="pytest_selfheal.cli")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [pattern["title"] for pattern in patterns(failed)] == ["$A.sum_up -> $A.total_of"]
    again = run(failed, "learn", "HEAD", module="pytest_selfheal.cli")
    assert (again.returncode, "step: known already" in again.stdout) == (1, True)
    assert run(failed, "learn", "nothing", module="pytest_selfheal.cli").returncode == 2


def test_patterns_travel_by_file(taught, tmp_path):
    """Exported, imported twice, shown, forgotten: evidence counts once."""

    def selfheal(root, *arguments):
        return run(root, *arguments, module="pytest_selfheal.cli")

    write(tmp_path / "other", {"pyproject.toml": ""})
    assert "2 patterns written" in selfheal(taught, "patterns", "export", str(tmp_path / "out.json")).stdout
    assert (
        "2 new, 0 with more evidence"
        in selfheal(tmp_path / "other", "patterns", "import", str(tmp_path / "out.json")).stdout
    )
    assert (
        "0 new, 0 with more evidence"
        in selfheal(tmp_path / "other", "patterns", "import", str(tmp_path / "out.json")).stdout
    )
    assert patterns(tmp_path / "other") == patterns(taught)
    name = patterns(taught)[0]["id"]
    shown = selfheal(tmp_path / "other", "patterns", "show", name).stdout
    assert "learned from tests/test_" in shown
    assert [line.split()[2] for line in shown.splitlines() if line.startswith("20")] == ["taught"]
    assert selfheal(tmp_path / "other", "patterns", "forget", name).returncode == 0
    assert len(patterns(tmp_path / "other")) == 1
