"""A JSON store of a million failures: the first start, later starts, memory, and whether verify finds planted damage.

Run: .venv/bin/python benchmarks/large_store.py [--records N]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(HERE), str(HERE / "tests" / "unit" / "store")]

import store_records  # noqa: E402 - found through the path set above

from pytest_selfheal.store.layout import Layout  # noqa: E402
from pytest_selfheal.store.lines import encode  # noqa: E402

PER_SEGMENT = 2000
PLANTED = 100


def build(root: Path, records: int) -> None:
    """Write failures of 500 signatures and 2,000 tests, each run in a segment of its own."""
    layout = Layout(root)
    layout.create()
    line = encode(store_records.failure("@ID@", run_id="@RUN@", nodeid="@NODE@", signature="@SIG@"))
    for start in range(0, records, PER_SEGMENT):
        run_id = f"run-{start}"
        path = layout.segment_path(layout.new_segment("20260921T000000Z", "1"))
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            run = store_records.run(run_id, complete=True, passed=90_000, failed=PER_SEGMENT)
            file.write(encode(run) + b"\n")
            for number in range(start, min(start + PER_SEGMENT, records)):
                file.write(
                    line.replace(b"@ID@", b"%032x" % number)
                    .replace(b"@RUN@", run_id.encode())
                    .replace(b"@NODE@", b"tests/test_shop.py::test_%d" % (number % 2000))
                    .replace(b"@SIG@", b"v1:%016x" % (number % 500))
                    + b"\n"
                )


def plant(root: Path) -> None:
    """Damage one line each in 100 places."""
    chance = random.Random(1)
    paths = store_records.segments(root)
    for number in range(PLANTED):
        path = paths[number % len(paths)]
        lines = path.read_bytes().splitlines(keepends=True)
        at = 1 + number // len(paths) * 10 + chance.randrange(10)
        lines[at] = lines[at].replace(b'"v":1', b'"v":x', 1)
        path.write_bytes(b"".join(lines))


def measure(root: Path, work: str) -> dict:
    """Do one thing in a process of its own; return seconds, peak memory in MB and what it found."""
    source = f"import sys; sys.argv = ['x', '--work', {work!r}, {str(root)!r}]; exec(open({__file__!r}).read())"
    source = f"__file__ = {__file__!r}; __name__ = '__main__'; {source}"
    done = subprocess.run([sys.executable, "-c", source], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def worker(root: Path, work: str) -> None:
    began = time.monotonic()
    store = store_records.json_store(root)
    if work == "fold":
        found = len(store._fold().failures)  # noqa: SLF001 - the step alone
        took = time.monotonic() - began
        store._view.save()  # noqa: SLF001 - what maintenance would do
    elif work == "stats":
        found = store.stats()["records"]["failure"]
        took = time.monotonic() - began
    else:
        found = store.verify().bad_lines
        took = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": round(took, 2), "megabytes": round(peak), "found": found}))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--work", nargs=2)
    given = parser.parse_args()
    if given.work:
        worker(Path(given.work[1]), given.work[0])
        return 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / ".selfheal"
        build(root, given.records)
        size = sum(path.stat().st_size for path in store_records.segments(root))
        print(
            f"{given.records} failures, {size / 1e6:.0f} MB, {len(store_records.segments(root))} segments", flush=True
        )
        goals = (("fold", "<= 60 s"), ("stats", "<= 1 s, <= 300 MB"))
        for work, goal in goals:
            print(f"{work:7} {measure(root, work)}   goal {goal}", flush=True)
        plant(root)
        print(f"verify  {measure(root, 'verify')}   goal: finds {PLANTED}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
