"""Writing fixes into the user's files so that any of them can be taken back, after a crash too.

The old bytes are durable before the first file changes; each file changes by one atomic rename. Whatever a person did
to a file meanwhile is kept and reported, never overwritten.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import stat
import sys
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import timezone
from pathlib import Path
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_selfheal.errors import ConfinementError
from pytest_selfheal.errors import DataError
from pytest_selfheal.errors import PatchError
from pytest_selfheal.errors import UsageError
from pytest_selfheal.model import Value
from pytest_selfheal.repair.folders import opened
from pytest_selfheal.repair.patch import sha256

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping

    from pytest_selfheal.repair.folders import Folder

KEPT_S = 30 * 86400.0
"""Entries older than this are removed: by then the repository's own history is the better undo."""

KEPT_ENTRIES = 200
"""At most so many entries are kept, the newest."""

_STALE_S = 86400.0
_STANDING = frozenset({"applied", "undoing"})
_UNFINISHED = frozenset({"pending", "undoing"})
_SAFE_ID = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_in_flight: set[str] = set()


@dataclass(frozen=True)
class JournalFile(Value):
    """One file of an entry. `old` is its former content in base64; `mode` and `mtime_ns` go with it."""

    path: str
    old: str
    mode: int
    mtime_ns: int
    old_sha256: str
    new_sha256: str


@dataclass(frozen=True)
class JournalEntry(Value):
    """One application of a fix. `state` is pending, applied, rolled_back, undoing (half way) or undone."""

    id: str
    fix_id: str
    root: str
    created_at: str
    created_s: float
    pid: int
    process: str
    state: str
    files: tuple[JournalFile, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """The files of the entry, relative to its root."""
        return tuple(file.path for file in self.files)


@dataclass(frozen=True)
class Restored:
    """What taking an entry back did. `kept` are files that changed since and were left alone."""

    entry: JournalEntry
    restored: tuple[str, ...]
    kept: tuple[str, ...]


class Journal:
    """The entries in one folder, which is created when first needed.

    Args:
        folder: where entries are kept, one JSON file each.
        now: gives seconds since the epoch.
        root: the project's root. Entries made for another folder (a copied checkout, a file put there by somebody) do
            not count: following them would write outside the project. None believes every entry.
    """

    def __init__(self, folder: Path, now: Callable[[], float], root: Path | None = None) -> None:
        self._folder = folder
        self._now = now
        self._root = None if root is None else os.path.realpath(root)

    def entries(self) -> list[JournalEntry]:
        """Return all readable entries, newest first."""
        found = [self._read(path) for path in self._folder.glob("*.json")] if self._folder.is_dir() else []
        own = [entry for entry in found if entry and self._root in (None, entry.root)]
        return sorted(own, key=lambda entry: (entry.created_s, entry.id), reverse=True)

    def apply(
        self, fix_id: str, files: Mapping[str, bytes], root: Path, expected: Mapping[str, str] | None = None
    ) -> JournalEntry:
        """Write `files` (path relative to `root`, with `/`, to new bytes) and return the pending entry.

        Args:
            fix_id: id of the fix; letters, digits, `-` and `_`.
            files: existing files only.
            root: nothing outside it is written.
            expected: SHA-256 a file must have now, by path.

        Raises:
            ConfinementError: a path leaves the root, goes through a symbolic link or is no regular file.
            PatchError: a file is missing, is not as `expected`, or cannot be written; every file is as before.
        """
        top = Path(os.path.realpath(root))
        before = tuple(_described(path, new, top) for path, new in sorted(files.items()))
        for file in before:
            if expected and file.path in expected and expected[file.path] != file.old_sha256:
                raise PatchError("the file has changed since this fix was made", where=file.path, todo=_RUN_AGAIN)
        entry = self._opened(fix_id, before, top)
        try:
            self._write(entry)
            for file in before:
                _swap(top, file, files[file.path], entry.id)
        except OSError as error:
            self._take_back(entry)
            raise PatchError(
                f"cannot be written ({error.strerror or error})",
                where=str(error.filename or root),
                todo="check the permissions of the folder and the space on the disk",
            ) from error
        except BaseException:  # an interrupt too must not leave half a fix behind
            self._take_back(entry)
            raise
        return entry

    def commit(self, entry: JournalEntry) -> JournalEntry:
        """Mark the entry as applied for good; only `undo` takes it back from now on. Twice is safe."""
        return self._moved(entry, "applied")

    def roll_back(self, entry: JournalEntry) -> Restored:
        """Restore the files of a pending entry; those that changed meanwhile are kept. Twice is safe."""
        restored, kept = _restored(entry)
        return Restored(self._moved(entry, "rolled_back"), restored, kept)

    def undo(self, entry_id: str = "") -> Restored:
        """Take back an applied entry, by its id or its fix's id; the latest one without an id.

        Raises:
            UsageError: there is no such entry, or it is not applied.
            ConfinementError: a path of the entry leads out of its root by now.
        """
        entries = self.entries()
        applied = [entry for entry in entries if entry.state in _STANDING]
        if not entry_id:
            if not applied:
                raise UsageError("there is no applied fix to take back", todo="nothing needs to be done")
            chosen = applied[0]
        else:
            named = [entry for entry in entries if entry_id in (entry.id, entry.fix_id)]
            if not named:
                known = ", ".join(entry.id for entry in applied[:5]) or "none"
                raise UsageError(f"no fix is called {entry_id!r}", todo=f"applied fixes: {known}")
            chosen = next((entry for entry in named if entry.state in _STANDING), named[0])
            if chosen.state not in _STANDING:
                raise UsageError(f"the fix {entry_id!r} is {chosen.state.replace('_', ' ')} already")
        pid = os.getpid()
        _in_flight.add(chosen.id)
        try:
            begun = replace(chosen, state="undoing", pid=pid, process=_process_key(pid))
            self._write(begun)
            return self._undone(begun)
        finally:
            _in_flight.discard(chosen.id)

    def _undone(self, begun: JournalEntry) -> Restored:
        restored, kept = _restored(begun)
        return Restored(self._moved(begun, "undone" if restored or not kept else "applied"), restored, kept)

    def recover(self) -> list[Restored]:
        """Finish what processes that died left half done, then forget old entries. Call it at every start.

        A fix that was being written is rolled back, an undo that had begun is carried through.
        """
        left = [entry for entry in self.entries() if entry.state in _UNFINISHED and not self._is_alive(entry)]
        done = [self.roll_back(entry) if entry.state == "pending" else self._undone(entry) for entry in left]
        self._prune()
        return done

    def _opened(self, fix_id: str, files: tuple[JournalFile, ...], root: Path) -> JournalEntry:
        name = "".join(letter if letter in _SAFE_ID else "-" for letter in fix_id)[:40]
        now = self._now()
        stamp = datetime.fromtimestamp(now, tz=timezone.utc)
        entry_id = f"{stamp:%Y%m%dT%H%M%S}-{os.urandom(3).hex()}-{name}"
        created_at = stamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        _in_flight.add(entry_id)
        pid = os.getpid()
        return JournalEntry(entry_id, fix_id, str(root), created_at, now, pid, _process_key(pid), "pending", files)

    def _take_back(self, entry: JournalEntry) -> None:
        try:
            self.roll_back(entry)
        except (OSError, ConfinementError):
            _in_flight.discard(entry.id)  # stays pending: the next start tries again

    def _moved(self, entry: JournalEntry, state: str) -> JournalEntry:
        moved = replace(entry, state=state)
        self._write(moved)
        _in_flight.discard(entry.id)
        return moved

    def _write(self, entry: JournalEntry) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(entry.to_dict()).encode()
        with opened(self._folder) as folder:
            folder.replace(f"{entry.id}.json", text, 0o600, f"{entry.id}.{os.getpid()}.tmp")

    def _read(self, path: Path) -> JournalEntry | None:
        try:
            return JournalEntry.from_dict(json.loads(path.read_bytes()))
        except (OSError, ValueError, DataError):
            return None

    def _is_alive(self, entry: JournalEntry) -> bool:
        if entry.pid == os.getpid() and entry.process == _process_key(entry.pid):
            return entry.id in _in_flight
        is_young = self._now() - entry.created_s < _STALE_S
        if sys.platform == "win32":  # there is no harmless way to ask: os.kill would end it
            return is_young and entry.state == "pending"
        same = _is_running(entry.pid) and entry.process == _process_key(entry.pid)
        return same and (is_young or entry.state == "undoing")

    def _prune(self) -> None:
        for index, entry in enumerate(self.entries()):
            old = self._now() - entry.created_s > KEPT_S or index >= KEPT_ENTRIES
            if old and entry.state not in _UNFINISHED:
                (self._folder / f"{entry.id}.json").unlink(missing_ok=True)
        for path in self._folder.glob("*.tmp"):
            if self._is_left_behind(path):
                path.unlink(missing_ok=True)

    def _is_left_behind(self, temporary: Path) -> bool:
        """Tell whether the process that was writing an entry has died on the way."""
        entry_id, _, pid = temporary.stem.rpartition(".")
        if pid == str(os.getpid()):
            return entry_id not in _in_flight
        if sys.platform != "win32" and pid.isdecimal():
            return not _is_running(int(pid))
        try:
            return self._now() - temporary.stat().st_mtime > _STALE_S
        except OSError:
            return False


_RUN_AGAIN = "run the tests again for a fresh fix"


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _process_key(pid: int) -> str:
    """Tell this process from a later one with the same id: its start time where the system shows it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _confined(path: str, root: Path) -> Path:
    pure = PurePosixPath(path)
    full = root.joinpath(*pure.parts)
    inside = not pure.is_absolute() and ".." not in pure.parts and bool(pure.parts)
    if not inside or os.path.realpath(full) != str(full):
        raise ConfinementError(
            "the path leaves the root directory or goes through a symbolic link", where=path, todo="edit it by hand"
        )
    return full


def _described(path: str, new: bytes, root: Path) -> JournalFile:
    full = _confined(path, root)
    try:
        with opened(root, full.relative_to(root).parts[:-1]) as folder:
            status = folder.status(full.name)
            if not stat.S_ISREG(status.st_mode):
                raise ConfinementError("this is no regular file", where=path, todo="edit it by hand")
            old = folder.read(full.name)
    except OSError as error:
        reason = error.strerror or error
        raise PatchError(f"cannot be read ({reason})", where=path, todo="restore the file and run again") from error
    mode = stat.S_IMODE(status.st_mode)
    return JournalFile(path, base64.b64encode(old).decode(), mode, status.st_mtime_ns, sha256(old), sha256(new))


def _restored(entry: JournalEntry) -> tuple[tuple[str, ...], tuple[str, ...]]:
    root = Path(entry.root)
    restored: list[str] = []
    kept: list[str] = []
    for file in reversed(entry.files):
        full = _confined(file.path, root)
        try:
            with opened(root, full.relative_to(root).parts[:-1]) as folder:
                is_restored = _restore(folder, full.name, file, entry.id)
        except FileNotFoundError:
            is_restored = False
        if is_restored is not None:
            (restored if is_restored else kept).append(file.path)
    return tuple(reversed(restored)), tuple(reversed(kept))


def _restore(folder: Folder, name: str, file: JournalFile, entry_id: str) -> bool | None:
    """Put the old text back; False when the file was changed by somebody else, None when there is nothing to do."""
    with contextlib.suppress(OSError):
        folder.remove(_temporary(name, entry_id))
    try:
        current = sha256(folder.read(name))
    except OSError:
        current = ""
    if current == file.old_sha256:
        return None  # never written, or restored already
    if current != file.new_sha256:  # a file that is gone was taken away by somebody else
        return False
    folder.replace(name, base64.b64decode(file.old), file.mode, _temporary(name, entry_id))
    folder.date(name, file.mtime_ns)
    return True


def _swap(root: Path, file: JournalFile, new: bytes, entry_id: str) -> None:
    *folders, name = PurePosixPath(file.path).parts
    with opened(root, folders) as folder:
        if sha256(folder.read(name)) != file.old_sha256:
            raise PatchError("the file was edited at this very moment", where=file.path, todo=_RUN_AGAIN)
        folder.replace(name, new, file.mode, _temporary(name, entry_id))


def _temporary(name: str, entry_id: str) -> str:
    # of fixed length: the file's own name may be as long as the system allows
    return f".selfheal-{entry_id}-{sha256(name.encode())[:8]}.tmp"
