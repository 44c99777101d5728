"""The ladder: standard parser, extraction, repair, what is complete of a cut value, and at last the library.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import UsageError
from pytest_selfheal.resilience.json_recovery.choosing import Chosen
from pytest_selfheal.resilience.json_recovery.choosing import Refused
from pytest_selfheal.resilience.json_recovery.choosing import choose
from pytest_selfheal.resilience.json_recovery.choosing import same_value
from pytest_selfheal.resilience.json_recovery.cursor import Unreadable
from pytest_selfheal.resilience.json_recovery.expect import Expectation
from pytest_selfheal.resilience.json_recovery.expect import expectation
from pytest_selfheal.resilience.json_recovery.failure_log import record
from pytest_selfheal.resilience.json_recovery.grading import AROUND
from pytest_selfheal.resilience.json_recovery.grading import CONFIDENCE
from pytest_selfheal.resilience.json_recovery.grading import confidence_of
from pytest_selfheal.resilience.json_recovery.grading import decoded
from pytest_selfheal.resilience.json_recovery.grading import level_of
from pytest_selfheal.resilience.json_recovery.grading import listed
from pytest_selfheal.resilience.json_recovery.grading import refusal
from pytest_selfheal.resilience.json_recovery.grading import source_of
from pytest_selfheal.resilience.json_recovery.grammar import class_of
from pytest_selfheal.resilience.json_recovery.preparing import CutInsideDraft
from pytest_selfheal.resilience.json_recovery.preparing import Fences
from pytest_selfheal.resilience.json_recovery.preparing import skip_draft
from pytest_selfheal.resilience.json_recovery.preparing import transform
from pytest_selfheal.resilience.json_recovery.reader import Reader
from pytest_selfheal.resilience.json_recovery.refusing import refuse_doubtful
from pytest_selfheal.resilience.json_recovery.regions import Region
from pytest_selfheal.resilience.json_recovery.regions import TooMuchWork
from pytest_selfheal.resilience.json_recovery.regions import Walk
from pytest_selfheal.resilience.json_recovery.result import JSONLimits
from pytest_selfheal.resilience.json_recovery.result import Level
from pytest_selfheal.resilience.json_recovery.result import Mode
from pytest_selfheal.resilience.json_recovery.result import RecoveredJSON
from pytest_selfheal.resilience.json_recovery.result import Repair
from pytest_selfheal.resilience.json_recovery.tiers import FRAGMENT
from pytest_selfheal.resilience.json_recovery.tiers import LAST_ANSWER
from pytest_selfheal.resilience.json_recovery.tiers import rank

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_LIMITS = JSONLimits()
_MODES = ("strict_recovery", "salvage")
_MEMBER_FIRST = re.compile(r"\s{0,200}\"[^\"\n]{1,80}\"\s{0,200}:")
_WORK_WORDS = {
    "too_deep": "the text is nested deeper than allowed",
    "too_many_candidates": "the text holds more values than allowed",
    "work_budget": "looking for JSON in the text would take too long",
}


def parse_json(
    text: str | bytes,
    *,
    expect: Any = None,
    mode: Mode = "strict_recovery",
    limits: JSONLimits = DEFAULT_LIMITS,
    last_resort: bool = False,
    finish_reason: str | None = None,
    log: Callable[[dict[str, Any]], object] | None = None,
) -> Any:
    """Return the one JSON value that `text` carries; valid JSON gives exactly what `json.loads` gives.

    A value whose closing brackets were cut off is returned too; `parse_json_detailed` tells.

    Args:
        text: an answer of a model or a service: bare JSON, or JSON in prose or fences, maybe slightly damaged.
        expect: what the value must be: keys, a JSON type, a predicate, a JSON schema, or a pydantic type (then the
            validated object is returned). It also chooses among several values.
        mode: "strict_recovery" refuses what it would have to guess; "salvage" returns what is left of cut values.
        limits: bounds of size, depth and work.
        last_resort: whether json-repair may try a region nothing else could read (own process, checked result).
        finish_reason: why the model stopped, if known; "length" or "max_tokens" mark the value as incomplete.
        log: called with one record when the text was refused or repaired.

    Raises:
        JSONRecoveryError: (a ValueError) nothing, several different values, or only damaged ones were found.
        UsageError: the arguments make no sense.
    """
    if expect is None and len(text) <= limits.characters:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass  # the steps below say what is wrong with it
    result = parse_json_detailed(
        text, expect=expect, mode=mode, limits=limits, last_resort=last_resort, finish_reason=finish_reason, log=log
    )
    return result.require(0.0, complete=False)


def parse_json_detailed(
    text: str | bytes,
    *,
    expect: Any = None,
    mode: Mode = "strict_recovery",
    limits: JSONLimits = DEFAULT_LIMITS,
    last_resort: bool = False,
    finish_reason: str | None = None,
    log: Callable[[dict[str, Any]], object] | None = None,
) -> RecoveredJSON:
    """Return the value with how it was read: level, repairs, confidence, rejected candidates; see `parse_json`.

    A text that cannot be read gives a result whose `ok` is False and whose `error` says why; nothing is raised for it.

    Raises:
        UsageError: the arguments make no sense.
    """
    if mode not in _MODES:
        raise UsageError(f"mode={mode!r} is not one of {', '.join(_MODES)}", where="parse_json")
    began = perf_counter()
    recovery = _Recovery(expectation(expect), limits, salvage=mode == "salvage", last_resort=last_resort)
    result = recovery.run(text)
    if result.ok and finish_reason in ("length", "max_tokens"):
        result = replace(result, complete=False, confidence=min(result.confidence, CONFIDENCE["partial"]))
    result = replace(result, elapsed=perf_counter() - began)
    if log is not None and (result.error is not None or result.repairs):
        log(record(result.text, result))
    return result


@dataclass
class _Recovery:
    """One recovery of one text; every step returns a result or raises `Refused`."""

    expect: Expectation | None
    limits: JSONLimits
    salvage: bool
    last_resort: bool

    def run(self, given: str | bytes) -> RecoveredJSON:
        text = "" if isinstance(given, bytes) else given
        walk: Walk | None = None
        try:
            text = decoded(given, self.limits.characters)
            strict, failure = self._strict(text, given)
            if strict is not None:
                return strict
            start, text, done = self._prepare(text)
            if done is not None and (early := self._whole(text, start, done)) is not None:
                return early
            walk = Walk(text, start, Fences(text), depth=self.limits.depth, most=self.limits.candidates)
            return self._extract(walk, text, start, done or [], failure)
        except Refused as refused:
            return refusal(text, refused, walk)

    def _strict(self, text: str, given: str | bytes) -> tuple[RecoveredJSON | None, int]:
        """The standard parser on all of the text; otherwise where it gave up."""
        try:
            value = json.loads(given)
        except RecursionError:
            raise Refused("too_deep", _WORK_WORDS["too_deep"], 0) from None
        except ValueError as error:
            if "integer string conversion" in str(error):
                raise Refused("number_too_long", "a number has more digits than Python converts", 0) from None
            return None, getattr(error, "pos", 0)
        region = Region(value, 0, len(text), strict=True)
        return self._fitted(region, text, "strict", "whole", ()), 0

    def _fitted(self, region: Region, text: str, level: Level, source: str, kinds: tuple[str, ...]) -> RecoveredJSON:
        repairs = tuple(Repair(kind, class_of(kind), region.start, region.start) for kind in kinds)
        value, confidence = region.value, CONFIDENCE[level]
        if self.expect is not None:
            if not self.expect.fits(value):
                path, value = self._nested([region])
                level, source, confidence = "extract", f"nested({path})", 0.8
            value = self.expect.convert(value)
        span = (region.start, region.end)
        return RecoveredJSON(value, True, level, True, confidence, repairs, span, source, text=text)

    def _nested(self, regions: list[Region]) -> tuple[str, Any]:
        """Return the only value inside the regions that fits, with its path."""
        found: list[tuple[str, Any]] = []
        for region in regions:
            if self.expect is not None and isinstance(region.value, (dict, list)):
                found += self.expect.inside(region.value)
        if len(found) == 1 or (found and all(same_value(found[0][1], value) for _, value in found[:50])):
            return found[0]
        at = regions[0].start if regions else 0
        if not found:
            raise Refused("unexpected", "no value in the text is what was expected", at)
        raise Refused("ambiguous", f"{len(found)} values inside the text are what was expected", at)

    def _prepare(self, text: str) -> tuple[int, str, list[str] | None]:
        """Return where the answer starts, the text to look at, and what was undone (None: nothing)."""
        if not text.strip(AROUND):
            raise Refused("empty", "the text is empty", 0)
        try:
            start = skip_draft(text)
        except CutInsideDraft:
            raise Refused("cut_inside_draft", "the text ends inside the thinking before the answer", 0) from None
        changed, done = transform(text[start:])
        if done:
            start, text = 0, changed
        elif start:
            done = ["draft_dropped"]
        return start, text, done or ([] if text != text.strip(AROUND) else None)

    def _whole(self, text: str, start: int, done: list[str]) -> RecoveredJSON | None:
        """The standard parser on what is left after the preparation."""
        body = text[start:]
        bare = body.strip(AROUND)
        try:
            value = json.loads(bare)
        except (ValueError, RecursionError):
            return None
        first = start + len(body) - len(body.lstrip(AROUND))
        region = Region(value, first, first + len(bare), strict=True)
        return self._fitted(region, text, "extract", "whole", tuple(done))

    def _extract(self, walk: Walk, text: str, start: int, done: list[str], failure: int) -> RecoveredJSON:
        try:
            walk.run()
        except TooMuchWork as much:
            raise Refused(much.code, _WORK_WORDS[much.code], much.at) from None
        rank(text, start, walk.regions)
        try:
            chosen, source = self._choose(walk, text)
            surplus = refuse_doubtful(text, chosen.region, salvage=self.salvage)
        except Refused as refused:
            other = self._other_ways(walk, text, start, done, refused)
            if other is not None:
                return other
            if refused.code == "nothing_found":
                refused.at = refused.at or failure
            raise
        return self._built(walk, text, chosen, source or source_of(text, chosen.region), done, surplus=surplus)

    def _choose(self, walk: Walk, text: str) -> tuple[Chosen, str]:
        regions, source = walk.regions, ""
        if self.expect is not None:
            fitting = [region for region in regions if self.expect.fits(region.value)]
            whole = [region for region in regions if region.tier <= LAST_ANSWER and not region.cut]
            if not any(region.tier < FRAGMENT for region in fitting) and whole:
                path, value = self._nested(whole)
                holder = next(
                    region for region in whole if any(v is value for _, v in self.expect.inside(region.value))
                )
                fitting, source = [replace(holder, value=value)], f"nested({path})"
            regions = fitting
        chosen = choose(
            text, walk.fences, regions, walk.damages, expected=self.expect is not None, depth=self.limits.depth
        )
        return chosen, source

    def _built(
        self, walk: Walk, text: str, chosen: Chosen, source: str, done: list[str], *, surplus: bool
    ) -> RecoveredJSON:
        region = chosen.region
        found = list(region.repairs)
        if surplus:
            found.append(("extra_closer", region.end, region.end + 1))
        if chosen.members:
            found.append(("sequence", region.start, region.end))
        found += [(kind, 0, len(text)) for kind in done]
        repairs = tuple(Repair(kind, class_of(kind), start, end) for kind, start, end in found)
        level = level_of(region)
        value = self.expect.convert(region.value) if self.expect is not None else region.value
        return RecoveredJSON(
            value,
            True,
            level,
            not region.cut,
            confidence_of(level, repairs, source),
            repairs,
            (region.start, region.end),
            source,
            listed(walk, chosen.others),
            text=text,
        )

    def _other_ways(self, walk: Walk, text: str, start: int, done: list[str], refused: Refused) -> RecoveredJSON | None:
        """What is left when no region is an answer: a fenced scalar, members without braces, the library."""
        if refused.code not in ("nothing_found", "damaged", "unexpected", "fragment", "orphaned_members"):
            return None
        other = self._naked_members(text, start, done)
        if other is None and not walk.regions and not walk.damages:
            other = self._fenced_scalar(walk.fences, text)
        return self._library(walk, text) if other is None and self.last_resort else other

    def _fenced_scalar(self, fences: Fences, text: str) -> RecoveredJSON | None:
        tagged = [fence for fence in fences.blocks if fence.language == "json"]
        if len(tagged) != 1:
            return None
        try:
            value = json.loads(text[tagged[0].body : tagged[0].body_end])
        except (ValueError, RecursionError):
            return None
        region = Region(value, tagged[0].body, tagged[0].body_end, strict=True)
        return self._fitted(region, text, "extract", "fence(json)", ())

    def _naked_members(self, text: str, start: int, done: list[str]) -> RecoveredJSON | None:
        if not _MEMBER_FIRST.match(text, start):
            return None
        reader = Reader("{" + text[start:] + "}", 0, len(text) - start + 2, self.limits.depth)
        try:
            value = reader.run()
        except Unreadable:
            return None
        if reader.cut or reader.at != reader.end or any(class_of(kind) != "lossless" for kind, *_ in reader.repairs):
            return None
        moved = [(kind, at + start - 1, end + start - 1) for kind, at, end in reader.repairs]
        region = Region(value, start, len(text), False, [*moved, ("missing_braces", start, len(text))])
        if self.expect is not None and not self.expect.fits(value):
            return None
        walk = Walk(text, len(text), Fences(""), depth=1, most=1)
        return self._built(walk, text, Chosen(region), "whole", done, surplus=False)

    def _library(self, walk: Walk, text: str) -> RecoveredJSON | None:
        from pytest_selfheal.resilience.json_recovery.library import repair_with_library

        damages = walk.damages
        outer = [d for d in damages if not any(other.start < d.start < other.at for other in damages)]
        if len(outer) != 1 or any(region.tier <= LAST_ANSWER for region in walk.regions):
            return None
        damage = outer[0]
        last = max(text.rfind(closer, damage.start, damage.end) for closer in "}]")
        end = last + 1 if last > damage.start else damage.end
        if end - damage.start > self.limits.library_characters:
            return None
        value = repair_with_library(text[damage.start : end], self.limits.library_seconds)
        if value is None or (self.expect is not None and not self.expect.fits(value)):
            return None
        region = Region(value, damage.start, end, strict=True)
        return self._fitted(region, text, "library", "inline", ("json_repair",))
