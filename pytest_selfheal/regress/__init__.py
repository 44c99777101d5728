"""Regression tests from repeated failures.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def replay(data: Mapping[str, Any], config: Any) -> None:
    """Run the pinned test of a generated regression test; the function those files call.

    Args:
        data: the file's `DATA`; `nodeid` names the pinned test, `options`, `directory` and `on_path` how it was run.
        config: pytest's configuration, `request.config`. Its root directory alone is enough.

    Raises:
        AssertionError: the pinned test fails, or cannot be run.
        unittest.SkipTest: the pinned test was skipped, or is gone; neither is ever shown as passed.
    """
    from pytest_selfheal.regress.replaying import Way
    from pytest_selfheal.regress.replaying import run_pinned

    run_pinned(str(data["nodeid"]), Way.of(data, config))


def require(data: Mapping[str, Any], config: Any) -> None:
    """Skip a generated test whose function does not exist any more: a function that is gone has no bug.

    Args:
        data: the file's `DATA`; `target` is `module:name`, `file` where it was, relative to the root directory.
        config: pytest's configuration, `request.config`.

    Raises:
        unittest.SkipTest: the module's file does not exist any more, or it has no such name.
        ModuleNotFoundError: the file is there, but cannot be imported the way pytest was started.
    """
    from pathlib import Path

    from pytest_selfheal.regress.replaying import require_target

    require_target(str(data["target"]), Path(config.rootpath) / str(data["file"]))
