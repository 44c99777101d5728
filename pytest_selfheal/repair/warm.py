"""The near end of a validation child that has started already and waits (`plugin.waiting_child` is the far end).

Two uses. *Many candidates*: one start-up, and a fork per candidate. *Confirming*: the child starts while a candidate is
being screened, and goes on by itself once the fix is written. Whatever is odd about such a child, it is let go and the
caller takes the cold way; it never decides more than that a candidate fails.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.repair.validate import BASETEMP
from pytest_selfheal.repair.validate import CACHE
from pytest_selfheal.repair.validate import CHILD
from pytest_selfheal.repair.validate import child_environment
from pytest_selfheal.repair.validate import read_result
from pytest_selfheal.repair.validate import why_stopped
from pytest_selfheal.repair.validate import write_spec
from pytest_selfheal.safety.processes import MARK
from pytest_selfheal.safety.processes import kill_marked
from pytest_selfheal.safety.processes import kill_tree
from pytest_selfheal.safety.processes import new_mark
from pytest_selfheal.safety.processes import readable
from pytest_selfheal.safety.processes import wait_tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from pytest_selfheal.repair.validate import ChildSetup
    from pytest_selfheal.repair.validate import RunResult

_GRACE_S = 5.0
"""The child ends a fork at its limit; after so many more seconds the child itself is not trusted any more."""

_NOT_AHEAD = """
    pytest_selfheal __main__ conftest sitecustomize usercustomize
    gevent eventlet greenlet twisted uvloop grpc tensorflow torch jax jaxlib pyarrow cupy ray dask distributed
    PyQt5 PyQt6 PySide2 PySide6 qtpy wx tkinter matplotlib kivy pygame gi django celery mpi4py pyspark jpype
"""
_LEFT_OUT = frozenset(_NOT_AHEAD.split())
"""Packages that a fork imports by itself: they start threads, hold connections or a display, or read their settings as
they are imported."""


def can_fork() -> bool:
    """Tell whether this system can fork a process that has imported things; the libraries of macOS cannot."""
    return hasattr(os, "fork") and hasattr(os, "waitid") and sys.platform not in {"darwin", "emscripten", "wasi"}


def shared_modules() -> dict[str, bool]:
    """Return the modules loaded here that belong to no project, in their order: name to whether pytest rewrote it.

    What a plugin, or a conftest, lets pytest rewrite must not be imported before pytest knows of it.
    """
    standard = os.path.dirname(os.path.realpath(os.__file__)) + os.sep  # noqa: PTH120 - compared as text below
    found = {}
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if not isinstance(path, str) or name.partition(".")[0] in _LEFT_OUT:
            continue
        parts = Path(path).parts
        if "site-packages" in parts or "dist-packages" in parts or os.path.realpath(path).startswith(standard):
            found[name] = type(getattr(module, "__loader__", None)).__name__ == "AssertionRewritingHook"
    return found


class WarmChild:
    """A validation child that waits for orders; its start goes on while the caller does other things.

    Args:
        setup: how the user's pytest was started.
        targets: what it is to run unless an order says otherwise; relative to the root.
        forks: whether it shall fork for each order.
        preload: what to import meanwhile, as `shared_modules` gives it.

    Raises:
        OSError: it could not be started; nothing is left behind.
    """

    def __init__(
        self,
        setup: ChildSetup,
        targets: Sequence[str],
        *,
        forks: bool = False,
        preload: Mapping[str, bool] | None = None,
    ) -> None:
        self._setup = setup
        self._forks = forks
        self._ready = False
        self._fork = 0
        self._count = 0
        self._unread = b""
        self._answers = -1
        self._mark = new_mark()
        self._child: subprocess.Popen[bytes] | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="selfheal-"))
        try:
            self._start(targets, dict(preload or {}))
        except BaseException:
            self.close()
            raise

    def _start(self, targets: Sequence[str], preload: dict[str, bool]) -> None:
        far = -1
        if self._forks:
            self._answers, far = os.pipe()
        try:
            spec = write_spec(self._folder, targets, self._setup, waits=True, answers=far, preload=preload)
            with (self._folder / "output.txt").open("wb") as stream:
                self._child = subprocess.Popen(
                    [sys.executable, "-m", CHILD, str(spec)],
                    cwd=self._setup.invocation_dir,
                    env={**child_environment(os.environ), MARK: self._mark},
                    stdin=subprocess.PIPE,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=(far,) if self._forks else (),
                )
        finally:
            if far >= 0:
                os.close(far)

    @property
    def alive(self) -> bool:
        """Whether orders make sense."""
        return self._child is not None and self._child.poll() is None

    def screen(self, targets: Sequence[str], overlay: Mapping[str, bytes], timeout_s: float) -> RunResult | None:
        """Run tests in a fork with texts laid over the sources; None when only a cold child can tell.

        A fork that was killed at its limit has told: its tests do not pass. One that died by itself has not, since
        something in it may not have survived the fork.
        """
        if not self.alive:
            return None
        started = time.monotonic()
        try:
            place = self._order(targets, overlay, timeout_s)
            reason = self._outcome(place / "output.txt", timeout_s)
        except (OSError, ValueError, KeyError):
            self.close()
            return None
        except BaseException:
            self.close()
            raise
        else:
            result = read_result(place, reason or "", time.monotonic() - started)
            return result if reason is not None and (result.complete or reason) else None
        finally:
            self._clear()

    def _outcome(self, output: Path, timeout_s: float) -> str | None:
        """Wait for a fork; return why it has no result, empty when it ended by itself, None when it was not made."""
        answer = self._answer(timeout_s + _GRACE_S)
        if "refused" in answer:
            return None
        self._fork = int(answer["started"])
        answer = self._answer(timeout_s + _GRACE_S)
        self._fork = 0
        return "" if answer["ended"] else why_stopped(output, timeout_s)

    def run(self, targets: Sequence[str], setup: ChildSetup, *, edited: Sequence[str] = ()) -> RunResult | None:
        """Let the child itself run tests on the files as they are on disk; None when only a cold child can tell.

        The child is used up by that.
        """
        child, started = self._child, time.monotonic()
        if child is None or not self.alive:
            return None
        place = self._folder / "run"
        try:
            place.mkdir()
            paths = [str(Path(setup.root, path)) for path in edited]
            self._send(do="run", spec=str(write_spec(place, targets, setup, edited=edited)), paths=paths)
            output = self._folder / "output.txt"
            status = wait_tree(child, self._mark, output, setup.timeout_s)
            shutil.copyfile(output, place / "output.txt")
            reason = why_stopped(output, setup.timeout_s) if status is None else ""
            result = read_result(place, reason, time.monotonic() - started)
        except OSError:
            return None
        else:
            return result if result.complete or reason else None
        finally:
            self.close()

    def close(self) -> None:
        """Leave nothing behind: no process, descriptor or file. Twice is safe."""
        child, self._child = self._child, None
        if child is not None:
            self._kill_fork()
            kill_tree(child)
            kill_marked(self._mark)
            if child.stdin is not None:
                with suppress(OSError):
                    child.stdin.close()
        if self._answers >= 0:
            os.close(self._answers)
            self._answers = -1
        shutil.rmtree(self._folder, ignore_errors=True)

    def _kill_fork(self) -> None:
        """Kill a fork whose parent cannot be relied on; the number of one that ended may be another's by now."""
        fork, self._fork = self._fork, 0
        if fork:
            with suppress(OSError):
                if os.getsid(fork) == fork:
                    os.killpg(fork, signal.SIGKILL)

    def _order(self, targets: Sequence[str], overlay: Mapping[str, bytes], timeout_s: float) -> Path:
        if not self._ready:
            answer = self._answer(timeout_s + _GRACE_S)
            if answer["threads"] > 1:  # a fork has only one of them, and locks held by the others
                raise OSError("not fit to fork")
            self._ready = True
        self._count += 1
        place = self._folder / f"fork-{self._count}"
        place.mkdir()
        spec = write_spec(place, targets, self._setup, overlay)
        self._send(
            do="fork",
            spec=str(spec),
            output=str(place / "output.txt"),
            paths=[str(Path(self._setup.root, path)) for path in overlay],
            limit_s=timeout_s,
        )
        return place

    def _send(self, **order: Any) -> None:
        if self._child is None or self._child.stdin is None:
            raise OSError("not there any more")
        self._child.stdin.write(json.dumps(order).encode("ascii") + b"\n")
        self._child.stdin.flush()

    def _answer(self, timeout_s: float) -> dict[str, Any]:
        """Return the next answer.

        Raises:
            OSError: there is none in time, or will never be.
        """
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._unread:
            left = deadline - time.monotonic()
            data = os.read(self._answers, 65536) if left > 0 and readable(self._answers, left) else b""
            if not data:
                raise OSError("no answer")
            self._unread += data
        line, _newline, self._unread = self._unread.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _clear(self) -> None:
        """Let no candidate find files that tests left when another one was tried."""
        for name in (BASETEMP, CACHE, f"fork-{self._count}"):
            shutil.rmtree(self._folder / name, ignore_errors=True)
