"""What a recovery hands back: the value with everything a caller needs to decide how far to trust it.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Any
from typing import Literal

from pytest_selfheal.errors import SelfHealError
from pytest_selfheal.resilience.json_recovery.noticing import notice

if TYPE_CHECKING:
    from pytest_selfheal.resilience.json_recovery.grammar import RepairClass

Level = Literal["strict", "extract", "repair", "guess", "partial", "library", "refused"]
Mode = Literal["strict_recovery", "salvage"]


@dataclass(frozen=True)
class JSONLimits:
    """Bounds of one recovery; beyond them a text is refused, never waited for.

    Args:
        characters: longest text that is looked at.
        depth: deepest nesting the tolerant reader follows (the standard parser has its own limit).
        candidates: most values found in one text.
        library_characters: longest region given to the json-repair library.
        library_seconds: wall time after which the library's process is killed.
    """

    characters: int = 8 * 1024 * 1024
    depth: int = 200
    candidates: int = 2000
    library_characters: int = 32 * 1024
    library_seconds: float = 2.0


@dataclass(frozen=True)
class Repair:
    """One change that reading took: its kind, how much it assumes, and where (offsets into the text that was read)."""

    kind: str
    cls: RepairClass
    start: int
    end: int
    note: str = ""


@dataclass(frozen=True)
class Candidate:
    """One value found in the text; `reason_rejected` is empty for the chosen one. A lower tier is a better place."""

    span: tuple[int, int]
    tier: int
    level: Level
    reason_rejected: str = ""


class JSONRecoveryError(SelfHealError, ValueError):
    """No single trustworthy JSON value could be read; says why, where, and what was there.

    Args:
        code: stable word for the reason, such as `nothing_found`, `ambiguous`, `truncated`, `damaged`, `too_deep`.
        what: the same in words.
        position: offset in the text.
        excerpt: the text around it, redacted.
        candidates: what was found and why none of it was taken.
    """

    def __init__(
        self, code: str, what: str, *, position: int = 0, excerpt: str = "", candidates: tuple[Candidate, ...] = ()
    ) -> None:
        self.code = code
        self.position = position
        self.excerpt = excerpt
        self.candidates = candidates
        listed = "".join(f"\n  candidate at {c.span[0]}..{c.span[1]}: {c.reason_rejected}" for c in candidates[:5])
        super().__init__(
            f"{what} (character {position}: {excerpt!r}){listed}",
            where=f"JSON text ({code})",
            todo="ask for the answer again, give `expect=` to say which value is meant, or read with mode='salvage'",
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes: keyword arguments and a built message do not survive the default."""
        return _rebuild, (self.code, self.what, self.position, self.excerpt, self.candidates)


def _rebuild(code: str, what: str, position: int, excerpt: str, candidates: tuple[Candidate, ...]) -> JSONRecoveryError:
    error = JSONRecoveryError(code, what, position=position, excerpt=excerpt, candidates=candidates)
    error.what = what
    return error


@dataclass(frozen=True)
class RecoveredJSON:
    """The outcome of `parse_json_detailed`, successful or not.

    `complete` is False when the text ended before its value did. `confidence` is the measured share of right values
    among those read in this way; apply something unasked only at 0.9 or more and `complete`. `span` and the places of
    `repairs` are offsets into the text as given, unless `repairs` names a transform of the whole text.
    """

    value: Any
    ok: bool
    level: Level
    complete: bool
    confidence: float
    repairs: tuple[Repair, ...] = ()
    span: tuple[int, int] = (0, 0)
    source: str = "whole"
    candidates: tuple[Candidate, ...] = ()
    elapsed: float = 0.0
    error: JSONRecoveryError | None = None
    text: str = field(default="", repr=False, compare=False)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """Oddities every JSON parser accepts in silence, such as duplicate keys; looked for when first asked."""
        return notice(self.text[slice(*self.span)], self.value, self.level) if self.ok else ()

    def require(self, min_confidence: float = 0.9, *, complete: bool = True) -> Any:
        """Return the value, or raise when it is missing, less certain than asked for, or cut.

        Raises:
            JSONRecoveryError: the original one, or one with code `not_certain`.
        """
        if self.error is not None:
            raise self.error
        if self.confidence < min_confidence or (complete and not self.complete):
            state = "complete" if self.complete else "incomplete"
            what = f"the value was read at level {self.level}, {state}, confidence {self.confidence:.2f}"
            raise JSONRecoveryError("not_certain", what, position=self.span[0], candidates=self.candidates)
        return self.value
