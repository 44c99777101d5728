"""What people see while a run is being healed: a bar on a terminal, a plain line now and then in CI.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_selfheal.plugin.screen import Screen

LINE_EVERY_S = 10.0
"""Seconds between plain lines; healing that is done sooner says nothing on the way."""

_CELLS = 20


class Progress:
    """Follows the healing of one run.

    Args:
        screen: where it is shown.
        clock: seconds.
    """

    def __init__(self, screen: Screen, clock: Callable[[], float]) -> None:
        self._screen = screen
        self._clock = clock
        self._began = self._said = clock()
        self._trials = self._index = self._total = 0
        self._name = ""

    def error(self, index: int, total: int, name: str) -> None:
        """Say that the error number `index` (from 0) of `total` is looked at, which this test shows."""
        self._index, self._total, self._name, self._trials = index, total, name, 0
        self._show()

    def trial(self) -> None:
        """Say that its tests are run once more."""
        self._trials += 1
        self._show()

    def close(self) -> None:
        """Take the bar away. Twice is safe."""
        self._screen.clear_bar()

    def _show(self) -> None:
        now = self._clock()
        text = (
            f"error {self._index + 1} of {self._total}, trial {self._trials}, {now - self._began:.0f} s: {self._name}"
        )
        done = _CELLS * self._index // max(1, self._total)
        if self._screen.bar(f"selfheal: healing [{'#' * done}{'.' * (_CELLS - done)}] {text}"):
            return
        if now - self._said >= LINE_EVERY_S:
            self._said = now
            self._screen.line(f"selfheal: healing, {text}")
