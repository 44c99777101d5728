"""A JSON store of a million failures: first fold, later starts, what a red run and the commands read, damage found.

Run: .venv/bin/python benchmarks/large_store.py [--records N] [--check]

Seconds are those of the processor: other programs on the machine do not count. `--check` fails when a bar is missed.
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
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(HERE), str(HERE / "tests" / "unit" / "store")]

import store_records  # noqa: E402 - found through the path set above

from pytest_selfheal.store.clock import Clock  # noqa: E402
from pytest_selfheal.store.layout import Layout  # noqa: E402
from pytest_selfheal.store.lines import encode  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

PER_RUN = 2000
PLANTED = 100
DAYS = 90
SIGNATURES = 500
BARS = {
    "fold": (60.0, 300),
    "save": (60.0, 300),
    "stats": (1.0, 100),
    "red run": (0.3, 100),
    "health": (1.0, 150),
    "newest": (2.0, 200),
    "review": (0.3, 100),
    "compact": (180.0, 300),
    "next run": (1.0, 150),
    "verify": (120.0, 300),
}
"""By step: seconds of the processor without the start of Python, and megabytes at the peak."""


def id_of(number: int) -> str:
    return f"{number * 0x9E3779B97F4A7C15F39CC0605CEDC835 & (1 << 128) - 1:032x}"


def failure(number: int, run_id: str, days: float) -> object:
    """Return one of 500 signatures in 2,000 tests."""
    return store_records.failure(
        id_of(number),
        days,
        run_id=run_id,
        nodeid=f"tests/test_shop.py::test_{number % 2000}",
        signature=f"v1:{number % SIGNATURES:016x}",
        error_message=f"HTTPConnectionPool(host='shop', port=80): Max retries exceeded with url: /orders/{number}",
    )


def lines_of(first: int, count: int, run_id: str, days: float) -> Iterator[bytes]:
    """Yield the lines of `count` failures, made from the line of the first: encoding a million takes minutes."""
    pattern = encode(failure(first, run_id, days)).rpartition(b',"crc"')[0]
    for number in range(first, first + count):
        line = pattern.replace(id_of(first).encode(), id_of(number).encode())
        line = line.replace(b"test_%d" % (first % 2000), b"test_%d" % (number % 2000), 1)
        line = line.replace(b"/orders/%d" % first, b"/orders/%d" % number)
        line = line.replace(b"v1:%016x" % (first % SIGNATURES), b"v1:%016x" % (number % SIGNATURES))
        yield line + b',"crc":"%08x"}\n' % zlib.crc32(line)


def build(root: Path, records: int) -> None:
    """Write runs of the last 90 days, 2,000 failures and 20 events in each, every run in a segment of its own."""
    layout = Layout(root)
    layout.create()
    for start in range(0, records, PER_RUN):
        days = -DAYS * (1 - start / records) + 0.01
        run_id = f"{start:032x}"
        count = min(PER_RUN, records - start)
        ended = store_records.run(run_id, days + 0.03, complete=True, passed=90_000, failed=count)
        others = [store_records.event(f"{start + one:031x}e", days, run_id=run_id) for one in range(20)]
        path = layout.segment_path(layout.new_segment(Clock(lambda: store_records.NOON).stamp(days * 86_400), "1"))
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            file.writelines(lines_of(start, count, run_id, days))
            file.writelines(encode(record) + b"\n" for record in (*others, ended))


def plant(root: Path) -> None:
    """Damage one line each in 100 places, in five ways; each line is hit once."""
    chance = random.Random(1)
    paths = store_records.segments(root)
    chosen = {path: [] for path in paths}
    for number in range(PLANTED):
        chosen[paths[number % len(paths)]].append(number % 5)
    for path, kinds in chosen.items():
        lines = path.read_bytes().splitlines(keepends=True) if kinds else []
        places = chance.sample(range(1000, len(lines) - 30), len(kinds)) if kinds else []
        for at, kind in zip(places, kinds, strict=True):
            lines[at] = damaged(lines[at], kind, chance)
        if kinds:
            path.write_bytes(b"".join(lines))


def damaged(line: bytes, kind: int, chance: random.Random) -> bytes:
    """Return a line that is no JSON, has a bit flipped in a text, another number, another field, or half of zeros."""
    if kind == 0:
        return line.replace(b'"v":1', b'"v":x', 1)
    if kind == 1:
        at = line.index(b"/orders/") + 1 + chance.randrange(6)
        return line[:at] + bytes([line[at] ^ 1]) + line[at + 1 :]
    if kind == 2:
        return line.replace(b'"confidence":0.5', b'"confidence":0.6', 1)
    if kind == 3:
        return line.replace(b'"phase":"call",', b'"phbse":"call",', 1)
    return line[: len(line) // 2] + b"\0" * (len(line) - len(line) // 2 - 1) + b"\n"


def measure(root: Path, work: str) -> dict:
    """Do one thing in a process of its own; return seconds, peak memory in MB and what it found."""
    command = [sys.executable, __file__, "--work", work, str(root)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def worker(root: Path, work: str) -> None:
    began = time.process_time()
    store = store_records.json_store(root)
    found = WORK[work](store)
    took = time.process_time() - began
    print(json.dumps({"seconds": round(took, 2), "megabytes": round(peak_mb()), "found": found}))


def peak_mb() -> float:
    """Return the peak of this process; what the operating system tells of resources includes that of its parent."""
    status = Path("/proc/self/status")
    if status.is_file():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fold(store) -> int:
    return store._view.refresh().count("failure")  # noqa: SLF001 - the step alone


def save(store) -> int:
    store._view.refresh()  # noqa: SLF001 - what maintenance does
    store._view.save()  # noqa: SLF001
    return store.stats()["snapshot_bytes"]


def red_run(store) -> int:
    """Ask what a run with failures of 20 signatures asks, from its start to its end."""
    store.generated_tests()
    names = [f"v1:{number:016x}" for number in range(20)]
    for number in range(20):
        store.append(failure(number + 10**9, "f" * 32, 0.0))
    store.append(store_records.run("f" * 32, 0.0, complete=True, failed=20, passed=5000))
    store.reviews(), store.patterns()
    found = store.history(names, since=store_records.at(-7))
    store.close()
    return sum(len(history.occurrences) for history in found.values())


def next_run(store) -> int:
    """Save what a few runs added."""
    for number in range(1500):
        store.append(failure(number + 2 * 10**9, "e" * 32, 0.01))
    store.append(store_records.run("e" * 32, 0.01, complete=True, failed=1500, passed=50_000))
    store.maintain()
    store.close()
    return len(store._view._load().files)  # noqa: SLF001 - how the snapshot was written


def health(store) -> int:
    since = store_records.at(-2)
    return len(store.runs()) + len(store.failures(since=since, limit=10_000)) + len(store.events(since=since))


def verify(store) -> list:
    report = store.verify()
    return [report.bad_lines, report.altered, report.snapshot]


def compact(store) -> int:
    report = store.compact()
    return report.records if report.done else report.reason


WORK = {
    "fold": fold,
    "save": save,
    "stats": lambda store: store.stats()["records"]["failure"],
    "red run": red_run,
    "health": health,
    "newest": lambda store: len(store.failures(limit=10_000)),
    "review": lambda store: len(store.reviews()),
    "next run": next_run,
    "compact": compact,
    "verify": verify,
}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--check", action="store_true", help="fail when a bar is missed")
    parser.add_argument("--folder", type=Path, help="where to build the store; kept when it is named")
    parser.add_argument("--only", nargs="+", choices=sorted(WORK))
    parser.add_argument("--work", nargs=2)
    given = parser.parse_args()
    if given.work:
        worker(Path(given.work[1]), given.work[0])
        return 0
    with tempfile.TemporaryDirectory() as folder:
        missed = bench((given.folder or Path(folder)) / ".selfheal", given)
    return 1 if missed and given.check else 0


def bench(root: Path, given: argparse.Namespace) -> int:
    if not root.exists():
        build(root, given.records)
    size = sum(path.stat().st_size for path in store_records.segments(root))
    print(f"{given.records} failures, {size / 1e6:.0f} MB, {len(store_records.segments(root))} segments", flush=True)
    missed = 0
    for work, (seconds, megabytes) in BARS.items():
        if given.only and work not in given.only:
            continue
        if work == "verify":
            plant(root)
        elif work == "fold":
            (root / "snapshot.json").unlink(missing_ok=True)
        got = measure(root, work)
        good = got["seconds"] <= seconds and got["megabytes"] <= megabytes
        if work == "verify":
            good = good and got["found"][1] == PLANTED == got["found"][0]
        missed += not good
        print(f"{work:9} {got}   bar {seconds:g} s, {megabytes} MB{'' if good else '   MISSED'}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main())
