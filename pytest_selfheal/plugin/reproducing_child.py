"""The child that runs a failing test again: records calls, tells the signature of what failed.

Started by `regress.trying` as `python -m pytest_selfheal.plugin.reproducing_child SPEC.json`; not for people.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import inspect
import json
import os
import re
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_selfheal.capture.frames import FrameReader
from pytest_selfheal.classify.signature import signature_of
from pytest_selfheal.classify.signature import signature_parts
from pytest_selfheal.model import Phase
from pytest_selfheal.plugin.capture import capture
from pytest_selfheal.plugin.public_ids import public_id
from pytest_selfheal.plugin.time_limit import TimeLimit
from pytest_selfheal.regress.recording import Recorder
from pytest_selfheal.safety.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Generator

    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import Frame

_SHORTEST_PLACE = 4
_MESSAGE = 300
_PATCHING = re.compile(r"\b(?:mock|patch|Mock|MagicMock|freeze_time|vcr|responses|moto)\b")
_FIXTURES = """
    monkeypatch mocker class_mocker module_mocker session_mocker requests_mock responses respx_mock httpx_mock
    aioresponses freezer time_machine fs vcr httpserver fp fake_process socket_disabled
"""
_REPLACING = frozenset(_FIXTURES.split())
"""Fixtures that put something else in the place of services, files, clocks or settings."""


class Reproducing:
    """Follows the tests of this process.

    Args:
        root: pytest's root directory.
        generated: the folder of generated tests, relative to the root.
        recorder: records calls; None only tells signatures.
    """

    def __init__(self, root: Path, generated: str, recorder: Recorder | None) -> None:
        self._root = root
        self._generated = generated
        self._recorder = recorder
        self.seen: dict[str, dict[str, Any]] = {}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Record while a test runs."""
        if self._recorder is not None:
            self._recorder.start()
        try:
            return (yield)
        finally:
            if self._recorder is not None:
                self._recorder.stop()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Keep how a test failed while the exception is still there."""
        report = yield
        if report.failed and call.excinfo is not None:
            self._keep(item.nodeid, Phase(report.when), call.excinfo, _replaces(item))
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Keep how a module could not be collected."""
        report = yield
        call = getattr(report, "call", None)
        if report.failed and call is not None and call.excinfo is not None:
            self._keep(collector.nodeid, Phase.COLLECT, call.excinfo)
        return report

    def _keep(self, nodeid: str, phase: Phase, excinfo: pytest.ExceptionInfo[BaseException], against: str = "") -> None:
        nodeid = public_id(str(nodeid))
        if nodeid in self.seen:
            return
        calls: list[Any] = []
        if self._recorder is not None:
            self._recorder.stop()
            for path, said in self._recorder.calls_in(excinfo.tb):
                reason = against or (said if isinstance(said, str) else "")
                calls.append([path, [], reason] if reason else [path, said, ""])
        failure = capture(excinfo, nodeid=nodeid, phase=phase, rootpath=self._root)
        kept = _without(failure, lambda frame: frame.path.startswith(f"{self._generated}/"))
        core = _without(failure, lambda frame: frame.is_test)
        is_placed = any(frame.in_app for frame in core.chain[0].frames) if core.chain else False
        self.seen[nodeid] = {
            "signature": signature_of(signature_parts(kept if self._generated else failure)),
            "core": signature_of(signature_parts(core)) if is_placed else "",
            "message": failure.error_message[:_MESSAGE],
            "calls": calls,
        }


def _replaces(item: pytest.Item) -> str:
    """Return why the code may not be called outside the test: the test keeps it from doing the real thing."""
    function = getattr(item, "function", None)
    replaced = _REPLACING.intersection(getattr(item, "fixturenames", ()))
    if not replaced and function is not None:
        try:
            source = inspect.getsource(getattr(item, "cls", None) or function)
        except (OSError, TypeError):
            source = ""
        replaced = frozenset(_PATCHING.findall(source))
    return f"its test replaces parts of the code ({min(replaced)})" if replaced else ""


def _without(failure: Failure, is_dropped: Callable[[Frame], bool]) -> Failure:
    chain = tuple(
        replace(link, frames=tuple(frame for frame in link.frames if not is_dropped(frame))) for link in failure.chain
    )
    return replace(failure, chain=chain)


def refusing(root: Path) -> Callable[[str], str]:
    """Return what tells why a text may not be written into a test: it is secret, or names a place of this machine."""
    redactor = Redactor(os.environ)
    places = [str(root), os.path.realpath(root), tempfile.gettempdir(), str(Path.home()), sys.prefix]
    named = [place for place in places if len(place) >= _SHORTEST_PLACE]

    def refuse(text: str) -> str:
        if any(place in text for place in named):
            return "its input names a place of this machine"
        return "its input looks like a secret" if redactor.redact(text) != text else ""

    return refuse


def main(spec_path: str) -> int:
    """Run the spec's tests and write the result file; return pytest's exit status."""
    spec = json.loads(Path(spec_path).read_bytes())
    if not spec["cwd_on_path"]:  # `-m` put the working directory first; the user's pytest did not have it
        sys.path[:] = [entry for index, entry in enumerate(sys.path) if index or entry not in ("", str(Path.cwd()))]
    root = Path(spec["root"])
    recorder = None
    if spec["record"]:
        reader = FrameReader(root, lambda line: line)
        recorder = Recorder(
            [(path, name) for path, name in spec["record"]], lambda file: reader.path(file)[:2], refusing(root)
        )
    plugin = Reproducing(root, spec["generated"], recorder)
    status = int(pytest.main(spec["args"], plugins=[plugin, TimeLimit(lambda _error: None)]))
    Path(spec["result"]).write_text(json.dumps(plugin.seen), encoding="ascii")
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
