"""Finds the project the command is about, its settings and its store.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.config import read_policy
from pytest_selfheal.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from pytest_selfheal.config import Policy
    from pytest_selfheal.store.json_store import JsonStore
    from pytest_selfheal.store.protocol import Store
    from pytest_selfheal.store.spooled import SpooledStore
    from pytest_selfheal.store.sql.sql_store import SqlStore

_MARKS = ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg", ".git")


class Project:
    """One project as the command line sees it.

    Raises:
        UsageError: the folder named with `--root` does not exist.
        ConfigError: the settings cannot be used.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        named: Path | None = arguments.root
        if named is not None and not named.is_dir():
            raise UsageError("no such folder", where=str(named), todo="name the project's folder with --root")
        self.root = named.resolve() if named is not None else find_root(Path.cwd())
        pyproject = self.root / "pyproject.toml"
        overrides = {"store": arguments.store}
        self.policy: Policy = read_policy(pyproject if pyproject.is_file() else None, os.environ, overrides)
        self.store_path = self.root / self.policy.store

    def open_store(self) -> JsonStore | SpooledStore:
        """Return the store; what is wrong with it is told by `warn` once it has been used."""
        from pytest_selfheal.store import open_store

        return open_store(self.store_path, url=self.policy.store_url, retention_days=self.policy.retention_days)

    def open_database(self) -> SqlStore:
        """Return the database itself.

        Raises:
            UsageError: none is set.
            StoreError: it cannot be used.
        """
        from pytest_selfheal.store import open_database

        if not self.policy.store_url:
            raise UsageError("no database is set", todo='set SELFHEAL_STORE_URL, or store = "postgresql+psycopg://..."')
        return open_database(self.policy.store_url, retention_days=self.policy.retention_days)

    def open_kept(self) -> JsonStore | SqlStore:
        """Return the store as it is kept, for commands that look after it: the folder's, or the database itself.

        Raises:
            StoreError: the database cannot be used.
        """
        from pytest_selfheal.store.json_store import JsonStore

        store = self.open_store()
        return store if isinstance(store, JsonStore) else self.open_database()

    def warn(self, store: Store) -> None:
        """Tell what went wrong while the store was read or written."""
        for warning in store.warnings:
            sys.stderr.write(f"selfheal: warning: {warning}\n")


def find_root(start: Path) -> Path:
    """Return the nearest folder upwards that holds a store, else the nearest that looks like a project's root."""
    folders = (start, *start.parents)
    for folder in folders:
        if (folder / ".selfheal" / "store.json").is_file():
            return folder
    for folder in folders:
        if any((folder / name).exists() for name in _MARKS):
            return folder
    return start


def show(arguments: argparse.Namespace, document: dict[str, Any], lines: Iterable[str]) -> None:
    """Print the versioned document with `--json`, else the lines for people."""
    if arguments.json:
        from pytest_selfheal.report.documents import to_text

        lines = [to_text(document)]
    write(lines)


def write(lines: Iterable[str]) -> None:
    """Print lines, whatever the terminal's encoding can show."""
    text = "\n".join(lines) + "\n"
    encoding = sys.stdout.encoding or "ascii"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
