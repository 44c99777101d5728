"""The last look at a chosen value: guessed structure, cuts, and signs that it is a piece of something larger.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.resilience.json_recovery.choosing import CONTINUES_AFTER
from pytest_selfheal.resilience.json_recovery.choosing import CONTINUES_BEFORE
from pytest_selfheal.resilience.json_recovery.choosing import Refused
from pytest_selfheal.resilience.json_recovery.grammar import BLANK
from pytest_selfheal.resilience.json_recovery.grammar import class_of

if TYPE_CHECKING:
    from pytest_selfheal.resilience.json_recovery.regions import Region

_B = f"[{BLANK}]*"
_LEFTOVER_CLOSERS = re.compile(rf"{_B}[}}\]][{BLANK}}}\]]*(?:```|~~~|\Z|\n)")
_RUNS_ON = re.compile(rf"\w|{_B}\"[^\"\n]{{0,200}}\"?{_B}:")
_CLOSER = re.compile(rf"{_B}[}}\]]")
_PROSE_COLON = re.compile(rf"[A-Za-z0-9\u00c0-\uffff`*)\]]{_B}:{_B}$")
_PROSE_END = re.compile(rf"[A-Za-z\u00c0-\uffff`*.!:)>=(-]{_B}$")
_STRUCTURAL = frozenset({"mismatched_closer", "missing_closer", "array_unclosed_before_key"})
_CUT_INSIDE = frozenset({"truncated_string", "dropped_tail"})


def refuse_doubtful(text: str, region: Region, *, salvage: bool) -> bool:
    """Check the chosen region; returns whether surplus closing brackets follow it.

    Raises:
        Refused: with the reason. In salvage mode only what cannot be read in any sensible way is refused.
    """
    kinds = region.kinds
    surplus = False
    if "premature_close" not in kinds:
        surplus = _surplus_closers(text, region, salvage=salvage)
    if "swallowed" in kinds:
        _refuse("swallowed_structure", "a string took in what looks like further members", region)
    if kinds & _STRUCTURAL and (_CLOSER.match(text, region.end) or (region.cut and "missing_closer" not in kinds)):
        _refuse("brackets", "the brackets do not balance in any way that can be trusted", region)
    if region.cut and not _has_leaf(region.value):
        _refuse("truncated", "the text ends before the first value", region)
    if salvage:
        return surplus
    _refuse_structure(text, region, kinds, surplus=surplus)
    if kinds & _CUT_INSIDE:
        _refuse("truncated", "the text ends inside a string, a number or a word", region)
    if "ellipsis" in kinds:
        _refuse("elided", "the writer left data out", region)
    if "missing_value" in kinds:
        _refuse("missing_value", "a key has no value", region)
    if "duplicate_key" in kinds and any(class_of(kind) != "lossless" for kind in kinds):
        _refuse("duplicate_key", "a repair would give one key two values", region)
    return surplus


def _has_leaf(value: Any) -> bool:
    """Whether anything but brackets is there; an empty value must never stand for nothing."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if not isinstance(item, (dict, list)):
            return True
        waiting.extend(item.values() if isinstance(item, dict) else item)
    return False


def _refuse(code: str, what: str, region: Region) -> None:
    raise Refused(code, what, region.start)


def _surplus_closers(text: str, region: Region, *, salvage: bool) -> bool:
    closers = _LEFTOVER_CLOSERS.match(text, region.end) is not None
    nearest = max(0, region.start - 60)
    if closers and region.kinds - {"comment"} and not salvage:
        _refuse("leftover_closers", "closing brackets are left over behind a repaired value", region)
    more = CONTINUES_AFTER.match(text, region.end) or (not region.strict and _RUNS_ON.match(text, region.end))
    if not closers and more:
        _refuse("fragment", "the value is followed by more of a larger structure", region)
    if CONTINUES_BEFORE.search(text, nearest, region.start) and not _PROSE_COLON.search(text, nearest, region.start):
        _refuse("fragment", "the value stands inside a larger structure", region)
    before = text[nearest : region.start]
    if closers and before.strip(BLANK) and not _PROSE_END.search(before):
        _refuse("fragment", "the value stands between the pieces of a larger structure", region)
    return closers


def _refuse_structure(text: str, region: Region, kinds: set[str], *, surplus: bool) -> None:
    guessed = kinds & (_STRUCTURAL | {"owed_closer"})
    if not guessed:
        return
    count = sum(kind in guessed for kind, *_ in region.repairs)
    rest = text[region.end : region.fence.body_end if region.fence else len(text)]
    alone = not rest[:4000].strip(BLANK) and not region.cut and not surplus
    # One bracket of the wrong kind where all of them balance, or one that is owed at a place where nothing else
    # fits, has one reading; anything more was wrong three times in four when measured.
    only = guessed <= {"mismatched_closer"} or guessed <= {"owed_closer"}
    if not (only and count == 1 and alone and "premature_close" not in kinds):
        _refuse("structural_guess", "where a bracket belongs cannot be told", region)
