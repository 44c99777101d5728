"""Which project a file belongs to, and where its breakers meet.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import logging
import os
from functools import cache
from pathlib import Path

from pytest_selfheal.config import Policy
from pytest_selfheal.config import read_policy
from pytest_selfheal.errors import ConfigError

LOG = logging.getLogger(__name__)

_ROOT_SIGNS = ("pyproject.toml", "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg", ".git")


@cache
def breaker_folder(near: Path) -> Path:
    """Return the folder for shared breakers of the project that `near` belongs to; nothing is made.

    All processes of one run must find the same folder, whatever their working directory, so it is sought upwards from a
    file of the project. A file of an installed package belongs to no project; the working directory decides then.

    Args:
        near: a file or folder; it need not exist.
    """
    start = near.absolute()
    if "site-packages" in start.parts or "dist-packages" in start.parts or not start.exists():
        start = Path.cwd()
    root = next((folder for folder in (start, *start.parents) if _is_root(folder)), None)
    if root is None:
        root = start if start.is_dir() else start.parent
    return root / _policy(root).store / "breakers"


def _is_root(folder: Path) -> bool:
    return any((folder / sign).exists() for sign in _ROOT_SIGNS)


def _policy(root: Path) -> Policy:
    pyproject = root / "pyproject.toml"
    try:
        return read_policy(pyproject if pyproject.is_file() else None, os.environ)
    except ConfigError as error:
        LOG.warning("the usual folder is taken for shared breakers: %s", error)
        return Policy()
