"""The sources that failing tests ran on, kept until those tests are green again.

    objects/open.json       which tests are waiting, with what is known of their failure
    objects/ab/cdef...      a text, or a list of texts (path to SHA-256), zlib-compressed, named by its SHA-256

Everything here stays on this machine: the store's `.gitignore` covers it and nothing else reads it. It is only ever
extra: a damaged or missing file means that something is not learned.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zlib
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import DataError
from pytest_selfheal.store.files import close
from pytest_selfheal.store.files import open_new
from pytest_selfheal.store.files import read_capped
from pytest_selfheal.store.files import write_all
from pytest_selfheal.store.files import write_atomically
from pytest_selfheal.store.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_selfheal.model import OpenFailure

FOLDER = "objects"
INDEX = "open.json"
MOST_OPEN = 1000
_INDEX_CAP = 8 << 20
_OBJECT_CAP = 16 << 20
_VERSION = 1


class KeptSources:
    """The kept sources of one store. Reading never raises for what it finds; writing raises OSError.

    Args:
        root: the store's folder; created when something is kept.
        cap_bytes: the most the folder may take; the oldest failures go first.
    """

    def __init__(self, root: Path, *, cap_bytes: int = 20 << 20) -> None:
        self._root = root
        self._folder = root / FOLDER
        self._cap = cap_bytes

    def waiting(self) -> dict[str, dict[str, Any]]:
        """Return the open failures by nodeid as plain JSON: enough to tell whether anything is to be done."""
        try:
            data = json.loads(read_capped(self._folder / INDEX, _INDEX_CAP))
        except (OSError, ValueError, RecursionError):
            return {}
        found = data.get("open") if isinstance(data, dict) and data.get("version") == _VERSION else None
        return found if isinstance(found, dict) else {}

    def failure(self, data: Any) -> OpenFailure | None:
        """Return one of `waiting` as a value; None when it is damaged."""
        from pytest_selfheal.model import OpenFailure  # a run that finds nothing green need not build it

        try:
            return OpenFailure.from_dict(data)
        except DataError:
            return None

    def sources(self, failure: OpenFailure) -> dict[str, bytes]:
        """Return the kept texts of a failure by their path relative to the root; what cannot be read is missing."""
        texts = {path: self._get(digest) for path, digest in self.digests(failure).items()}
        return {path: text for path, text in texts.items() if text is not None}

    def digests(self, failure: OpenFailure) -> dict[str, str]:
        """Return the SHA-256 of each kept text of a failure by its path."""
        listed = self._get(failure.sources)
        try:
            data = json.loads(listed) if listed is not None else {}
        except ValueError:
            return {}
        return {str(path): str(digest) for path, digest in data.items()} if isinstance(data, dict) else {}

    def put(self, sources: Mapping[str, bytes]) -> str:
        """Keep texts by path and return the SHA-256 of their list; doing it twice writes nothing new.

        Raises:
            OSError: they cannot be written.
            StoreError: the folder is not ours to write.
        """
        if not self._folder.is_dir():
            Layout(self._root).create()
            self._folder.mkdir(exist_ok=True)
        listed = {path: self._put(text) for path, text in sorted(sources.items())}
        return self._put(json.dumps(listed, sort_keys=True).encode())

    def update(self, opened: Iterable[OpenFailure], closed: Iterable[str], *, not_before: str = "") -> None:
        """Add open failures, remove closed ones (by nodeid) and those older than `not_before`; then prune to the cap.

        Raises:
            OSError: the list cannot be written; it is as before.
        """
        gone = set(closed)
        entries = {nodeid: data for nodeid, data in self.waiting().items() if nodeid not in gone}
        entries |= {failure.nodeid: failure.to_dict() for failure in opened}
        ordered = sorted(entries.items(), key=lambda item: str(item[1].get("created_at", "")), reverse=True)
        kept = [item for item in ordered[:MOST_OPEN] if str(item[1].get("created_at", "")) >= not_before]
        if not kept and not self._folder.is_dir():
            return
        self._prune(kept)

    def _prune(self, newest_first: list[tuple[str, dict[str, Any]]]) -> None:
        """Keep the newest failures whose objects fit under the cap, and nothing else."""
        sizes = {path.parent.name + path.name: path.stat().st_size for path in self._objects()}
        needed: set[str] = set()
        total = 0
        kept: dict[str, dict[str, Any]] = {}
        seen: dict[str, frozenset[str]] = {}
        for nodeid, data in newest_first:
            listed = str(data.get("sources", ""))
            if listed not in seen:
                failure = self.failure(data)
                seen[listed] = frozenset([listed, *(self.digests(failure).values() if failure else ())])
            more = seen[listed] - needed
            size = sum(sizes.get(digest, 0) for digest in more)
            if total + size > self._cap:
                continue
            needed |= more
            total += size
            kept[nodeid] = data
        text = json.dumps({"version": _VERSION, "open": dict(sorted(kept.items()))}, separators=(",", ":"))
        write_atomically(self._folder / INDEX, [text.encode("ascii")])
        for path in self._objects():
            if path.parent.name + path.name not in needed:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _objects(self) -> Iterator[Path]:
        for folder in sorted(self._folder.iterdir()) if self._folder.is_dir() else ():
            if len(folder.name) == 2 and folder.is_dir() and not folder.is_symlink():
                yield from sorted(path for path in folder.iterdir() if not path.name.startswith("."))

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest[2:]

    def _put(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        if path.is_file():
            return digest
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_name(f".{os.getpid()}-{os.urandom(4).hex()}.tmp")
        fd = open_new(temporary)
        try:
            write_all(fd, zlib.compress(data, 6))
        finally:
            close(fd)
        temporary.replace(path)
        return digest

    def _get(self, digest: str) -> bytes | None:
        if len(digest) != 64 or not digest.isalnum():
            return None
        try:
            unpacker = zlib.decompressobj()
            data = unpacker.decompress(read_capped(self._path(digest), _OBJECT_CAP), _OBJECT_CAP)
        except (OSError, zlib.error):
            return None
        return data if hashlib.sha256(data).hexdigest() == digest else None
