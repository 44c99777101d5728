"""Measure how fast candidates are screened, and how long a person waits for a fix.

screening  candidates per second for one failing test of the example project: forked from a warm child, and each in a
           cold child of its own
healing    small breaks of the example project, each run with `--selfheal` until its fix is written and confirmed: the
           time from the end of the tests to the end of all healing, relative to a fresh pytest that runs the failing
           test alone; in alternating pairs, so that a machine that gets slower meanwhile slows both sides

Wall time is what both limits are about; measure on a quiet machine. CPU seconds are printed beside it.

python benchmarks/repair_speed.py [--check] [--pairs N] [--candidates N]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from pytest_selfheal.repair.validate import ChildSetup
from pytest_selfheal.repair.validate import run_tests
from pytest_selfheal.repair.warm import WarmChild
from pytest_selfheal.repair.warm import can_fork
from pytest_selfheal.safety.child_args import child_args

EXAMPLE = Path(__file__).resolve().parent.parent / "example_project"
RATE_LIMIT = 20.0
RATIO_LIMIT = 2.0
CLOCK = """
import os, time, pytest
@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish():
    began = time.perf_counter()
    result = yield
    with open(os.environ["REPAIR_SPEED"], "w") as file:
        file.write(str(time.perf_counter() - began))
    return result
"""
LOADED = """
import json, os
from pytest_selfheal.repair.warm import shared_modules
def pytest_sessionfinish():
    with open(os.environ["REPAIR_SPEED"], "w") as file:
        json.dump(shared_modules(), file)
"""


@dataclass(frozen=True)
class Break:
    """One small break: in which file, what it replaces, and a test that fails of it."""

    name: str
    path: str
    old: str
    new: str
    test: str


PRICE = "tests/test_quotes.py::test_a_light_parcel_costs_the_lowest_price"
CUSTOMS = "tests/test_parcels.py"
"""The whole file: pytest takes a node id in a file that it cannot read for a wrong argument."""
BREAKS = (
    Break("import of a class", "src/parceldesk/quotes.py", "", "", PRICE),  # the example lacks it as it is
    Break(
        "import of a module",
        "src/parceldesk/tracking.py",
        "import json\n",
        "",
        "tests/test_tracking.py::test_a_delivered_parcel_says_where_it_is",
    ),
    Break("import of a decorator", "src/parceldesk/parcels.py", "from dataclasses import dataclass\n", "", CUSTOMS),
    Break("colon of a method", "src/parceldesk/parcels.py", "-> bool:", "-> bool", CUSTOMS),
    Break("colon of a function", "src/parceldesk/refunds.py", "-> Decimal:", "-> Decimal", "tests/test_refunds.py"),
)


def main() -> int:
    """Measure, print, and return 1 with `--check` when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5, help="paired runs per break (default: %(default)s)")
    parser.add_argument("--candidates", type=int, default=40, help="candidates to screen (default: %(default)s)")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a limit is missed")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="selfheal-bench-") as place:
        folder = Path(place)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
        rate = screening(folder / "screening", options.candidates)
        ratio = healing(folder, options.pairs)
    return int(options.check and (rate < RATE_LIMIT or ratio > RATIO_LIMIT))


def screening(project: Path, count: int) -> float:
    """Print both rates and return that of the warm child; without `fork` there is only the cold one."""
    shutil.copytree(EXAMPLE, project)
    setup = ChildSetup(
        str(project), str(project), child_args([], (), "--strict-markers"), inipath=str(project / "pyproject.toml")
    )
    text = (project / "src/parceldesk/quotes.py").read_bytes()
    candidates = [{"src/parceldesk/quotes.py": text + b"# candidate %d\n" % number} for number in range(count)]
    known = loaded_by_a_run(project)
    cold_count = max(3, count // 8)
    began, spent = time.perf_counter(), cpu()
    for files in candidates[:cold_count]:
        assert run_tests([PRICE], setup, overlay=files).outcomes == {PRICE: "failed"}
    cold = cold_count / (time.perf_counter() - began)
    print(f"cold  {cold:6.1f} candidates/s   {1000 * (cpu() - spent) / cold_count:4.0f} ms CPU each")
    if not can_fork():
        print("warm  this system cannot fork")
        return RATE_LIMIT
    began = time.perf_counter()
    warm = WarmChild(setup, [PRICE], forks=True, preload=known)
    assert warm.screen([PRICE], {}, 60.0) is not None
    boot = time.perf_counter() - began
    began = time.perf_counter()
    for files in candidates:
        run = warm.screen([PRICE], files, 60.0)
        assert run is not None
        assert run.outcomes == {PRICE: "failed"}
    rate = count / (time.perf_counter() - began)
    spent = cpu()
    warm.close()
    each = (cpu() - spent) / (count + 1)  # the child and all its forks are waited for only now; its start is in it
    print(f"warm  {rate:6.1f} candidates/s   {1000 * each:4.0f} ms CPU each, with the start; ready after {boot:.2f} s")
    print(f"a warm child is {rate / cold:.1f} times as fast (at least {RATE_LIMIT:g} candidates/s wanted)\n")
    return rate


def loaded_by_a_run(project: Path) -> dict[str, bool]:
    """Return what a run of the tests has loaded when it comes to repairs: a warm child is told to import it ahead."""
    plugin, listing = project / "loaded_modules.py", project / "loaded-modules.json"
    plugin.write_text(LOADED, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", plugin.stem]
    environ = {**os.environ, "REPAIR_SPEED": str(listing)}
    subprocess.run(command, cwd=project, env=environ, capture_output=True, check=False)
    plugin.unlink()
    found: dict[str, bool] = json.loads(listing.read_bytes())
    return found


def healing(folder: Path, pairs: int) -> float:
    """Print a line per break, and return the median ratio of all pairs."""
    clock = folder / "clock"
    clock.mkdir()
    (clock / "repair_speed_clock.py").write_text(CLOCK, encoding="utf-8")
    ratios = []
    for number, one in enumerate(BREAKS):
        project = broken(folder / f"break-{number}", one)
        fresh(project, one)
        heal(project, one, clock)  # writes the bytecode of both sides
        sides = []
        for pair in range(pairs):
            alone = fresh(project, one) if pair % 2 == 0 else 0.0
            took = heal(project, one, clock)
            sides.append((alone or fresh(project, one), took))
        found = [took / alone for alone, took in sides]
        ratios += found
        print(
            f"{one.name:<22} test alone {statistics.median(alone for alone, _took in sides):5.2f} s, "
            f"healed {statistics.median(took for _alone, took in sides):5.2f} s after the tests, "
            f"x {statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})"
        )
    median = statistics.median(ratios)
    print(f"median of all {len(ratios)} pairs: x {median:.2f} (at most {RATIO_LIMIT:g} wanted)")
    return median


def broken(project: Path, one: Break) -> Path:
    """Return a copy of the example project with one break, under version control as a fix needs it."""
    shutil.copytree(EXAMPLE, project)
    path = project / one.path
    text = path.read_text(encoding="utf-8")
    assert one.old in text
    path.write_text(text.replace(one.old, one.new, 1), encoding="utf-8")
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "Start"]):
        git(project, *arguments)
    return project


def git(project: Path, *arguments: str) -> None:
    """Run git without anybody's settings."""
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.invalid", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=project, check=True, capture_output=True)


def fresh(project: Path, one: Break) -> float:
    """Return the seconds of a fresh pytest that runs the failing test alone."""
    began = time.perf_counter()
    done = pytest(project, one.test, env={})
    took = time.perf_counter() - began
    assert done.returncode in (1, 2), done.stdout
    return took


def heal(project: Path, one: Break, clock: Path) -> float:
    """Return the seconds from the end of the tests to the end of healing; the break is put back afterwards."""
    told = clock / "took"
    path = os.pathsep.join(filter(None, [str(clock), os.environ.get("PYTHONPATH", "")]))
    done = pytest(
        project,
        "--selfheal",
        "-p",
        "repair_speed_clock",
        one.test,
        env={"REPAIR_SPEED": str(told), "PYTHONPATH": path, "SELFHEAL_TRUST": "local"},
    )
    assert "FIXED" in done.stdout, done.stdout
    git(project, "checkout", "-q", ".")
    shutil.rmtree(project / ".selfheal")
    return float(told.read_text(encoding="utf-8"))


def pytest(project: Path, *arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run pytest in a process of its own."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=project,
        env={**{key: value for key, value in os.environ.items() if key != "CI"}, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def cpu() -> float:
    """Return the CPU seconds of the children that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    raise SystemExit(main())
