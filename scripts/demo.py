"""Show the main job on a copy of example_project, with its real output.

Run it with the interpreter of an environment in which pytest-selfheal is installed (`make demo` does). Every step is a
real command; at the end each expected result is checked, and the exit status is 1 when one did not occur.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
QUOTES = "src/parceldesk/quotes.py"
LOST_IMPORT = "from decimal import Decimal"
_FOREIGN = ("GITHUB_", "GITLAB_", "BUILDKITE", "CIRCLECI", "JENKINS_", "PYTEST_", "SELFHEAL_", "GIT_", "PYTHONPATH")


@dataclass
class Demo:
    """One demonstration: where it happens and what was expected but did not occur."""

    project: Path
    missing: list[str] = field(default_factory=list)

    def run(self, *command: str) -> tuple[int, str]:
        """Run one command in the project, show it with its output, and return exit status and output."""
        print(f"\n$ {' '.join(command)}", flush=True)
        done = subprocess.run(
            _resolved(command),
            cwd=self.project,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        print(done.stdout.rstrip("\n"))
        print(f"[exit status {done.returncode}]", flush=True)
        return done.returncode, done.stdout

    def expect(self, what: str, *, happened: bool) -> None:
        """Note `what` as missing unless it happened."""
        if not happened:
            self.missing.append(what)

    def text(self, path: str) -> str:
        """Return the content of a file of the project."""
        return (self.project / path).read_text(encoding="utf-8")


def main() -> int:
    """Run the demonstration; return 0 when everything that it promises was seen."""
    if shutil.which("git") is None:
        print("the demo needs git: fixes are only ever applied to files that git tracks", file=sys.stderr)
        return 1
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="selfheal-demo-") as folder:
        demo = Demo(Path(folder).resolve() / "parceldesk")
        _prepare(demo)
        _first_run(demo)
        _second_and_third_run(demo)
        _judge(demo)
        _undo(demo)
    _heading("What this demo promised")
    if demo.missing:
        print("NOT seen:")
        print("\n".join(f"  - {what}" for what in demo.missing))
        return 1
    print(f"Everything was seen, in {time.monotonic() - started:.0f} seconds.")
    return 0


def _prepare(demo: Demo) -> None:
    _heading(
        "A project with troubles",
        "A copy of example_project, committed to a fresh git repository. Two services have a bad moment at the start",
        "of each session, one module lost an import, one label has a real bug.",
    )
    ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache", ".selfheal")
    shutil.copytree(ROOT / "example_project", demo.project, ignore=ignored)
    for command in (
        ("git", "-c", "init.defaultBranch=main", "init", "--quiet"),
        ("git", "config", "user.name", "Parcel Desk"),
        ("git", "config", "user.email", "desk@example.com"),
        ("git", "add", "--all"),
        ("git", "commit", "--quiet", "--message=Open the desk"),
    ):
        subprocess.run(command, cwd=demo.project, env=_environment(), check=True)
    status, output = demo.run("python", "-m", "pytest", "-q", "--tb=no")
    demo.expect("the untouched project is red: 4 failed, 9 passed, 1 error", happened="4 failed, 9 passed" in output)
    demo.expect("plain pytest ends with exit status 1", happened=status == 1)


def _first_run(demo: Demo) -> None:
    _heading(
        "Run 1: retry, repair, report",
        "The dropped connection and the overloaded model are retried. The missing import is found in the neighbouring",
        "modules, tried out in a child process and written. A fix does not turn the run green by itself.",
    )
    status, output = demo.run("python", "-m", "pytest", "--selfheal", "--tb=short")
    demo.expect("the carrier's test healed by a retry", happened=_has(output, r"healed.*test_a_parcel_on_its_way"))
    demo.expect("the AI-backed test healed by a retry", happened=_has(output, r"healed.*test_a_delay_notice"))
    demo.expect(f"a diff that adds '{LOST_IMPORT}'", happened=_has(output, rf"^\s*\+\s?{LOST_IMPORT}"))
    demo.expect("a re-run of the repaired tests that passes", happened=_has(output, r"confirmed by \d+ passing tests"))
    demo.expect("a first run that stays red (exit status 1)", happened=status == 1)
    demo.expect(f"the import back in {QUOTES}", happened=LOST_IMPORT in demo.text(QUOTES))

    _heading("The applied fix, as git sees it, and the tests that it repaired")
    _, diff = demo.run("git", "diff", "--", "src", "tests")
    changed = [line for line in diff.splitlines() if re.match(r"[+-](?![+-])", line) and line[1:].strip()]
    demo.expect("exactly one line changed", happened=changed == [f"+{LOST_IMPORT}"])
    status, _ = demo.run("python", "-m", "pytest", "-q", "tests/test_quotes.py", "-p", "no:selfheal")
    demo.expect("the repaired tests pass without the plugin", happened=status == 0)

    _heading("What is left for a person")
    status, output = demo.run("selfheal", "review", "list")
    demo.expect("an entry for the label's bug in the review queue", happened=status == 0 and "TypeError" in output)


def _second_and_third_run(demo: Demo) -> None:
    _heading(
        "Runs 2 and 3: the same bug again",
        "The label's bug is not a machine's to guess. But the third run that meets it writes a regression test.",
    )
    demo.run("python", "-m", "pytest", "--selfheal", "-q", "--tb=no")
    demo.expect("no regression test before the third run", happened=not _regression_tests(demo))
    demo.run("python", "-m", "pytest", "--selfheal", "--tb=no")
    written = _regression_tests(demo)
    demo.expect("a regression test after the third run", happened=len(written) == 1)
    for path in written:
        name = path.relative_to(demo.project).as_posix()
        print(f"\n----- {name}\n{path.read_text(encoding='utf-8').rstrip()}\n-----")


def _judge(demo: Demo) -> None:
    _heading("What was recorded, and the verdict for a pull request")
    status, output = demo.run("selfheal", "failures", "--limit", "5")
    demo.expect("the recorded failures", happened=status == 0 and "test_labels.py" in output)
    status, output = demo.run("selfheal", "health")
    demo.expect("the health of the runs", happened=status == 0 and "failure" in output.lower())
    status, output = demo.run("selfheal", "gate")
    demo.expect("a gate that blocks: exit status 1", happened=status == 1)
    demo.expect("a verdict that names the rule for standing failures (G2)", happened=_has(output, r"block.*\bG2\b"))


def _undo(demo: Demo) -> None:
    _heading("Taking the fix back")
    status, _ = demo.run("selfheal", "undo")
    original = (ROOT / "example_project" / QUOTES).read_bytes()
    same = (demo.project / QUOTES).read_bytes() == original
    demo.expect(f"{QUOTES} as it was, byte for byte, after undo", happened=status == 0 and same)


def _regression_tests(demo: Demo) -> list[Path]:
    return sorted((demo.project / "tests" / "regressions").glob("test_*.py"))


def _heading(title: str, *story: str) -> None:
    print(f"\n{'=' * 100}\n{title}\n{'=' * 100}")
    for line in story:
        print(line)


def _has(output: str, pattern: str) -> bool:
    return re.search(pattern, output, re.IGNORECASE | re.MULTILINE) is not None


def _resolved(command: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command with this environment's interpreter and `selfheal`."""
    name, *arguments = command
    if name == "python":
        return (sys.executable, *arguments)
    if name == "selfheal":
        here = shutil.which("selfheal", path=str(Path(sys.executable).parent))
        return (here or "selfheal", *arguments)
    return command


def _environment() -> dict[str, str]:
    """Return an environment as a developer's own shell has it: no CI, no settings from outside, no colours."""
    env = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith(_FOREIGN)}
    return {
        **env,
        "SELFHEAL_TRUST": "local",
        "NO_COLOR": "1",
        "COLUMNS": "100",
        "PYTHONIOENCODING": "utf-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }


if __name__ == "__main__":
    sys.exit(main())
