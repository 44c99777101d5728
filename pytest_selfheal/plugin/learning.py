"""Where a run meets what was learned: greens that teach, failures whose sources are kept, patterns that repair.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import SelfHealError
from pytest_selfheal.model import Trust
from pytest_selfheal.model import utc_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable

    from pytest_selfheal.model import LearnedPattern
    from pytest_selfheal.plugin.controller import Controller
    from pytest_selfheal.repair.workshop import Bench
    from pytest_selfheal.schooling.book import Book
    from pytest_selfheal.schooling.fixer import PatternFixer
    from pytest_selfheal.store.kept_sources import KeptSources
    from pytest_selfheal.story import Story

_DAY_S = 86_400.0
_MEGABYTE = 1 << 20
INDEX = os.path.join("objects", "open.json")  # noqa: PTH118 - looked for at the end of every run


class Learning:
    """One run's part in learning. Every method does nothing, and costs next to nothing, when there is nothing to do.

    Args:
        controller: the run.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._book: Book | None = None
        self._opened = False

    def attend(self, bench: Callable[[], Bench | None]) -> None:
        """Learn from tests that were waiting for their green, if any passed; never raises.

        Args:
            bench: makes where tests are run again; asked only when an edit is there to be looked at.
        """
        try:
            greens = self._greens()
            if greens:
                self._learn(greens, bench)
        except Exception as error:  # noqa: BLE001 - what is not learned changes no test
            self._degrade(error)

    def keep(self) -> None:
        """Keep the sources of this run's standing failures; never raises."""
        if not self._is_on:
            return
        controller = self._controller
        try:
            from pytest_selfheal.schooling.watching import keep_sources

            since = utc_text(controller.wall_clock() - controller.policy.retention_days * _DAY_S)
            keep_sources(self._kept(), controller.config.rootpath, controller.pairs, not_before=since)
        except Exception as error:  # noqa: BLE001 - as above
            self._degrade(error)

    def fixer(self) -> PatternFixer | None:
        """Return what was learned as a fixer; None when nothing was, or it cannot be read."""
        try:
            book = self.book()
            if book is None or not book.patterns:
                return None
            from pytest_selfheal.schooling.fixer import PatternFixer

            return PatternFixer(book.usable(), self._controller.parts.note)
        except Exception as error:  # noqa: BLE001 - as above
            self._degrade(error)
            return None

    def record(self, story: Story) -> None:
        """Keep what came of the patterns that were used; never raises."""
        from pytest_selfheal.model import PatternResult

        results = [record for record in story.records if isinstance(record, PatternResult)]
        try:
            book = self.book() if results else None
            if book is not None and self._controller.trust is Trust.LOCAL:
                book.record(results, by="run")
                book.save()
        except Exception as error:  # noqa: BLE001 - as above
            self._degrade(error)

    def book(self) -> Book | None:
        """Return `patterns.json`, read when first asked for; None when it cannot be used, which is noted."""
        if not self._opened:
            from pytest_selfheal.schooling.book import open_book

            self._opened = True
            controller = self._controller
            self._book, problem = open_book(controller.store_path, controller.policy, controller.now, self._base())
            for text in (problem, *(self._book.problems if self._book is not None else ())):
                if text and not controller.store.warnings:
                    controller.parts.note(text)
        return self._book

    def _degrade(self, error: Exception) -> None:
        """Note an error, unless the store itself has told already that it cannot be used."""
        if not (isinstance(error, (OSError, SelfHealError)) and self._controller.store.warnings):
            self._controller.degrade(error)

    @property
    def _is_on(self) -> bool:
        return self._controller.policy.learn and self._controller.trust is Trust.LOCAL

    def _greens(self) -> list[tuple[str, Any]]:
        """Return the open failures whose tests passed, with what is known of them."""
        if not self._controller.policy.learn or not (self._controller.store_path / INDEX).exists() or not self._is_on:
            return []
        waiting = self._kept().waiting()
        modules = {nodeid for nodeid in waiting if "::" not in nodeid}
        stats = self._controller.screen.stats
        name = _names(waiting)
        passed = {nodeid for report in stats.get("passed", ()) if (nodeid := name(report.nodeid)) in waiting}
        if modules:
            passed |= modules.intersection(report.nodeid.partition("::")[0] for report in stats.get("passed", ()))
        failed = {name(getattr(report, "nodeid", "")) for kind in ("failed", "error") for report in stats.get(kind, ())}
        return [(nodeid, data) for nodeid, data in waiting.items() if nodeid in passed and nodeid not in failed]

    def _learn(self, greens: list[tuple[str, Any]], bench: Callable[[], Bench | None]) -> None:
        from pytest_selfheal.repair.journal import Journal
        from pytest_selfheal.schooling.greens import lesson_lines
        from pytest_selfheal.schooling.waiting import Waiting

        controller = self._controller
        book = self.book()
        if book is None:
            return
        own: dict[str, set[str]] = {}
        for entry in Journal(controller.store_path / "journal", time.time, controller.config.rootpath).entries():
            for file in entry.files:
                own.setdefault(file.path, set()).add(file.new_sha256)
        made: list[Bench | None] = []

        def trial() -> Bench | None:
            if not made:
                made.append(bench())
            return made[0]

        def time_left() -> bool:
            return not made or made[0] is None or made[0].time_left()

        waiting = Waiting(self._kept(), controller.config.rootpath, own, controller.now)
        new = waiting.attend(greens, book, trial, time_left)
        book.save()
        for line in lesson_lines(new):
            controller.screen.tell("learned", line)

    def _kept(self) -> KeptSources:
        from pytest_selfheal.store.kept_sources import KeptSources

        cap = int(self._controller.policy.snapshots_mb * _MEGABYTE)
        return KeptSources(self._controller.store_path, cap_bytes=cap)

    def _base(self) -> tuple[LearnedPattern, ...] | None:
        """Return what the base branch knows, in CI; None on a developer's machine, where everything may be used."""
        if self._controller.trust is Trust.LOCAL:
            return None
        from pytest_selfheal.errors import StoreError
        from pytest_selfheal.revision import base_file
        from pytest_selfheal.store.pattern_file import NAME
        from pytest_selfheal.store.pattern_file import parse_patterns

        path = f"{self._controller.policy.store}/{NAME}"
        data = base_file(self._controller.config.rootpath, path, os.environ)
        try:
            return parse_patterns(data, f"{path} of the base branch").patterns if data else ()
        except StoreError as error:
            self._controller.parts.note(str(error))
            return ()


def _names(waiting: Iterable[str]) -> Callable[[str], str]:
    """Return what tells the stored id of a test; most suites store ids as they are, which costs nothing."""
    if not any("[redacted-" in nodeid for nodeid in waiting):
        return str
    from pytest_selfheal.plugin.public_ids import public_id

    return public_id
