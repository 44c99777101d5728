"""Runs the test a regression test is pinned to, in a process of its own, the way it was run when it failed.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.safety.child_args import child_args
from pytest_selfheal.safety.processes import run_tree
from pytest_selfheal.safety.redact import process_redactor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

TIMEOUT_S = 300.0
GONE = "is gone"
"""Part of the reason of a skip that tells apart what was deleted from what is skipped."""

ROOT = "{root}"
"""Stands in recorded options for the root directory, which lies elsewhere on every machine."""

_KEPT_OUTPUT = 4000
_NOT_FOUND = "ERROR: not found: "
_FILE_MISSING = "ERROR: file or directory not found: "
_NOTHING_RUN = frozenset({4, 5})
"""pytest's statuses "usage error", which a node id that names nothing is, and "no tests collected"."""


@dataclass(frozen=True)
class Way:
    """How pytest has to be started for the pinned test.

    Attributes:
        root: pytest's root directory.
        directory: the folder pytest is started in.
        options: what decides how tests are found and run: `-c`, `-p`, `-o`, `-W`, options of plugins and conftests.
        inipath: the ini file, when the options name none; empty when there is none.
        on_path: whether the folder pytest is started in is importable (`python -m pytest`).
    """

    root: Path
    directory: Path
    options: tuple[str, ...] = ()
    inipath: str = ""
    on_path: bool = True

    @classmethod
    def of(cls, data: Mapping[str, Any], config: Any) -> Way:
        """Return the way that was recorded with the test; else the way the present run was started."""
        if isinstance(config, Path):
            return cls(config, config)
        root = Path(config.rootpath)
        inipath = str(config.inipath or "")
        started_in = Path(config.invocation_params.dir)
        if "options" in data:
            folder = root / str(data.get("directory", ""))
            options = tuple(word.replace(ROOT, str(root)) for word in data["options"])
            on_path = bool(data.get("on_path", True))
            return cls(root, folder if folder.is_dir() else root, options, inipath, on_path)
        options = child_args(
            [str(word) for word in config.invocation_params.args],
            [str(word) for word in config.args],
            [str(word) for word in config.getini("addopts")],
            os.environ.get("PYTEST_ADDOPTS", ""),
        )
        return cls(root, started_in, options, inipath, str(started_in) in sys.path or "" in sys.path)

    def arguments(self) -> list[str]:
        """Return the options with root directory and ini file named."""
        words = list(self.options)
        if not any(word.startswith("--rootdir") for word in words):
            words.append(f"--rootdir={self.root}")
        if self.inipath and not any(word.startswith(("-c", "--config-file")) for word in words):
            words.append(f"-c{self.inipath}")
        return words


def portable(options: Sequence[str], root: Path, redacted: Sequence[str]) -> tuple[str, ...] | None:
    """Return options that mean the same on another machine; None when they cannot be written into a file.

    Args:
        options: what `child_args` kept.
        root: pytest's root directory.
        redacted: the same options without secrets.
    """
    words = tuple(word.replace(str(root), ROOT) for word in options)
    foreign = any(Path(part).is_absolute() for word in words for part in (word, word.partition("=")[2], word[2:]))
    return None if foreign or list(options) != list(redacted) else words


def require_target(target: str, file: Path) -> None:
    """Import the function `module:name` that a regression test calls.

    Raises:
        unittest.SkipTest: its module or its name does not exist any more. What fails inside the module is raised as
            it is: a module that cannot be imported is not gone.
    """
    import importlib
    import unittest

    module, _, name = target.partition(":")
    gone = f"{target} {GONE}: delete this file, or restore the function"
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if not file.is_file() and error.name and (module == error.name or module.startswith(f"{error.name}.")):
            raise unittest.SkipTest(gone) from None
        raise
    for part in name.split("."):
        if part and not hasattr(found, part):
            raise unittest.SkipTest(gone)
        found = getattr(found, part) if part else found


def run_pinned(nodeid: str, way: Way) -> None:
    """Run `nodeid` once, without retries and repairs; what it started is gone afterwards.

    Raises:
        AssertionError: it did not pass; the message ends with the pinned run's output.
        unittest.SkipTest: it was skipped, or it does not exist any more.
    """
    with tempfile.TemporaryDirectory(prefix="selfheal-replay-", ignore_cleanup_errors=True) as folder:
        report = Path(folder) / "report.xml"
        file, separator, rest = nodeid.partition("::")
        own = ["--selfheal=off", "-p", "no:cacheprovider", "-q", "--no-header", f"--junitxml={report}"]
        own += [f"--basetemp={Path(folder) / 'base'}", f"{way.root / file}{separator}{rest}"]
        program = [sys.executable, "-m", "pytest"]
        if not way.on_path:
            program = [sys.executable, "-c", _WITHOUT_FOLDER]
        output = Path(folder) / "output.txt"
        status = run_tree(
            [*program, *way.arguments(), *own],
            cwd=way.directory,
            env=child_environment(os.environ),
            output=output,
            timeout_s=TIMEOUT_S,
        )
        text = process_redactor().redact(output.read_bytes()[-_KEPT_OUTPUT:].decode("utf-8", "replace"))
        counts = _counts(report)
    if status is None:
        raise AssertionError(f"the pinned test {nodeid} did not end within {TIMEOUT_S:g} s")
    _judge(nodeid, status, counts, text)


_WITHOUT_FOLDER = "import sys; sys.path[:] = sys.path[1:]; import pytest; raise SystemExit(pytest.main(sys.argv[1:]))"
"""`-c` puts the working directory first, as `-m` does; the program `pytest` does not."""


def _judge(nodeid: str, status: int, counts: Mapping[str, int], output: str) -> None:
    if status == 0 and counts["tests"] > counts["skipped"]:
        return
    is_gone = status in _NOTHING_RUN and (
        status == _NOTHING_COLLECTED or _NOT_FOUND in output or _FILE_MISSING in output
    )
    if is_gone or (status == 0 and counts["skipped"]):
        import unittest

        what = f"{GONE}: delete this file, or restore the test" if is_gone else "was skipped"
        raise unittest.SkipTest(f"the pinned test {nodeid} {what}")
    if not counts["tests"]:
        raise AssertionError(f"the pinned test {nodeid} cannot be run\n{output}")
    raise AssertionError(f"the pinned test {nodeid} fails again\n{output}")


_NOTHING_COLLECTED = 5


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Keep the parent's run out of the child: its options, its store, its xdist identity."""
    dropped = ("PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID")
    return {
        name: value
        for name, value in environ.items()
        if name not in dropped and not name.startswith(("SELFHEAL_", "COV_CORE_"))
    }


def _counts(report: Path) -> dict[str, int]:
    from xml.etree import ElementTree as ET

    counts = dict.fromkeys(("tests", "skipped"), 0)
    try:
        suites = ET.parse(report).getroot().iter("testsuite")  # noqa: S314 - written by the pytest we started
        for suite in suites:
            for name in counts:
                counts[name] += int(suite.get(name, "0"))
    except (OSError, ET.ParseError, ValueError):
        return dict.fromkeys(counts, 0)
    return counts
