"""A generator that was begun under guard and goes on without: fixtures that yield.

Only the part before the first `yield` can be repeated; what comes after it, the clean-up of a fixture, runs once.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import UsageError
from pytest_selfheal.resilience.alerts import quietly

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from collections.abc import Awaitable
    from collections.abc import Callable
    from collections.abc import Generator

LOG = logging.getLogger(__name__)


class Start:
    """Begins generators until one gets to its `yield`, then passes everything on to that one.

    Args:
        begin: makes a new generator.
    """

    def __init__(self, begin: Callable[[], Generator[Any, Any, Any]]) -> None:
        self.value: Any = None
        """What the first `yield` gives, in the end."""
        self._begin = begin
        self._generator: Generator[Any, Any, Any] | None = None
        self._given = False

    def first(self) -> Any:
        """Begin a new generator and return what it yields first."""
        self._generator = self._begin()
        try:
            return next(self._generator)
        except StopIteration:
            raise _nothing() from None

    def abandon(self) -> None:
        """Let the generator that was begun clean up after itself; its try has failed."""
        if self._generator is not None:
            quietly(self._generator.close)
            self._generator = None

    def __iter__(self) -> Start:
        return self

    def __next__(self) -> Any:
        if not self._given:
            self._given = True
            return self.value
        return next(self._running)

    def send(self, value: Any) -> Any:
        """Pass on what the user of the generator sends."""
        return self._running.send(value)

    def throw(self, *error: Any) -> Any:
        """Pass on what is raised at the `yield`."""
        return self._running.throw(*error)

    def close(self) -> None:
        """Pass on that nobody wants more."""
        self._running.close()

    @property
    def _running(self) -> Generator[Any, Any, Any]:
        if self._generator is None:
            raise StopIteration
        return self._generator


class AsyncStart:
    """As `Start`, for async generators; there is no `yield from` for those, so the guard passes things on."""

    def __init__(self, begin: Callable[[], AsyncGenerator[Any, Any]]) -> None:
        self._begin = begin
        self._generator: AsyncGenerator[Any, Any] | None = None

    async def first(self) -> Any:
        """Begin a new generator and return what it yields first."""
        self._generator = self._begin()
        try:
            return await self._generator.__anext__()
        except StopAsyncIteration:
            raise _nothing() from None

    async def abandon(self) -> None:
        """Let the generator that was begun clean up after itself; its try has failed."""
        if self._generator is not None:
            try:
                await self._generator.aclose()
            except Exception:
                LOG.exception("the clean-up of an abandoned generator failed and is left out")
            self._generator = None

    def send(self, value: Any) -> Awaitable[Any]:
        """Pass on what the user of the generator sends."""
        return self._running.asend(value)

    def throw(self, error: BaseException) -> Awaitable[Any]:
        """Pass on what is raised at the `yield`."""
        return self._running.athrow(error)

    async def close(self) -> None:
        """Pass on that nobody wants more."""
        await self._running.aclose()

    @property
    def _running(self) -> AsyncGenerator[Any, Any]:
        if self._generator is None:
            raise UsageError("the generator has ended already")
        return self._generator


def _nothing() -> UsageError:
    return UsageError("the guarded generator ended without a `yield`", todo="let it yield, or return the value")
