"""Tests that failed in an earlier run and are green now: which edit did it, if any.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pytest_selfheal.schooling.greens import Case
from pytest_selfheal.schooling.greens import teach

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from pytest_selfheal.model import LearnedPattern
    from pytest_selfheal.model import OpenFailure
    from pytest_selfheal.schooling.book import Book
    from pytest_selfheal.schooling.greens import Trial
    from pytest_selfheal.store.kept_sources import KeptSources

MOST_LESSONS = 10
"""So many edits at most are looked at in one run; the others wait for the next."""


class Waiting:
    """The open failures of a store, and what their green teaches.

    Args:
        kept: the kept sources.
        root: pytest's root directory.
        own: the SHA-256 of texts that fixes of ours wrote, by path: they teach nothing new.
        now: returns the time, UTC, ISO 8601.
    """

    def __init__(self, kept: KeptSources, root: Path, own: Mapping[str, set[str]], now: Callable[[], str]) -> None:
        self._kept = kept
        self._root = root
        self._own = own
        self._now = now
        self.reasons: list[str] = []
        """Why green tests taught nothing, one sentence each."""

    def attend(
        self,
        greens: Iterable[tuple[str, Any]],
        book: Book,
        trial: Callable[[], Trial | None],
        time_left: Callable[[], bool],
    ) -> list[LearnedPattern]:
        """Learn from open failures that are green now, and close them; return the new patterns.

        Args:
            greens: nodeid and what `KeptSources.waiting` said of it.
            book: gets what is learned; not saved here.
            trial: makes where tests are run, when it is needed; None when nothing may be run.
            time_left: whether the run's budget allows more.

        Raises:
            OSError: the list of open failures cannot be written.
        """
        closed: list[str] = []
        learned: list[LearnedPattern] = []
        looked_at = 0
        for failures in self._grouped(greens).values():
            changed = self._changed(failures[0])
            if not changed:
                closed += [failure.nodeid for failure in failures]
                continue
            if looked_at >= MOST_LESSONS or not time_left():
                break
            looked_at += 1
            where = trial()
            if where is None:
                break
            taught = teach(self._case(failures, changed), where)
            if taught.reason:
                self.reasons.append(f"{failures[0].nodeid}: {taught.reason}")
            learned += book.add(taught.patterns)
            closed += [failure.nodeid for failure in failures]
        self._kept.update((), closed)
        return learned

    def _grouped(self, greens: Iterable[tuple[str, Any]]) -> dict[tuple[str, str, str], list[OpenFailure]]:
        """Return open failures by what one edit would have healed: the same error on the same sources."""
        groups: dict[tuple[str, str, str], list[OpenFailure]] = {}
        for _nodeid, data in greens:
            failure = self._kept.failure(data)
            if failure is not None:
                key = (failure.signature, failure.error_message, failure.sources)
                groups.setdefault(key, []).append(failure)
        return groups

    def _changed(self, failure: OpenFailure) -> dict[str, tuple[bytes, bytes]]:
        """Return the files that differ from what the test failed on, unless fixes of ours made all the difference."""
        before = self._kept.sources(failure)
        changed: dict[str, tuple[bytes, bytes]] = {}
        for path, old in before.items():
            try:
                new = (self._root / path).read_bytes()
            except OSError:
                continue
            if new != old:
                changed[path] = (old, new)
        own = all(hashlib.sha256(new).hexdigest() in self._own.get(path, ()) for path, (_old, new) in changed.items())
        return {} if own else changed

    def _case(self, failures: list[OpenFailure], changed: Mapping[str, tuple[bytes, bytes]]) -> Case:
        first = failures[0]
        return Case(
            error_type=first.error_type,
            error_message=first.error_message,
            frames=first.frames,
            nodeids=tuple(failure.nodeid for failure in failures),
            files=changed,
            at=self._now(),
        )
