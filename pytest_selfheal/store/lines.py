"""The line format: one ASCII JSON object per record, `{"v":1,"kind":...,"id":...,"t":...,"data":{...},"crc":"..."}`.

`crc` is the CRC-32 of everything before its comma, in eight hexadecimal digits; lines of earlier versions have none.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
import zlib
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from pytest_selfheal.errors import DataError
from pytest_selfheal.store.files import LINE_CAP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_selfheal.model import Record


class BadLineError(DataError):
    """A complete line that is no record of this format."""


class FutureLineError(BadLineError):
    """A good line whose time has not come, by this clock: which of the two clocks is wrong, time will tell."""


_CLASSES = {
    "run": "model.runs.RunRecord",
    "failure": "model.records.FailureRecord",
    "event": "model.records.HealingEvent",
    "review": "model.records.ReviewEntry",
    "pattern_result": "model.records.PatternResult",
    "generated_test": "model.records.GeneratedTest",
    "tally": "store.tallies.Tally",
    "merged": "store.tallies.Merged",
}
"""Where the class of each kind lives; loaded when the first line of its kind is met."""

KINDS = tuple(_CLASSES)

_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_SUM = b',"crc":"%08x"}'
_SUM_HEAD = b',"crc":"'
_SUM_LENGTH = len(_SUM % 0)


@cache
def class_of(kind: str) -> type[Record] | None:
    """Return the class of a kind of record; None when this version does not know it."""
    place = _CLASSES.get(kind)
    if place is None:
        return None
    module, _, name = place.rpartition(".")
    found: type[Record] = getattr(import_module(f"pytest_selfheal.{module}"), name)
    return found


class Line(NamedTuple):
    """A line that was understood; `values` is None when its kind is unknown here (a newer version wrote it).

    The values are the checked fields of the record. Most readers need few of them, and building a record of each of a
    million lines takes longer than reading them.
    """

    kind: str
    id: str
    updated_at: str
    values: dict[str, Any] | None
    raw: bytes

    @property
    def record(self) -> Record | None:
        """Return the record, built anew; None when the kind is unknown here."""
        cls = class_of(self.kind)
        return None if cls is None or self.values is None else cls(**self.values)

    @property
    def crc(self) -> int:
        """Return a checksum of the whole line, by which its versions are told apart."""
        return zlib.crc32(self.raw)


def encode(record: Record) -> bytes:
    """Return the line of a record, without newline; equal records give equal lines.

    Raises:
        DataError: the record holds what JSON cannot, or is longer than `LINE_CAP`.
    """
    return _encoded(record, record.to_dict())


def checked(record: Record, latest: str, *, read_back: bool = True) -> Line:
    """Return the line of a record after making sure that `parse` would accept it; `read_back` looks at every field.

    Raises:
        DataError: the record cannot be written, or could not be read back.
    """
    return line_of(record, checked_raw(record, latest, read_back=read_back))


def checked_raw(record: Record, latest: str, *, read_back: bool = True) -> bytes:
    """Return what `checked` does, as the bytes of the line alone.

    Raises:
        DataError: as `checked`.
    """
    data = record.to_dict()
    raw = _encoded(record, data)
    if record.updated_at > latest:
        raise FutureLineError("dated more than a day in the future")
    if read_back:
        type(record).from_dict(data)
    return raw


def line_of(record: Record, raw: bytes) -> Line:
    """Return a record and its bytes as a line."""
    return Line(record.kind, record.id, record.updated_at, vars(record), raw)


def _encoded(record: Record, data: dict[str, Any]) -> bytes:
    envelope = {"v": 1, "kind": record.kind, "id": record.id, "t": record.updated_at, "data": data}
    try:
        raw = _ENCODER.encode(envelope).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(f"a {record.kind} record cannot be written as JSON: {error}", where=record.id) from error
    raw = raw[:-1] + _SUM % zlib.crc32(raw[:-1])
    if len(raw) > LINE_CAP:
        raise DataError(f"a {record.kind} record has {len(raw)} bytes, more than {LINE_CAP}", where=record.id)
    return raw


def parse(raw: bytes, latest: str | None = None) -> Line:
    """Read a line.

    Args:
        raw: the line without its newline.
        latest: the greatest time to believe, since later ones come from a wrong clock; None believes every time.

    Raises:
        BadLineError: with the reason.
    """
    if len(raw) > LINE_CAP:
        raise BadLineError(f"longer than {LINE_CAP} bytes")
    if raw[-_SUM_LENGTH:-10] == _SUM_HEAD and raw[-_SUM_LENGTH:] != _SUM % zlib.crc32(raw[:-_SUM_LENGTH]):
        raise BadLineError("its checksum does not match")
    try:
        envelope = json.loads(raw.decode("ascii"), parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise BadLineError("not JSON") from error
    if not isinstance(envelope, dict) or envelope.get("v") != 1:
        raise BadLineError("not a line of format 1")
    kind, record_id, updated_at = envelope.get("kind"), envelope.get("id"), envelope.get("t")
    if not (isinstance(kind, str) and isinstance(record_id, str) and isinstance(updated_at, str)):
        raise BadLineError("kind, id or time is missing")
    if latest is not None and updated_at > latest:
        raise FutureLineError("dated more than a day in the future")
    cls = class_of(kind)
    if cls is None:
        return Line(kind, record_id, updated_at, None, raw)
    try:
        values = cls.checked_fields(envelope.get("data"))
    except (DataError, RecursionError) as error:
        raise BadLineError(f"not a {kind} record: {error}") from error
    if (values["id"], values["updated_at"]) != (record_id, updated_at):
        raise BadLineError("its envelope contradicts its data")
    return Line(kind, record_id, updated_at, values, raw)


def beats(new: Record, old: Record) -> bool:
    """Return whether `new` replaces `old`: later `updated_at`, at equal times the greater JSON text."""
    if new.updated_at != old.updated_at:
        return new.updated_at > old.updated_at
    return encode(new) > encode(old)


def chunked(values: dict[str, int], size: int = 1000) -> Iterator[dict[str, int]]:
    """Yield a mapping in parts that fit into a line each; nothing for an empty one."""
    items = sorted(values.items())
    for start in range(0, len(items), size):
        yield dict(items[start : start + size])


def _refused(name: str) -> Any:
    raise ValueError(name)
