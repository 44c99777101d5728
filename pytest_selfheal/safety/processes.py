"""Ending a child process together with everything it started.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import select
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
    mark = new_mark()
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
        return wait_tree(child, mark, output, timeout_s)


def new_mark() -> str:
    """Return a value for `MARK` that nobody else has."""
    return os.urandom(8).hex()


def wait_tree(child: subprocess.Popen[bytes], mark: str, output: Path, timeout_s: float) -> int | None:
    """Wait for a child that leads its own session and carries a mark; None when it had to be killed.

    In any case it is gone afterwards, and what it started.
    """
    try:
        ended = _ends_within(child, output, timeout_s)
    finally:
        kill_tree(child)
        kill_marked(mark)
    return child.returncode if ended else None


def _ends_within(child: subprocess.Popen[bytes], output: Path, timeout_s: float) -> bool:
    """Wait for the end of a process; where the system can tell, notice it at once: `Popen.wait` looks now and then."""
    deadline = time.monotonic() + timeout_s
    try:
        handle = os.pidfd_open(child.pid)
    except (AttributeError, OSError):  # another or an older system
        handle = -1
    try:
        while True:
            left = deadline - time.monotonic()
            if _ended(child, handle, max(0.0, min(left, _LOOK_S))):
                return True
            if left <= _LOOK_S or is_flooded(output):
                return False
    finally:
        if handle >= 0:
            os.close(handle)


def _ended(child: subprocess.Popen[bytes], handle: int, wait_s: float) -> bool:
    if handle >= 0:
        return readable(handle, wait_s)
    try:
        child.wait(wait_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def is_flooded(output: Path) -> bool:
    """Tell whether a child has printed so much that it is to be stopped."""
    return output.stat().st_size > MOST_OUTPUT


def readable(handle: int, timeout_s: float) -> bool:
    """Tell whether something can be read from a file descriptor within a time; POSIX only."""
    watch = select.poll()  # unlike `select.select`, not bound to the first 1024 descriptors
    watch.register(handle, select.POLLIN)
    return bool(watch.poll(max(0.0, timeout_s) * 1000))


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
