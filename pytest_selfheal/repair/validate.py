"""Running tests in a child process with a fix in place, and judging the result.

Screen: the fix lies over the sources in the child's memory, nothing on disk changes. Confirm: the fix is written, the
child believes no bytecode of an edited file (a stale one can hide an edit of equal size and time). It uses all other
bytecode: compiling pytest and its plugins anew takes several times as long as an ordinary test.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import DataError
from pytest_selfheal.model import Validation
from pytest_selfheal.model import Value
from pytest_selfheal.safety.processes import MOST_OUTPUT
from pytest_selfheal.safety.processes import is_flooded
from pytest_selfheal.safety.processes import run_tree
from pytest_selfheal.safety.redact import process_redactor

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

CHILD = "pytest_selfheal.plugin.validation_child"
BASETEMP = "basetemp"
CACHE = "cache"
_BAD = frozenset({"failed", "error"})
_TAIL = 4000


@dataclass(frozen=True)
class ChildSetup:
    """How the user's pytest was started, as far as a child must repeat it.

    Attributes:
        root: pytest's root directory, absolute; node ids are relative to it.
        invocation_dir: the folder pytest was started in, absolute.
        options: what `child_args` kept.
        inipath: the ini file pytest used, absolute; empty when there is none.
        cwd_on_path: whether the folder pytest was started in is importable (`python -m pytest`).
        timeout_s: seconds after which the child and everything it started is killed.
    """

    root: str
    invocation_dir: str
    options: tuple[str, ...] = ()
    inipath: str = ""
    cwd_on_path: bool = True
    timeout_s: float = 120.0


@dataclass(frozen=True)
class RunError(Value):
    """The first error of one failing test. `chain` holds the exceptions as the child saw them, outermost first.

    Each link has `type_name`, `mro`, `message`, `relation`, `facts` and `frames` (absolute path, line, function).
    """

    error_type: str
    error_message: str
    phase: str = "call"
    path: str = ""
    lineno: int = 0
    name: str = ""
    chain: tuple[Any, ...] = ()


@dataclass(frozen=True)
class RunResult(Value):
    """What happened in a child. `complete` is False when it was killed, crashed or could not start.

    `outcomes` maps node ids to passed, failed, error, skipped, xfailed or xpassed; `collection_errors` are node ids
    (files, folders) that could not be collected; `errors` belong to both.
    """

    complete: bool
    reason: str = ""
    exitstatus: int = -1
    outcomes: dict[str, str] = field(default_factory=dict)
    collection_errors: tuple[str, ...] = ()
    errors: dict[str, RunError] = field(default_factory=dict)
    duration_s: float = 0.0
    output: str = ""

    def passed(self, target: str) -> bool:
        """Tell whether a test, or every test of a file that could not be collected before, passed."""
        found = tests_of(target, self)
        clean = bool(found) and target not in self.collection_errors
        return clean and all(self.outcomes[nodeid] == "passed" for nodeid in found)


def screen(
    files: Mapping[str, bytes],
    wanted: Sequence[str],
    setup: ChildSetup,
    *,
    known_failures: AbstractSet[str] = frozenset(),
    skipped_before: AbstractSet[str] = frozenset(),
) -> tuple[Validation, RunResult]:
    """Run the failing tests with `files` (path relative to the root to new bytes) laid over the sources.

    Args:
        files: the new texts; nothing is written.
        wanted: node ids that must pass; a file or folder (a collection error) stands for all its tests.
        setup: how to start the child.
        known_failures: node ids that failed before for other reasons.
        skipped_before: node ids that may be skipped.
    """
    run = run_tests(wanted, setup, overlay=files)
    return judge("screen", run, wanted, known_failures=known_failures, skipped_before=skipped_before), run


def confirm(
    wanted: Sequence[str],
    setup: ChildSetup,
    *,
    edited: Sequence[str] = (),
    also: Sequence[str] = (),
    known_failures: AbstractSet[str] = frozenset(),
    skipped_before: AbstractSet[str] = frozenset(),
    run: Callable[..., RunResult] | None = None,
) -> tuple[Validation, RunResult]:
    """Run the tests on the files as they are on disk, in a process of their own.

    Args:
        wanted: node ids that must pass.
        setup: how to start the child.
        edited: the files that were written (relative to the root); no bytecode of them is believed.
        also: further node ids or files to run; they need not pass if they are in `known_failures`.
        known_failures: node ids that failed before for other reasons.
        skipped_before: node ids that may be skipped.
        run: stands in for `run_tests`, as a child does that has started already.
    """
    done = (run or run_tests)([*wanted, *also], setup, edited=edited)
    return judge("confirm", done, wanted, known_failures=known_failures, skipped_before=skipped_before), done


def run_tests(
    targets: Sequence[str],
    setup: ChildSetup,
    *,
    overlay: Mapping[str, bytes] | None = None,
    edited: Sequence[str] = (),
) -> RunResult:
    """Run node ids, files or folders (relative to the root; empty runs what pytest would) in a child process.

    Never raises for what happens in the child. An interrupt kills the child first.
    """
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="selfheal-"))
    try:
        write_spec(folder, targets, setup, overlay or {}, edited)
        reason = _run(folder, setup, child_environment(os.environ))
        return read_result(folder, reason, time.monotonic() - started)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def judge(
    stage: str,
    run: RunResult,
    wanted: Sequence[str],
    *,
    known_failures: AbstractSet[str] = frozenset(),
    skipped_before: AbstractSet[str] = frozenset(),
) -> Validation:
    """Decide whether a run proves a fix: every wanted test was found and passed, and nothing new failed."""
    failed = tuple(sorted({nodeid for nodeid, outcome in run.outcomes.items() if outcome in _BAD}))
    failed = tuple(sorted({*failed, *run.collection_errors}))
    passed = sum(outcome in ("passed", "xpassed") for outcome in run.outcomes.values())
    reason = run.reason if not run.complete else _doubt(run, wanted, failed, known_failures, skipped_before)
    if not reason:
        reason = f"{passed} test{'s' if passed != 1 else ''} passed"
        return Validation(stage, ok=True, reason=reason, passed=passed, failed=failed, duration_s=run.duration_s)
    return Validation(stage, ok=False, reason=reason, passed=passed, failed=failed, duration_s=run.duration_s)


def _doubt(
    run: RunResult,
    wanted: Sequence[str],
    failed: Sequence[str],
    known_failures: AbstractSet[str],
    skipped_before: AbstractSet[str],
) -> str:
    new = [nodeid for nodeid in failed if nodeid not in known_failures or nodeid in wanted]
    if new:
        told = "; ".join(_told(nodeid, run) for nodeid in new[:3])
        return f"still failing: {told}" + (f" and {len(new) - 3} more" if len(new) > 3 else "")
    if run.exitstatus not in (0, 1):
        return f"pytest ended with status {run.exitstatus}"
    idle = []
    for target in wanted:
        found = tests_of(target, run)
        if not found:
            return f"{target} was not found"
        for nodeid in found:
            outcome = run.outcomes[nodeid]
            own_file = nodeid != target  # nothing is known about the tests of a file that could not be read
            if outcome in ("skipped", "xfailed") and nodeid not in skipped_before and not own_file:
                return f"{nodeid} is {outcome} now"
        if all(run.outcomes[nodeid] in ("skipped", "xfailed") and nodeid not in skipped_before for nodeid in found):
            idle.append(target)
    # A file that could not be read may hold nothing but tests for another system; the other files prove the fix then.
    return f"no test of {idle[0]} runs now" if idle and len(idle) == len(wanted) else ""


def tests_of(target: str, run: RunResult) -> list[str]:
    """Return the node ids of a run that a node id, a file or a folder stands for."""
    if target in run.outcomes:
        return [target]
    if "::" in target and "[" in target:
        return []
    stems = (f"{target}::", f"{target}/") if target not in ("", ".") else ("",)
    return [nodeid for nodeid in run.outcomes if nodeid.startswith(stems)]


def _told(nodeid: str, run: RunResult) -> str:
    error = run.errors.get(nodeid)
    return f"{nodeid} ({error.error_type}: {error.error_message[:100]})" if error else nodeid


def write_spec(
    folder: Path,
    targets: Sequence[str],
    setup: ChildSetup,
    overlay: Mapping[str, bytes] | None = None,
    edited: Sequence[str] = (),
    **more: Any,
) -> Path:
    """Write what a child is to do, and where its result goes, into a folder; return the file.

    Args:
        folder: takes the spec and the result.
        targets: node ids, files or folders, relative to the root.
        setup: how the child is started.
        overlay: texts laid over the sources (path relative to the root to bytes).
        edited: files (relative to the root) whose bytecode is not believed.
        more: what a child that waits needs to know in advance.
    """
    root = Path(setup.root)
    options = list(setup.options)
    if not any(option.startswith("--rootdir") for option in options):
        options.append(f"--rootdir={root}")
    if setup.inipath and not any(option.startswith(("-c", "--config-file")) for option in options):
        options.append(f"-c{setup.inipath}")
    own = ["--selfheal=off", f"--basetemp={folder / BASETEMP}", "-q", "--tb=native"]
    if "-pno:cacheprovider" not in options:
        own += ["-o", f"cache_dir={folder / CACHE}"]  # tests that use the `cache` fixture keep working
    places = [_argument(target, root) for target in dict.fromkeys(targets)]
    spec = {
        "overlay": {str(root / path): base64.b64encode(data).decode() for path, data in (overlay or {}).items()},
        "edited": [str(root / path) for path in edited],
        "args": [*options, *own, *places],
        "targets": places,
        "result": str(folder / "result.json"),
        "cwd_on_path": setup.cwd_on_path,
        "root": str(root),
        "waits": False,
        **more,
    }
    path = folder / "spec.json"
    path.write_text(json.dumps(spec), encoding="ascii")
    return path


def _argument(target: str, root: Path) -> str:
    path, separator, rest = target.partition("::")
    return f"{root / path}{separator}{rest}"


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return a child's environment: nothing of ours, of xdist or a coverage run, no bytecode in the user's folders."""
    foreign = ("SELFHEAL_", "PYTEST_XDIST_", "COV_CORE_", "COVERAGE_PROCESS")
    child = {key: value for key, value in environ.items() if not key.startswith(foreign)}
    for key in ("PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST"):
        child.pop(key, None)
    child["PYTHONDONTWRITEBYTECODE"] = "1"
    home = Path(__file__).resolve().parents[2]
    if home.name not in ("site-packages", "dist-packages"):  # not installed: run from its own checkout
        child["PYTHONPATH"] = os.pathsep.join(filter(None, [child.get("PYTHONPATH", ""), str(home)]))
    return child


def _run(folder: Path, setup: ChildSetup, environ: dict[str, str]) -> str:
    """Run the child; return why its result cannot be used, empty when it ended by itself."""
    command = [sys.executable, "-m", CHILD, str(folder / "spec.json")]
    try:
        status = run_tree(
            command,
            cwd=setup.invocation_dir,
            env=environ,
            output=folder / "output.txt",
            timeout_s=setup.timeout_s,
        )
    except OSError as error:
        return f"the validation process could not start ({error.strerror or error})"
    return why_stopped(folder / "output.txt", setup.timeout_s) if status is None else ""


def why_stopped(output: Path, timeout_s: float) -> str:
    """Return the reason for a child that was killed."""
    if is_flooded(output):
        return f"the tests printed more than {MOST_OUTPUT >> 20} MB"
    return f"the tests were still running after {timeout_s:g} s"


def read_result(folder: Path, reason: str, duration: float) -> RunResult:
    """Return what a child left in its folder; `reason` says why that cannot be used, empty when it can."""
    output = _tail(folder / "output.txt")
    if reason:
        return RunResult(complete=False, reason=reason, duration_s=duration, output=output)
    try:
        data = json.loads((folder / "result.json").read_bytes())
        return RunResult.from_dict({**data, "complete": True, "duration_s": duration, "output": output})
    except (OSError, ValueError, DataError):
        last = process_redactor().redact(output).strip().rpartition("\n")[2]
        reason = f"the validation process died{f': {last[:200]}' if last else ''}"
        return RunResult(complete=False, reason=reason, duration_s=duration, output=output)


def _tail(path: Path) -> str:
    """Return the end of a text that may be of any length."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            return file.read(_TAIL).decode("utf-8", "replace")
    except OSError:
        return ""
