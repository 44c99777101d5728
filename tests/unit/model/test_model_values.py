"""Values: the round trip through JSON, and refusal of anything else."""

from __future__ import annotations

import json
from dataclasses import fields
from enum import Enum
from typing import Any
from typing import get_args
from typing import get_origin
from typing import get_type_hints

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_selfheal import model
from pytest_selfheal.config import Policy
from pytest_selfheal.errors import DataError
from pytest_selfheal.errors import SelfHealError

VALUES = [
    getattr(model, name)
    for name in model.__all__
    if isinstance(getattr(model, name), type)
    and issubclass(getattr(model, name), model.Value)
    and name not in {"Value", "Record"}
] + [Policy]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
PLAIN = {
    str: st.text(max_size=5),
    int: st.integers(),
    bool: st.booleans(),
    float: st.floats(allow_nan=False),
    Any: SCALARS,
}


def _values_of(hint):
    """A small strategy for a field's type; hypothesis' own would build objects that are no JSON."""
    if hint in PLAIN:
        return PLAIN[hint]
    if get_origin(hint) is tuple:
        return st.lists(_values_of(get_args(hint)[0]), max_size=2).map(tuple)
    if get_origin(hint) is dict:
        return st.dictionaries(st.text(max_size=3), _values_of(get_args(hint)[1]), max_size=2)
    if get_args(hint):
        return st.one_of(*(st.none() if choice is type(None) else _values_of(choice) for choice in get_args(hint)))
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    hints = get_type_hints(hint)
    return st.builds(hint, **{field.name: _values_of(hints[field.name]) for field in fields(hint)})


@pytest.mark.parametrize("cls", VALUES, ids=lambda cls: cls.__name__)
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_value_survives_the_round_trip_through_json_text(cls, data):
    """to_dict gives plain JSON; from_dict gives the same value back."""
    value = data.draw(_values_of(cls))
    assert cls.from_dict(json.loads(json.dumps(value.to_dict()))) == value


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"lineno": "1"}, "Frame.lineno"),
        ({"lineno": True}, "Frame.lineno"),
        ({"path": None}, "Frame.path"),
        ({"in_app": 1}, "Frame.in_app"),
    ],
)
def test_wrong_types_are_refused_with_their_place(change, where):
    """A field that does not fit its type names itself."""
    good = model.Frame("a.py", 1, "f").to_dict()
    with pytest.raises(DataError, match=where):
        model.Frame.from_dict({**good, **change})


@pytest.mark.parametrize("data", [None, [], "text", 3, {"path": "a.py"}])
def test_what_is_no_frame_is_refused(data):
    """Neither other shapes nor missing fields pass."""
    with pytest.raises(DataError):
        model.Frame.from_dict(data)


def test_unknown_keys_are_ignored_so_that_older_versions_can_read():
    """A newer version may have added a field."""
    frame = model.Frame("a.py", 1, "f")
    assert model.Frame.from_dict({**frame.to_dict(), "added_later": 1}) == frame


def test_unknown_words_name_what_is_allowed():
    """An enumeration lists its members."""
    with pytest.raises(DataError, match="'low', 'medium', 'high', 'critical'"):
        model.Diagnosis.from_dict(
            {
                "category": "transient",
                "severity": "terrible",
                "confidence": 1,
                "signature": "s",
                "outage_key": "o",
                "rule": "r",
            }
        )


def test_severity_steps_up_and_stays_at_the_top():
    """One step at a time."""
    assert model.Severity.LOW.raised() is model.Severity.MEDIUM
    assert model.Severity.CRITICAL.raised() is model.Severity.CRITICAL


def _all_errors(cls):
    yield cls
    for child in cls.__subclasses__():
        yield from _all_errors(child)


# Those of rooms have arguments of their own, and whether they are loaded depends on the tests collected before.
SHARED = [cls for cls in _all_errors(SelfHealError) if cls.__module__ == SelfHealError.__module__]


@pytest.mark.parametrize("cls", SHARED, ids=lambda cls: cls.__name__)
def test_every_error_tells_what_where_and_what_to_do(cls):
    """One root, one shape of message, an exit status the command line knows."""
    error = (
        cls(("a problem",), where="here") if cls.__name__ == "ConfigError" else cls("a problem", where="here", todo="x")
    )
    assert str(error).startswith("here: ")
    assert "a problem" in str(error)
    assert "\n  -> " in str(error)
    assert error.exit_status in {2, 3}
