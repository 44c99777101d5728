"""Choosing the one answer among the regions of a text, or refusing because there is not exactly one.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field
from itertools import pairwise
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.resilience.json_recovery.cursor import Unreadable
from pytest_selfheal.resilience.json_recovery.grammar import BLANK
from pytest_selfheal.resilience.json_recovery.preparing import JSON_LANGUAGES
from pytest_selfheal.resilience.json_recovery.reader import Reader
from pytest_selfheal.resilience.json_recovery.regions import Region
from pytest_selfheal.resilience.json_recovery.tiers import LAST_ANSWER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_selfheal.resilience.json_recovery.preparing import Fences
    from pytest_selfheal.resilience.json_recovery.regions import Damage

_EXAMPLE = re.compile(
    r"(example|format|schema|template|e\.g\.|such as|for instance|like this|looks like)[^\n]{0,60}\s*$", re.IGNORECASE
)
_TEMPLATE = re.compile(
    r"(<[^<>]{1,60}>|\.\.\.|string|number|boolean|integer|float|\{[a-z_]+\}|your .{0,40})$", re.IGNORECASE
)
_B = f"[{BLANK}]*"
CONTINUES_AFTER = re.compile(rf"{_B}(?:[}}\]:]|,{_B}[\"'{{\[\d-])")
CONTINUES_BEFORE = re.compile(rf"[\[{{,:]{_B}$")
_MORE_MEMBERS = re.compile(rf"{_B}[}}\]]*{_B},{_B}(\"[^\"\n]{{0,200}}\"{_B}[:\"])")
_MOST_COMPARED = 200


class Refused(Exception):  # noqa: N818 - turned into the public error by the ladder
    """There is no single trustworthy answer; `reasons` say of each region why it was not taken."""

    def __init__(self, code: str, what: str, at: int, reasons: dict[int, str] | None = None) -> None:
        super().__init__(what)
        self.code, self.what, self.at = code, what, at
        self.reasons = reasons or {}


@dataclass(frozen=True)
class Chosen:
    """The answer; `members` holds several regions when it is a sequence, `others` why the rest was left."""

    region: Region
    members: tuple[Region, ...] = ()
    others: dict[int, str] = field(default_factory=dict)


def choose(
    text: str, fences: Fences, regions: list[Region], damages: list[Damage], *, expected: bool, depth: int
) -> Chosen:
    """Return the answer among ranked `regions`.

    Args:
        text: the text they were found in.
        fences: its fenced blocks.
        regions: what was found, ranked and already filtered by what the caller expects.
        damages: what looked like JSON and could not be read.
        expected: whether the caller said what is expected; then several values are never a sequence.
        depth: deepest nesting for a second reading.

    Raises:
        Refused: nothing is an answer, or several are, or a damaged region stands in a better place.
    """
    others = {region.start: _why_noise(region) for region in regions if region.tier > LAST_ANSWER}
    pool = [region for region in regions if region.tier <= LAST_ANSWER]
    if not pool:
        raise _nothing(damages, others)
    best = min(region.tier for region in pool)
    top = [region for region in pool if region.tier == best]
    others |= {region.start: "a better place holds a value" for region in pool if region.tier > best}
    _no_damage_before(text, fences, top, best, damages, others)
    distinct = _distinct(top)
    if len(distinct) > 1:
        if not expected and _is_sequence(text, top):
            return _sequence(text, top, damages, others)
        real = [region for region in distinct if not _is_example(text, region)]
        others |= {region.start: "looks like an example" for region in distinct if region not in real}
        distinct = real or distinct
    if len(distinct) > 1:
        others |= {region.start: "as good as another, different one" for region in distinct}
        what = f"{len(distinct)} different values are equally likely to be meant"
        raise Refused("ambiguous", what, distinct[0].start, others)
    return Chosen(_with_orphans(text, distinct[0], depth), others=others)


def _why_noise(region: Region) -> str:
    return "inside a damaged region" if region.fragment else "brackets of prose or code"


def _nothing(damages: list[Damage], others: dict[int, str]) -> Refused:
    if damages:
        return Refused("damaged", f"the only JSON in the text is damaged: {damages[0].why}", damages[0].at, others)
    return Refused("nothing_found", "there is no JSON in the text", min(others, default=0), others)


def _no_damage_before(
    text: str, fences: Fences, top: list[Region], best: int, damages: list[Damage], others: dict[int, str]
) -> None:
    for damage in damages:
        fence = fences.around(damage.start)
        line_start = text.rfind("\n", max(0, damage.start - 400), damage.start) + 1
        if fence is not None and fence.language in JSON_LANGUAGES:
            tier = 0
        else:
            tier = 1 if not text[line_start : damage.start].strip(BLANK) else 3
        if tier < best or (tier == best and all(region.start < damage.start for region in top)):
            what = f"a region in at least as good a place cannot be read: {damage.why}"
            raise Refused(
                "damaged",
                what,
                damage.at,
                others | {r.start: "a damaged region in as good a place follows" for r in top},
            )


def _distinct(regions: list[Region]) -> list[Region]:
    found: list[Region] = []
    for region in regions[:_MOST_COMPARED]:
        if not any(same_value(region.value, other.value) for other in found):
            found.append(region)
    return found


def same_value(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal in type too: 1 is not True and not 1.0."""
    waiting = [(one, other)]
    while waiting:
        left, right = waiting.pop()
        if type(left) is not type(right):
            return False
        if isinstance(left, dict):
            if left.keys() != right.keys():
                return False
            waiting.extend((item, right[key]) for key, item in left.items())
        elif isinstance(left, list):
            if len(left) != len(right):
                return False
            waiting.extend(zip(left, right, strict=True))
        elif left != right and not (left != left and right != right):  # noqa: PLR0124 - NaN equals itself here
            return False
    return True


def _is_sequence(text: str, top: list[Region]) -> bool:
    """Objects of one shape with nothing but blanks and commas between them, as logs and streams have them."""
    if len({id(region.fence) for region in top}) != 1:
        return False
    if not all(isinstance(region.value, dict) for region in top) or len({frozenset(r.value) for r in top}) != 1:
        return False
    return all(not text[one.end : other.start].strip(BLANK + ",") for one, other in pairwise(top))


def _sequence(text: str, top: list[Region], damages: list[Damage], others: dict[int, str]) -> Chosen:
    first, last = top[0], top[-1]
    if any(region.cut for region in top):
        raise Refused("truncated", "the last of several values is cut", last.start, others)
    before = CONTINUES_BEFORE.search(text, max(0, first.start - 60), first.start)
    if before or CONTINUES_AFTER.match(text, last.end) or damages:
        raise Refused("fragment", "several values are the inside of something larger", first.start, others)
    repairs = [repair for region in top for repair in region.repairs]
    values = [region.value for region in top]
    whole = Region(values, first.start, last.end, all(r.strict for r in top), repairs, fence=first.fence)
    return Chosen(whole, tuple(top), others)


def _is_example(text: str, region: Region) -> bool:
    start = region.fence.start if region.fence else region.start
    if _EXAMPLE.search(text, max(0, start - 120), start):
        return True
    return any(_TEMPLATE.match(leaf.strip()) for leaf in _strings(region.value))


def _strings(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, str) and len(item) < 100:
            yield item


def _with_orphans(text: str, region: Region, depth: int) -> Region:
    """Take in members that stand behind a brace closed too early; refuse when they do not fit."""
    if not isinstance(region.value, dict) or not _MORE_MEMBERS.match(text, region.end):
        return region
    early = text.rfind("}", region.start, region.end)
    bound = region.fence.body_end if region.fence else len(text)
    reader = Reader(text[:early] + " " + text[early + 1 :], region.start, bound, depth)
    try:
        value = reader.run()
    except Unreadable:
        value = None
    if value is None or reader.cut or not all(key in value for key in region.value):
        raise Refused("orphaned_members", "members follow an object that is already closed", region.end)
    repairs = [*reader.repairs, ("premature_close", early, early + 1)]
    return Region(value, region.start, reader.at, strict=False, repairs=repairs, fence=region.fence, tier=region.tier)
