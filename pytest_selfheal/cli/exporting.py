"""Writes a verdict in every format to a folder, for a CI service to keep.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from pytest_selfheal import __version__
from pytest_selfheal.errors import UsageError
from pytest_selfheal.report import documents
from pytest_selfheal.report.markdown import verdict_markdown
from pytest_selfheal.report.sarif import sarif_document
from pytest_selfheal.report.verdict_junit import verdict_junit
from pytest_selfheal.report.verdicts import cleaned

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_selfheal.cli.project import Project
    from pytest_selfheal.gate import Evidence
    from pytest_selfheal.model import Verdict


def export(project: Project, folder: Path, evidence: Evidence, verdict: Verdict, exit_status: int) -> None:
    """Write `gate.json`, `report.json`, `summary.md`, `gate.xml`, `escalations.sarif` and `badge.json` to a folder.

    Every file is replaced whole: a reader sees the old one or the new one.

    Raises:
        UsageError: the folder cannot be written.
    """
    run_ids = set(verdict.run_id.split())
    reviews = [entry for entry in project.open_store().reviews() if entry.run_id in run_ids]
    report = documents.report_document(
        verdict, exit_status, evidence.health, evidence.failures, evidence.events, reviews
    )
    sarif = sarif_document(reviews, evidence.failures, __version__)
    texts = {
        "gate.json": documents.to_text(documents.verdict_document(verdict, exit_status)),
        "report.json": documents.to_text(cleaned(report, os.environ)),
        "summary.md": verdict_markdown(verdict, time.time()),
        "gate.xml": verdict_junit(verdict),
        "escalations.sarif": documents.to_text(cleaned(sarif, os.environ)),
        "badge.json": documents.to_text(documents.badge_document(verdict)),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            _replace(folder / name, text + "\n")
    except OSError as error:
        raise UsageError(
            f"cannot be written ({error.strerror})", where=str(folder), todo="name another folder with --out"
        ) from error


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with beside.open("x", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
