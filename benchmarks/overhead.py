"""Measure what the plugin costs a suite of trivial passing tests, and what importing it costs.

The suites run in pairs, so that a machine that gets slower meanwhile slows both sides:

    bare       pytest -p no:selfheal
    installed  pytest                   (the plugin is there, but not switched on)
    enabled    pytest --selfheal

Each pair gives one ratio of CPU seconds (user + system, children included); minimum, median and maximum are printed.
CPU time is used because wall time on a shared machine measures the neighbours.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HEAVY = ("sqlite3", "ssl", "asyncio", "urllib.request", "multiprocessing", "unittest.mock")
BARE = ("-p", "no:selfheal")
LIMITS = {"installed": 1.005, "enabled": 1.03}
IMPORT_LIMIT_MS = 3.0


def main() -> int:
    """Measure, print a table (or JSON), and return 1 with `--check` when a limit is exceeded."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="selfheal-bench-") as folder:
        suite = Path(folder)
        write_suite(suite, options.tests, options.files)
        if options.waiting:
            write_waiting(suite, options.waiting)
        ratios = {
            "installed": measure_pairs(suite, (), options),
            "enabled": measure_pairs(suite, ("--selfheal",), options),
        }
    import_ms = measure_import(options.imports)
    report = {
        "tests": options.tests,
        "pairs": options.pairs,
        "ratios": {name: _spread(values) for name, values in ratios.items()},
        "import_cpu_ms": _spread(import_ms),
        "heavy_modules_added": modules_added(),
    }
    if options.json:
        print(json.dumps(report, indent=2))
    else:
        _print(report)
    return 1 if options.check and _over_limits(report) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=10_000, help="number of tests (default: %(default)s)")
    parser.add_argument("--files", type=int, default=100, help="number of test files (default: %(default)s)")
    parser.add_argument(
        "--waiting",
        type=int,
        default=0,
        help="failures of earlier runs that wait for their green (default: 0)",
    )
    parser.add_argument("--pairs", type=int, default=5, help="paired runs per variant (default: %(default)s)")
    parser.add_argument("--imports", type=int, default=30, help="pairs of import measurements (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a limit is exceeded")
    options = parser.parse_args()
    if min(options.tests, options.files, options.pairs, options.imports) < 1:
        parser.error("every number must be at least 1")
    return options


def write_suite(folder: Path, tests: int, files: int) -> None:
    """Write `tests` passing tests, spread evenly over `files` files."""
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\n", encoding="utf-8")
    for number in range(files):
        count = tests // files + (number < tests % files)
        body = "".join(f"def test_{index}():\n    assert True\n\n\n" for index in range(count))
        (folder / f"test_part_{number:04}.py").write_text(body, encoding="utf-8")


def write_waiting(folder: Path, count: int) -> None:
    """Let the store know of failures of tests that are not in the suite any more: each run has to look for them."""
    from pytest_selfheal.model import Frame
    from pytest_selfheal.model import OpenFailure
    from pytest_selfheal.store.kept_sources import KeptSources

    kept = KeptSources(folder / ".selfheal")
    sources = kept.put({f"src/module_{number}.py": b"x = 1\n" * number for number in range(50)})
    frames = tuple(Frame(f"src/module_{number}.py", number, "function", in_app=True) for number in range(4))
    failures = [
        OpenFailure(
            f"tests/test_gone_{number}.py::test_it", "TypeError", "no", "v1:1", "run", "2026-01-01", sources, frames
        )
        for number in range(count)
    ]
    kept.update(failures, ())


def measure_pairs(suite: Path, flags: tuple[str, ...], options: argparse.Namespace) -> list[float]:
    """Return one ratio (with plugin / bare) per pair; the order within the pairs alternates."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    sides = {"bare": [*command, *BARE], "plugin": [*command, *flags]}
    for side in sides.values():
        cpu_seconds(side, suite)  # writes the byte code and warms the file cache
    ratios = []
    for pair in range(options.pairs):
        order = ("bare", "plugin") if pair % 2 == 0 else ("plugin", "bare")
        spent = {name: cpu_seconds(sides[name], suite) for name in order}
        ratios.append(spent["plugin"] / spent["bare"])
        label = " ".join(flags) or "installed"
        print(f"  {label}: bare {spent['bare']:.2f} s, plugin {spent['plugin']:.2f} s", file=sys.stderr)
    return ratios


def measure_import(pairs: int) -> list[float]:
    """Return milliseconds of CPU that importing the plugin adds to an interpreter that has pytest loaded."""
    code = (
        "import time, pytest; start = time.process_time(); "
        "import pytest_selfheal.plugin; print((time.process_time() - start) * 1000)"
    )
    command = [sys.executable, "-c", code]
    subprocess.run(command, check=True, capture_output=True)
    return [float(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(pairs)]


def modules_added() -> list[str]:
    """Return the heavy modules that importing the plugin loads and bare pytest does not."""
    code = (
        "import sys, pytest; before = set(sys.modules); "
        "import pytest_selfheal.plugin; print(*set(sys.modules) - before)"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    return sorted(set(shown) & set(HEAVY))


def cpu_seconds(command: list[str], folder: Path) -> float:
    """Run a command that must succeed; return the CPU seconds that it and its children took."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "SELFHEAL_"))}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise SystemExit(
            f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def _spread(values: list[float]) -> dict[str, float]:
    low, middle, high = min(values), statistics.median(values), max(values)
    return {"min": round(low, 4), "median": round(middle, 4), "max": round(high, 4)}


def _over_limits(report: dict) -> bool:
    ratios_over = any(report["ratios"][name]["median"] > limit for name, limit in LIMITS.items())
    import_over = report["import_cpu_ms"]["median"] > IMPORT_LIMIT_MS
    return ratios_over or import_over or bool(report["heavy_modules_added"])


def _print(report: dict) -> None:
    print(f"{report['tests']} passing tests, {report['pairs']} pairs; CPU time with the plugin / without it")
    print(f"{'':18}{'min':>8}{'median':>8}{'max':>8}   limit (median)")
    for name, spread in report["ratios"].items():
        row = "".join(f"{spread[key]:8.3f}" for key in ("min", "median", "max"))
        print(f"{name:18}{row}   {LIMITS[name]}")
    row = "".join(f"{report['import_cpu_ms'][key]:8.2f}" for key in ("min", "median", "max"))
    print(f"{'import, ms CPU':18}{row}   {IMPORT_LIMIT_MS}")
    print(f"heavy modules added by the import: {', '.join(report['heavy_modules_added']) or 'none'}")


if __name__ == "__main__":
    sys.exit(main())
