"""Ending a child process together with everything it started.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pathlib import Path


def run_tree(
    command: Sequence[str], *, cwd: Path | str, env: Mapping[str, str], output: Path, timeout_s: float
) -> int | None:
    """Run a command in a session of its own and return its exit status; None when it had to be killed.

    Whatever happens here, an interrupt included, the child and what it started are gone afterwards.

    Args:
        command: program and arguments.
        cwd: the folder it runs in.
        env: its whole environment.
        output: file for both its streams; a pipe would be held open by what the child leaves running.
        timeout_s: seconds after which it is killed.

    Raises:
        OSError: it could not be started.
    """
    with output.open("wb") as stream:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return wait_tree(child, timeout_s)


def wait_tree(child: subprocess.Popen[bytes], timeout_s: float) -> int | None:
    """Wait for a child that leads its own session; None when it had to be killed. In any case it is gone afterwards."""
    try:
        return child.wait() if _ends_within(child, timeout_s) else None
    finally:
        if child.returncode is None:
            kill_tree(child)


def _ends_within(child: subprocess.Popen[bytes], timeout_s: float) -> bool:
    """Wait for the end of a process; where the system can tell, notice it at once: `Popen.wait` looks now and then."""
    try:
        handle = os.pidfd_open(child.pid)
    except (AttributeError, OSError):  # another or an older system
        try:
            child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True
    try:
        return readable(handle, timeout_s)
    finally:
        os.close(handle)


def readable(handle: int, timeout_s: float) -> bool:
    """Tell whether something can be read from a file descriptor within a time; POSIX only."""
    watch = select.poll()  # unlike `select.select`, not bound to the first 1024 descriptors
    watch.register(handle, select.POLLIN)
    return bool(watch.poll(max(0.0, timeout_s) * 1000))


def kill_tree(child: subprocess.Popen[bytes]) -> None:
    """Kill a child that leads its own session, with all that is in it, and wait for it. Twice is safe."""
    if sys.platform == "win32":
        child.kill()
    else:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            child.kill()
    child.wait()
