"""At a failure: keep the sources its frames and imports touch, until the test is green again.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.model import Category
from pytest_selfheal.model import Frame
from pytest_selfheal.model import OpenFailure
from pytest_selfheal.model import Outcome
from pytest_selfheal.repair.project import Project
from pytest_selfheal.repair.reach import reached

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_selfheal.model import ErrorLink
    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import Observation
    from pytest_selfheal.store.kept_sources import KeptSources

_NO_LESSON = frozenset({Category.TRANSIENT, Category.RATE_LIMIT})
"""What a service or the network does: a later green comes from there, and no edit between red and green explains it."""

MOST_FILES = 80
"""Of one failure: what lies further away by imports than this many files hardly healed it."""

_MOST_FRAMES = 8
_MOST_MESSAGE = 600


def keep_sources(
    kept: KeptSources,
    root: Path,
    pairs: Iterable[tuple[Observation, FailureRecord]],
    *,
    not_before: str = "",
) -> int:
    """Keep the sources of every standing failure and return how many failures wait now because of this run.

    Args:
        kept: where to.
        root: pytest's root directory.
        pairs: the failures of a run.
        not_before: older ones are let go, UTC, ISO 8601.

    Raises:
        OSError: nothing can be written.
        StoreError: the folder is not ours to write.
    """
    project = Project(root)
    lists: dict[tuple[str, ...], str] = {}
    opened: list[OpenFailure] = []
    for observation, record in pairs:
        if record.outcome is not Outcome.FAILED or observation.hands_off or record.failure_category in _NO_LESSON:
            continue
        link = told(observation.failure)
        frames = tuple(
            Frame(path, frame.lineno, frame.function, in_app=True)
            for frame in (link.frames if link is not None else ())
            if frame.in_app and (path := project.relative(frame.path))
        )[-_MOST_FRAMES:]
        starts = tuple(dict.fromkeys([*(frame.path for frame in reversed(frames)), record.test_path]))
        if starts not in lists:
            paths = reached(project, starts, MOST_FILES)
            lists[starts] = kept.put({path: project.data(path) for path in paths}) if paths else ""
        if not lists[starts]:
            continue
        opened.append(
            OpenFailure(
                nodeid=record.nodeid,
                error_type=record.error_type,
                error_message=record.error_message[:_MOST_MESSAGE],
                signature=record.signature,
                run_id=record.run_id,
                created_at=record.created_at,
                sources=lists[starts],
                frames=frames,
            )
        )
    kept.update(opened, (), not_before=not_before)
    return len(opened)


def told(failure: Failure) -> ErrorLink | None:
    """Return the exception that a failure's type and message are of."""
    same = [link for link in failure.chain if link.type_name.removeprefix("builtins.") == failure.error_type]
    return (same or list(failure.chain) or [None])[0]  # type: ignore[list-item]  # an empty chain has none
