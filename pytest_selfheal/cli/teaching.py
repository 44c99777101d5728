"""What the commands of the review queue teach; whatever goes wrong here, the command itself has done its work.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from pytest_selfheal.cli.project import write
from pytest_selfheal.errors import SelfHealError
from pytest_selfheal.model import Origin
from pytest_selfheal.model import PatternResult
from pytest_selfheal.model import utc_text
from pytest_selfheal.safety.escape import terminal_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping

    from pytest_selfheal.cli.project import Project
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Record
    from pytest_selfheal.model import ReviewEntry
    from pytest_selfheal.repair.workshop import Bench
    from pytest_selfheal.schooling.book import Book
    from pytest_selfheal.store.protocol import Store


def after_accept(
    project: Project,
    store: Store,
    entry: ReviewEntry,
    *,
    candidate: Candidate,
    before: Mapping[str, bytes],
    bench: Bench,
    records: Iterable[Record],
) -> None:
    """Count the success of a pattern, or learn from a suggestion that was no pattern's."""

    def lessons(book: Book) -> list[str]:
        from pytest_selfheal.schooling.accepted import accepted
        from pytest_selfheal.schooling.accepted import decided

        decided(book, _results(records))
        if candidate.origin is Origin.LEARNED:
            return []
        files = {path: (old, bench.project.read(path)) for path, old in before.items()}
        found = store.failures(run_id=entry.run_id)
        record = next((one for one in found if one.signature == entry.signature and one.chain), None)
        return accepted(entry, record, files, book=book, trial=bench, now=utc_text(time.time()))

    _with_book(project, lessons)


def after_failure(project: Project, records: Iterable[Record], *, rejected: bool = False) -> None:
    """Count against patterns what a person refused, or what did not hold when it was applied."""

    def lessons(book: Book) -> list[str]:
        from pytest_selfheal.schooling.accepted import decided

        decided(book, _results(records), rejected=rejected)
        return []

    _with_book(project, lessons)


def after_undo(project: Project, fix_id: str) -> None:
    """Count an undone fix against the pattern that made it."""
    _with_book(project, lambda book: [f"{one.id} is only suggested from now on" for one in book.reverted(fix_id)])


def _results(records: Iterable[Record]) -> list[PatternResult]:
    return [record for record in records if isinstance(record, PatternResult)]


def _with_book(project: Project, lessons: Callable[[Book], list[str]]) -> None:
    from pytest_selfheal.cli.patterns import open_book

    try:
        if not project.policy.learn:
            return
        book = open_book(project)
        told = lessons(book)
        book.save()
    except (SelfHealError, OSError) as error:
        sys.stderr.write(f"selfheal: warning: nothing could be learned from this: {error}\n")
        return
    if told:
        write(terminal_line(text) for text in told)
