"""`selfheal regressions`: the regression tests written for errors that came back.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_selfheal.cli.project import Project
from pytest_selfheal.cli.project import show
from pytest_selfheal.cli.project import write
from pytest_selfheal.errors import StoreError
from pytest_selfheal.errors import UsageError
from pytest_selfheal.model import HealingEvent
from pytest_selfheal.model import stable_id
from pytest_selfheal.model import utc_text
from pytest_selfheal.regress import lifecycle
from pytest_selfheal.regress.source import short_id
from pytest_selfheal.report import regressions as told

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from pytest_selfheal.model import GeneratedTest


def list_all(arguments: argparse.Namespace) -> int:
    """`selfheal regressions list`: those that are open or guarding, or all."""
    project = Project(arguments)
    store = project.open_store()
    tests = [test for test in store.generated_tests() if arguments.all or test.is_active]
    project.warn(store)
    show(
        arguments, told.regressions_document(tests), told.regressions_lines([(short_id(one.id), one) for one in tests])
    )
    return 0


def show_one(arguments: argparse.Namespace) -> int:
    """`selfheal regressions show ID`."""
    project = Project(arguments)
    store = project.open_store()
    test = _find(store.generated_tests(), arguments.id)
    project.warn(store)
    file = "as generated" if lifecycle.is_generated(test, project.root) else "edited by a person, or gone"
    show(arguments, told.regressions_document([test]), told.regression_detail(short_id(test.id), test, file))
    return 0


def retire(arguments: argparse.Namespace) -> int:
    """`selfheal regressions retire ID`: skipped from now on; the file stays until somebody deletes it."""
    project = Project(arguments)
    store = project.open_store()
    test = _find(store.generated_tests(), arguments.id)
    name = short_id(test.id)
    if test.state == lifecycle.RETIRED:
        write([f"{name} is retired already"])
        return 0
    now = utc_text(time.time())
    event = HealingEvent(
        id=stable_id(test.id, "retire", now),
        updated_at=now,
        run_id="",
        action="regression",
        result="ok",
        signature=test.id,
        nodeids=(test.nodeid,),
        detail="retired by hand",
        ref=test.path,
        created_at=now,
    )
    kept = store.commit([lifecycle.retired(test, now), event])
    project.warn(store)
    if not kept:
        raise StoreError("the change could not be stored", where=str(project.store_path))
    write([f"retired {name}: `pytest --selfheal` skips {test.path}; delete the file when you no longer want it"])
    return 0


def _find(tests: Sequence[GeneratedTest], wanted: str) -> GeneratedTest:
    found = [test for test in tests if short_id(test.id).startswith(wanted) or test.id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(f"no regression test begins with {wanted!r}", todo="selfheal regressions list --all")
    raise UsageError(f"{len(found)} regression tests begin with {wanted!r}", todo="give more of the id")
