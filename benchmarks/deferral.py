"""Measure what waiting costs: tests that fail once with a 429 and need a second, and a suite with one dead backend.

limited   40 tests, each refused once with `Retry-After: 1`: wall time, plain and with two workers, beside
          pytest-rerunfailures with the same delay in the same run
dead      2,000 tests that meet one dead backend: CPU relative to pytest without the plugin, and how many retries

python benchmarks/deferral.py [--check] [--pairs N]
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

LIMITED = """
import time, pytest
seen = {}
class TooManyError(Exception):
    def __init__(self):
        super().__init__("429 Too Many Requests")
        self.response = type("Response", (), {"status_code": 429, "headers": {"Retry-After": "1"}})()
@pytest.fixture(scope="module")
def service(): time.sleep(0.2)
@pytest.mark.parametrize("number", range(40))
def test_limited(number, service):
    first = seen.setdefault(number, time.monotonic())
    if time.monotonic() - first < 1.0: raise TooManyError()
"""
DEAD = """
import pytest
def backend(): raise ConnectionRefusedError(111, "Connection refused")
@pytest.mark.parametrize("number", range(100))
def test_dead(number): backend()
"""
WALL_LIMIT_S = 2.5
CPU_LIMIT = 1.15


def main() -> int:
    """Measure, print, and return 1 with `--check` when a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5, help="paired runs (default: %(default)s)")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a limit is exceeded")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="selfheal-bench-") as folder:
        walls = limited(Path(folder, "limited"))
        ratio = dead(Path(folder, "dead"), options.pairs)
    over = [wall for name, wall in walls.items() if name.startswith("selfheal") and wall > WALL_LIMIT_S]
    return int(options.check and bool(over or ratio > CPU_LIMIT))


def limited(folder: Path) -> dict[str, float]:
    """Print the wall time of each way to wait; pytest's own count, without the start of the processes."""
    folder.mkdir()
    (folder / "test_limited.py").write_text(LIMITED, encoding="utf-8")
    ways = {
        "selfheal": ("--selfheal", "-p", "no:rerunfailures"),
        "selfheal -n 2": ("--selfheal", "-p", "no:rerunfailures", "-n", "2"),
        "rerunfailures": ("-p", "no:selfheal", "--reruns", "2", "--reruns-delay", "1"),
        "rerunfailures -n 2": ("-p", "no:selfheal", "--reruns", "2", "--reruns-delay", "1", "-n", "2"),
    }
    walls = {}
    for name, arguments in ways.items():
        _cpu, output = run(folder, *arguments)
        last = output.splitlines()[-1]
        walls[name] = float(re.findall(r"in ([\d.]+)s", last)[0])
        print(f"{name:<20} {walls[name]:7.2f} s   {last.strip('= ')}")
    print(f"rerunfailures takes {walls['rerunfailures'] / walls['selfheal']:.0f} times as long\n")
    return walls


def dead(folder: Path, pairs: int) -> float:
    """Print and return the median ratio of CPU seconds, and how many tries were made."""
    folder.mkdir()
    for number in range(20):
        (folder / f"test_dead_{number}.py").write_text(DEAD, encoding="utf-8")
    ratios = []
    for _ in range(pairs):
        bare, _output = run(folder, "--tb=short", "-p", "no:selfheal")
        ours, output = run(folder, "--tb=short", "--selfheal")
        ratios.append(ours / bare)
    tries = output.count("still failing after") + output.count("the same outage has not recovered")
    print(
        f"2,000 tests, dead backend: CPU x {statistics.median(ratios):.3f} "
        f"({min(ratios):.3f} to {max(ratios):.3f}, {pairs} pairs), {tries} reports say that they were not retried"
    )
    return statistics.median(ratios)


def run(folder: Path, *arguments: str) -> tuple[float, str]:
    """Return CPU seconds and output of one pytest run, with bytecode kept as an installed package has it."""
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environ["PYTHONPYCACHEPREFIX"] = str(folder.parent / "bytecode")
    environ["SELFHEAL_TRUST"] = "local"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


if __name__ == "__main__":
    raise SystemExit(main())
