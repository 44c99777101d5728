"""`selfheal gate`: from the store or from JUnit files, against the base branch, in every form."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pytest_selfheal.cli import main
from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import ReviewEntry
from pytest_selfheal.model import Trust
from pytest_selfheal.model import utc_text
from pytest_selfheal.store import open_store

ROOT = Path(__file__).resolve().parents[2]
LOOSE = "[tool.selfheal.gate]\nfailure_rate = { warn = 0.9, critical = 0.99 }\n"
STRICT = "[tool.selfheal.gate]\nfailure_rate = { warn = 0.01, critical = 0.05 }\n"


class Shop:
    """A git repository with a base branch, a store, and the gate."""

    def __init__(self, root, capsys):
        self.root = root
        self._capsys = capsys
        self._count = 0

    def git(self, *arguments):
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", *arguments]
        return subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True).stdout.strip()

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "work")
        return self.git("rev-parse", "HEAD")

    def record(self, *records):
        open_store(self.root / ".selfheal").commit(records)

    def now(self, seconds=0):
        self._count += 1
        return utc_text(time.time() - 600 + self._count + seconds)

    def gate(self, *arguments):
        self._capsys.readouterr()
        status = main(["--root", str(self.root), "gate", *map(str, arguments)])
        return status, self._capsys.readouterr().out

    def judge(self, *arguments):
        status, out = self.gate("--format", "json", *arguments)
        document = json.loads(out)
        assert document["exit_status"] == status
        return document, {(rule["rule"], rule["title"]): rule for rule in document["rules"]}


@pytest.fixture
def shop(tmp_path, capsys):
    """A repository whose branch `topic` is one commit ahead of `main`."""
    made = Shop(tmp_path / "shop", capsys)
    made.root.mkdir()
    made.git("init", "-q", "-b", "main")
    made.write("tests/test_a.py", "def test_one(): pass\n")
    made.write(".gitignore", ".selfheal\n")
    made.write("pyproject.toml", STRICT)
    made.commit()
    made.git("checkout", "-q", "-b", "topic")
    made.commit()
    return made


@pytest.fixture
def red(shop, run_record, failure_record):
    """Record a run of this commit with one failing test; keywords replace fields of the run."""

    def call(*, failure=None, **changes):
        started = shop.now()
        fields = {
            "id": f"run-{started}",
            "started_at": started,
            "updated_at": started,
            "commit": shop.git("rev-parse", "HEAD"),
        }
        run = run_record(**{**fields, "passed": 99, "failed": 1, "exit_status": 1, **changes})
        record = failure_record(id=f"f-{run.id}", run_id=run.id, created_at=run.started_at, **(failure or {}))
        shop.record(run, *([record] if run.failed or failure else []))
        return run

    return call


def _junit(*cases):
    return f"<testsuites><testsuite name='pytest' tests='{len(cases)}'>{''.join(cases)}</testsuite></testsuites>"


def _case(name, body="", classname="tests.test_a"):
    return f"<testcase classname='{classname}' name='{name}'>{body}</testcase>"


FAILED = _case("test_one", "<failure message=\"KeyError: 'name'\"/>")
PASSED = [_case(f"test_{n}") for n in range(30)]


def test_a_new_failure_blocks_and_the_run_is_named(shop, red):
    """With its commit and age; the base and its settings are told."""
    red()
    status, out = shop.gate("--base", "main")
    assert status == 1
    assert f"of commit {shop.git('rev-parse', '--short=10', 'HEAD')}, started 9 minutes ago" in out
    assert "settings of the base" in out
    assert 'reproduce with: pytest "tests/test_a.py::test_one"' in out


def test_the_base_decides_what_is_new(shop, red):
    """The same failure in a run of CI on the base branch only warns; one of a pull request changes nothing."""
    commit = shop.git("rev-parse", "main")
    red(trust=Trust.COLLABORATOR, commit=commit)
    red()
    assert shop.judge("--base", "main")[1]["G2", "new failures"]["verdict"] == "block"
    red(trust=Trust.TRUSTED_CI, commit=commit)
    red()
    document, rules = shop.judge("--base", "main")
    assert (document["status"], document["exit_status"]) == ("warn", 0)
    assert rules["G3", "failures of the base"]["tests"] == ["tests/test_a.py::test_one"]
    assert document["baseline"] == "1 run of main"


def test_a_second_run_of_the_same_commit_is_no_baseline(shop, red):
    """Else a failing push would pass when it is simply run again."""
    red(trust=Trust.TRUSTED_CI)
    red(trust=Trust.TRUSTED_CI)
    assert shop.gate("--base", "main")[0] == 1


def test_a_change_cannot_loosen_its_own_gate(shop, red):
    """The base's limits judge, the change of them is told."""
    shop.write("pyproject.toml", LOOSE)
    shop.commit()
    red(passed=90, failed=10)
    document, rules = shop.judge("--base", "main")
    assert (document["settings"], rules["G7", "failure rate"]["verdict"]) == ("base", "block")
    assert rules["G10", "settings"]["value"] == (
        "this change sets gate.failure_rate.critical anew; this change sets gate.failure_rate.warn anew"
    )


def test_a_base_that_is_not_in_the_clone_means_default_settings(shop, red, monkeypatch):
    """A shallow clone must not be a way around the limits."""
    shop.write("pyproject.toml", LOOSE)
    shop.commit()
    red(passed=40, failed=60)
    monkeypatch.setenv("GITHUB_BASE_REF", "release")
    document, rules = shop.judge()
    assert (document["settings"], rules["G7", "failure rate"]["verdict"]) == ("defaults", "block")
    assert "origin/release is not in this clone" in document["notes"][0]


@pytest.mark.parametrize("base", ["--upload-pack=touch x", "-x", "main; touch x", "$(touch x)", "a..b", "@{-1}^{/x}"])
def test_hostile_names_of_a_base_are_only_names(shop, red, base):
    """Nothing is run, nothing is read but commits."""
    red()
    document, _rules = shop.judge(f"--base={base}")
    assert document["settings"] == "defaults"
    assert not (shop.root / "x").exists()


@pytest.mark.parametrize("in_ci", [True, False])
def test_a_run_of_another_commit_blocks_in_ci_and_warns_elsewhere(shop, red, monkeypatch, in_ci):
    """It proves nothing about what is checked out."""
    red(passed=100, failed=0, exit_status=0)
    shop.commit()
    if in_ci:
        monkeypatch.setenv("TF_BUILD", "True")
    assert shop.judge("--base", "main")[1]["G0", "complete run"]["verdict"] == ("block" if in_ci else "warn")


def test_only_the_newest_started_run_is_judged(shop, red):
    """A killed run is said to be unfinished; the good one before it does not count."""
    red(passed=100, failed=0, exit_status=0)
    red(complete=False, passed=0, failed=0)
    document, rules = shop.judge("--base", "main")
    assert document["status"] == "block"
    assert "the run did not finish" in rules["G0", "complete run"]["value"]


def test_a_call_that_never_began_its_tests_blocks(shop, red):
    """The mark that pytest left is newer than the newest run."""
    red(passed=100, failed=0, exit_status=0)
    (shop.root / ".selfheal" / "starting").touch()
    assert "never began its tests" in shop.judge("--base", "main")[1]["G0", "complete run"]["value"]


def test_shards_are_found_in_the_store(shop, red):
    """The newest run of each shard of the CI run; a missing one blocks."""
    for shard in ("1", "2"):
        red(passed=10, failed=0, exit_status=0, group="g", shard=shard, selection=("--splits 2",))
    assert shop.gate("--base", "main", "--expect-shards", "2")[0] == 0
    assert shop.gate("--base", "main", "--expect-shards", "3")[0] == 1


def test_shards_are_counted_as_junit_files(shop):
    """Identical files count once."""
    one = shop.write("1.xml", _junit(*PASSED))
    same = shop.write("2.xml", _junit(*PASSED))
    other = shop.write("3.xml", _junit(_case("test_x")))
    assert shop.gate("--junit", one, other, "--expect-shards", "2", "--base", "main")[0] == 0
    document, rules = shop.judge("--junit", one, same, "--expect-shards", "2", "--base", "main")
    assert document["exit_status"] == 1
    assert "1 of 2 shards found" in rules["G0", "complete run"]["value"]


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        (FAILED, "warn"),
        (_case("test_one", "<failure type='KeyError' message='other words'/>"), "warn"),
        (_case("test_one", "<failure message='ValueError: x'/>"), "block"),
        (_case("test_one"), "block"),
    ],
    ids=["same", "same class", "other class", "passes"],
)
def test_junit_files_of_the_base_are_a_baseline(shop, base, expected):
    """A project without our plugin on its base branch can start today."""
    results = shop.write("now.xml", _junit(FAILED, *PASSED[2:]))
    known = shop.write("base.xml", _junit(base))
    document, _rules = shop.judge("--junit", results, "--baseline-junit", known, "--base", "main")
    assert document["rules"][2]["verdict"] == ("ok" if expected == "warn" else "block")
    assert document["rules"][3]["verdict"] == ("warn" if expected == "warn" else "ok")


@pytest.mark.parametrize(("option", "status"), [("--junit", 3), ("--baseline-junit", 3)], ids=["results", "baseline"])
def test_a_missing_junit_file_is_never_a_pass(shop, red, option, status, capsys):
    """The runner died before it wrote it: the gate cannot tell."""
    red(passed=100, failed=0, exit_status=0)
    assert main(["--root", str(shop.root), "gate", option, str(shop.root / "none.xml")]) == status
    assert "cannot be read" in capsys.readouterr().err


def test_a_junit_file_that_is_cut_off_blocks(shop):
    """Half a file proves nothing."""
    cut = shop.write("cut.xml", _junit(*PASSED)[:-40])
    status, out = shop.gate("--junit", cut, "--base", "main")
    assert status == 1
    assert "cut off" in out


@pytest.mark.parametrize("arguments", [(), ("-n2",)], ids=["plain", "xdist"])
def test_the_verdict_is_the_same_from_the_store_and_from_another_runner(shop, arguments):
    """One suite, run by pytest with the plugin and by pytest without it: the same rules say the same."""
    shop.write(
        "tests/test_a.py",
        "import pytest\n"
        "@pytest.fixture\ndef broken():\n    yield\n    raise OSError('gone')\n"
        "@pytest.mark.parametrize('n', range(20))\ndef test_fine(n): pass\n"
        "class TestOrders:\n"
        "    def test_total(self): assert 1 == 2\n"
        "    def test_lost(self): raise KeyError('name')\n"
        "def test_torn_down(broken): pass\n"
        "def test_twice(broken): assert 0\n"
        "def test_skipped(): pytest.skip('x')\n"
        "@pytest.mark.xfail\ndef test_expected(): assert 0\n",
    )
    shop.write("tests/test_unreadable.py", "import no_such_module_anywhere\n")
    shop.write("pytest.ini", "[pytest]\naddopts = --continue-on-collection-errors\n")
    shop.commit()
    for name, extra in {"own.xml": ["--selfheal=record"], "other.xml": ["-p", "no:selfheal"]}.items():
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            f"--junitxml={name}",
            *extra,
            *arguments,
        ]
        subprocess.run(command, cwd=shop.root, capture_output=True, check=False, timeout=120)
    found = {}
    for source, options in {
        "store": (),
        "own": ("--junit", shop.root / "own.xml"),
        "other": ("--junit", shop.root / "other.xml"),
    }.items():
        document, rules = shop.judge("--base", "main", "--pytest-exit", "1", *options)
        found[source] = {
            key: (rule["verdict"], rule["value"], sorted(rule["tests"]), rule["n"])
            for key, rule in rules.items()
            if key[0] != "G6"
        }
        assert document["status"] == "block"
    assert found["store"]["G2", "new failures"][:2] == ("block", "5")
    assert found["store"] == found["own"]
    # What another runner does not know is the signature; here every error is one of its own either way.
    assert found["store"] == found["other"]


@pytest.mark.parametrize("form", ["text", "json", "markdown", "github", "junit"])
def test_every_form_tells_the_verdict_and_obeys_dry_run(shop, red, form):
    """The same status whatever the form."""
    red()
    assert shop.gate("--format", form, "--base", "main")[0] == 1
    status, out = shop.gate("--format", form, "--base", "main", "--dry-run")
    assert status == 0
    assert "test_one" in out


@pytest.mark.parametrize("committed", [False, True], ids=["in the tree only", "committed"])
def test_a_green_run_on_an_edit_that_is_not_in_the_branch_blocks(shop, red, committed):
    """Not only in the run that was fixed: the next one is green on code that nobody else has."""
    from pytest_selfheal.repair.journal import Journal

    journal = Journal(shop.root / ".selfheal" / "journal", time.time, shop.root)
    entry = journal.apply("fix-1", {"tests/test_a.py": b"def test_one(): assert True\n"}, shop.root)
    journal.commit(entry)
    if committed:
        shop.commit()
    red(passed=100, failed=0, exit_status=0)
    document, rules = shop.judge("--base", "main")
    assert rules["G6", "healed by an edit"]["verdict"] == ("ok" if committed else "block")
    assert ("tests/test_a.py" in rules["G6", "healed by an edit"]["advice"]) is not committed
    assert document["exit_status"] == (0 if committed else 1)


def test_what_is_not_committed_is_told(shop, red):
    """The tests ran on it, the branch does not have it."""
    red(passed=100, failed=0, exit_status=0)
    shop.write("tests/test_a.py", "def test_one(): assert True\n")
    assert shop.judge("--base", "main")[0]["notes"] == ["not committed: tests/test_a.py"]


def test_warnings_block_when_strict(shop, red):
    """`--strict`."""
    shop.write("pytest.ini", "[pytest]\n")
    red(passed=100, failed=0, exit_status=0, failure={"outcome": Outcome.HEALED})
    assert shop.gate("--base", "main")[0] == 0
    assert shop.gate("--base", "main", "--strict")[0] == 1


def test_documents_keep_to_their_published_schemas(shop, red, tmp_path):
    """docs/schemas is what is written."""
    run = red()
    shop.record(
        HealingEvent("e1", shop.now(), run.id, "escalate", "ok", "v1:x"),
        ReviewEntry(
            "v1:0123456789abcdef", shop.now(), run.id, "escalation", "open", "v1:0123456789abcdef",
            "assertion", "KeyError", "'name'", ("tests/test_a.py::test_one",), "no fixer knows this error",
        ),
    )  # fmt: skip
    out = tmp_path / "out"
    shop.gate("--base", "main", "--out", out)
    for name, schema in {"gate.json": "selfheal-gate-1", "report.json": "selfheal-report-1"}.items():
        rules = json.loads((ROOT / "docs" / "schemas" / f"{schema}.json").read_text("utf-8"))
        Draft202012Validator.check_schema(rules)
        Draft202012Validator(rules).validate(json.loads((out / name).read_text("utf-8")))
    sarif = json.loads((out / "escalations.sarif").read_text("utf-8"))
    (result,) = sarif["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "tests/test_a.py"
    assert json.loads((out / "badge.json").read_text("utf-8"))["message"] == "blocked"
    assert ET.fromstring((out / "gate.xml").read_text("utf-8"))[0].get("failures") != "0"
    assert (out / "summary.md").read_text("utf-8").startswith("## selfheal gate: blocked")


def test_the_runner_of_github_gets_summary_output_and_annotations(shop, red, tmp_path, monkeypatch):
    """At most ten errors and ten warnings, each on a line of its own."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    red(failure={"error_message": "'a'\n::error::injected"})
    _status, out = shop.gate("--format", "github", "--base", "main")
    commands = [line for line in out.splitlines() if line.startswith("::")]
    assert commands[0].startswith("::error title=selfheal G")
    assert any("file=tests/test_a.py" in line for line in commands)
    assert len(commands) <= 20
    assert not any(line.startswith("::error::") for line in commands)
    assert (tmp_path / "output").read_text() == "status=block\n"
    assert "BLOCK" in (tmp_path / "summary").read_text("utf-8")


def _secrets():
    path = ROOT / "tests" / "unit" / "safety" / "test_redact.py"
    spec = importlib.util.spec_from_file_location("secrets_corpus", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SECRETS


def test_no_secret_reaches_any_output(shop, tmp_path, monkeypatch):
    """60 kinds, in messages of JUnit files: none in any file, nor on the screen."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    secrets = _secrets()
    assert len(secrets) >= 60
    suite = ET.Element("testsuite", name="s")
    for number, (_name, secret, line) in enumerate(secrets):
        case = ET.SubElement(suite, "testcase", classname="tests.test_a", name=f"test_{number}")
        ET.SubElement(case, "failure", message=line.format(secret)).text = line.format(secret)
    results = shop.write("secret.xml", ET.tostring(suite, "unicode"))
    shown = [
        shop.gate("--junit", results, "--format", form, "--base", "main", "--out", tmp_path / "out")[1]
        for form in ("text", "json", "markdown", "github", "junit")
    ]
    files = [path.read_text("utf-8") for path in (tmp_path / "out").iterdir()]
    written = "\n".join([*shown, *files, (tmp_path / "summary").read_text("utf-8")])
    leaked = [name for name, secret, _line in secrets if secret in written]
    assert leaked == []


def test_a_secret_in_the_name_of_a_test_is_not_shown(shop):
    """Parameters become names."""
    token = "ghp" + "_" + "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1cD3"
    results = shop.write("named.xml", _junit(_case(f"test_one[{token}]", "<failure message='assert 0'/>")))
    for form in ("text", "json", "markdown", "github", "junit"):
        assert token not in shop.gate("--junit", results, "--format", form, "--base", "main")[1]


def test_the_base_of_a_merge_queue_is_read_from_the_event(shop, red, tmp_path, monkeypatch):
    """GitHub tells it nowhere else."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"merge_group": {"base_sha": shop.git("rev-parse", "main")}}))
    monkeypatch.setenv("GITHUB_EVENT_NAME", "merge_group")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))
    red()
    document, _rules = shop.judge()
    assert (document["settings"], document["base"][:8]) == ("base", shop.git("rev-parse", "main")[:8])
