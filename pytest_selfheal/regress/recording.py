"""Records, at the moment a function is entered, the call that would enter it again with the same input.

What a frame holds when it crashes has often been changed by then: a queue is drained, a number divided. So the failing
test is run once more with a profile function that looks at the functions of the traceback only.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import inspect
import re
import sys
import time
from collections import deque
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from pytest_selfheal.regress.encoding import CannotEncodeError
from pytest_selfheal.regress.encoding import Encoder
from pytest_selfheal.regress.encoding import Made
from pytest_selfheal.regress.expecting import CAUGHT
from pytest_selfheal.regress.expecting import NOTHING
from pytest_selfheal.regress.expecting import Expected
from pytest_selfheal.regress.expecting import Surroundings
from pytest_selfheal.regress.spelling import arguments_of
from pytest_selfheal.regress.spelling import found_by
from pytest_selfheal.regress.spelling import spelt

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from types import CodeType
    from types import FrameType
    from types import TracebackType

_MOST_KEPT = 50
"""Calls of one function that ended without a value; one of them is the one that failed."""

_BUDGET_S = 10.0
"""Seconds the recording itself may take; a function called a million times is not recorded any more."""

_FRAMEWORK = re.compile(r"[/\\\\](?:_pytest|pluggy|unittest)[/\\\\]")

DRAIN = "_drained"
"""The function of a generated test that runs an asynchronous generator to its end."""


class Call(NamedTuple):
    """A calling expression.

    Attributes:
        text: the expression.
        modules: what it needs to have imported.
        target: the function as `module:qualified name`.
        path: the function's file.
        raises: the exceptions it has to raise, an expression too; empty when it must raise nothing.
    """

    text: str
    modules: tuple[str, ...]
    target: str
    path: str = ""
    raises: str = ""


class Recorder:
    """Keeps the calls of some functions of one test run.

    Args:
        targets: path relative to the root, and last part of the name, of each function to look at.
        place: returns the relative path of a file, and whether it is the project's own code.
        refuse: as for the encoder.
    """

    def __init__(
        self,
        targets: Iterable[tuple[str, str]],
        place: Callable[[str], tuple[str, bool]],
        refuse: Callable[[str], str],
    ) -> None:
        self._targets = frozenset(targets)
        self._names = frozenset(name for _path, name in self._targets)
        self._place = place
        self._refuse = refuse
        self._files: dict[str, tuple[str, bool]] = {}
        self._live: dict[CodeType, FrameType] = {}
        self._calls: dict[CodeType, deque[tuple[FrameType, list[Call] | str]]] = {}
        self._made: dict[int, Made] = {}
        self._makers: dict[CodeType, list[Call] | str] = {}
        self._surroundings = Surroundings()
        self._spent = 0.0

    def start(self) -> None:
        """Begin to look; forget what was recorded before."""
        for kept in (self._live, self._calls, self._made, self._makers):
            kept.clear()
        sys.setprofile(self._look)

    def stop(self) -> None:
        """Look no more; twice is safe."""
        sys.setprofile(None)

    def calls_in(self, traceback: TracebackType | None) -> list[tuple[str, list[Call] | str]]:
        """Return what was recorded for each function of a traceback, outermost first.

        Each is a path with the calls to try, best first, or why there is none. Of a recursion only the outermost call
        counts. A call whose exception the code around it waits for is none to try, unless it is the very one that has
        to raise.
        """
        found: dict[CodeType, tuple[str, list[Call] | str]] = {}
        around = NOTHING
        is_inside = False
        while traceback is not None:
            frame = traceback.tb_frame
            code = frame.f_code
            is_own = self._file(code)[1]
            is_inside = is_inside or is_own
            if code not in found and code in self._calls:
                recorded = next((said for seen, said in self._calls[code] if seen is frame), "its call was not seen")
                found[code] = (self._file(code)[0], self._expecting(recorded, around))
                if around.errors:
                    around = Expected(reason=CAUGHT)  # what it calls in turn need not be what has to raise
            # A library between two of our frames may catch too; the frameworks around the test catch everything.
            if not around.reason and (is_own or (is_inside and not _FRAMEWORK.search(code.co_filename))):
                inside = self._surroundings.expected(frame, traceback.tb_lineno)
                around = inside if inside != NOTHING else around
            traceback = traceback.tb_next
        return list(found.values())

    def _expecting(self, recorded: list[Call] | str, around: Expected) -> list[Call] | str:
        if isinstance(recorded, str) or around == NOTHING:
            return recorded
        if around.reason:
            return around.reason
        encoder = self._encoder()
        try:
            names = [encoder.named(error) for error in around.errors]
        except CannotEncodeError as error:
            return f"the error its test expects: {error}"
        raises = names[0] if len(names) == 1 else f"({', '.join(names)})"
        return [
            call._replace(raises=raises, modules=tuple(sorted({*call.modules, *encoder.modules}))) for call in recorded
        ]

    # ------------------------------------------------------------------------------- looking

    def _look(self, frame: FrameType, event: str, value: Any) -> None:
        code = frame.f_code
        if event == "return":
            if self._live.get(code) is frame:
                del self._live[code]
                if value is not None and not _is_lazy(code):
                    self._calls[code].pop()
            return
        if event != "call" or self._spent > _BUDGET_S or not _is_start(frame):
            return
        if code.co_name in self._names and code not in self._live and self._is_target(code):
            self._live[code] = frame
            kept = self._calls.setdefault(code, deque(maxlen=_MOST_KEPT))
            kept.append((frame, self._timed(lambda: self._described(frame))))
        if code.co_name == "__init__" and self._file(code)[1]:
            self._timed(lambda: self._remember_made(frame))
        elif any(getattr(inner, "co_name", None) in self._names for inner in code.co_consts) and self._file(code)[1]:
            self._makers[code] = self._timed(lambda: self._described(frame))

    def _encoder(self, *, from_state: bool = False) -> Encoder:
        return Encoder(self._made, self._refuse, is_own=self._is_own, from_state=from_state)

    def _is_own(self, module: str) -> bool:
        file = getattr(sys.modules.get(module), "__file__", None)
        return type(file) is str and self._place(file)[1]

    def _is_target(self, code: CodeType) -> bool:
        return (self._file(code)[0], code.co_name) in self._targets

    def _timed(self, work: Callable[[], Any]) -> Any:
        sys.setprofile(None)
        began = time.perf_counter()
        try:
            return work()
        finally:
            self._spent += time.perf_counter() - began
            sys.setprofile(self._look)

    def _file(self, code: CodeType) -> tuple[str, bool]:
        known = self._files.get(code.co_filename)
        if known is None:
            known = self._files[code.co_filename] = self._place(code.co_filename)
        return known

    # ------------------------------------------------------------------------------- describing

    def _described(self, frame: FrameType) -> list[Call] | str:
        """Return the calls to try: with recorded constructors, and with objects rebuilt from what they hold."""
        found: dict[str, Call] = {}
        reason = ""
        for from_state in (False, True):
            try:
                call = self._call(frame, self._encoder(from_state=from_state))
                found.setdefault(call.text, call)
            except CannotEncodeError as error:
                reason = reason or str(error)
            except Exception as error:  # noqa: BLE001 - code of the values; this call has no safe form then
                reason = reason or f"{type(error).__name__} while its arguments were read"
        return list(found.values()) or reason

    def _remember_made(self, frame: FrameType) -> None:
        code = frame.f_code
        if not code.co_argcount:
            return
        obj = frame.f_locals.get(code.co_varnames[0])
        if obj is None or id(obj) in self._made:
            return
        try:
            encoder = self._encoder()
            text = f"{encoder.named(type(obj))}({', '.join(arguments_of(frame, encoder, skip=1))})"
        except Exception:  # noqa: BLE001 - an object that cannot be made again is rebuilt or refused later
            return
        self._made[id(obj)] = Made(obj, text, frozenset(encoder.modules))

    def _call(self, frame: FrameType, encoder: Encoder) -> Call:
        code = frame.f_code
        called, name, skip = self._target(frame, encoder)
        text = called if skip < 0 else spelt(called, arguments_of(frame, encoder, skip=skip))
        flags = code.co_flags
        if flags & inspect.CO_GENERATOR:
            text = f"list({text})"
        elif flags & inspect.CO_COROUTINE:
            encoder.modules.add("asyncio")
            text = f"asyncio.run({text})"
        elif flags & inspect.CO_ASYNC_GENERATOR:
            encoder.modules.add("asyncio")
            text = f"asyncio.run({DRAIN}({text}))"
        return Call(text, tuple(sorted(encoder.modules)), name)

    def _target(self, frame: FrameType, encoder: Encoder) -> tuple[str, str, int]:
        """Return what is to be called, its name, and how many arguments it holds already; -1 is a property."""
        code = frame.f_code
        module = str(frame.f_globals.get("__name__"))
        found = found_by(sys.modules.get(module), code, frame)
        if found is None:
            return (*self._closure(code, encoder), 0)
        owner, name, raw = found
        encoder.modules.add(module)
        first = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
        if not isinstance(owner, type):
            return f"{module}.{name}", f"{module}:{name}", 0
        place = f"{owner.__module__}:{owner.__qualname__}.{name}"
        if isinstance(raw, staticmethod):
            return f"{encoder.named(owner)}.{name}", place, 0
        if isinstance(raw, classmethod):
            return f"{encoder.named(first)}.{name}", place, 1
        if name == "__init__":
            return encoder.named(type(first)), place, 1
        return f"{encoder.encode(first)}.{name}", place, -1 if isinstance(raw, property) else 1

    def _closure(self, code: CodeType, encoder: Encoder) -> tuple[str, str]:
        """Return the call that made an inner function: the outer one, when it returns the inner one."""
        for outer, calls in self._makers.items():
            if code in outer.co_consts and not isinstance(calls, str):
                encoder.modules.update(calls[0].modules)
                return calls[0].text, calls[0].target
        raise CannotEncodeError("a function inside another one")


def _is_lazy(code: CodeType) -> bool:
    return bool(code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR))


def _is_start(frame: FrameType) -> bool:
    """Tell a call from a generator or coroutine that goes on."""
    if not _is_lazy(frame.f_code):
        return True
    if sys.version_info < (3, 11):
        return frame.f_lasti < 0
    at = frame.f_lasti
    return at < 0 or not frame.f_code.co_code[at + 1] & 3  # the argument of RESUME: 0 only at the start
