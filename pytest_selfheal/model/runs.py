"""A run as the store keeps it; apart from the other records, because a green run needs nothing else.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pytest_selfheal.model.value import Value
from pytest_selfheal.model.words import Trust


@dataclass(frozen=True)
class Record(Value):
    """Something the store keeps. `id` is unique within `kind`; a later `updated_at` replaces an earlier one."""

    kind: ClassVar[str] = ""

    id: str
    updated_at: str


@dataclass(frozen=True)
class RunRecord(Record):
    """One pytest run: written at its start, and again at its end. Without an end it was interrupted.

    Counts are tests by their final outcome; `healed` tests are counted in `passed` too. `child_args` are the pytest
    options a validation run needs, `invocation_dir` is the folder pytest was started in, relative to the root.

    `commit` is what was checked out (empty outside git), `clean` that nothing tracked differed from it; that is only
    looked at when a test failed. Of `collected` tests `deselected` ones were left out; `selection` names the arguments
    of the command line that chose a part of the tests, and is empty when all were asked for; `stopped` tells why pytest
    left the rest out. Runs of one CI run share
    its `group`; `shard` tells them apart.
    """

    kind: ClassVar[str] = "run"

    started_at: str
    complete: bool = False
    exit_status: int = -1
    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    xfailed: int = 0
    xpassed: int = 0
    healed: int = 0
    timeouts: int = 0
    lost_workers: int = 0
    lost_records: int = 0
    duration_s: float = 0.0
    mode: str = "auto"
    trust: Trust = Trust.LOCAL
    version: str = ""
    child_args: tuple[str, ...] = ()
    invocation_dir: str = "."
    commit: str = ""
    clean: bool = False
    collected: int = 0
    deselected: int = 0
    selection: tuple[str, ...] = ()
    stopped: str = ""
    group: str = ""
    shard: str = ""
