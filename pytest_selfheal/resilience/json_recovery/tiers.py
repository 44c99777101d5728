"""How likely a place in an answer holds the answer: 0 is best, 5 to 7 are noise, 8 is inside damage.

0 start of a JSON fence, or a tag that announces it; 1 start of a line, or the whole text; 2 behind `:` `=` `(` `>`;
3 in a sentence; 4 on a line of code or test output. Noise and fragments are never answers.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_selfheal.resilience.json_recovery.grammar import BLANK
from pytest_selfheal.resilience.json_recovery.preparing import JSON_LANGUAGES

if TYPE_CHECKING:
    from pytest_selfheal.resilience.json_recovery.preparing import Fence
    from pytest_selfheal.resilience.json_recovery.regions import Region

LAST_ANSWER = 4
FRAGMENT = 8
_NOISE = 7
_NEAR = 400

_TAG = re.compile(
    r"<(json|answer|output|result|response|tool_call|final|final_answer|function_call)>\s*$", re.IGNORECASE
)
_COMMENTS = re.compile(r"/\*.*?\*/|//[^\n]*|^\s*#[^\n]*$", re.DOTALL | re.MULTILINE)
_INTRODUCES = re.compile(r"[:=(>]$")
_TEST_OUTPUT = re.compile(r"(E\s|>>>|\.\.\.|assert\b|>\s)")
_CODE_WORD = re.compile(r"\b(assert|return|yield|print|def|if|for|while|class)\b")
_LINK = re.compile(r"\[[^\]]{0,300}\]\(")
_INDEXED = re.compile(r"[\w\])]$")
_QUOTE = re.compile(r"[\"'\u201c]")
_EASY = frozenset({"unquoted_key", "trailing_comma", "comment", "missing_comma", "lenient_number"})


def rank(text: str, start: int, regions: list[Region]) -> None:
    """Set the tier of every region; `start` is where the answer begins in `text`."""
    before: Region | None = None
    for region in regions:
        run = before is not None and _same_run(text, before, region) and not region.is_minor
        if before is not None and run and region.strict and before.tier == 1:
            region.tier = 1
        else:
            region.tier = FRAGMENT if region.fragment else _tier(text, start, region)
            if before is not None and run and before.tier <= LAST_ANSWER:
                region.tier = min(before.tier, region.tier)
        before = region


def _same_run(text: str, one: Region, other: Region) -> bool:
    if one.fence is not other.fence or one.fragment or other.fragment or other.start - one.end > 200:
        return False
    return not text[one.end : other.start].strip(BLANK + ",")


def _tier(text: str, start: int, region: Region) -> int:
    if region.fence is None and _nothing(text, start, region.start) and _nothing(text, region.end, len(text)):
        return 1
    tier = _fenced(text, region, region.fence) if region.fence else _unfenced(text, start, region)
    return tier if region.strict else max(tier, _pseudo(text, region, tier))


def _nothing(text: str, start: int, end: int) -> bool:
    """Whether only blanks and comments stand there."""
    if end - start > 4000:
        return False
    return not _COMMENTS.sub("", text[start:end]).strip(BLANK + ";,`")


def _fenced(text: str, region: Region, fence: Fence) -> int:
    at_start = not text[fence.body : region.start].strip(BLANK)
    whole = at_start and not text[min(region.end, fence.body_end) : fence.body_end].strip(BLANK + "`~")
    if fence.language not in JSON_LANGUAGES:
        return 1 if whole else 5
    if at_start:
        return 0
    if fence.language in ("", "text", "txt", "output"):
        return 5 if region.is_minor else 3
    return 5 if region.is_minor else 1


def _unfenced(text: str, start: int, region: Region) -> int:
    if _TAG.search(text, max(start, region.start - 80), region.start):
        return 0
    nearest = max(start, region.start - _NEAR)
    line_start = max(text.rfind("\n", nearest, region.start) + 1, nearest)
    before = text[line_start : region.start]
    bare = before.strip(BLANK + "`*")
    tier = 3
    if not bare:
        tier = 1
    elif _INTRODUCES.search(bare) and not region.is_minor:
        tier = 2
    if (bare and _TEST_OUTPUT.match(bare)) or _CODE_WORD.search(before):
        tier = LAST_ANSWER
    return _NOISE if _prose_brackets(text, region, before, alone=not bare) else tier


def _prose_brackets(text: str, region: Region, before: str, *, alone: bool) -> bool:
    """Brackets as people write them in sentences: `[1]`, `[x]`, `list[str]`, `[text](link)`, `{}`."""
    if region.is_minor:
        stop = text.find("\n", region.end, region.end + _NEAR)
        after = text[region.end : stop if stop >= 0 else region.end + _NEAR]
        if not alone or after.strip(BLANK + "`.;,") or region.value in ([], {}):
            return True
    if text[region.start] != "[":
        return False
    return _LINK.match(text, region.start, region.start + 310) is not None or _INDEXED.search(before) is not None


def _pseudo(text: str, region: Region, tier: int) -> int:
    """Placeholders, style sheets and set notation parse too when a reader is tolerant."""
    if region.value in ({}, []):
        return _NOISE
    if region.fence is None and not _QUOTE.search(text, region.start, region.end):
        easy = tier <= 2 and region.kinds <= _EASY and isinstance(region.value, dict)
        if not easy:
            return _NOISE
    cut_list = region.cut and region.is_minor and region.fence is None and tier > 1
    return _NOISE if cut_list else 0
