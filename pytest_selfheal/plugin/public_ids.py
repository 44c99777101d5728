"""Running a test by its public id: parameters that hold a secret stand as `[redacted-1a2b3c]` wherever an id is kept.

Neither a person nor a child process needs the secret to run the test again.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_selfheal.safety.redact import PUBLIC
from pytest_selfheal.safety.redact import process_redactor

if TYPE_CHECKING:
    from collections.abc import Iterable

MARK = f"[{PUBLIC}"


def public_id(nodeid: str) -> str:
    """Return the node id as it may be stored and shown."""
    return process_redactor().public_id(nodeid)


def register(config: pytest.Config) -> None:
    """Let the public ids among the arguments stand for their tests."""
    asked: list[str] = []
    for index, argument in enumerate(config.args):
        stem, mark, _digits = argument.partition(MARK)
        if mark:
            asked.append(argument.partition("::")[2])
            config.args[index] = stem
    whole = [argument for argument in config.args if "::" not in argument]
    config.pluginmanager.register(_Chosen(asked, whole), "selfheal-public-ids")


class _Chosen:
    """Leaves out the other parameters of functions that were asked for by a public id."""

    def __init__(self, asked: Iterable[str], whole: list[str]) -> None:
        self._asked = frozenset(asked)
        self._functions = frozenset(name.partition(MARK)[0] for name in asked)
        self._has_whole_files = bool(whole)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep what was asked for; a whole file among the arguments brings all of its tests anyway."""
        if self._has_whole_files:
            return
        left = [item for item in items if not self._is_kept(item)]
        if left:
            items[:] = [item for item in items if self._is_kept(item)]
            config.hook.pytest_deselected(items=left)

    def _is_kept(self, item: pytest.Item) -> bool:
        name = item.nodeid.partition("::")[2]
        return name.partition("[")[0] not in self._functions or public_id(item.nodeid).partition("::")[2] in self._asked
