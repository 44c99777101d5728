"""Observations on their way from an xdist worker to the controller: one ASCII JSON string on a report.

Anything richer can end an xdist session (lone surrogates, big negative ints, subclasses of str); ASCII JSON cannot.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_selfheal.errors import DataError
from pytest_selfheal.model import Observation

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT_BYTES = 64 * 1024
"""A report stays small whatever a test puts into its messages."""


def pack(observations: Sequence[Observation]) -> str:
    """Return the observations as ASCII JSON of at most `LIMIT_BYTES`; what does not fit is shortened."""
    text = _dumps(observations)
    if len(text) > LIMIT_BYTES:
        text = _dumps([_without_detail(item) for item in observations])
    kept = list(observations)
    while len(text) > LIMIT_BYTES and len(kept) > 1:
        kept = kept[: len(kept) // 2]
        text = _dumps([_without_detail(item) for item in kept])
    return text


def unpack(text: object) -> list[Observation]:
    """Return the observations of a report's attribute.

    Raises:
        DataError: the text is not what `pack` writes.
    """
    try:
        data = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError) as error:
        raise DataError(f"unreadable observation: {error}") from error
    if not isinstance(data, list):
        raise DataError("an observation must be a list")
    return [Observation.from_dict(item) for item in data]


def _dumps(observations: Sequence[Observation]) -> str:
    return json.dumps([item.to_dict() for item in observations], ensure_ascii=True, default=repr)


def _without_detail(observation: Observation) -> Observation:
    chain = tuple(
        replace(link, frames=link.frames[-3:], message=link.message[:200]) for link in observation.failure.chain[:4]
    )
    failure = replace(observation.failure, stack_trace=observation.failure.stack_trace[-2000:], chain=chain)
    return replace(observation, failure=failure)
