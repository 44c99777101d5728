"""What a person's decision about a suggestion teaches: taken, refused, or taken back.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_selfheal.schooling.greens import Case
from pytest_selfheal.schooling.greens import lesson_lines
from pytest_selfheal.schooling.greens import teach
from pytest_selfheal.schooling.watching import told

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping

    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import PatternResult
    from pytest_selfheal.model import ReviewEntry
    from pytest_selfheal.schooling.book import Book
    from pytest_selfheal.schooling.greens import Trial


def accepted(
    entry: ReviewEntry,
    record: FailureRecord | None,
    files: Mapping[str, tuple[bytes, bytes]],
    *,
    book: Book,
    trial: Trial,
    now: str,
) -> list[str]:
    """Learn from a suggestion that a person took, and that holds, as from an edit by hand; return what to tell.

    Args:
        entry: the entry of the queue.
        record: the failure it answered, with its frames; None when that is gone.
        files: path to the bytes before and after.
        book: gets what is learned; not saved here.
        trial: where tests are run again.
        now: UTC, ISO 8601.
    """
    link = told(record.failure()) if record is not None else None
    frames = tuple(frame for frame in (link.frames if link is not None else ()) if frame.in_app)
    case = Case(entry.error_type, entry.error_message, frames, entry.nodeids, files, by="accepted", at=now)
    return [f"learned: {line}" for line in lesson_lines(book.add(teach(case, trial).patterns))]


def decided(book: Book, results: Iterable[PatternResult], *, rejected: bool = False) -> None:
    """Count a person's decision for or against the patterns that made the candidates; not saved here."""
    book.record(results, by="person", result="rejected" if rejected else "")
