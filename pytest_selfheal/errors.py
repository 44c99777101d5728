"""The one root of everything this package raises on purpose.

Every error keeps its parts and builds its message as: what happened, where, what to do next.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations


class SelfHealError(Exception):
    """Something this package could not do, told so that the reader can act on it.

    Args:
        what: one clause, what happened.
        where: file, key or command it happened at; empty when there is no place.
        todo: what the reader can do next; empty when nothing helps.
    """

    exit_status = 3
    """Exit status of the command line when this error ends it (2 = the user's input, 3 = cannot tell)."""

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        self.what = what
        self.where = where
        self.todo = todo
        super().__init__(what)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  -> {self.todo}" if self.todo else text


class UsageError(SelfHealError):
    """The caller asked for something that does not exist or makes no sense."""

    exit_status = 2


class ConfigError(SelfHealError):
    """`[tool.selfheal]` or the environment holds values that cannot be used; carries every problem at once."""

    exit_status = 2

    def __init__(self, problems: tuple[str, ...], *, where: str) -> None:
        self.problems = problems
        count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''} in the settings"
        super().__init__(
            "\n  ".join((count, *problems)),
            where=where,
            todo="correct the keys named above; docs/configuration.md lists every key with its unit and default",
        )


class DataError(SelfHealError):
    """Stored or transported data does not have the shape its schema promises."""


class StoreError(SelfHealError):
    """The store cannot be read or written."""


class StoreVersionError(StoreError):
    """The store was written by a newer version; nothing is read and nothing is written."""


class PatchError(SelfHealError):
    """An edit does not fit the file it was made for."""


class ConfinementError(SelfHealError):
    """An edit points at a file that must not be written."""


class AlertError(SelfHealError):
    """An alert could not be delivered."""


class GitError(SelfHealError):
    """git answered with an error or is missing."""
