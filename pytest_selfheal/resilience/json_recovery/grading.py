"""How an outcome is told: its level, the confidence measured for it, where it stood, and a refusal as a result.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_selfheal.resilience.json_recovery.choosing import Refused
from pytest_selfheal.resilience.json_recovery.failure_log import window
from pytest_selfheal.resilience.json_recovery.grammar import class_of
from pytest_selfheal.resilience.json_recovery.result import Candidate
from pytest_selfheal.resilience.json_recovery.result import JSONRecoveryError
from pytest_selfheal.resilience.json_recovery.result import Level
from pytest_selfheal.resilience.json_recovery.result import RecoveredJSON

if TYPE_CHECKING:
    from pytest_selfheal.resilience.json_recovery.regions import Region
    from pytest_selfheal.resilience.json_recovery.regions import Walk
    from pytest_selfheal.resilience.json_recovery.result import Repair

AROUND = "\ufeff\u200b\u200c\u200d\u2060\u00a0 \t\r\n"
CONFIDENCE: dict[Level, float] = {
    "strict": 1.0,
    "extract": 0.98,
    "repair": 0.95,
    "guess": 0.75,
    "partial": 0.3,
    "library": 0.4,
    "refused": 0.0,
}


def decoded(given: str | bytes, most: int) -> str:
    """Return the text of `given`, at most `most` characters or bytes of it."""
    if len(given) > most:
        raise Refused("too_long", f"the text is longer than {most} characters", 0)
    if isinstance(given, str):
        return given
    try:
        return given.decode(json.detect_encoding(given))
    except UnicodeDecodeError as error:
        raise Refused("encoding", "the bytes are no text in UTF-8, UTF-16 or UTF-32", error.start) from None


def level_of(region: Region) -> Level:
    """Return how a region was read."""
    if region.strict:
        return "extract"
    if region.cut:
        return "partial"
    return "repair" if all(class_of(kind) == "lossless" for kind in region.kinds) else "guess"


def confidence_of(level: Level, repairs: tuple[Repair, ...], source: str) -> float:
    """Return the share of right values measured for this way of reading."""
    guesses = {repair.kind for repair in repairs if repair.cls == "guess"}
    confidence = CONFIDENCE[level]
    if level == "guess":
        confidence *= 0.8 ** max(0, len(guesses) - 1)
    if any(repair.cls == "lossy" for repair in repairs):
        confidence = min(confidence, CONFIDENCE["partial"])
    if source.startswith("nested") or any(repair.kind == "sequence" for repair in repairs):
        confidence = min(confidence, 0.8)
    return round(confidence, 3)


def source_of(text: str, region: Region) -> str:
    """Return where the region stood, in a word."""
    if region.fence is not None:
        return f"fence({region.fence.language})"
    if region.tier == 0:
        return "tag"
    alone = not text[: region.start].strip(AROUND) and not text[region.end :].strip(AROUND)
    return "whole" if alone else "inline"


def listed(walk: Walk | None, reasons: dict[int, str]) -> tuple[Candidate, ...]:
    """Return all regions as candidates, with the reasons why they were not taken."""
    regions = walk.regions if walk is not None else []
    return tuple(
        Candidate((region.start, region.end), region.tier, level_of(region), reasons.get(region.start, ""))
        for region in regions
    )


def refusal(text: str, refused: Refused, walk: Walk | None) -> RecoveredJSON:
    """Return the refusal as a result; every region gets a reason."""
    candidates = listed(walk, refused.reasons)
    error = JSONRecoveryError(
        refused.code,
        refused.what,
        position=refused.at,
        excerpt=window(text, refused.at, 40, 80),
        candidates=tuple(replace(c, reason_rejected=c.reason_rejected or refused.what) for c in candidates[:50]),
    )
    return RecoveredJSON(None, False, "refused", False, 0.0, candidates=error.candidates, error=error, text=text)
