"""Many runners against one PostgreSQL that is restarted while they write: is every failure there exactly once?

Run: .venv/bin/python benchmarks/shared_store.py
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(HERE), str(HERE / "tests"), str(HERE / "tests" / "unit" / "store")]

import store_records  # noqa: E402 - found through the path set above
from postgres_server import discard  # noqa: E402
from postgres_server import make_server  # noqa: E402

SIGNATURES = [f"sig-{one}" for one in range(50)]


def runner(url: str, folder: str, number: int, runs: int, failures: int) -> None:
    """Write so many runs as pytest does: each failure at once, a question, a commit."""
    for at in range(runs):
        store = store_records.spooled_store(Path(folder), url)
        run_id = f"run-{number}-{at}"
        order = list(range(failures))
        random.shuffle(order)
        for one in order:
            signature = SIGNATURES[one % 50]
            record = store_records.failure(f"{run_id}-{one}", run_id=run_id, nodeid=f"test_{one}", signature=signature)
            assert store.append(record)
            if one % 10 == 0:  # what every runner writes, in any order: the rows they fight for
                store.append(store_records.generated(signature, -random.random()))
        store.history(SIGNATURES, since=store_records.at(-7))
        assert store.commit([store_records.run(run_id, complete=True, passed=10_000, failed=failures)])
        assert store.lost == 0
        for warning in store.warnings:
            print(f"runner {number}: {warning}", flush=True)
        store.close()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--failures", type=int, default=200)
    parser.add_argument("--runner", nargs=3, metavar=("URL", "FOLDER", "NUMBER"))
    given = parser.parse_args()
    if given.runner:
        runner(given.runner[0], given.runner[1], int(given.runner[2]), given.runs, given.failures)
        return 0
    server = make_server()
    with tempfile.TemporaryDirectory() as folder:
        try:
            return compete(server, folder, given)
        finally:
            discard(server)


def compete(server, folder: str, given: argparse.Namespace) -> int:
    url = server.start().create("shared")
    store_records.sql_store(url).upgrade()
    began = time.monotonic()
    sizes = ["--runs", str(given.runs), "--failures", str(given.failures)]
    children = [
        subprocess.Popen(
            [sys.executable, __file__, *sizes, "--runner", url, f"{folder}/{number}", str(number)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(given.processes)
    ]
    total = given.processes * given.runs * given.failures
    restarts = 0
    for share in (0.3, 0.6):
        wait_for(url, share * total, children)
        restarts += any(child.poll() is None for child in children)
        server.stop("immediate")
        time.sleep(0.5)
        server.start()
    outputs = [child.communicate()[0] for child in children]
    crashed = sum(child.returncode != 0 for child in children)
    for number in range(given.processes):  # the next run in each folder delivers what waits
        store_records.spooled_store(Path(folder) / str(number), url).commit([])
    print(f"{time.monotonic() - began:.1f} s, restarts while runners wrote: {restarts}")
    return judge(url, given, total, crashed, "".join(outputs))


def wait_for(url: str, wanted: float, children: list) -> None:
    while any(child.poll() is None for child in children):
        if store_records.sql_store(url).stats()["records"]["failure"] >= wanted:
            return
        time.sleep(0.2)


def judge(url: str, given: argparse.Namespace, total: int, crashed: int, output: str) -> int:
    store = store_records.sql_store(url)
    failures = store.failures()
    histories = store.history(SIGNATURES, since=store_records.at(-7))
    counted = sum(history.total for history in histories.values())
    occurrences = sum(len(history.occurrences) for history in histories.values())
    counts = store.stats()["records"]
    deadlocks = output.lower().count("deadlock")
    away = output.count("delivered by the next run")
    print(f"{given.processes} processes x {given.runs} runs x {given.failures} failures")
    print(f"failures {len(failures)} of {total}, distinct {len({one.id for one in failures})}")
    print(f"counted {counted}, occurrences {occurrences}, runs {counts['run']} of {given.processes * given.runs}")
    print(f"runs that found the database away {away}, deadlocks that escaped {deadlocks}, runners crashed {crashed}")
    if crashed:
        print(output)
    right = len({one.id for one in failures}) == len(failures) == counted == occurrences == total
    good = right and not deadlocks and not crashed and counts["run"] == given.processes * given.runs
    print("ok" if good else "WRONG")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
