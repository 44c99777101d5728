"""What the HTML report costs: how long it takes and how big it gets for 5,000 tests over 200 runs.

Writes a store of invented runs into a temporary folder, builds the report as `selfheal report --html` does, and prints
the figures; with --browser (a path to Chromium) also how long the page takes to load, and the longest task of its main
thread.

    python benchmarks/html_report.py
    python benchmarks/html_report.py --browser /usr/bin/chromium
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pytest_selfheal.model import Attempt
from pytest_selfheal.model import Category
from pytest_selfheal.model import FailureRecord
from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import Outcome
from pytest_selfheal.model import PatternResult
from pytest_selfheal.model import Phase
from pytest_selfheal.model import RunRecord
from pytest_selfheal.model import Severity
from pytest_selfheal.model import stable_id
from pytest_selfheal.model import utc_text
from pytest_selfheal.store import open_store

NOW = 1_790_000_000.0
TRACE = "".join(
    f"src/shop/module_{n}.py:{n}: in call_{n}\n    return deeper(value_{n}, limit={n})\n" for n in range(80)
)


def failure(run, test, moment, *, healed):
    """One record; every fifth keeps its stack trace, as the first of its signature does."""
    signature = f"v1:{test % 400:016x}"
    return FailureRecord(
        id=stable_id(run, str(test)),
        updated_at=moment,
        run_id=run,
        nodeid=f"tests/area_{test // 500}/test_module_{test // 25}.py::test_case_{test}[parameter-{test % 7}]",
        phase=Phase.CALL,
        error_type="requests.exceptions.ConnectionError" if healed else "builtins.KeyError",
        error_message=f"no answer from service {test % 40} for the request with the number {test}: connection refused",
        failure_category=Category.TRANSIENT if healed else Category.UNKNOWN,
        severity=Severity.MEDIUM,
        confidence=0.9,
        signature=signature,
        outage_key="",
        rule="builtin",
        outcome=Outcome.HEALED if healed else Outcome.FAILED,
        created_at=moment,
        duration_s=0.4,
        stack_trace=TRACE if test % 5 == 0 else "",
        attempts=(Attempt(1, Category.TRANSIENT, signature, "ConnectionError", "refused", 0.2, 1.5),) if healed else (),
    )


def write_runs(folder, runs, tests, share):
    """Write the runs, each through a store of its own as pytest does; return how many failures there are."""
    rng = random.Random(20261125)  # a fixed seed: the figures are to be compared
    flaky = rng.sample(range(tests), tests // 10)
    total = 0
    for number in range(runs):
        moment = utc_text(NOW - (runs - number) * 3600)
        run = f"{number:08x}"
        last = number == runs - 1
        chosen = rng.sample(flaky, min(len(flaky), round(tests * share))) if not last else rng.sample(range(tests), 400)
        records = [failure(run, test, moment, healed=rng.random() < 0.6) for test in chosen]
        healed = sum(record.outcome is Outcome.HEALED for record in records)
        total += len(records)
        for fixer in range(10):
            strategy = {"fixer": f"fixer-{fixer}", "prior": [16.0, 4.0], "origin": "builtin", "learned": True}
            key = stable_id(run, str(fixer))
            ok = rng.random() < 0.85
            records.append(
                PatternResult(key, moment, f"fixer-{fixer}@0.80", "api:NameError", strategy, ok, run, moment)
            )
            result = "ok" if ok else "failed"
            records.append(HealingEvent(key, moment, run, "fix", result, "v1:0", detail="a fix", created_at=moment))
        failed = len(chosen) - healed
        records.append(
            RunRecord(
                run,
                moment,
                moment,
                complete=True,
                passed=tests - failed,
                failed=failed,
                healed=healed,
                duration_s=300.0,
            )
        )
        store = open_store(folder, now=lambda: NOW)
        store.commit(records)
        store.maintain()
        store.close()
    return total


def in_browser(page, browser):
    """Return seconds until the page is loaded, and the longest task of its main thread, in seconds."""
    from playwright.sync_api import sync_playwright

    watch = "window.tasks=[]; new PerformanceObserver(l=>l.getEntries().forEach(e=>tasks.push(e.duration))).observe("
    with sync_playwright() as tool:
        chromium = tool.chromium.launch(executable_path=browser, chromium_sandbox=False)
        tab = chromium.new_page(viewport={"width": 1280, "height": 900})
        tab.add_init_script(watch + "{type:'longtask',buffered:true});")
        tab.goto(page.as_uri())
        tab.wait_for_timeout(500)
        loaded = tab.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000
        for _ in range(40):
            tab.mouse.wheel(0, 1500)
            tab.wait_for_timeout(16)
        longest = tab.evaluate("Math.max(0, ...tasks)") / 1000
        nodes = tab.evaluate("document.querySelectorAll('*').length")
        chromium.close()
    return loaded, longest, nodes


def main():
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--share", type=float, default=0.008, help="of the tests that fail or are healed in a run")
    parser.add_argument("--browser", help="path of a Chromium to open the page with")
    parser.add_argument("--keep", type=Path, help="leave the page here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "pyproject.toml").write_text("")
        total = write_runs(root / ".selfheal", arguments.runs, arguments.tests, arguments.share)
        page = arguments.keep or root / "report.html"
        command = [sys.executable, "-m", "pytest_selfheal.cli", "--root", folder, "report", "--html", str(page)]
        times = []
        for _ in range(3):
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times.append(time.perf_counter() - start)
        print(f"{arguments.tests} tests, {arguments.runs} runs, {total} failures and healed tests in the store")
        print(f"built in {min(times):.2f} s (best of 3, the start of Python included), limit 3 s")
        print(f"size {page.stat().st_size / 1e6:.2f} MB, limit 5 MB")
        if arguments.browser:
            loaded, longest, nodes = in_browser(page.resolve(), arguments.browser)
            print(f"in a browser: loaded in {loaded:.2f} s, longest task {longest * 1000:.0f} ms, {nodes} elements")


if __name__ == "__main__":
    main()
