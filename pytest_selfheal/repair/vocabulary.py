"""Which words the project uses: a word that stands elsewhere on its own account is no slip of the finger.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from pytest_selfheal.errors import PatchError
from pytest_selfheal.repair.closeness import words_of
from pytest_selfheal.repair.patch import source_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_selfheal.repair.project import Project

_IDENTIFIER = re.compile(r"[^\W\d]\w*")


def names_used(project: Project) -> Counter[str]:
    """Return every identifier and word of the project's files, comments and strings included, with how often."""
    return project.remember("names_used", lambda: _count(project))


def _count(project: Project) -> Counter[str]:
    found: Counter[str] = Counter()
    for path in project.files:
        try:
            found.update(_IDENTIFIER.findall(source_of(path, project.data(path)).text))
        except PatchError:
            continue
    return found


def used_besides(wrong: str, project: Project) -> Callable[[str], bool]:
    """Return a test whether a word is part of any other name or text of the project than `wrong`."""

    def words() -> frozenset[str]:
        return frozenset(word for name in names_used(project) if name != wrong for word in words_of(name))

    def is_used(word: str) -> bool:
        return word in project.remember(f"words besides {wrong}", words)

    return is_used


def is_in_tests(name: str, project: Project) -> bool:
    """Tell whether a test speaks of a name: then it is what somebody expects to be there."""
    from pytest_selfheal.repair.project import kind_of

    needle = re.compile(rb"\b" + re.escape(name.encode()) + rb"\b")
    return any(needle.search(project.data(path)) for path in project.files if kind_of(path) == "test")
