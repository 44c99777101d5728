"""Commands that bring records from one store into another.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_selfheal.cli.project import Project
from pytest_selfheal.cli.project import write
from pytest_selfheal.errors import StoreError
from pytest_selfheal.safety.escape import terminal_line

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from pytest_selfheal.store.merging import MergeReport


def merge(arguments: argparse.Namespace) -> int:
    """`selfheal merge SRC... --into DST`: 0 done, whatever was refused is told."""
    from pytest_selfheal.store.clock import Clock
    from pytest_selfheal.store.merging import Reading
    from pytest_selfheal.store.merging import merge_into_folder

    clock = Clock(time.time)
    try:
        report = merge_into_folder(Reading(clock), arguments.sources, arguments.into, clock)
    except OSError as error:
        raise StoreError(error.strerror or str(error), where=str(error.filename or arguments.into)) from error
    write(_told(report, str(arguments.into)))
    return 0


def import_(arguments: argparse.Namespace) -> int:
    """`selfheal store import SRC...`: from folders into the database."""
    from pytest_selfheal.store.clock import Clock
    from pytest_selfheal.store.merging import Reading
    from pytest_selfheal.store.merging import merge_into_database

    store = Project(arguments).open_database()
    report = merge_into_database(Reading(Clock(time.time)), arguments.sources, store.write)
    write(_told(report, store.where))
    return 0


def export(arguments: argparse.Namespace) -> int:
    """`selfheal store export FILE`: every record of the database, one JSON line each."""
    from pytest_selfheal.store.files import write_atomically

    target: Path = arguments.file
    store = Project(arguments).open_database()
    lines = store.raw_lines()
    try:
        write_atomically(target, (raw + b"\n" for raw in lines))
    except OSError as error:
        raise StoreError(error.strerror or str(error), where=str(target)) from error
    write([f"{len(lines)} records written to {terminal_line(str(target))}"])
    return 0


def _told(report: MergeReport, where: str) -> list[str]:
    refused = [f"  refused {count}: {terminal_line(why)}" for why, count in report.refused.items()]
    return [f"{report.read} records read, {report.written} written to {terminal_line(where)}", *refused]
