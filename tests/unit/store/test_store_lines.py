"""The line format: whatever goes out comes back, and nothing else gets in."""

from __future__ import annotations

import json
from dataclasses import fields
from enum import Enum
from typing import Any
from typing import get_args
from typing import get_origin
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_records import at
from store_records import failure
from store_records import one_of_each

from pytest_selfheal.model import Value
from pytest_selfheal.store.fold import Fold
from pytest_selfheal.store.lines import KINDS
from pytest_selfheal.store.lines import BadLineError
from pytest_selfheal.store.lines import beats
from pytest_selfheal.store.lines import class_of
from pytest_selfheal.store.lines import encode
from pytest_selfheal.store.lines import parse

PLAIN = {
    str: st.text(max_size=20),
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | PLAIN[float] | PLAIN[str],
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN[str], inner, max_size=3),
    max_leaves=5,
)


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for a field of a record, from its type."""
    origin = get_origin(hint)
    if hint is Any:
        return JSON
    if origin is tuple:
        return st.lists(values_of(get_args(hint)[0]), max_size=2).map(tuple)
    if origin is dict:
        return st.dictionaries(PLAIN[str], values_of(get_args(hint)[1]), max_size=3)
    if issubclass(hint, Value):
        hints = get_type_hints(hint)
        return st.builds(hint, **{item.name: values_of(hints[item.name]) for item in fields(hint)})
    return st.sampled_from(list(hint)) if issubclass(hint, Enum) else PLAIN[hint]


RECORDS = st.one_of([values_of(cls) for cls in map(class_of, KINDS)])


@given(RECORDS)
def test_every_record_survives_the_line_format(record):
    """A record is one ASCII line without newline, and comes back equal."""
    raw = encode(record)
    assert b"\n" not in raw
    assert raw.isascii()
    assert parse(raw).record == record
    assert encode(parse(raw).record) == raw


@given(st.lists(RECORDS, max_size=8), st.randoms())
def test_a_fold_does_not_depend_on_order(records, random):
    """Any order, with repetitions, gives the same fold."""
    lines = [parse(encode(record)) for record in records]
    folds = []
    for order in (lines, random.sample(lines * 2, k=2 * len(lines))):
        fold = Fold()
        for line in order:
            fold.add(line)
        fold.settle(line.raw for line in order)
        folds.append(fold.to_dict())
    assert folds[0] == folds[1]


@given(RECORDS, RECORDS)
def test_of_two_different_records_exactly_one_wins(one, other):
    """The order of versions is total, so that every reader agrees."""
    assert beats(one, other) + beats(other, one) == (encode(one) != encode(other))


@given(st.binary(max_size=80) | JSON.map(lambda value: json.dumps(value).encode()))
def test_arbitrary_bytes_are_refused_not_raised_through(raw):
    """Whatever stands in a file, the answer is a bad line with a reason."""
    with pytest.raises(BadLineError):
        parse(raw)


GOOD = json.loads(encode(failure()))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param({"v": 2}, "format 1", id="newer line format"),
        pytest.param({"v": "1"}, "format 1", id="version as text"),
        pytest.param({"kind": None}, "missing", id="no kind"),
        pytest.param({"t": 5}, "missing", id="time as number"),
        pytest.param({"t": at(2)}, "future", id="time in the future"),
        pytest.param({"id": "other"}, "contradicts", id="another id outside"),
        pytest.param({"data": []}, "failure record", id="data of another shape"),
        pytest.param({"data": {**GOOD["data"], "phase": "brunch"}}, "failure record", id="unknown phase"),
    ],
)
def test_a_line_of_another_shape_is_refused_with_its_reason(change, why):
    """The reason names what is wrong."""
    with pytest.raises(BadLineError, match=why):
        parse(json.dumps({**GOOD, **change}).encode(), at(1))


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"[" * 200_000, id="deep nesting"),
        pytest.param(b'{"v":' + b"9" * 100_000 + b"}", id="endless number"),
        pytest.param(encode(failure()).replace(b"0.5", b"NaN"), id="NaN"),
        pytest.param(encode(failure()).replace(b"order", "\u00f6rder".encode()), id="not ASCII"),
        pytest.param(b'"' + b"x" * 300_000 + b'"', id="too long"),
        pytest.param(b"", id="empty"),
    ],
)
def test_hostile_lines_are_refused(raw):
    """No line can crash or stall the reader."""
    with pytest.raises(BadLineError):
        parse(raw)


@given(st.integers(0, len(encode(failure())) - 1), st.integers(1, 255))
def test_a_line_with_any_byte_changed_is_refused_or_says_the_same(position, change):
    """A checksum guards what a line says; a change in the name of the checksum itself harms nothing."""
    raw = encode(failure())
    try:
        line = parse(raw[:position] + bytes([raw[position] ^ change]) + raw[position + 1 :])
    except BadLineError:
        return
    assert line.record == failure()


def test_a_line_without_a_checksum_is_read():
    """Earlier versions wrote none."""
    raw = encode(failure()).rpartition(b',"crc"')[0] + b"}"
    assert parse(raw).record == failure()


def test_a_kind_from_the_future_is_let_through_unread():
    """A line of an unknown kind belongs to a newer version and is kept, not set aside."""
    line = parse(json.dumps({**GOOD, "kind": "weather"}).encode())
    assert (line.kind, line.id, line.record) == ("weather", "f1", None)


def test_fields_from_the_future_are_ignored():
    """A newer version may add fields."""
    newer = {**GOOD, "data": {**GOOD["data"], "mood": "fine"}, "extra": 1}
    assert parse(json.dumps(newer).encode()).record == failure()


def test_every_kind_has_an_example():
    """The examples used throughout these tests cover all kinds a run writes."""
    assert {record.kind for record in one_of_each()} == set(KINDS) - {"tally", "merged"}
