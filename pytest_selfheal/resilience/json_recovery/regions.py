"""Walking a text from left to right for the outermost regions that hold a JSON value, within a budget of work.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.resilience.json_recovery.cursor import TooDeep
from pytest_selfheal.resilience.json_recovery.cursor import Unreadable
from pytest_selfheal.resilience.json_recovery.grammar import BLANK
from pytest_selfheal.resilience.json_recovery.reader import Reader

if TYPE_CHECKING:
    from pytest_selfheal.resilience.json_recovery.preparing import Fence
    from pytest_selfheal.resilience.json_recovery.preparing import Fences

_DECODER = json.JSONDecoder()
_OPENER = re.compile(r"[{\[]")
_BRACKET = re.compile(r"[{}\[\]]")
_STRICT_START = re.compile(r"\{[ \t\r\n]*[\"}]|\[[ \t\r\n]*(?:[\]\"{\[\d-]|true|false|null)")
_TOLERANT_START = re.compile(
    r"\{[\s\u00a0\u200b\ufeff]*(?:[\"'\u201c\u201d\u2018\u2019`},\u2026\\]|/[/*]|#|\.\.\."
    r"|[A-Za-z_$\u00c0-\uffff][\w$\u00c0-\uffff-]{0,100}\"?[\s\u00a0]*[:=]|\d{1,20}\s*:|$)"
    r"|\[[\s\u00a0\u200b\ufeff]*(?:[\"'\u201c\u2018`{\[(\]\d.,+\u2026\\-]|/[/*]|#|[A-Za-z_]|\.\.\.|$)"
)
_CLEARLY_JSON = re.compile(r"[{\[]\s{0,200}[{\[]?\s{0,200}\"[^\"\n]{1,80}\"|\{\s{0,200}\"|\[\s{0,200}\{")
_QUOTED_ROOT = re.compile(rf"\{{[{BLANK}]{{0,200}}[\"'\u201c]|\[[{BLANK}]{{0,200}}[{{\[\"]")


class TooMuchWork(Exception):  # noqa: N818 - a step of the search, never seen by callers
    """The budget is spent, or a limit is passed; `code` says which."""

    def __init__(self, code: str, at: int) -> None:
        super().__init__(code)
        self.code = code
        self.at = at


@dataclass
class Region:
    """One value found in the text, and how it was read."""

    value: Any
    start: int
    end: int
    strict: bool
    repairs: list[tuple[str, int, int]] = field(default_factory=list)
    cut: bool = False
    fence: Fence | None = None
    fragment: bool = False
    tier: int = 9

    @property
    def kinds(self) -> set[str]:
        """The kinds of its repairs."""
        return {kind for kind, *_ in self.repairs}

    @property
    def is_minor(self) -> bool:
        """Whether prose could look like it: a list of scalars, or an empty object."""
        if isinstance(self.value, list):
            return not any(isinstance(item, (dict, list)) for item in self.value)
        return bool(self.value == {})


@dataclass(frozen=True)
class Damage:
    """A place that looks like JSON and cannot be read: nothing inside it is ever an answer."""

    start: int
    at: int
    end: int
    why: str


class Walk:
    """One walk over a text; afterwards `regions` and `damages` hold what was found, in order.

    Args:
        text: the text.
        start: where to begin.
        fences: its fenced blocks.
        depth: deepest nesting the tolerant reader follows.
        most: most regions.
    """

    def __init__(self, text: str, start: int, fences: Fences, *, depth: int, most: int) -> None:
        self.text, self.fences = text, fences
        self.depth, self.most = depth, most
        self.regions: list[Region] = []
        self.damages: list[Damage] = []
        self._budget = 6 * (len(text) - start) + 20_000
        self._at = start
        self._level = 0
        self._counted = start
        self._least: dict[int, int] = {}

    def run(self) -> None:
        """Find everything.

        Raises:
            TooMuchWork: a limit was passed; what was found so far must not be used.
        """
        while found := _OPENER.search(self.text, self._at):
            place = found.start()
            self._at = place + 1
            if not self._is_quoted_bracket(place):
                self._try(place)
            if self._budget < 0:
                raise TooMuchWork("work_budget", place)

    def _is_quoted_bracket(self, place: int) -> bool:
        around = self.text[place - 1 : place] if place else ""
        return around in ("'", '"', "`") and self.text[place + 1 : place + 2] == around

    def _try(self, place: int) -> None:
        fence = self.fences.around(place)
        try:
            region = self._strict(place) or self._tolerant(place, fence)
        except (RecursionError, TooDeep):
            raise TooMuchWork("too_deep", place) from None
        if region is None:
            return
        self._budget -= 20
        region.fence = fence
        region.fragment = self._inside_damage(region.start)
        self.regions.append(region)
        self._at = max(region.end, place + 1)
        if len(self.regions) > self.most and not self._is_plain_sequence():
            raise TooMuchWork("too_many_candidates", place)

    def _is_plain_sequence(self) -> bool:
        # One object per line is a log, not a puzzle; only the newest neighbour needs a look.
        before, last = self.regions[-2:]
        between = self.text[before.end : last.start]
        return len(between) < 100 and not between.strip(BLANK + ",")

    def _strict(self, place: int) -> Region | None:
        if not _STRICT_START.match(self.text, place):
            return None
        try:
            value, end = _DECODER.raw_decode(self.text, place)
        except ValueError as error:
            # The C parser's error counts the newlines before its place, so a late failure costs more.
            stop = getattr(error, "pos", place)
            self._budget -= (stop - place) + stop // 64 + 50
            return None
        return Region(value, place, end, strict=True)

    def _tolerant(self, place: int, fence: Fence | None) -> Region | None:
        if not _TOLERANT_START.match(self.text, place):
            self._budget -= 2
            return None
        whole = len(self.text)
        bound = fence.body_end if fence else self.fences.next_start(place, whole)
        reader = Reader(self.text, place, bound, self.depth)
        try:
            value = reader.run()
        except TooDeep:
            raise
        except Unreadable as error:
            self._budget -= (error.at - place) + 1
            self._remember_damage(place, bound, error, progress=reader.progress)
            return None
        if reader.cut and bound < whole and any(kind == "truncated_string" for kind, *_ in reader.repairs):
            reader, value = self._read_past_fence(place, fence, reader, value)
        self._budget -= reader.at - place
        region = Region(value, place, reader.at, strict=False, repairs=reader.repairs, cut=reader.cut)
        if region.cut and not fence and region.is_minor and place > 0:
            # An opening bracket in a sentence: what follows must be looked at again.
            self._budget -= 1
            return None
        return region

    def _read_past_fence(self, place: int, fence: Fence | None, reader: Reader, value: Any) -> tuple[Reader, Any]:
        """A fence mark inside a string with raw line breaks is no end: read once more without the bound."""
        again = Reader(self.text, place, len(self.text), self.depth)
        try:
            other = again.run()
        except Unreadable:
            return reader, value
        self._budget -= again.at - place
        return (again, other) if not again.cut or not fence else (reader, value)

    def _remember_damage(self, place: int, bound: int, error: Unreadable, *, progress: bool) -> None:
        if (progress or _CLEARLY_JSON.match(self.text, place)) and _QUOTED_ROOT.match(self.text, place):
            level = self._level_at(place)
            self._least[bound] = min(level, self._least.get(bound, level))
            self.damages.append(Damage(place, error.at, bound, error.why))

    def _level_at(self, place: int) -> int:
        """Return how many brackets are open at `place`, strings ignored; asked in growing order, so linear in all."""
        for found in _BRACKET.finditer(self.text, self._counted, place):
            self._level += 1 if found.group() in "{[" else -1
        self._counted = max(self._counted, place)
        return self._level

    def _inside_damage(self, place: int) -> bool:
        if not self._least:
            return False
        level = self._level_at(place)
        self._least = {bound: least for bound, least in self._least.items() if bound > place}
        return any(level > least for least in self._least.values())
