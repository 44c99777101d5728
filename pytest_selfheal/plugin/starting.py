"""A mark that pytest was called, taken away when its session begins: a call that never got there must not go unseen.

pytest reads its command line after the plugins are loaded and before any session; wrong usage ends it there, and
without the mark the gate would judge the run before.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_selfheal.plugin.selection import only_looks

if TYPE_CHECKING:
    from pathlib import Path

NAME = "starting"
"""The file in the store's folder; the gate looks at its time."""


def mark(config: pytest.Config) -> None:
    """Leave the mark, in an existing store only and never through a link; never raises."""
    options = config.known_args_namespace
    if only_looks(options) or "PYTEST_XDIST_WORKER" in os.environ:
        return
    place = _place(config)
    try:
        if place.parent.is_symlink() or not (place.parent / "store.json").is_file():
            return
        place.unlink(missing_ok=True)  # the time of a new file is now, and a link is replaced instead of followed
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError:
        return


def unmark(config: pytest.Config) -> None:
    """Take the mark away; never raises."""
    place = _place(config)
    try:
        if not place.parent.is_symlink():
            place.unlink()
    except OSError:
        return


def _place(config: pytest.Config) -> Path:
    from pytest_selfheal.plugin.activate import policy_of

    named = getattr(config.known_args_namespace, "selfheal_store", None)  # the options proper are not parsed yet
    try:
        return config.rootpath / (named or policy_of(config).store) / NAME
    except pytest.UsageError:  # broken settings are told when pytest configures its plugins
        return config.rootpath / ".selfheal" / NAME
