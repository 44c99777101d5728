"""A hard time limit for every try of every test, through the official hooks of pytest-timeout.

pytest-timeout keeps its options, ini settings and marks. Its engine is replaced because it fires once (code that
swallows the exception runs on without limit), ends the whole session in its thread mode, and leaves a hanging
teardown unguarded. Ours fires again until it bites, keeps the stacks of all threads, and is armed anew for each try.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING
from typing import Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType

GRACE_S = 2.0
"""How long after the limit the exception is raised again when the first one was swallowed."""

HARD_S = 10.0
"""How long after the limit a worker is ended when nothing else could stop its test."""

_MAX_STACKS = 20
_MAX_FRAMES = 30
_OWN_MARKER = "selfheal"


def set_default(config: pytest.Config, timeout_s: float) -> bool:
    """Give every test a limit when the user set none; return whether that was done.

    Must run before pytest-timeout is configured; marks of tests and pytest-timeout's own settings go first.
    """
    option = config.option
    if not timeout_s or not config.pluginmanager.hasplugin("timeout"):
        return False
    if getattr(option, "timeout", None) is not None or os.environ.get("PYTEST_TIMEOUT") or config.getini("timeout"):
        return False
    option.timeout = timeout_s
    return True


def hard_stop_file(folder: Path, worker: str) -> Path:
    """Return where a worker's last resort writes."""
    return folder / f"hard-stop-{worker}.txt"


def read_hard_stop(folder: Path, worker: str) -> str:
    """Return what the last resort wrote when it ended a worker; empty when the worker died of something else."""
    try:
        text = hard_stop_file(folder, worker).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    head, _newline, stacks = text.partition("\n")
    return f"{head}\n{stacks}" if stacks.strip() else ""


def limit_of(config: pytest.Config) -> float:
    """Return the limit that holds for tests without a mark of their own, seconds; 0 when there is none."""
    limit = getattr(config, "_env_timeout", None)
    return float(limit) if isinstance(limit, (int, float)) and limit > 0 else 0.0


class TimeLimit:
    """Implements the two hooks by which pytest-timeout's engine is replaced.

    Args:
        degrade: told about an error of our own.
        hard_stop: where to write when code that never returns to Python has to be stopped by ending the process;
            None leaves it running. Only a worker may be ended: the run goes on without it.
    """

    def __init__(self, degrade: Callable[[Exception], None], hard_stop: Path | None = None) -> None:
        self._degrade = degrade
        self._hard_stop = hard_stop.open("w", encoding="utf-8") if hard_stop is not None else None
        self._cancel: Callable[[], None] | None = None
        self.armed: tuple[pytest.Item, Any] | None = None
        """The test whose time runs, with its settings."""
        self._stacks = ""
        self._message = ""
        self._fired = False
        self._before: Any = None

        def hit(_number: int, _frame: FrameType | None) -> None:
            __tracebackhide__ = True
            self._expire(self._message)

        self._hit = hit  # a bound method is a new object each time and could not be recognised

    @pytest.hookimpl(optionalhook=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> bool | None:
        """Arm the timer for one try."""
        self.armed = (item, settings)
        self._arm(item, settings)
        return True

    def arm_again(self, item: pytest.Item) -> None:
        """Give a test its full time once more: for its next try, or for the teardown of one that failed."""
        if self.armed is not None and self.armed[0] is item and not self.armed[1].func_only:
            self._arm(*self.armed)

    def _arm(self, item: pytest.Item, settings: Any) -> None:
        seconds = self._seconds(item, settings)
        self._disarm()
        message = f"Timeout (>{seconds}s) from pytest-timeout."
        if settings.method == "signal" and threading.current_thread() is threading.main_thread():
            self._cancel = self._by_signal(seconds, message)
        else:
            self._cancel = self._by_thread(seconds, message)
        if self._hard_stop is not None:
            from pytest_selfheal.plugin.public_ids import public_id

            self._hard_stop.seek(0)
            self._hard_stop.truncate()
            self._hard_stop.write(f"Timeout of {seconds:g} s exceeded in {public_id(item.nodeid)!a}\n")
            self._hard_stop.flush()
            # Its watchdog is a thread of C: it needs neither the interpreter nor its lock.
            faulthandler.dump_traceback_later(seconds + HARD_S, exit=True, file=self._hard_stop)

    @pytest.hookimpl(optionalhook=True)
    def pytest_timeout_cancel_timer(self, item: pytest.Item) -> bool:
        """Disarm the timer; twice is safe."""
        del item
        self._disarm()
        return True

    def _seconds(self, item: pytest.Item, settings: Any) -> float:
        if _OWN_MARKER in item.keywords:
            from pytest_selfheal.plugin.marker import timeout_of

            try:
                return timeout_of(item) or float(settings.timeout)
            except Exception as error:  # noqa: BLE001 - a wrong marker must not change what the test is
                self._degrade(error)
        return float(settings.timeout)

    def rest(self) -> None:
        """Let the time of a try that ran out be over: what only tells of it must not be interrupted."""
        if self._fired:
            self._fired = False
            self._disarm()

    def _disarm(self) -> None:
        if self._cancel is not None:
            self._cancel()
            self._cancel = None
            if self._hard_stop is not None:
                faulthandler.cancel_dump_traceback_later()

    # ------------------------------------------------------------------------------- engines

    def _by_signal(self, seconds: float, message: str) -> Callable[[], None]:
        self._message = message
        if signal.getsignal(signal.SIGALRM) is not self._hit:
            # It stays for the session, changing it for every test costs more than the timer; a test may have its own.
            self._before = signal.signal(signal.SIGALRM, self._hit)
        signal.setitimer(signal.ITIMER_REAL, seconds, GRACE_S)
        return _stop_timer

    def pytest_unconfigure(self) -> None:
        """Give the signal back."""
        if self._before is not None and signal.getsignal(signal.SIGALRM) is self._hit:
            signal.signal(signal.SIGALRM, self._before)

    def _by_thread(self, seconds: float, message: str) -> Callable[[], None]:
        import ctypes

        stop, target = threading.Event(), threading.get_ident()

        failed: Any = pytest.fail.Exception

        class Expired(failed):  # type: ignore[misc] # an asynchronous exception is given as a class, without arguments
            def __init__(self) -> None:
                super().__init__(message)

        Expired.__name__ = Expired.__qualname__ = "Failed"
        Expired.__module__ = "builtins"

        def watch() -> None:
            wait = seconds
            while not stop.wait(wait):
                self._keep_stacks()
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(target), ctypes.py_object(Expired))
                wait = GRACE_S

        threading.Thread(target=watch, name="selfheal-time-limit", daemon=True).start()
        return stop.set

    def _expire(self, message: str) -> None:
        __tracebackhide__ = True
        if self._is_debugging():
            return
        self._keep_stacks()
        pytest.fail(message)

    @staticmethod
    def _is_debugging() -> bool:
        import pytest_timeout

        return bool(pytest_timeout.is_debugging())

    def _keep_stacks(self) -> None:
        self._fired = True
        if not self._stacks:
            self._stacks = stacks_of_all_threads()

    # ------------------------------------------------------------------------------- telling

    def take_stacks(self) -> str:
        """Return the stacks of the try that ran out of time, once; empty when none did."""
        stacks, self._stacks = self._stacks, ""
        return stacks


def _stop_timer() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)


def stacks_of_all_threads() -> str:
    """Return what every thread is doing at this moment, as text."""
    import traceback

    names = {thread.ident: thread.name for thread in threading.enumerate()}
    parts = []
    for ident, frame in list(sys._current_frames().items())[:_MAX_STACKS]:  # noqa: SLF001 - documented, for debuggers
        lines = traceback.format_list(traceback.extract_stack(frame)[-_MAX_FRAMES:])
        parts.append(f"thread {names.get(ident, ident)}:\n{''.join(lines)}")
    return "\n".join(parts)
