"""Is one name a misspelling of another? Slips of the finger are; other words are not.

`is_approved` is one letter from `is_approver`, and no misspelling of it. So a sure answer needs a slip that people make
(two letters swapped, one dropped, doubled or hit beside), a wrong word that nobody uses otherwise, and one best match.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_VOWELS = frozenset("aeiouy")
_ALIKE = frozenset({"cs", "ck", "sz", "gj", "kq", "fv", "bp", "dt"})
_ENDINGS = frozenset({"s", "d", "r", "n", "y", "e"})
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_SHORT_WORDS = frozenset(
    {"am", "an", "as", "at", "be", "by", "do", "go", "he", "if", "in", "is", "it", "me", "my", "no", "of", "on", "or"}
    | {"so", "to", "up", "us", "we"}
)
"""The manuals' words begin at three letters."""

_SHORT = 4
_LONG = 6


@dataclass(frozen=True)
class Match:
    """The name that was probably meant. Not `sure`: it is close, but may as well be something else."""

    name: str
    sure: bool


def distance(one: str, two: str) -> int:
    """Return the number of letters to insert, delete, replace or swap with their neighbour to get from one to two."""
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, left in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, right in enumerate(two, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right)))
            if i > 1 and j > 1 and left == two[j - 2] and one[i - 2] == right:
                row[j] = min(row[j], older[j - 2] + 1)
    return row[-1]


def meant(wrong: str, known: Iterable[str], is_used: Callable[[str], bool] = lambda _word: False) -> Match | None:
    """Return the known name that `wrong` is closest to, or None when none is close.

    Args:
        wrong: the name that does not exist.
        known: the names that do at that place.
        is_used: tells whether a word (lower case, part of a name) is used on its own account elsewhere.
    """
    limit = 1 if len(wrong) < _LONG else 2 if len(wrong) < 2 * _LONG else 3
    rated = []
    for name in set(known):
        if name == wrong or len(name) < 3 or _is_other_kind(name, wrong):
            continue
        if abs(len(name) - len(wrong)) <= limit:
            away = distance(wrong, name)
            if away <= limit:
                rated.append((away, not _is_swap(wrong, name), name))  # all the letters are there: rather a swap
    rated.sort()
    if not rated:
        return None
    name = rated[0][-1]
    alone = len(rated) == 1 or rated[1][:-1] > rated[0][:-1]
    return Match(name, sure=alone and is_slip(wrong, name, is_used))


def is_slip(wrong: str, right: str, is_used: Callable[[str], bool] = lambda _word: False) -> bool:
    """Tell whether `wrong` is `right` with a slip of the finger in one word, and that word is none otherwise."""
    if _margins(wrong) != _margins(right):
        return False
    one, two = words_of(wrong), words_of(right)
    if _is_swap(wrong.lower(), right.lower()) and [len(word) for word in one] != [len(word) for word in two]:
        return not all(is_used(word) or word in lexicon() for word in one)  # the swap is where two words meet
    if "".join(one) == "".join(two):  # only underscores or capitals differ
        return len(one) != len(two) and len(wrong) > _SHORT
    if len(one) != len(two):
        return False
    differing = [(left, other) for left, other in zip(one, two, strict=True) if left != other]
    if len(differing) != 1:
        return False
    left, other = differing[0]
    short = len(left) < _SHORT and len(wrong) >= _LONG and _is_swap(wrong.lower(), right.lower())
    return (
        (_is_slip(left, other) or (short and left not in _SHORT_WORDS)) and not is_used(left) and left not in lexicon()
    )


def _is_other_kind(one: str, two: str) -> bool:
    """Tell names apart that differ in their first letter's case only: `Counter` the class, `counter` the variable."""
    return one.lower() == two.lower() and one[0] != two[0]


def words_of(name: str) -> list[str]:
    """Return the words of an identifier in lower case."""
    return [word.lower() for word in _WORD.findall(name)]


def _is_slip(wrong: str, right: str) -> bool:
    if not (wrong.isalpha() and right.isalpha()) or distance(wrong, right) != 1:
        return False
    if len(wrong) == len(right):
        return _is_swap(wrong, right) or _is_beside(wrong, right)
    longer, shorter = max(wrong, right, key=len), min(wrong, right, key=len)
    at = next((i for i, letter in enumerate(shorter) if letter != longer[i]), len(shorter))
    if len(shorter) < _SHORT - 1:
        return False
    if at == len(shorter):  # a letter at the end is a plural or a tense as often as a slip
        return longer[-1] not in _ENDINGS or (len(longer) > 1 and longer[-1] == longer[-2] and wrong is longer)
    return True


def _margins(name: str) -> tuple[int, int]:
    """Return how many underscores a name begins and ends with."""
    return len(name) - len(name.lstrip("_")), len(name) - len(name.rstrip("_"))


def _is_swap(wrong: str, right: str) -> bool:
    if len(wrong) != len(right) or len(wrong) < _SHORT or distance(wrong, right) != 1:
        return False
    return sum(letter != right[i] for i, letter in enumerate(wrong)) == 2


def _is_beside(wrong: str, right: str) -> bool:
    at = next(i for i, letter in enumerate(wrong) if letter != right[i])
    if len(wrong) < _LONG or at in (0, len(wrong) - 1):
        return False
    pair = "".join(sorted((wrong[at], right[at])))
    return set(pair) <= _VOWELS or pair in _ALIKE or _are_neighbours(*pair)


def _are_neighbours(one: str, two: str) -> bool:
    return any(abs(row.index(one) - row.index(two)) == 1 for row in _ROWS if one in row and two in row)


@lru_cache(maxsize=1)
def lexicon() -> frozenset[str]:
    """Return the words of Python's own help texts: a misspelling stands in no manual."""
    try:
        from pydoc_data.topics import topics
    except ImportError:  # some distributions leave it out
        return frozenset()
    return frozenset(word for text in topics.values() for word in re.findall(r"[a-z]{3,}", text.lower()))
