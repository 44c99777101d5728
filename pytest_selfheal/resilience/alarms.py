"""Three ways to interrupt what is over its time: a signal, an exception sent to a thread, a cancelled task.

What each of them cannot do:

- `SignalAlarm` (main thread, where the platform has SIGALRM) interrupts blocking calls of Python. It cannot interrupt C
  code that never returns to the interpreter, and code that sets an alarm of its own takes ours away until it is done.
- `ThreadAlarm` (anywhere else) is seen only between two steps of Python code: a blocking call of C, `time.sleep` or a
  socket included, runs to its end first. A socket wants a timeout of its own.
- `TaskAlarm` (async) is seen at the next `await`.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeVar

if TYPE_CHECKING:
    from types import CodeType
    from types import FrameType
    from types import FunctionType

F = TypeVar("F", bound="FunctionType | Any")

AGAIN_S = 5.0
"""Code that swallows the interruption and goes on is interrupted again after so many seconds."""

_SOON_S = 0.001
_DEPTH = 6
_SHIELDED: set[CodeType] = {threading.Thread.start.__code__}  # a thread that is just starting has its parent's number
_WEAK = ("weakref.py", "_weakrefset.py")
_busy = [0]  # how many alarms are being set or taken back by the main thread right now


class Hit(BaseException):
    """Interrupts code that is over its limit.

    Not an `Exception`: client libraries catch those and would call again. `TimeLimit` turns it into a `TimeLimitError`
    where its block ends, so nobody outside ever sees it.
    """

    alarm: Any = None


class Alarm:
    """What the three have in common: how often it went off, and where the code was then (innermost first)."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.hits = 0
        self.where: tuple[str, ...] = ()
        self._kind: type[Hit] = type("Hit", (Hit,), {"alarm": self, "__module__": __name__})

    def start(self) -> None:
        """Begin to count."""
        raise NotImplementedError

    def stop(self) -> bool:
        """Stop counting; stopping twice is safe. Return whether somebody else wants the code to end as well."""
        raise NotImplementedError

    def _struck(self, frame: FrameType | None) -> None:
        self.hits += 1
        self.where = self.where or places(frame)


def shielded(function: F) -> F:
    """Mark what a signal must not interrupt: the opening and closing of a limit."""
    _SHIELDED.add(function.__code__)
    return function


def is_shielded(frame: FrameType | None) -> bool:
    """Tell whether an exception would go astray in this frame.

    That is so while a limit is being opened or closed, and where Python ignores exceptions: in finalizers and in the
    callbacks of weak references.
    """
    if sys.version_info < (3, 11) and frame is not None and _leaves_with(frame.f_code.co_code, frame.f_lasti):
        return True
    for _ in range(3):
        if frame is None:
            return False
        code = frame.f_code
        if code in _SHIELDED or code.co_name == "__del__" or code.co_filename.endswith(_WEAK):
            return True
        frame = frame.f_back
    return False


def _leaves_with(code: bytes, last: int) -> bool:
    # Until Python 3.10 a signal may come between the end of a `with` block and the call of `__exit__`, which then never
    # happens (CPython issue 74174). Those instructions are always the same, so they can be recognised.
    import opcode

    following = [opcode.opname[number] for number in code[last : last + 12 : 2]]
    leaving = ["LOAD_CONST", "DUP_TOP", "DUP_TOP", "CALL_FUNCTION"]
    for start in (["POP_BLOCK"], ["POP_BLOCK", "ROT_TWO"]):
        whole = start + leaving
        if any(following[: len(whole) - at] == whole[at:] for at in range(len(whole) - 1)):
            return True
    return False


def places(frame: FrameType | None) -> tuple[str, ...]:
    """Return `file:line in function` of a frame and its callers, innermost first."""
    found: list[str] = []
    while frame is not None and len(found) < _DEPTH:
        code = frame.f_code
        found.append(f"{os.path.basename(code.co_filename)}:{frame.f_lineno} in {code.co_name}")  # noqa: PTH119 - in a signal handler, so as little as possible
        frame = frame.f_back
    return tuple(found)


class SignalAlarm(Alarm):
    """SIGALRM, composed with whoever uses it already.

    Alarms form a stack: each level keeps the handler and the remaining time it found, rings for it when that comes
    first (pytest-timeout, an outer limit), and puts both back at the end.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self._handler = self._ring
        self._outer: Any = None
        self._outer_due: float | None = None
        self._outer_interval_s = 0.0
        self._due = 0.0
        self._running = False

    @staticmethod
    def possible() -> bool:
        """Tell whether this thread can use SIGALRM, and its present handler can be put back."""
        return (
            hasattr(signal, "setitimer")
            and threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGALRM) is not None
        )

    @shielded
    def start(self) -> None:
        """Take the alarm over."""
        _busy[0] += 1
        try:
            left_s, self._outer_interval_s = signal.setitimer(signal.ITIMER_REAL, 0)
            now = time.monotonic()
            self._outer = signal.getsignal(signal.SIGALRM)
            self._outer_due = now + left_s if left_s else None
            self._due = now + self.seconds
            signal.signal(signal.SIGALRM, self._handler)
            self._running = True
            self._set(now)
        finally:
            _busy[0] -= 1

    @shielded
    def stop(self) -> bool:
        """Give the alarm back with what is left of its time."""
        if not self._running:
            return False
        _busy[0] += 1
        try:
            self._running = False
            if signal.getsignal(signal.SIGALRM) is self._handler:
                # First the timer: a signal on its way is still ours, and must not reach the other handler too early.
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, self._outer)
                self._give_time_back(time.monotonic())
        finally:
            _busy[0] -= 1
        return False

    def _give_time_back(self, now: float) -> None:
        below = self._level_below()
        if below is not None:
            below._set(now)  # noqa: SLF001 - another object of this class
        elif self._outer_due is not None:
            signal.setitimer(signal.ITIMER_REAL, max(self._outer_due - now, 1e-6), self._outer_interval_s)

    def _level_below(self) -> SignalAlarm | None:
        below = getattr(self._outer, "__self__", None)
        return below if isinstance(below, SignalAlarm) else None

    def _next_due(self) -> float:
        below = self._level_below()
        outer = below._next_due() if below is not None else self._outer_due  # noqa: SLF001 - as above
        return self._due if outer is None else min(self._due, outer)

    def _set(self, now: float) -> None:
        signal.setitimer(signal.ITIMER_REAL, max(self._next_due() - now, 1e-6))

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if _busy[0]:
            return  # whoever is at it sets the timer at its end
        if is_shielded(frame):
            signal.setitimer(signal.ITIMER_REAL, _SOON_S)
            return
        try:
            self._look(number, frame)
        finally:
            if self._running and signal.getsignal(signal.SIGALRM) is self._handler:
                self._set(time.monotonic())

    def _look(self, number: int, frame: FrameType | None) -> None:
        below = self._level_below()
        if below is not None:
            below._look(number, frame)  # noqa: SLF001 - as above
        elif self._outer_due is not None and time.monotonic() >= self._outer_due:
            self._ring_outer(number, frame)
        now = time.monotonic()
        if self._running and now >= self._due:
            self._due = now + AGAIN_S
            self._struck(frame)
            raise self._kind

    def _ring_outer(self, number: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            if callable(self._outer):
                self._outer(number, frame)
            elif self._outer == signal.SIG_DFL:
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                signal.raise_signal(signal.SIGALRM)
        finally:
            # It may have set the timer again for itself.
            left_s, interval_s = signal.getitimer(signal.ITIMER_REAL)
            if left_s:
                self._outer_interval_s = interval_s
            else:
                left_s = self._outer_interval_s
            self._outer_due = time.monotonic() + left_s if left_s else None


class ThreadAlarm(Alarm):
    """A watching thread that sends an exception to the one that started it.

    Where Python cannot do that (PyPy), the limit is only noticed at the end of the block.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self._thread = threading.current_thread()
        self._over = threading.Event()
        self._lock = threading.Lock()

    @shielded
    def start(self) -> None:
        """Start the watching thread."""
        threading.Thread(target=self._watch, name="selfheal-time-limit", daemon=True).start()

    @shielded
    def stop(self) -> bool:
        """End the watching thread, and take back an exception that was sent but has not arrived."""
        with self._lock:
            self._over.set()
        if self.hits:
            _send(self._thread.ident, None)
        return False

    def _watch(self) -> None:
        wait_s = self.seconds
        while not self._over.wait(wait_s):
            with self._lock:
                if self._over.is_set() or not self._thread.is_alive():
                    return  # the number of a thread that ended may belong to another one by now
                frame = sys._current_frames().get(self._thread.ident or 0)  # noqa: SLF001 - the documented way to it
                wait_s = _SOON_S if is_shielded(frame) else AGAIN_S
                if wait_s == AGAIN_S:
                    self._struck(frame)
                    _send(self._thread.ident, self._kind)


def _send(thread: int | None, kind: type[Hit] | None) -> None:
    import ctypes

    python = getattr(ctypes, "pythonapi", None)
    if python is not None and thread is not None:
        python.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(kind) if kind else None)


class TaskAlarm(Alarm):
    """Cancels the asyncio task that started it."""

    def __init__(self, seconds: float) -> None:
        import asyncio

        super().__init__(seconds)
        self._loop = asyncio.get_running_loop()
        self._task: Any = asyncio.current_task()
        self._cancelling = self._cancel_requests()
        self._handle: Any = None
        self._taken_back = False

    def start(self) -> None:
        """Ask the event loop to be woken."""
        self._handle = self._loop.call_later(self.seconds, self._ring)

    def stop(self) -> bool:
        """Take our own requests to cancel back; return whether there are others."""
        self._handle.cancel()
        if not self.hits or not hasattr(self._task, "uncancel"):
            return False  # before Python 3.11 nobody can tell
        for _ in range(0 if self._taken_back else self.hits):
            self._task.uncancel()
        self._taken_back = True
        return self._cancel_requests() > self._cancelling

    def _cancel_requests(self) -> int:
        return int(self._task.cancelling()) if hasattr(self._task, "cancelling") else 0

    def _ring(self) -> None:
        self._struck(self._innermost())
        self._task.cancel()
        self._handle = self._loop.call_later(AGAIN_S, self._ring)

    def _innermost(self) -> FrameType | None:
        waiting: Any = self._task.get_coro()
        frame: FrameType | None = None
        for _ in range(100):
            found = getattr(waiting, "cr_frame", None) or getattr(waiting, "gi_frame", None)
            if found is None:
                break
            frame = found
            waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "gi_yieldfrom", None)
        return frame
