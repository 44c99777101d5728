"""The commit message: counts and hashes only, so that nothing from a test can stand in it.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.model import GeneratedFile

RUN_TRAILER = "Selfheal-Run"
_RUN_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_UNKNOWN_RUN = "unknown"


def commit_message(files: Sequence[GeneratedFile], *, skip_ci: bool = False) -> str:
    """Return the message for a commit of `files`, ASCII, one trailer per signature and run.

    A commit always has a `Selfheal-Run` trailer: it is how a later commit knows its own kind.
    """
    count = f"{len(files)} regression test{'s' if len(files) != 1 else ''}"
    subject = f"test: add {count} learned by pytest-selfheal" + (" [skip ci]" if skip_ci else "")
    signatures = sorted({file.signature for file in files})
    runs = sorted({file.run_id for file in files if _RUN_ID.fullmatch(file.run_id)})
    trailers = [f"Selfheal-Signature: {signature}" for signature in signatures]
    trailers += [f"{RUN_TRAILER}: {run}" for run in runs or [_UNKNOWN_RUN]]
    return "\n".join([subject, "", *trailers, ""])
