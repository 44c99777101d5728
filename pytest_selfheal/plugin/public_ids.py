"""Running a test by its public id: parameters that hold a secret stand as `[redacted-1a2b3c]` wherever an id is kept.

Neither a person nor a child process needs the secret to run the test again.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
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
    plain: list[str] = []
    for index, argument in enumerate(config.args):
        stem, mark, _digits = argument.partition(MARK)
        (asked if mark else plain).append(argument)
        if mark:
            config.args[index] = stem
    config.pluginmanager.register(_Chosen(asked, plain), "selfheal-public-ids")


class _Chosen:
    """Leaves out the other parameters of functions that were asked for by a public id.

    Args:
        asked: the arguments that are public ids.
        plain: the other ones.
    """

    def __init__(self, asked: Iterable[str], plain: Iterable[str]) -> None:
        self._asked = frozenset(map(_local, asked))
        self._functions = frozenset((file, name.partition(MARK)[0]) for file, name in self._asked)
        self._plain = frozenset(map(_local, plain))
        self._has_whole_files = any(not name for _file, name in self._plain)

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
        file, name = _local(item.nodeid)
        function = name.partition("[")[0]
        if (file, function) not in self._functions or _local(public_id(item.nodeid)) in self._asked:
            return True
        parts = function.split("::")
        outer = {(file, "::".join(parts[: index + 1])) for index in range(len(parts))}
        return (file, name) in self._plain or not self._plain.isdisjoint(outer)


def _local(nodeid: str) -> tuple[str, str]:
    """Return the name of a node id's file, which may be given relative to another folder, and the rest."""
    file, _separator, name = nodeid.partition("::")
    return os.path.basename(file), name  # noqa: PTH119 - a text, maybe of another system
