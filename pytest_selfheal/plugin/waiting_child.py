"""A validation child that has done its start-up and waits, before anything of the project is imported.

It stops where pytest is about to load its first conftest: interpreter, pytest and all plugins are there, and no code of
the project has run. On order it goes on by itself, or forks once for every order and lets the fork go on: each then is
an ordinary pytest run with its own conftests, overlay and time limit. No process calls `pytest.main()` twice, because
plugins keep state in their modules.

Orders are lines of JSON on standard input, whose end is the order to leave. Answers go to a pipe of their own.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import sys
import threading
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.plugin import private_pytest
from pytest_selfheal.safety.processes import is_flooded
from pytest_selfheal.safety.redact import process_redactor

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Generator
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping

    LayOver = Callable[[dict[str, Any], str], None]

_STDIN = 0
_LOOK_S = 0.02
"""How often a fork is looked after where the system cannot tell of its end."""


_FLOOD_S = 1.0
"""How often its output is measured."""


class Gate:
    """Holds pytest at its first conftest until an order comes.

    Args:
        spec: `answers` is the number of the pipe to answer to (-1: nobody listens), `preload` names modules outside the
            project to import while nobody waits, each with whether pytest had rewritten it.
        lay_over: shows a process the texts of an order.
        conclude: writes the result of a run: its file and pytest's exit status.

    Attributes:
        result: the file for the result of the run that was ordered; empty until then.
    """

    def __init__(self, spec: dict[str, Any], lay_over: LayOver, conclude: Callable[[str, int], None]) -> None:
        self._answers: int = spec["answers"]
        self._preload: dict[str, bool] = spec["preload"]
        self._lay_over = lay_over
        self._conclude = conclude
        self._forked = False
        self.result = ""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(
        self, early_config: pytest.Config, parser: pytest.Parser, args: list[str]
    ) -> Generator[None, object, object]:
        """Wait; then let pytest load conftests and go on with the tests of the order."""
        path = self._wait()
        with open(path, "rb") as file:  # noqa: PTH123 - read once in every fork
            spec = json.load(file)
        self.result = spec["result"]
        self._lay_over(spec, path)
        private_pytest.retarget(early_config, parser, args, spec["targets"])
        return (yield)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """End a fork once all is torn down: nobody reads its summary, and exit handlers are its parent's business."""
        if self._forked:
            self.end(int(exitstatus))

    def end(self, exitstatus: int) -> None:
        """Write the result of the run that was ordered; a fork ends here."""
        if self.result:
            self._conclude(self.result, exitstatus)
        if self._forked:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(exitstatus)

    def _wait(self) -> str:
        """Return the spec to carry out, in the process that is to do it; the waiting process itself never returns."""
        _import(self._preload)
        process_redactor().redact("")  # its patterns are compiled once instead of in every fork
        gc.collect()
        gc.freeze()  # collections in a fork do not touch, and so copy, what was there before it
        self._say(ready=True, threads=threading.active_count())
        for order in _orders():
            if order["do"] == "run":
                if _loaded(order["paths"]):  # a plugin has imported a file that was edited since: its old text
                    os._exit(0)
                _read_nothing()
                return str(order["spec"])
            stale = _loaded(order["paths"])
            if stale:
                self._say(refused=f"{stale} is imported by a plugin")
                continue
            if self._fork():
                _take_over(order["output"], self._answers)
                self._forked = True
                return str(order["spec"])
            self._attend(order["limit_s"], Path(order["output"]))
        os._exit(0)

    def _fork(self) -> bool:
        """Fork; return True in the new process."""
        sys.stdout.flush()
        sys.stderr.flush()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python 3.12 warns of threads in libraries; ours were counted
            self._child = os.fork()
        return self._child == 0

    def _attend(self, limit_s: float, output: Path) -> None:
        """Wait for the fork and leave nothing of it behind; leave as well when nobody waits for the result any more."""
        pid = self._child
        self._say(started=pid)
        ended = _watch(pid, limit_s, output)
        for kill in (os.killpg, os.kill):  # the fork may not lead a group of its own yet
            with suppress(ProcessLookupError, PermissionError):
                kill(pid, signal.SIGKILL)
        _pid, status = os.waitpid(pid, 0)
        if ended is None:
            os._exit(0)
        self._say(ended=ended, status=os.waitstatus_to_exitcode(status))

    def _say(self, **answer: Any) -> None:
        if self._answers >= 0:
            try:
                os.write(self._answers, json.dumps(answer).encode("ascii") + b"\n")
            except OSError:  # nobody reads any more
                os._exit(0)


def _import(names: Mapping[str, bool]) -> None:
    """Import modules; those that were rewritten (True) only if they are here as well, as a plugin's are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, rewritten in names.items():
            with suppress(Exception):  # the fork will meet it where it belongs
                if name in sys.modules or (rewritten and not private_pytest.would_rewrite(name)):
                    continue
                importlib.import_module(name)


def _orders() -> Iterator[dict[str, Any]]:
    rest = b""
    while True:
        line, newline, tail = rest.partition(b"\n")
        if newline:
            rest = tail
            yield json.loads(line)
            continue
        data = os.read(_STDIN, 65536)
        if not data:
            return
        rest += data


def _loaded(paths: Iterable[str]) -> str:
    """Return the name of a module that was made from one of these files: its new text would come too late."""
    wanted = {os.path.realpath(path) for path in paths}
    names = {os.path.basename(path) for path in wanted}  # noqa: PTH119 - compared for every module
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if not isinstance(path, str) or os.path.basename(path) not in names:  # noqa: PTH119 - as above
            continue
        if os.path.realpath(path) in wanted:
            return name
    return ""


def _watch(pid: int, limit_s: float, output: Path) -> bool | None:
    """Return whether the process ended by itself, in time and without a flood of output; None when the client is gone.

    It is not reaped here.
    """
    deadline = time.monotonic() + limit_s
    watched = [_STDIN]
    with suppress(AttributeError, OSError):  # an older system
        watched.append(os.pidfd_open(pid))
    try:
        while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            left = deadline - time.monotonic()
            if left <= 0 or (output.exists() and is_flooded(output)):
                return False
            wait = min(left, _FLOOD_S if len(watched) > 1 else _LOOK_S)
            if _STDIN in select.select(watched, [], [], wait)[0]:
                return None
        return True
    finally:
        for handle in watched[1:]:
            os.close(handle)


def _read_nothing() -> None:
    """Let what a test reads from standard input be as empty as in every validation child."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _STDIN)
    os.close(nothing)


def _take_over(output: str, answers: int) -> None:
    """Make a fork a process of its own: session, streams, no way to answer for its parent."""
    os.setsid()
    os.close(answers)
    _read_nothing()
    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.close(handle)
