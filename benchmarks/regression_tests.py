"""How many small bugs get a self-contained regression test, and whether each fails before and passes after its fix.

Run it as `python benchmarks/regression_tests.py [FOLDER]`: it writes a project with the bugs of
`tests/end_to_end/small_bugs.py`, runs its failing tests on three simulated days, fixes the bugs, and prints a table.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "end_to_end"))

from small_bugs import BUGS  # noqa: E402 - needs the path above
from small_bugs import Bug  # noqa: E402 - as above

DAYS = """
import os, time
_real = time.time
time.time = lambda: _real() - 86400 * float(os.environ["DAYS_AGO"])
"""


def build(root: Path, bugs: tuple[Bug, ...]) -> None:
    """Write the project."""
    (root / "conftest.py").write_text(DAYS)
    (root / "pyproject.toml").write_text("[tool.selfheal]\nregression_budget_s = 1200.0\n")
    for bug in bugs:
        (root / f"bug_{bug.name}.py").write_text(bug.code)
        (root / f"test_{bug.name}.py").write_text(bug.test.replace("module import", f"bug_{bug.name} import"))


def run(root: Path, *arguments: str, ago: int = 0) -> str:
    """Run pytest and return what it printed."""
    environ = {**os.environ, "DAYS_AGO": str(ago), "SELFHEAL_TRUST": "local", "SELFHEAL_REPAIR_BUDGET_S": "0"}
    environ["PYTHONDONTWRITEBYTECODE"] = "1"  # a fix of equal size in the same second would not be seen
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False).stdout


def outcomes(said: str) -> dict[str, str]:
    """Return what each regression test came to, by its file's name, from the output of `pytest -v`."""
    return dict(re.findall(r"(test_regression_\w+\.py)::\S+ (PASSED|FAILED|SKIPPED|ERROR)", said))


def fix(root: Path, bugs: tuple[Bug, ...]) -> None:
    """Put every bug right."""
    for bug in bugs:
        path = root / f"bug_{bug.name}.py"
        text = path.read_text()
        if bug.old not in text:
            raise SystemExit(f"{bug.name}: {bug.old!r} is not in the code")
        path.write_text(text.replace(bug.old, bug.new))


def main(root: Path, bugs: tuple[Bug, ...] = BUGS) -> int:
    """Measure, print the table, and return 0 when every emitted test fails before and passes after."""
    build(root, bugs)
    for ago in (2, 1):
        run(root, "--selfheal", ago=ago)
    started = time.monotonic()
    last = run(root, "--selfheal")
    took = time.monotonic() - started
    folder = root / "tests" / "regressions"
    texts = {path.name: path.read_text() for path in sorted(folder.glob("*.py"))}
    before = outcomes(run(root, "-v", "tests/regressions"))
    fix(root, bugs)
    after = outcomes(run(root, "-v", "tests/regressions"))
    contained = wrong = 0
    for bug in bugs:
        name = next((name for name, text in texts.items() if f"test_{bug.name}.py::" in text), "")
        if not name:
            print(f"{bug.name:20} none")
            wrong += 1
            continue
        lines = texts[name].split("def test_regression")[1].splitlines()[1:]
        call = " ".join(" ".join(line.split()) for line in lines if not re.match(r"\s+(import|require)|$", line))
        contained += not call.startswith("replay(")
        states = (before.get(name, "-"), after.get(name, "-"))
        wrong += states != ("FAILED", "PASSED")
        print(f"{bug.name:20} {states[0]:7} {states[1]:7} {call[:110]}")
    print(f"{len(bugs)} bugs: {len(texts)} tests, {contained} self-contained, {wrong} wrong; last run {took:.0f} s")
    print("\n".join(line for line in last.splitlines() if "notice" in line or "degraded" in line))
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) > 1:
        raise SystemExit(main(Path(sys.argv[1])))
    with tempfile.TemporaryDirectory() as scratch:
        raise SystemExit(main(Path(scratch)))
