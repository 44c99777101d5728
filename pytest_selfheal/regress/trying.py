"""Runs tests in a child process that records calls and tells the signature of what failed.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import DataError
from pytest_selfheal.model import Value
from pytest_selfheal.regress.recording import Call
from pytest_selfheal.regress.replaying import child_environment
from pytest_selfheal.safety.processes import run_tree
from pytest_selfheal.safety.redact import process_redactor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.regress.replaying import Way

CHILD = "pytest_selfheal.plugin.reproducing_child"
_TAIL = 300


@dataclass(frozen=True)
class Seen(Value):
    """How one test failed in the child.

    Attributes:
        signature: that of the failure, without the frames of generated tests.
        core: the same without the frames of any test; empty when no own code is among what is left.
        message: the error's message.
        calls: for each function of the traceback, outermost first: its path, the calls to try, why there are none.
    """

    signature: str
    core: str
    message: str = ""
    calls: tuple[Any, ...] = ()

    def candidates(self) -> list[tuple[str, Call]]:
        """Return path and call of everything that can be tried."""
        return [
            (path, Call(text, tuple(modules), target, path, raises))
            for path, calls, _reason in self.calls
            for text, modules, target, _path, raises in calls
        ]

    def reasons(self) -> list[str]:
        """Return why functions of the traceback cannot be called."""
        return list(dict.fromkeys(reason for _path, _calls, reason in self.calls if reason))


@dataclass(frozen=True)
class Result(Value):
    """What a child came to: how the tests that failed did so, by node id; `problem` is why there is no result."""

    problem: str = ""
    seen: dict[str, Seen] = field(default_factory=dict)


def try_tests(
    targets: Sequence[str],
    way: Way,
    *,
    timeout_s: float,
    record: Sequence[tuple[str, str]] = (),
    generated: str = "",
) -> Result:
    """Run node ids or files in a child process, without retries and repairs. Never raises for what happens there.

    Args:
        targets: node ids, relative to the root.
        way: how to start pytest.
        timeout_s: seconds after which the child and everything it started is killed.
        record: path and name of the functions whose calls are recorded.
        generated: the folder of generated tests, relative to the root, whose frames do not count.
    """
    with tempfile.TemporaryDirectory(prefix="selfheal-reproduce-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        own = ["--selfheal=off", f"--basetemp={folder / 'base'}", "-q", "--tb=no"]
        own += ["-o", f"cache_dir={folder / 'cache'}"] if "-pno:cacheprovider" not in way.options else []
        spec = {
            "args": [*way.arguments(), *own, *(_argument(target, way.root) for target in targets)],
            "root": str(way.root),
            "result": str(folder / "result.json"),
            "record": [list(pair) for pair in record],
            "generated": generated,
            "cwd_on_path": way.on_path,
        }
        (folder / "spec.json").write_text(json.dumps(spec), "ascii")
        command = [sys.executable, "-m", CHILD, str(folder / "spec.json")]
        output = folder / "output.txt"
        environ = child_environment(os.environ)
        environ["PYTHONDONTWRITEBYTECODE"] = "1"
        home = Path(__file__).resolve().parents[2]
        if home.name not in ("site-packages", "dist-packages"):  # not installed: run from its own checkout
            environ["PYTHONPATH"] = os.pathsep.join(filter(None, [environ.get("PYTHONPATH", ""), str(home)]))
        try:
            status = run_tree(command, cwd=way.directory, env=environ, output=output, timeout_s=timeout_s)
        except OSError as error:
            return Result(f"the process could not start ({error.strerror or error})")
        if status is None:
            return Result(f"it was still running after {timeout_s:.0f} s")
        return _result(folder / "result.json", output)


def _result(path: Path, output: Path) -> Result:
    try:
        return Result.from_dict({"seen": json.loads(path.read_bytes())})
    except (OSError, ValueError, DataError):
        text = process_redactor().redact(output.read_bytes()[-_TAIL:].decode("utf-8", "replace"))
        last = text.strip().rpartition("\n")[2]
        return Result(f"the process died{f': {last}' if last else ''}")


def _argument(target: str, root: Path) -> str:
    file, separator, rest = target.partition("::")
    return f"{root / file}{separator}{rest}"
