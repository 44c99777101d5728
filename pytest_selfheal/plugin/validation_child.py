"""The validation child: lay texts over the sources, run pytest, write down what happened.

Started by `repair.validate` as `python -m pytest_selfheal.plugin.validation_child SPEC.json`; not for people.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import base64
import json
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.plugin import overlay
from pytest_selfheal.plugin import private_pytest
from pytest_selfheal.plugin.public_ids import public_id
from pytest_selfheal.plugin.time_limit import TimeLimit
from pytest_selfheal.safety.redact import MESSAGE_LIMIT
from pytest_selfheal.safety.redact import process_redactor

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

_LONGEST_END_S = 2.0
_MOST_FRAMES = 60
_MOST_LINKS = 8
_FACTS = ("name", "path", "filename", "lineno", "offset", "text")
_LASTING = frozenset({"failed", "error"})


class Recorder:
    """Keeps the outcome of every test and the first error of every failing one."""

    def __init__(self, root: str) -> None:
        self._root = root
        self.outcomes: dict[str, str] = {}
        self.collection_errors: list[str] = []
        self.errors: dict[str, dict[str, Any]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Keep the error of a failing phase while the exception is still there."""
        report = yield
        if report.failed and call.excinfo is not None:
            self._keep_error(public_id(item.nodeid), call.when, call.excinfo.value)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the outcome; a failed phase or sub-test is never overwritten."""
        outcome = _outcome(report)
        nodeid = public_id(report.nodeid) if outcome else ""
        if outcome and self.outcomes.get(nodeid) not in _LASTING:
            self.outcomes[nodeid] = outcome

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Keep the error of a module or folder that cannot be collected."""
        report = yield
        if report.failed:
            self.collection_errors.append(collector.nodeid)
            call = getattr(report, "call", None)
            if call is not None and call.excinfo is not None:
                self._keep_error(collector.nodeid, "collect", call.excinfo.value)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_load_initial_conftests(self) -> Generator[None, object, object]:
        """Keep the error of a root conftest, which ends pytest before anything is collected."""
        try:
            return (yield)
        except BaseException as error:
            path = getattr(error, "path", None)
            nodeid = os.path.relpath(path, self._root).replace(os.sep, "/") if path else "conftest.py"
            self.collection_errors.append(nodeid)
            self._keep_error(nodeid, "collect", getattr(error, "cause", None) or error)
            raise

    def _keep_error(self, nodeid: str, phase: str, error: BaseException) -> None:
        if nodeid in self.errors:
            return
        chain = _chain(error)
        # pytest wraps an import that failed; the reason is what a fixer can answer.
        first = (
            chain[1] if chain[0]["type_name"] in ("CollectError", "ConftestImportFailure") and chain[1:] else chain[0]
        )
        last = first["frames"][-1] if first["frames"] else ["", 0, ""]
        self.errors[nodeid] = {
            "error_type": first["type_name"],
            "error_message": first["message"],
            "phase": phase,
            "path": last[0],
            "lineno": last[1],
            "name": str(first["facts"].get("name", "")),
            "chain": chain,
        }

    def write(self, path: str, exitstatus: int) -> None:
        """Write everything recorded to a file, as JSON."""
        result = {
            "exitstatus": exitstatus,
            "outcomes": self.outcomes,
            "collection_errors": self.collection_errors,
            "errors": self.errors,
        }
        Path(path).write_text(json.dumps(result), encoding="ascii")


def _outcome(report: pytest.TestReport) -> str:
    """The outcome this report stands for; empty when it says nothing new (a phase that went well)."""
    if report.failed:
        return "failed" if report.when == "call" else "error"
    expected = hasattr(report, "wasxfail")
    if report.skipped:
        return "xfailed" if expected else "skipped"
    if report.when == "call" and report.passed:
        return "xpassed" if expected else "passed"
    return ""


def _chain(error: BaseException) -> list[dict[str, Any]]:
    links: list[dict[str, Any]] = []
    waiting: list[tuple[BaseException, str]] = [(error, "self")]
    seen: set[int] = set()
    while waiting and len(links) < _MOST_LINKS:
        current, relation = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        links.append(_link(current, relation))
        if current.__cause__ is not None:
            waiting.append((current.__cause__, "cause"))
        elif current.__context__ is not None and not current.__suppress_context__:
            waiting.append((current.__context__, "context"))
        waiting += [(leaf, "group") for leaf in getattr(current, "exceptions", ()) if isinstance(leaf, BaseException)]
    return links


def _link(error: BaseException, relation: str) -> dict[str, Any]:
    try:
        message = process_redactor().clean(str(error), MESSAGE_LIMIT)  # as long as where the run itself keeps it
    except Exception:  # noqa: BLE001 - user code; the type alone is better than nothing
        message = ""
    return {
        "type_name": type(error).__name__,
        "mro": [kind.__name__ for kind in type(error).__mro__],
        "message": message,
        "relation": relation,
        "facts": _facts(error),
        "frames": _frames(error.__traceback__),
    }


def _facts(error: BaseException) -> dict[str, Any]:
    if not isinstance(error, (NameError, ImportError, AttributeError, SyntaxError)):
        return {}
    values = {key: getattr(error, key, None) for key in _FACTS}
    clean = process_redactor().redact
    return {
        key: clean(value) if type(value) is str else value for key, value in values.items() if type(value) in (str, int)
    }


def _frames(traceback: TracebackType | None) -> list[list[Any]]:
    frames: list[list[Any]] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append([code.co_filename, traceback.tb_lineno, code.co_name])
        traceback = traceback.tb_next
    return frames[-_MOST_FRAMES:]


def lay_over(spec: dict[str, Any], spec_path: str) -> None:
    """Show this process, and Python processes that it starts, the texts and files that the spec names."""
    if not spec["overlay"] and not spec["edited"]:
        return
    overlay.install({path: base64.b64decode(text) for path, text in spec["overlay"].items()})
    overlay.distrust_bytecode(spec["edited"])
    private_pytest.rewrite_with(overlay.lookup)
    site = str(Path(__file__).resolve().parent / "site")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [site, os.environ.get("PYTHONPATH", "")]))
    os.environ["SELFHEAL_OVERLAY"] = str(Path(spec_path).resolve())


def main(spec_path: str) -> int:
    """Run the spec's tests and write the result file; return pytest's exit status.

    A spec with `waits` starts pytest up to its first conftest and then waits for orders (`plugin.waiting_child`).
    """
    spec = json.loads(Path(spec_path).read_bytes())
    if not spec["cwd_on_path"]:  # `-m` put the working directory first; the user's pytest did not have it
        sys.path[:] = [entry for index, entry in enumerate(sys.path) if index or entry not in ("", str(Path.cwd()))]
    recorder = Recorder(spec["root"])
    plugins = [recorder, TimeLimit(lambda _error: None)]
    if not spec["waits"]:
        lay_over(spec, spec_path)
        status = int(pytest.main(spec["args"], plugins=plugins))
        recorder.write(spec["result"], status)
        _end_soon(status)
        return status
    from pytest_selfheal.plugin.waiting_child import Gate

    gate = Gate(spec, lay_over, recorder.write)
    status = int(pytest.main(spec["args"], plugins=[*plugins, gate]))
    gate.end(status)
    _end_soon(status)
    return status


def _end_soon(status: int) -> None:
    """End this process even if a test left something that would keep it: a thread, a lock, an exit handler."""
    patience = threading.Timer(_LONGEST_END_S, os._exit, (status,))
    patience.daemon = True
    patience.start()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
