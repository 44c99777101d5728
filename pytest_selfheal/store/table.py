"""Failures and events in columns: a million of them in some 200 MB, where objects would take 800.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import hashlib
import re
from array import array
from typing import TYPE_CHECKING
from typing import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_SIGNS = {ord(sign): None for sign in "-T:.Z"}
_OURS = re.compile(r"[0-9a-f]{32}", re.ASCII)


class Row(NamedTuple):
    """A failure or an event as the fold keeps it; `crc` is the checksum of its line."""

    id: str
    updated_at: str
    crc: int
    signature: str
    run_id: str
    nodeid: str
    created_at: str
    flags: int


def packed(moment: str) -> int | str:
    """Return a time in the store's form as its digits, whose order is that of time; other text as it is."""
    return int(moment.translate(_SIGNS)) if _MOMENT.fullmatch(moment) else moment


def unpacked(moment: int | str) -> str:
    """Return the time that `packed` shortened."""
    if isinstance(moment, str):
        return moment
    text = f"{moment:017}"
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:14]}.{text[14:]}Z"


def key_of(record_id: str) -> int:
    """Return the number under which an id is kept: its own digits, or 128 bits that stand for another text."""
    if _OURS.fullmatch(record_id):
        return int(record_id, 16)
    return int.from_bytes(hashlib.blake2b(record_id.encode("utf-8", "surrogatepass"), digest_size=16).digest(), "big")


class Texts:
    """Numbers for texts that repeat."""

    def __init__(self) -> None:
        self.list: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """Return the number of a text, a new one at its first time."""
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self.list)
            self.list.append(text)
        return found

    def find(self, text: str) -> int | None:
        """Return the number of a text; None when it has none."""
        return self._numbers.get(text)


class Table:
    """Rows by id, one for each; `put` replaces."""

    def __init__(self) -> None:
        self.places: dict[int, int] = {}
        self.signatures = Texts()
        self.runs = Texts()
        self.nodeids = Texts()
        self.signature = array("I")
        self.run = array("I")
        self.nodeid = array("I")
        self.flags = array("B")
        self.crc = array("I")
        self._updated = array("q")
        self._created = array("q")
        self._odd_ids: dict[int, str] = {}
        self._odd_times = Texts()
        self._by_signature: tuple[array[int], array[int]] | None = None
        self._keys: list[int] = []

    def __len__(self) -> int:
        return len(self.crc)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and sorted(self) == sorted(other)

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __iter__(self) -> Iterator[Row]:
        return (self._row(key, place) for key, place in self.places.items())

    def put(self, row: Row) -> None:
        """Keep a row; it takes the place of an earlier one with its id."""
        key = key_of(row.id)
        updated = self._moment(row.updated_at)
        created = updated if row.created_at == row.updated_at else self._moment(row.created_at)
        signature = self.signatures.number(row.signature)
        run, nodeid = self.runs.number(row.run_id), self.nodeids.number(row.nodeid)
        place = self.places.get(key)
        self._by_signature = None
        if place is None:
            self.places[key] = len(self.crc)
            if not _OURS.fullmatch(row.id):
                self._odd_ids[key] = row.id
            self._updated.append(updated)
            self.crc.append(row.crc)
            self.signature.append(signature)
            self.run.append(run)
            self.nodeid.append(nodeid)
            self._created.append(created)
            self.flags.append(row.flags)
        else:
            self._updated[place], self._created[place] = updated, created
            self.signature[place], self.run[place], self.nodeid[place] = signature, run, nodeid
            self.crc[place], self.flags[place] = row.crc, row.flags

    def place(self, record_id: str) -> int | None:
        """Return where a record's row lies; None when there is none."""
        return self.places.get(key_of(record_id))

    def find(self, record_id: str) -> Row | None:
        """Return the row of a record."""
        key = key_of(record_id)
        place = self.places.get(key)
        return None if place is None else self._row(key, place)

    def updated_at(self, place: int) -> str:
        """Return when the record of a row was written."""
        return self._text(self._updated[place])

    def by_signature(self) -> Iterator[tuple[int, array[int]]]:
        """Yield the number of each signature with the places of its rows."""
        order, starts = self._grouped()
        for number in range(len(self.signatures.list)):
            if starts[number] < starts[number + 1]:
                yield number, order[starts[number] : starts[number + 1]]

    def of_signature(self, signature: str) -> array[int]:
        """Return the places of the rows of one signature."""
        number = self.signatures.find(signature)
        if number is None:
            return array("I")
        order, starts = self._grouped()
        return order[starts[number] : starts[number + 1]]

    def rows_at(self, places: Iterable[int]) -> list[Row]:
        """Return the rows at some places."""
        if len(self._keys) != len(self.crc):
            self._keys = list(self.places)  # in the order of the places, since none is ever given up
        return [self._row(self._keys[place], place) for place in places]

    def shortened(self, places: Iterable[int], runs: Texts, nodeids: Texts) -> Iterator[list[int | str | None]]:
        """Yield the rows at some places as short JSON; `runs` and `nodeids` number the texts that stand beside them."""
        for row in self.rows_at(places):
            yield [
                row.id,
                packed(row.updated_at),
                row.crc,
                runs.number(row.run_id),
                nodeids.number(row.nodeid),
                None if row.created_at == row.updated_at else packed(row.created_at),
                row.flags,
            ]

    def _grouped(self) -> tuple[array[int], array[int]]:
        if self._by_signature is None:
            self._by_signature = grouped(self.signature, len(self.signatures.list))
        return self._by_signature

    def _row(self, key: int, place: int) -> Row:
        odd = self._odd_ids.get(key)
        return Row(
            f"{key:032x}" if odd is None else odd,
            self._text(self._updated[place]),
            self.crc[place],
            self.signatures.list[self.signature[place]],
            self.runs.list[self.run[place]],
            self.nodeids.list[self.nodeid[place]],
            self._text(self._created[place]),
            self.flags[place],
        )

    def _moment(self, text: str) -> int:
        value = packed(text)
        return value if isinstance(value, int) else -1 - self._odd_times.number(text)

    def _text(self, moment: int) -> str:
        return unpacked(moment) if moment >= 0 else self._odd_times.list[-1 - moment]


def grouped(column: array[int], count: int) -> tuple[array[int], array[int]]:
    """Return the places ordered by their value in a column, and where in that order each of `count` values begins."""
    starts = array("I", bytes(4 * (count + 1)))
    for value in column:
        starts[value + 1] += 1
    for number in range(count):
        starts[number + 1] += starts[number]
    order = array("I", bytes(4 * len(column)))
    free = starts[:]
    for place, value in enumerate(column):
        order[free[value]] = place
        free[value] += 1
    return order, starts
