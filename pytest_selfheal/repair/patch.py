"""Patches as byte-exact text edits: build, check, apply, compose, show.

Files are handled as bytes: encoding cookie, byte order mark and newline style survive, and `ast` columns (UTF-8 bytes)
are translated to the file's own encoding.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import difflib
import hashlib
import io
import tokenize
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_selfheal.errors import PatchError
from pytest_selfheal.model import Edit
from pytest_selfheal.model import Patch

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path

Read = Callable[[str], bytes]
"""Gives the bytes of a file by its path relative to the root, with `/`; raises `OSError` when there is none."""

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Source:
    """One file as it was read. `encoding` is the codec for pieces of it (never one that writes a mark itself)."""

    path: str
    data: bytes
    encoding: str
    newline: str

    @property
    def lines(self) -> list[bytes]:
        """The lines with their line ends, split where Python splits them (not at form feeds)."""
        return self.data.splitlines(keepends=True)

    @property
    def text(self) -> str:
        """The decoded text without byte order mark, newlines as they are."""
        return self.data.removeprefix(_BOM).decode(self.encoding)

    def offset(self, lineno: int, column: int) -> int:
        """Return the byte offset of an `ast` position: line from 1, column in UTF-8 bytes from 0."""
        lines = self.lines
        before = sum(len(line) for line in lines[: lineno - 1])
        line = lines[lineno - 1] if lineno <= len(lines) else b""
        mark = len(_BOM) if lineno == 1 and line.startswith(_BOM) else 0
        piece = line[mark:].decode(self.encoding).encode("utf-8")[:column].decode("utf-8")
        return before + mark + len(piece.encode(self.encoding))


def source_of(path: str, data: bytes) -> Source:
    """Describe the bytes of a Python file; the newline is the one most of its lines end with.

    Raises:
        PatchError: the encoding cookie names no known codec, or the bytes do not fit it.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise PatchError(f"cannot be decoded ({error})", where=path, todo="correct its encoding declaration") from None
    crlf = data.count(b"\r\n")
    alone = data.count(b"\n") - crlf
    returns = data.count(b"\r") - crlf
    newline = max((alone, 2, "\n"), (crlf, 1, "\r\n"), (returns, 0, "\r"))[2]
    return Source(path, data, "utf-8" if encoding == "utf-8-sig" else encoding, newline)


def reader(root: Path, overlay: Mapping[str, bytes] | None = None) -> Read:
    """Return a `Read` for the files under `root`; texts in `overlay` (by relative path) win over the disk."""
    laid_over = dict(overlay or {})

    def read(path: str) -> bytes:
        return laid_over[path] if path in laid_over else (root / path).read_bytes()

    return read


def sha256(data: bytes) -> str:
    """Return the hexadecimal SHA-256 of `data`."""
    return hashlib.sha256(data).hexdigest()


def replace(source: Source, start: tuple[int, int], end: tuple[int, int], new: str) -> Edit:
    """Return an edit that replaces the text between two `ast` positions (line, UTF-8 column)."""
    first, last = source.offset(*start), source.offset(*end)
    return Edit(source.path, first, last, source.data[first:last].decode(source.encoding), new)


def insert(source: Source, at: tuple[int, int], new: str) -> Edit:
    """Return an edit that puts `new` before an `ast` position (line, UTF-8 column)."""
    return replace(source, at, at, new)


def patch_of(edits: Iterable[Edit], read: Read) -> Patch:
    """Join edits into one patch on the files as `read` gives them.

    Raises:
        PatchError: two edits of one file overlap, or an edit does not fit its file.
    """
    ordered = tuple(sorted(edits, key=lambda edit: (edit.path, edit.start, edit.end)))
    hashes = {path: sha256(_bytes(read, path)) for path in sorted({edit.path for edit in ordered})}
    patch = Patch(ordered, hashes)
    apply_patch(patch, read)
    return patch


def apply_patch(patch: Patch, read: Read) -> dict[str, bytes]:
    """Return the new bytes of every file the patch edits; nothing is written.

    Raises:
        PatchError: a file is missing or has changed since the patch was made, edits overlap, or `old` differs.
    """
    results: dict[str, bytes] = {}
    for path in sorted({edit.path for edit in patch.edits}):
        data = _bytes(read, path)
        if patch.hashes.get(path) != sha256(data):
            raise PatchError(
                "the file has changed since this fix was made", where=path, todo="run the tests again for a fresh fix"
            )
        edits = sorted((e for e in patch.edits if e.path == path), key=lambda edit: (edit.start, edit.end))
        results[path] = _spliced(source_of(path, data), edits)
    return results


def _bytes(read: Read, path: str) -> bytes:
    try:
        return read(path)
    except OSError as error:
        reason = error.strerror or error
        raise PatchError(f"cannot be read ({reason})", where=path, todo="restore the file and run again") from error


def _spliced(source: Source, edits: list[Edit]) -> bytes:
    pieces: list[bytes] = []
    position = 0
    for edit in edits:
        if edit.start < position or not edit.start <= edit.end <= len(source.data):
            raise PatchError(
                f"the edit of bytes {edit.start}-{edit.end} overlaps another or leaves the file",
                where=edit.path,
                todo="discard this fix and run the tests again",
            )
        try:
            old, new = edit.old.encode(source.encoding), edit.new.encode(source.encoding)
        except UnicodeEncodeError as error:
            raise PatchError(
                f"the new text does not fit the file's encoding {source.encoding} ({error})",
                where=edit.path,
                todo="apply the change by hand",
            ) from None
        if source.data[edit.start : edit.end] != old:
            raise PatchError(
                f"bytes {edit.start}-{edit.end} do not read {edit.old[:40]!r}",
                where=edit.path,
                todo="run the tests again for a fresh fix",
            )
        pieces += [source.data[position : edit.start], new]
        position = edit.end
    return b"".join((*pieces, source.data[position:]))


def edits_between(path: str, old: bytes, new: bytes) -> tuple[Edit, ...]:
    """Return the edits, whole lines each, that turn `old` into `new` (empty when they are equal)."""
    encoding = source_of(path, old).encoding
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    starts = [0]
    for line in before:
        starts.append(starts[-1] + len(line))
    return tuple(
        Edit(
            path,
            starts[a1],
            starts[a2],
            b"".join(before[a1:a2]).decode(encoding),
            b"".join(after[b1:b2]).decode(encoding),
        )
        for a1, a2, b1, b2 in _changes(before, after)
    )


def _changes(before: list[bytes], after: list[bytes]) -> Iterator[tuple[int, int, int, int]]:
    head = 0
    shorter = min(len(before), len(after))
    while head < shorter and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < shorter - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    middle = difflib.SequenceMatcher(
        None, before[head : len(before) - tail], after[head : len(after) - tail], autojunk=False
    )
    for tag, a1, a2, b1, b2 in middle.get_opcodes():
        if tag != "equal":
            yield head + a1, head + a2, head + b1, head + b2


def compose(first: Patch, second: Patch, read: Read) -> Patch:
    """Return one patch on the original files that does what `first` and then `second` do.

    Args:
        first: a patch on the files as `read` gives them.
        second: a patch on the files as they are after `first`.
        read: gives the original files.

    Raises:
        PatchError: either patch does not fit.
    """
    middle = apply_patch(first, read)
    final = {**middle, **apply_patch(second, lambda path: middle[path] if path in middle else read(path))}
    edits = [edit for path, data in sorted(final.items()) for edit in edits_between(path, read(path), data)]
    return patch_of(edits, read)


def unified_diff(patch: Patch, read: Read) -> str:
    """Return the patch as a unified diff for people; line ends are shown as plain newlines.

    Raises:
        PatchError: the patch does not fit the files.
    """
    parts: list[str] = []
    for path, data in apply_patch(patch, read).items():
        before, after = _shown(source_of(path, read(path))), _shown(source_of(path, data))
        diff = difflib.unified_diff(before, after, f"a/{path}", f"b/{path}")
        parts += (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in diff)
    return "".join(parts)


def _shown(source: Source) -> list[str]:
    lines = []
    for line in source.data.removeprefix(_BOM).splitlines(keepends=True):
        text = line.rstrip(b"\r\n")
        lines.append(text.decode(source.encoding) + ("\n" if len(text) < len(line) else ""))
    return lines


def lines_changed(patch: Patch) -> int:
    """Return how many lines the patch touches: per edit the larger of the old and the new line count."""
    return sum(max(_line_count(edit.old), _line_count(edit.new)) for edit in patch.edits)


def _line_count(text: str) -> int:
    return text.count("\n") + (1 if text and not text.endswith("\n") else 0)


def patch_id(patch: Patch) -> str:
    """Return a short stable id of what the patch does: equal patches have equal ids."""
    digest = hashlib.sha256()
    for edit in patch.edits:
        digest.update(repr((edit.path, edit.start, edit.end, edit.old, edit.new)).encode())
    return digest.hexdigest()[:12]
