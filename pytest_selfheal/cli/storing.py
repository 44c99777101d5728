"""Commands that look after the store.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.cli.project import Project
from pytest_selfheal.cli.project import show
from pytest_selfheal.cli.project import write
from pytest_selfheal.report import documents
from pytest_selfheal.safety.escape import terminal_line

if TYPE_CHECKING:
    import argparse

    from pytest_selfheal.store.protocol import Store


def stats(arguments: argparse.Namespace) -> int:
    """`selfheal store stats`."""
    project = Project(arguments)
    store = project.open_store()
    if not project.policy.store_url and not project.store_path.is_dir():
        sys.stderr.write(f"selfheal: there is no store in {project.store_path} yet; a run with --selfheal makes it\n")
    _answer(arguments, project, store, "stats", store.stats())
    return 0


def upgrade(arguments: argparse.Namespace) -> int:
    """`selfheal store init` and `upgrade`: make or renew the tables of the database."""
    project = Project(arguments)
    store = project.open_database()
    found, now = store.upgrade()
    done = "nothing to do" if found == now else "tables made" if not found else f"upgraded from version {found}"
    write([f"{store.where}: {done}, version {now}"])
    return 0


def verify(arguments: argparse.Namespace) -> int:
    """`selfheal store verify`: 0 sound, 1 damaged."""
    project = Project(arguments)
    store = project.open_kept()
    report = store.verify()
    content = report if isinstance(report, dict) else report.to_dict()
    _answer(arguments, project, store, "verify", content)
    return 1 if content["problems"] else 0


def compact(arguments: argparse.Namespace) -> int:
    """`selfheal store compact`: 0 done or nothing to do, 1 locked by another process or not writable."""
    from pytest_selfheal.store.json_store import JsonStore

    project = Project(arguments)
    store = project.open_kept()
    if not isinstance(store, JsonStore):
        dropped = store.prune()
        answer = {"done": bool(dropped), "reason": "" if dropped else "nothing is too old", "dropped": dropped}
        _answer(arguments, project, store, "compact", answer)
        return 0
    report = store.compact()
    _answer(arguments, project, store, "compact", report.to_dict())
    looked = report.done or report.segments_before > 0
    return 0 if looked else 1


def _answer(
    arguments: argparse.Namespace, project: Project, store: Store, answer: str, content: dict[str, Any]
) -> None:
    project.warn(store)
    show(arguments, documents.store_document(answer, content), _rows(content))


def _rows(content: dict[str, Any], indent: str = "") -> list[str]:
    rows: list[str] = []
    width = max((len(key) for key in content), default=0)
    for key, value in content.items():
        label = f"{indent}{key.replace('_', ' ').ljust(width)}  "
        if isinstance(value, dict):
            rows += [label.rstrip(), *_rows(value, indent + "  ")] if value else [label + "none"]
        elif isinstance(value, list):
            rows += [label + ("none" if not value else "")]
            rows += [f"{indent}  {terminal_line(str(item))}" for item in value]
        else:
            rows.append(label + terminal_line(str(value)))
    return rows
