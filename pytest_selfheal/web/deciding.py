"""Accepting and rejecting, by the very command a person would type.

A process of its own: the tests that validate a fix must not hold up the page, and whatever they do stays outside of the
server.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest_selfheal

if TYPE_CHECKING:
    from pytest_selfheal.web.site import Site

VERBS = ("accept", "reject")
_MOST_TEXT = 40_000


@dataclass(frozen=True)
class Decision:
    """What came of it: the command's exit status, and what it printed."""

    status: int
    text: str

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return self.status == 0


async def decide(site: Site, verb: str, entry_id: str, option: int | None) -> Decision:
    """Run `selfheal review VERB ID [N]` and return what came of it.

    Args:
        site: the project.
        verb: one of `VERBS`.
        entry_id: an id from the queue.
        option: which candidate, when there are several.
    """
    command = [sys.executable, "-m", "pytest_selfheal.cli", "--root", str(site.root), "--store", site.policy.store]
    command += ["review", verb, "--", entry_id, *([str(option)] if option else [])]
    # The folder given above takes the place of the setting, in which the database may stand.
    url = site.policy.store_url
    process = await asyncio.create_subprocess_exec(
        *command,
        # Not the project's folder, whose files would take the place of modules of the same name.
        cwd=Path(pytest_selfheal.__file__).parents[1],
        env={**os.environ, "SELFHEAL_STORE_URL": url} if url else None,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    limit = 2 * site.policy.validation_timeout_s + 60
    try:
        output, _ = await asyncio.wait_for(process.communicate(), limit)
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()
        return Decision(3, f"stopped after {limit:.0f} s; whatever was written is taken back at the next start")
    except asyncio.CancelledError:
        process.terminate()
        raise
    return Decision(process.returncode or 0, output.decode("utf-8", "replace")[:_MOST_TEXT].strip())
