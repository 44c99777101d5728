"""Names and places inside the store's folder, its creation, and which segments there are.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING
from typing import NamedTuple

from pytest_selfheal.errors import StoreError
from pytest_selfheal.errors import StoreVersionError
from pytest_selfheal.store.files import close
from pytest_selfheal.store.files import open_new
from pytest_selfheal.store.files import read_capped
from pytest_selfheal.store.files import sync_directory
from pytest_selfheal.store.files import write_all

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION = 1

_SCAFFOLD = {
    "store.json": b'{"format": "pytest-selfheal", "version": 1}\n',
    ".gitignore": b"# Written by pytest-selfheal: what runs record stays local, reviewed patterns may be committed.\n"
    b"*\n!patterns.json\n",
    "CACHEDIR.TAG": b"Signature: 8a477f597d28d172789f06886806bc55\n"
    b"# This folder was created by pytest-selfheal; backup programs may skip it.\n"
    b"# See https://bford.info/cachedir/ for the meaning of this file.\n",
}
KNOWN = frozenset(
    [
        *_SCAFFOLD,
        *(
            "log",
            "snapshot.json",
            "snapshot",
            "quarantine",
            "lock",
            "patterns.json",
            "objects",
            "journal",
            "reports",
            "breakers",
            "starting",
        ),
    ]
)
"""Entries this package may put into the folder; anything else belongs to somebody else."""

_SEGMENT = re.compile(r"(\d{4}-\d{2})/(\d{8}T\d{6}Z)-(\d{1,10}|merged)-([0-9a-f]{4})[0-9a-f]{8}\.jsonl", re.ASCII)
_LISTINGS = 8


class Segment(NamedTuple):
    """One file of the log. `name` is its path below `log/`, `size` is in bytes, `pid` 0 for a merged one."""

    name: str
    path: Path
    size: int
    stamp: str
    pid: int
    host: str

    @property
    def merged(self) -> bool:
        """Return whether a compaction wrote it."""
        return not self.pid


class Layout:
    """Places below the folder of one store; making one touches nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = root / "log"
        self.snapshot = root / "snapshot.json"
        self.blocks = root / "snapshot"
        self.quarantine = root / "quarantine"
        self.lock = root / "lock"

    def check(self) -> bool:
        """Return whether the folder exists.

        Raises:
            StoreVersionError: a newer version wrote it.
            StoreError: the folder is a link or no folder, so nothing in it may be used.
            OSError: it cannot be looked at.
        """
        try:
            mode = os.lstat(self.root).st_mode
        except FileNotFoundError:
            return False
        if stat.S_ISLNK(mode):
            raise StoreError("is a symbolic link, which the store never follows", where=str(self.root))
        if not stat.S_ISDIR(mode):
            raise StoreError("is not a folder", where=str(self.root))
        version = self.version()
        if version is not None and version > VERSION:
            raise StoreVersionError(
                f"the store has format {version}, this pytest-selfheal knows {VERSION}; nothing is read or written",
                where=str(self.root),
                todo="upgrade pytest-selfheal, or choose another folder with `store` in [tool.selfheal]",
            )
        return True

    def version(self) -> int | None:
        """Return the version in `store.json`; None when that is missing or unreadable, which is no obstacle."""
        try:
            data = json.loads(read_capped(self.root / "store.json", 4096))
            version = data["version"]
        except (OSError, ValueError, RecursionError, LookupError, TypeError):
            return None
        return version if isinstance(version, int) else None

    def create(self) -> None:
        """Make the folder complete; doing it twice, or in two processes at once, is safe.

        A new folder appears whole, by renaming one made beside it. An existing folder gets what it lacks; its
        `.gitignore` only when nothing in it is foreign, because that file hides everything around it from git.

        Raises:
            StoreError: as `check`.
            OSError: the folder cannot be made.
        """
        if not self.check():
            self._make_whole()
        if not self.check():
            raise OSError(errno.ENOENT, "vanished while it was being created", str(self.root))
        self._complete()
        self.log.mkdir(0o700, exist_ok=True)
        refuse_other_than_folder(self.log)

    def _make_whole(self) -> None:
        self.root.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.root.with_name(f"{self.root.name}-{os.urandom(6).hex()}.tmp")
        fresh.mkdir(0o700)  # what a run records is its owner's
        try:
            for name, content in _SCAFFOLD.items():
                _write_new(fresh / name, content)
            fresh.rename(self.root)
        except OSError as error:
            if not self.root.is_dir():
                raise OSError(error.errno, error.strerror, str(self.root)) from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        with contextlib.suppress(OSError):
            sync_directory(self.root.parent)

    def _complete(self) -> None:
        present = set(os.listdir(self.root))  # noqa: PTH208 - the fault tests reach os.listdir in every Python
        ours = all(name in KNOWN or name.endswith(".tmp") for name in present)
        for name, content in _SCAFFOLD.items():
            if name not in present and (ours or name == "store.json"):
                with contextlib.suppress(FileExistsError):
                    _write_new(self.root / name, content)

    def snapshot_bytes(self) -> int:
        """Return the size of the snapshot and its files of blocks."""
        size = 0
        with contextlib.suppress(OSError):
            size += os.lstat(self.snapshot).st_size
        with contextlib.suppress(OSError), os.scandir(self.blocks) as entries:
            size += sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
        return size

    def new_segment(self, stamp: str, writer: str) -> str:
        """Return an unused name: month, UTC stamp, writer (a pid, or `merged`), host digest and randomness."""
        month = f"{stamp[:4]}-{stamp[4:6]}"
        return f"{month}/{stamp}-{writer}-{this_host()}{os.urandom(4).hex()}.jsonl"

    def segment_path(self, name: str) -> Path:
        """Return where the segment `name` lies."""
        return self.log.joinpath(*name.split("/"))

    def segments(self, complain: Callable[[str, Exception], None]) -> dict[str, Segment]:
        """Return the segments by name, in order of name; `complain` hears of each path that cannot be used.

        Reading folders is not atomic: while a compaction replaces files, one pass may miss the old and the new. A pass
        from which nothing vanished since the pass before has seen at least one of them.
        """
        seen = self._scan(complain)
        for _ in range(_LISTINGS):
            again = self._scan(complain)
            if seen.keys() <= again.keys():
                return again
            seen = again
        return seen

    def _scan(self, complain: Callable[[str, Exception], None]) -> dict[str, Segment]:
        found: list[Segment] = []
        for month in folders(self.log, complain):
            try:
                with os.scandir(self.log / month) as entries:
                    found.extend(
                        segment for entry in entries if (segment := _segment(f"{month}/{entry.name}", entry, complain))
                    )
            except FileNotFoundError:
                continue
            except OSError as error:
                complain(f"log/{month}", error)
        return {segment.name: segment for segment in sorted(found)}


def folders(log: Path, complain: Callable[[str, Exception], None]) -> list[str]:
    """Return the names of the month folders of a log, in order; links are refused."""
    try:
        refuse_other_than_folder(log)
        with os.scandir(log) as entries:
            months = [entry for entry in entries if re.fullmatch(r"\d{4}-\d{2}", entry.name, re.ASCII)]
            for entry in months:
                if entry.is_symlink():
                    complain(f"log/{entry.name}", StoreError("is a symbolic link, which the store never follows"))
            return sorted(entry.name for entry in months if entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []
    except OSError as error:
        complain("log", error)
        return []


def refuse_other_than_folder(path: Path) -> None:
    """Raise OSError when `path` is not a folder itself; a link to one does not count."""
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        raise OSError(errno.ELOOP, "is a symbolic link, which the store never follows", str(path))
    if not stat.S_ISDIR(mode):
        raise OSError(errno.ENOTDIR, "is not a folder", str(path))


def this_host() -> str:
    """Return four hex digits that tell this machine from most others; process ids mean something only on one."""
    name = os.uname().nodename if os.name == "posix" else os.environ.get("COMPUTERNAME", "")
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:4]


def _segment(name: str, entry: os.DirEntry[str], complain: Callable[[str, Exception], None]) -> Segment | None:
    match = _SEGMENT.fullmatch(name)
    if not match:
        return None
    if entry.is_symlink():
        complain(f"log/{name}", StoreError("is a symbolic link, which the store never follows"))
        return None
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        complain(f"log/{name}", StoreError("is not a regular file"))
        return None
    pid = 0 if match[3] == "merged" else max(1, int(match[3]))
    return Segment(name, Path(entry.path), status.st_size, match[2], pid, match[4])


def _write_new(path: Path, content: bytes) -> None:
    fd = open_new(path)
    try:
        write_all(fd, content)
    finally:
        close(fd)
