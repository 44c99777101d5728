"""What is known about a failure before a question is made of it.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_selfheal.model import Failure


@dataclass(frozen=True)
class Place:
    """A line of the project's own sources that has to do with the failure, and why: `test`, `frame` or `used`."""

    path: str
    lineno: int
    why: str


@dataclass(frozen=True)
class Resolved:
    """An earlier failure like this one that was repaired: what it was, and how it was repaired.

    `change` holds the edits as lines that begin with `-` or `+`; empty when they were not kept.
    """

    error_type: str
    error_message: str
    title: str
    change: str = ""


@dataclass(frozen=True)
class Evidence:
    """A failure with all that may explain it; every text is without secrets already.

    Attributes:
        failure: the failure.
        category: what it was classified as, in one word.
        signature: the stable key of the error.
        places: the lines to show, the most telling first.
        sources: path to the whole text of every file in `places`; a file that cannot be shown is missing.
        resolved: similar failures that were repaired, the most similar first.
        notes: what a reader should know about the above, such as why a file is missing.
    """

    failure: Failure
    category: str
    signature: str
    places: tuple[Place, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    resolved: tuple[Resolved, ...] = ()
    notes: tuple[str, ...] = ()
