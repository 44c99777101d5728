"""`selfheal gate`: the verdict on a run, in the form that its reader wants.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_selfheal.cli.gathering import find_base
from pytest_selfheal.cli.gathering import gather
from pytest_selfheal.cli.gathering import tree_notes
from pytest_selfheal.cli.project import Project
from pytest_selfheal.cli.project import write
from pytest_selfheal.gate import judge_run
from pytest_selfheal.report.verdicts import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_selfheal.gate import Evidence
    from pytest_selfheal.model import Verdict

FORMATS = ("text", "json", "markdown", "github", "junit")
CANNOT_TELL = 3


def gate(arguments: argparse.Namespace) -> int:
    """`selfheal gate`: 0 pass, 1 block, 3 cannot tell."""
    project = Project(arguments)
    store = project.open_store()
    base = find_base(project, arguments, os.environ)
    evidence = gather(project, store, arguments, base)
    notes = base.notes + tree_notes(project, base)
    verdict = replace(judge_run(evidence), base=base.words, settings=base.settings, notes=notes)
    verdict = without_secrets(verdict, os.environ)
    project.warn(store)
    blocks = ("block", "warn") if arguments.strict else ("block",)
    status = CANNOT_TELL if verdict.status == "unknown" else int(verdict.status in blocks)
    shown = 0 if arguments.dry_run else status
    if arguments.out is not None:
        _write_files(project, arguments.out, evidence, verdict, shown)
    write(_shown(arguments.format, evidence, verdict, shown))
    if arguments.format == "github":
        _tell_the_runner(verdict)
    if arguments.dry_run and status and arguments.format == "text":
        write([f"dry run: without --dry-run the exit status would be {status}"])
    return shown


def _shown(form: str, evidence: Evidence, verdict: Verdict, status: int) -> list[str]:
    now = time.time()
    if form == "json":
        from pytest_selfheal.report.documents import to_text
        from pytest_selfheal.report.documents import verdict_document

        return [to_text(verdict_document(verdict, status))]
    if form == "markdown":
        from pytest_selfheal.report.markdown import verdict_markdown

        return [verdict_markdown(verdict, now)]
    if form == "junit":
        from pytest_selfheal.report.verdict_junit import verdict_junit

        return [verdict_junit(verdict)]
    from pytest_selfheal.report.tables import verdict_lines

    lines = verdict_lines(verdict, now)
    if form == "github":
        from pytest_selfheal.report.annotations import annotation_lines

        lines = [*annotation_lines(verdict, evidence.failures), *lines]
    return lines


def _tell_the_runner(verdict: Verdict) -> None:
    """Add to the step summary and the outputs of GitHub's runner, where there are such files."""
    from pytest_selfheal.report.markdown import verdict_markdown

    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        _append(Path(summary), verdict_markdown(verdict, time.time()) + "\n")
    output = os.environ.get("GITHUB_OUTPUT")
    if output:
        _append(Path(output), f"status={verdict.status}\n")


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        write([f"selfheal: cannot write {path} ({error.strerror})"])


def _write_files(project: Project, folder: Path, evidence: Evidence, verdict: Verdict, status: int) -> None:
    from pytest_selfheal.cli.exporting import export

    export(project, folder, evidence, verdict, status)


def add_options(gate_parser: argparse.ArgumentParser, count: Callable[[str], int]) -> None:
    """Add the options of the command."""
    add = gate_parser.add_argument
    add("--run-id", metavar="ID", help="judge this run instead of the newest one")
    add("--junit", nargs="+", type=Path, metavar="FILE", help="judge the results in these JUnit files, of any runner")
    add(
        "--baseline-junit",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="JUnit files of the base branch: what failed there in the same way is not new",
    )
    add("--base", metavar="REF", help="the branch to compare with (default: from the CI service, or origin/HEAD)")
    add("--expect-shards", type=count, metavar="N", help="so many runs, or JUnit files, belong together")
    add("--pytest-exit", type=exit_status, metavar="N", help="the exit status of the test run, as the shell saw it")
    add("--format", choices=FORMATS, default="text", help="how to tell (default: text)")
    add("--out", type=Path, metavar="DIR", help="write the verdict in every format, SARIF and a badge to this folder")
    add("--strict", action="store_true", help="warnings block too")
    add("--dry-run", action="store_true", help="tell the verdict but always exit with 0")


def exit_status(text: str) -> int:
    """Return an exit status; more than 128 is a signal."""
    number = int(text)
    if not 0 <= number < 256:
        raise argparse.ArgumentTypeError(f"{text} is no exit status")
    return number
