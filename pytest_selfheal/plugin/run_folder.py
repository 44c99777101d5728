"""What the processes of one distributed run share: a folder that the controller makes and takes away.

In it lie the log of the storm breaker, which every worker appends to and reads, and for each worker a file of the
failures that wait for another try, so that they are not lost when the worker dies.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.recover.storm import Event

if TYPE_CHECKING:
    from collections.abc import Iterator

INPUT = "selfheal_run_folder"
"""The key in the input of an xdist worker."""

_STORM = "storm.log"


def make() -> Path:
    """Return a new folder that only this user can read."""
    return Path(tempfile.mkdtemp(prefix="selfheal-run-"))


def remove(folder: Path) -> None:
    """Take the folder away; what cannot be removed is left to the system."""
    shutil.rmtree(folder, ignore_errors=True)


def _append(path: Path, entry: Any) -> None:
    """Add one line of JSON in one write, so that the lines of several processes do not mix."""
    line = json.dumps(entry, default=repr).encode("ascii") + b"\n"
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line)
    finally:
        os.close(handle)


class SharedLog:
    """Events of the storm breaker in a file: one line each, appended in one write, read in the order written."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _STORM
        self._offset = 0

    def append(self, event: Event) -> None:
        """Add an event."""
        _append(self._path, list(event))

    def unread(self) -> list[Event]:
        """Return the complete lines added since the last call."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        end = data.rfind(b"\n") + 1
        self._offset += end
        return [event for line in data[:end].splitlines() if (event := _event(line))]


def _event(line: bytes) -> Event | None:
    try:
        kind, key, at, who = json.loads(line)
        return Event(str(kind), str(key), float(at), str(who))
    except (ValueError, TypeError):
        return None


class WaitingFile:
    """The failures of one worker that wait for another try, as the controller would report them."""

    def __init__(self, folder: Path, worker: str) -> None:
        self._path = folder / f"waiting-{worker}.jsonl"

    def hold(self, nodeid: str, reports: list[dict[str, Any]]) -> None:
        """Keep serialised reports until `settle` is called for the same test."""
        _append(self._path, {"nodeid": nodeid, "reports": reports})

    def settle(self, nodeid: str) -> None:
        """Say that the test's outcome has been reported."""
        _append(self._path, {"nodeid": nodeid})

    def left_over(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Yield test and reports of what still waited when the worker died; a torn last line is passed over."""
        held: dict[str, list[dict[str, Any]]] = {}
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return
        for line in data.splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if "reports" in entry:
                held[entry["nodeid"]] = entry["reports"]
            else:
                held.pop(entry["nodeid"], None)
        yield from held.items()
