"""The patterns of one project: read, judged, added to, written.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_selfheal.errors import StoreError
from pytest_selfheal.learn.merging import joined
from pytest_selfheal.learn.merging import united
from pytest_selfheal.learn.merging import with_parents
from pytest_selfheal.learn.standing import standing
from pytest_selfheal.model import Evidence
from pytest_selfheal.model import stable_id
from pytest_selfheal.store.pattern_file import NAME
from pytest_selfheal.store.pattern_file import PatternFile
from pytest_selfheal.store.pattern_file import read_patterns
from pytest_selfheal.store.pattern_file import write_patterns

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_selfheal.config import Policy
    from pytest_selfheal.learn.standing import Standing
    from pytest_selfheal.model import LearnedPattern
    from pytest_selfheal.model import PatternResult

FIXER = "pattern:"
"""What the name of a candidate's fixer begins with when a pattern made it; its id follows."""

SWEEP = ":sweep"
"""What it ends with when the candidate carries an applied fix to the rest of the project."""


def pattern_ids(fixer: str) -> list[str]:
    """Return the ids of the patterns that had a part in a candidate, by the name of its fixer; each once."""
    parts = [part.removesuffix(SWEEP) for part in fixer.split("+") if part.startswith(FIXER)]
    return [part.removeprefix(FIXER) for part in dict.fromkeys(parts)]


class Book:
    """`patterns.json` of one store.

    Args:
        store: the store's folder.
        policy: the bounds of confidence.
        now: returns the time, UTC, ISO 8601.
        base: the patterns of the base branch, where only those may act alone; None where all may.

    Raises:
        StoreError: the file is there but cannot be read; nothing is written then.
    """

    def __init__(
        self, store: Path, policy: Policy, now: Callable[[], str], base: Iterable[LearnedPattern] | None = None
    ) -> None:
        self._store = store
        self._policy = policy
        self._now = now
        self._base = None if base is None else {pattern.id: pattern for pattern in base}
        self._file = read_patterns(store / NAME)
        self._changed = False

    @property
    def patterns(self) -> tuple[LearnedPattern, ...]:
        """Every pattern that can be read."""
        return self._file.patterns

    @property
    def problems(self) -> tuple[str, ...]:
        """What cannot be read, one sentence each."""
        return self._file.problems

    def judge(self, pattern: LearnedPattern) -> Standing:
        """Return what a pattern is worth now, and whether it may act alone."""
        strict = self._policy.auto_gate == "strict"
        judged = standing(pattern, self._now(), strict=strict, least=self._policy.apply_confidence)
        if self._base is None or not judged.learned:
            return judged
        reviewed = self._base.get(pattern.id)
        if reviewed is not None and _says_the_same(reviewed, pattern):
            alone = standing(reviewed, self._now(), strict=strict, least=self._policy.apply_confidence).learned
            return judged if alone else replace(judged, learned=False, reason="not yet learned on the base branch")
        return replace(judged, learned=False, reason="not on the base branch")

    def usable(self) -> list[tuple[LearnedPattern, Standing]]:
        """Return the patterns to be tried, those that say most first, with their standing."""
        judged = [(pattern, self.judge(pattern)) for pattern in self.patterns]
        used = [item for item in judged if not item[1].retired]
        return sorted(used, key=lambda item: (item[0].origin == "merged", -item[1].confidence, item[0].id))

    def add(self, patterns: Iterable[LearnedPattern]) -> list[LearnedPattern]:
        """Add patterns with their evidence, and the general form of each that is like a known one; return the new ids.

        A pattern that is known gets the evidence it did not have yet.
        """
        known = {pattern.id for pattern in self.patterns}
        for pattern in patterns:
            self._keep(with_parents(self.patterns, pattern))
        return [pattern for pattern in self.patterns if pattern.id not in known]

    def unite(self, patterns: Iterable[LearnedPattern]) -> None:
        """Take over the patterns of another file; evidence that both have counts once."""
        self._keep(united(self.patterns, patterns))

    def record(self, results: Iterable[PatternResult], *, by: str, result: str = "") -> None:
        """Add what came of candidates that patterns made; other results are passed over.

        Args:
            results: from applying, accepting or rejecting.
            by: `run` or `person`.
            result: instead of success or failure.
        """
        for item in results:
            fixer = str(item.fix_strategy.get("fixer", ""))
            swept = "swept" if fixer.endswith(SWEEP) and item.ok else ""  # the places of one sweep are no further use
            site = str(item.fix_strategy.get("site", ""))
            word = result or swept or ("success" if item.ok else "failure")
            fix = str(item.fix_strategy.get("fix", ""))
            for one in pattern_ids(fixer):
                self._note(
                    one, Evidence(stable_id(item.run_id, one, site, word)[:16], self._now(), word, site, by, fix)
                )

    def reverted(self, fix_id: str) -> list[LearnedPattern]:
        """Count an undone fix against the pattern that made it, twice; it is only suggested from then on."""
        found = [
            (pattern, event)
            for pattern in self.patterns
            for event in pattern.evidence
            if event.fix == fix_id and event.result in ("success", "swept")
        ]
        for pattern, event in found:
            now = self._now()
            self._note(
                pattern.id,
                Evidence(stable_id(event.id, "reverted")[:16], now, "reverted", event.site, "person", event.fix),
            )
        return [pattern for pattern, _event in found]

    def forget(self, pattern_id: str) -> None:
        """Remove a pattern."""
        self._keep([pattern for pattern in self.patterns if pattern.id != pattern_id])

    def save(self) -> None:
        """Write what was changed; without a change nothing is touched.

        Raises:
            OSError: the file cannot be written; the old one is in place.
            StoreError: the folder is not ours to write.
        """
        if self._changed:
            write_patterns(self._store, self.patterns, self._file.unusable)
            self._changed = False

    def _note(self, pattern_id: str, event: Evidence) -> None:
        self._keep(
            [
                joined(pattern, replace(pattern, evidence=(event,))) if pattern.id == pattern_id else pattern
                for pattern in self.patterns
            ]
        )

    def _keep(self, patterns: list[LearnedPattern]) -> None:
        kept = tuple(patterns)
        if kept != self._file.patterns:
            self._file = PatternFile(kept, self._file.unusable, self._file.problems)
            self._changed = True


def _says_the_same(first: LearnedPattern, second: LearnedPattern) -> bool:
    """Tell whether two patterns do the same; an id alone could be claimed by hand."""
    return all(
        getattr(first, name) == getattr(second, name) for name in ("error", "edits", "renames", "imports", "scope")
    )


def open_book(
    store: Path, policy: Policy, now: Callable[[], str], base: Iterable[LearnedPattern] | None = None
) -> tuple[Book | None, str]:
    """Return the book, or None and why it cannot be used."""
    try:
        return Book(store, policy, now, base), ""
    except StoreError as error:
        return None, str(error)
