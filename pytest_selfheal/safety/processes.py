"""Ending a child process together with everything it started.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

MOST_OUTPUT = 256 * 1024 * 1024
"""A child that prints more bytes than this is stopped: it would fill the disk."""

MARK = "SELFHEAL_TREE"
"""Environment variable by which what a child started is found again, in whatever session it is by then."""

_LOOK_S = 1.0
_MOST_ROUNDS = 5


def run_tree(
    command: Sequence[str], *, cwd: Path | str, env: Mapping[str, str], output: Path, timeout_s: float
) -> int | None:
    """Run a command in a session of its own and return its exit status; None when it had to be killed.

    Whatever happens here, an interrupt included, the child and what it started are gone afterwards. Only where there is
    no `/proc` may a process survive that has left the child's session.

    Args:
        command: program and arguments.
        cwd: the folder it runs in.
        env: its whole environment, but for the mark.
        output: file for both its streams; a pipe would be held open by what the child leaves running.
        timeout_s: seconds after which it is killed; so it is when it prints more than `MOST_OUTPUT`.

    Raises:
        OSError: it could not be started.
    """
    mark = os.urandom(8).hex()
    with output.open("wb") as stream:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env={**env, MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return _waited(child, output, time.monotonic() + timeout_s)
        finally:
            kill_tree(child)
            kill_marked(mark)


def _waited(child: subprocess.Popen[bytes], output: Path, deadline: float) -> int | None:
    while True:
        left = deadline - time.monotonic()
        try:
            return child.wait(max(0.0, min(left, _LOOK_S)))
        except subprocess.TimeoutExpired:
            if left <= _LOOK_S or output.stat().st_size > MOST_OUTPUT:
                return None


def kill_marked(mark: str) -> None:
    """Kill every process of this user whose environment has `mark`; does nothing where there is no `/proc`."""
    wanted = f"{MARK}={mark}".encode()
    for _round in range(_MOST_ROUNDS):  # what is found may be starting others at this very moment
        found = [pid for pid in _running() if wanted in _environ(pid).split(b"\0")]
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        if not found:
            return


def _running() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208 - names are enough
    except OSError:
        return []


def _environ(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()  # of a zombie it is empty
    except OSError:
        return b""


def kill_tree(child: subprocess.Popen[bytes]) -> None:
    """Kill all that is in the session a child leads, the child too if it still runs, and wait for it. Twice is safe."""
    if sys.platform == "win32":
        child.kill()
    else:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            child.kill()
    child.wait()
