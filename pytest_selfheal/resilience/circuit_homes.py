"""Where a circuit is kept: in this process, or in a small file that all processes of a project share.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import re
import sys
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol

from pytest_selfheal.resilience.circuit import CLOSED
from pytest_selfheal.resilience.circuit import Circuit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOG = logging.getLogger(__name__)

_CAP = 64 * 1024
_PATIENCE_S = 2.0
_PAUSE_S = 0.005
_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Home(Protocol):
    """Keeps one circuit. Nothing here waits for a call: locks are held for the moment of a change only."""

    def read(self) -> Circuit:
        """Return the circuit as it is."""

    def change(self, step: Callable[[Circuit], Circuit]) -> tuple[Circuit, Circuit]:
        """Replace the circuit by `step(circuit)` with nobody in between; return it before and after."""

    def take_probe(self) -> Callable[[], None] | None:
        """Return what gives the one probe back, None when somebody else has it."""


class ProcessHome:
    """A circuit for the threads and tasks of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._circuit = CLOSED
        self._probing = False

    def read(self) -> Circuit:
        """Return the circuit as it is."""
        return self._circuit

    def change(self, step: Callable[[Circuit], Circuit]) -> tuple[Circuit, Circuit]:
        """Replace the circuit by `step(circuit)` with nobody in between; return it before and after."""
        with self._lock:
            before = self._circuit
            self._circuit = step(before)
            return before, self._circuit

    def take_probe(self) -> Callable[[], None] | None:
        """Return what gives the one probe back, None when somebody else has it."""
        with self._lock:
            if self._probing:
                return None
            self._probing = True
            return self._give_probe_back

    def _give_probe_back(self) -> None:
        self._probing = False


class SharedHome:
    """A circuit in `<folder>/<name>.json`, for all processes of a machine.

    The file is replaced as a whole; the locks are the kernel's, which takes them back from whoever dies, so none is
    ever stale. The lock of the probe is held for as long as the probe runs. An unreadable file counts as a closed
    circuit, and a folder that cannot be used makes this a `ProcessHome`; both are logged once.

    Args:
        folder: is made when first needed, with a `.gitignore` of its own.
        name: of the breaker; any text.
    """

    def __init__(self, folder: Path, name: str) -> None:
        import zlib

        stem = f"{re.sub(r'[^A-Za-z0-9.-]', '_', name)[:60]}-{zlib.crc32(name.encode('utf-8', 'replace')):08x}"
        self.path = folder / f"{stem}.json"
        self._folder = folder
        self._inner = threading.Lock()
        self._alone = ProcessHome()
        self._complaints: set[str] = set()
        self._usable = True

    def read(self) -> Circuit:
        """Return the circuit as it is."""
        if not self._usable:
            return self._alone.read()
        try:
            return self._parse(_read(self.path))
        except FileNotFoundError:
            return CLOSED
        except (OSError, ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
            self._complain(f"the state of the breaker cannot be read and counts as closed: {error}")
            return CLOSED

    def change(self, step: Callable[[Circuit], Circuit]) -> tuple[Circuit, Circuit]:
        """Replace the circuit by `step(circuit)` with nobody in between; return it before and after."""
        with self._inner:
            try:
                with self._locked():
                    before = self.read()
                    after = step(before)
                    if after != before:
                        self._write(after)
                    return before, after
            except OSError as error:
                self._usable = False
                self._complain(f"the breaker is not shared with other processes: {error}")
        return self._alone.change(step)

    def take_probe(self) -> Callable[[], None] | None:
        """Return what gives the one probe back, None when somebody else has it."""
        if not self._usable:
            return self._alone.take_probe()
        try:
            fd = self._open("probe")
        except OSError as error:
            self._complain(f"the probe of the breaker is not shared with other processes: {error}")
            return self._alone.take_probe()
        if not _hold(fd):
            os.close(fd)
            return None

        def give_back() -> None:
            _release(fd)
            os.close(fd)

        return give_back

    @contextlib.contextmanager
    def _locked(self) -> Any:
        fd = self._open("lock")
        try:
            end = time.monotonic() + _PATIENCE_S
            while not _hold(fd):
                if time.monotonic() > end:
                    # Its holder was stopped in the middle. To count wrong once is better than to hang.
                    self._complain(f"its lock was not free within {_PATIENCE_S:g} s")
                    break
                time.sleep(_PAUSE_S)
            yield
        finally:
            _release(fd)
            os.close(fd)

    def _open(self, kind: str) -> int:
        if self._folder.is_symlink() or self._folder.parent.is_symlink():
            raise OSError(errno.ELOOP, "is a symbolic link, which is never followed", str(self._folder))
        path = self.path.with_suffix(f".{kind}")
        try:
            return os.open(path, os.O_CREAT | os.O_RDWR | _FLAGS, 0o600)
        except FileNotFoundError:
            for folder in (self._folder.parent, self._folder):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (
                contextlib.suppress(FileExistsError),
                (self._folder / ".gitignore").open("x", encoding="ascii") as ignore,
            ):
                ignore.write("*\n")
            return os.open(path, os.O_CREAT | os.O_RDWR | _FLAGS, 0o600)

    @staticmethod
    def _parse(data: bytes) -> Circuit:
        found = json.loads(data)
        opened_at = found["opened_at"]
        return Circuit(
            failures=max(int(found["failures"]), 0),
            opened_at=None if opened_at is None else float(opened_at),
            updated_at=float(found["updated_at"]),
            error=str(found["error"]),
        )

    def _write(self, circuit: Circuit) -> None:
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
        fd = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | _FLAGS, 0o600)
        try:
            try:
                os.write(fd, json.dumps(asdict(circuit)).encode("ascii"))
            finally:
                os.close(fd)
            temporary.replace(self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise

    def _complain(self, text: str) -> None:
        if text not in self._complaints:
            self._complaints.add(text)
            LOG.warning("%s: %s", self.path, text)


def _read(path: Path) -> bytes:
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _FLAGS)
    try:
        return os.read(fd, _CAP)
    finally:
        os.close(fd)


def _hold(fd: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _release(fd: int) -> None:
    # Said aloud, because closing is not enough when a forked child holds the same open file.
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            fcntl.flock(fd, fcntl.LOCK_UN)
