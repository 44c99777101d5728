"""A batch that is too big, taken in halves.

The architecture document's answer to timeouts: "Split into Smaller Chunks".

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import SelfHealError

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable
    from collections.abc import Generator
    from collections.abc import Sequence


@dataclass(frozen=True)
class Done:
    """One item that went through. `index` is its place among the items, from 0."""

    index: int
    item: Any
    value: Any


@dataclass(frozen=True)
class Failed:
    """One item that did not go through even alone, with the error of its own call."""

    index: int
    item: Any
    error: Exception


class BatchError(SelfHealError):
    """Some items of a batch failed; `result` holds both what went through and what did not."""

    def __init__(self, result: BatchResult) -> None:
        self.result = result
        total = len(result.done) + len(result.failed)
        first = result.failed[0]
        super().__init__(
            f"{len(result.failed)} of {total} items failed even alone; the first is number {first.index}: "
            f"{type(first.error).__name__}: {first.error}",
            todo="`failed` of the result lists them, `done` holds the others",
        )


@dataclass
class BatchResult:
    """What became of a batch, in the order of its items.

    Attributes:
        done: the items that went through.
        failed: the items that did not.
        calls: how many calls that took, at most `2 * len(items) - 1`.
    """

    done: list[Done] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    calls: int = 0

    @property
    def values(self) -> list[Any]:
        """Return one value for each item, in their order.

        Raises:
            BatchError: some items failed, so a list would silently be too short.
        """
        if self.failed:
            raise BatchError(self) from self.failed[0].error
        return [done.value for done in self.done]


def split(
    function: Callable[[list[Any]], Any], items: Sequence[Any], divides: Callable[[Exception], bool]
) -> BatchResult:
    """Call `function` with all items, and with halves of them wherever it fails for their number.

    Args:
        function: takes a list of items and returns one value for each, in their order.
        items: may be empty, then nothing is called.
        divides: says of an exception whether fewer items could help.

    Raises:
        SelfHealError: `function` did not return one value for each item.
        BaseException: what `function` raised, when `divides` says no; a bug is not a batch that is too big.
    """
    result = BatchResult()
    steps = _halving(list(items), divides, result)
    answer: Any = None
    while (part := _advance(steps, answer)) is not None:
        try:
            answer = function(part)
        except Exception as error:  # noqa: BLE001 - handed to the steps, which raise what does not divide
            answer = _Raised(error)
    return result


async def split_async(
    function: Callable[[list[Any]], Awaitable[Any]], items: Sequence[Any], divides: Callable[[Exception], bool]
) -> BatchResult:
    """As `split`, for a function that returns an awaitable; one call at a time."""
    result = BatchResult()
    steps = _halving(list(items), divides, result)
    answer: Any = None
    while (part := _advance(steps, answer)) is not None:
        try:
            answer = await function(part)
        except Exception as error:  # noqa: BLE001 - as above
            answer = _Raised(error)
    return result


@dataclass(frozen=True)
class _Raised:
    error: Exception


def _advance(steps: Generator[list[Any], Any, None], answer: Any) -> list[Any] | None:
    try:
        return steps.send(answer)
    except StopIteration:
        return None


def _halving(
    items: list[Any], divides: Callable[[Exception], bool], result: BatchResult
) -> Generator[list[Any], Any, None]:
    waiting = [(0, len(items))] if items else []
    while waiting:
        start, end = waiting.pop()
        result.calls += 1
        answer = yield items[start:end]
        if not isinstance(answer, _Raised):
            values = _values(answer, end - start)
            result.done += [Done(start + at, items[start + at], value) for at, value in enumerate(values)]
        elif not divides(answer.error):
            raise answer.error
        elif end - start == 1:
            result.failed.append(Failed(start, items[start], answer.error))
        else:
            middle = (start + end + 1) // 2
            waiting += [(middle, end), (start, middle)]


def _values(answer: Any, count: int) -> list[Any]:
    if isinstance(answer, (str, bytes, dict)) or not hasattr(answer, "__iter__"):
        raise SelfHealError(
            f"a batch of {count} items was answered by a {type(answer).__name__}",
            todo="return a list with one value for each item, in their order",
        )
    values = list(answer)
    if len(values) != count:
        raise SelfHealError(
            f"a batch of {count} items was answered by {len(values)} values, so nobody can tell which belongs to which",
            todo="return one value for each item, in their order",
        )
    return values
