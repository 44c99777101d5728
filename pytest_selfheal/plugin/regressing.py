"""Writes the regression tests of a run's end: reproduced, proved, recorded.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_selfheal.model import GeneratedTest
from pytest_selfheal.regress.replaying import Way
from pytest_selfheal.regress.reproducing import Reproducer
from pytest_selfheal.regress.writing import write_test
from pytest_selfheal.safety.redact import Redactor

if TYPE_CHECKING:
    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.model import History
    from pytest_selfheal.plugin.controller import Controller


class Regressing:
    """Makes the regression tests of one run, within its budget.

    Args:
        controller: the run.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        config = controller.config
        started_in = config.invocation_params.dir
        way = Way(
            config.rootpath,
            Path(started_in),
            controller.child_args,
            str(config.inipath or ""),
            os.fspath(started_in) in sys.path or "" in sys.path,
        )
        self._reproducer = Reproducer(
            way,
            controller.policy.regression_dir,
            monotonic=controller.monotonic,
            budget_s=controller.policy.regression_budget_s,
            redact=Redactor(os.environ).redact,
        )

    def write(self, record: FailureRecord, history: History) -> GeneratedTest | str:
        """Write the test of a failure that keeps coming back; return its record, or why there is none."""
        controller = self._controller
        folder = controller.policy.regression_dir
        found = self._reproducer.reproduce(record, history.occurrences[0].created_at)
        if isinstance(found, str):
            return found
        refused = write_test(found.emitted, controller.config.rootpath, folder)
        if refused:
            return refused
        if found.note:
            controller.screen.tell("notice", f"{found.emitted.file_name} runs the whole test: {found.note}")
        now = controller.now()
        return GeneratedTest(
            id=record.signature,
            updated_at=now,
            test_name=found.emitted.test_name,
            test_type="regression",
            test_prompt=record.user_request,
            expected_behavior={"shouldNotFail": True, "errorType": record.error_type, "reproducedBy": found.kind},
            created_from_failure_id=record.id,
            confidence_score=0.75,  # the architecture document's starting value for a generated test
            path=f"{folder.rstrip('/')}/{found.emitted.file_name}",
            nodeid=record.nodeid,
            content_sha256=found.emitted.content_sha256,
            created_at=now,
            run_id=controller.run_id,
        )
