"""`selfheal report`: what happened, as a page to keep and to pass on.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from pytest_selfheal.cli.project import Project
from pytest_selfheal.cli.project import write
from pytest_selfheal.errors import UsageError
from pytest_selfheal.safety.escape import terminal_line

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def report(arguments: argparse.Namespace) -> int:
    """`selfheal report --html FILE`: write the page; an existing file is replaced as a whole or not at all."""
    if arguments.html is None:
        raise UsageError("nothing to write", todo="name a file: selfheal report --html selfheal.html")
    from pytest_selfheal.overview import gather
    from pytest_selfheal.report.html.page import html_report

    project = Project(arguments)
    store = project.open_store()
    material = gather(store, project.root, project.policy, now=time.time(), most_runs=arguments.runs)
    project.warn(store)
    page = html_report(material).encode("utf-8")
    _put(arguments.html, page)
    write([f"written: {terminal_line(str(arguments.html))} ({len(page) / 1e6:.1f} MB, {len(material.runs)} runs)"])
    return 0


def _put(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise UsageError(
            f"cannot be written ({reason})", where=str(path), todo="name a file in a folder of yours"
        ) from error
