"""What the toolkit takes from the outside world, in one place, so that tests can bring their own.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable


async def _pause(seconds: float) -> None:
    import asyncio

    await asyncio.sleep(seconds)


@dataclass(frozen=True)
class Effects:
    """Clock, waiting and chance.

    Attributes:
        clock: seconds from any fixed point; never goes back.
        sleep: waits so many seconds.
        async_sleep: the same without blocking the event loop.
        draw: a number in [0, 1), for jitter.
    """

    clock: Callable[[], float] = field(default=time.monotonic)
    sleep: Callable[[float], object] = field(default=time.sleep)
    async_sleep: Callable[[float], Awaitable[object]] = field(default=_pause)
    draw: Callable[[], float] = field(default=random.random)


REAL = Effects()
"""The world as it is."""
