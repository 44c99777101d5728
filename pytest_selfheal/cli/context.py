"""What a person or an agent needs to repair a failure, as the command line and the server for agents tell it.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from pytest_selfheal.analysis.evidence import Evidence
    from pytest_selfheal.cli.project import Project
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.store.protocol import Store


def evidence_of(project: Project, store: Store, record: FailureRecord, detailed: FailureRecord) -> Evidence:
    """Return what is known about a recorded failure, without secrets.

    Args:
        project: the project.
        store: its store.
        record: the failure asked about.
        detailed: the one of the same signature that kept its exceptions.
    """
    from pytest_selfheal.advice.gathering import gather
    from pytest_selfheal.repair.project import Project as Sources
    from pytest_selfheal.safety.redact import Redactor

    failure = replace(detailed.failure(), nodeid=record.nodeid, test_path=record.test_path)
    return gather(failure, record, Sources(project.root), store, Redactor(os.environ))


def context_document(evidence: Evidence, tokens: int) -> list[dict[str, Any]]:
    """Return the pieces as `kind` and `text`, the most telling first, within so many tokens."""
    from pytest_selfheal.analysis.question import sections

    return [{"kind": part.kind, "text": part.text} for part in sections(evidence, tokens)]


def context_text(evidence: Evidence, tokens: int) -> list[str]:
    """Return the same as lines for a terminal."""
    from pytest_selfheal.analysis.question import context_lines
    from pytest_selfheal.safety.escape import terminal_line

    lines = [terminal_line(line).rstrip() for line in context_lines(evidence, tokens)]
    return ["", "for the person or agent who repairs it", "", *lines]
