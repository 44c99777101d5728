"""What the author of a test asked for with the `selfheal` marker.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_selfheal.model import Diagnosis
    from pytest_selfheal.model import Failure


@dataclass(frozen=True)
class Wish:
    """`selfheal(retries=, delay=, only=, never=, defer=)` of one test; the default asks for nothing.

    Attributes:
        retries: further tries instead of the setting; None keeps the setting.
        delay_s: wait before each further try, seconds, instead of the backoff; None keeps it.
        only: categories or exception classes that may be retried, whatever else the category would say.
        never: categories or exception classes that must not be retried.
        defer: whether other tests may run while this one waits.
    """

    retries: int | None = None
    delay_s: float | None = None
    only: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    defer: bool = True


NO_WISH = Wish()


def names(words: tuple[str, ...], failure: Failure, diagnosis: Diagnosis) -> bool:
    """Return whether any word is the failure's category, or names a class of its exception or of an explicit cause.

    A class may be given by its full name or its last part; bases count.
    """
    if not words:
        return False
    known = {diagnosis.category.value, failure.error_type}
    for link in failure.chain:
        if link.relation != "context":
            known.update(link.mro)
            known.add(link.type_name)
    known.update([name.rpartition(".")[2] for name in known])
    return not known.isdisjoint(words)
