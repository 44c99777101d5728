"""Everything this plugin touches of pytest that is not public, in one place.

Verified by the retry suite in `tests/plugin` on every supported pytest. What is used, and why there is no public way:

- `WorkerInteractor.item_index` of xdist: a deferred test runs in the slot of another.
- `SetupState.stack` and `teardown_exact`: only they can take down exactly one item and keep wider fixtures alive.
- `FixtureDef.execute`, `.cached_result`, `.finish`, `._finalizers`: a fixture that failed is cached as failed.
- `Item._initrequest`, `._request`, `._report_sections`, `._instance`, `._obj`, `._excinfo`: leftovers of an attempt.
- `_pytest.runner.show_test_item`: what `--setup-show` prints.
- `_pytest.assertion.rewrite`: a validation child shows it new texts of test files without writing them.
- `AssertionRewritingHook._must_rewrite`: our own modules are taken out, they only load slower through it.
- `TerminalReporter._tw.width_of_current_line`: whether a line has begun that pytest forgets under xdist.
- `Config.known_args_namespace`, written: a validation child that has started already is told later what to run.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import copy
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest
from _pytest.assertion import rewrite
from _pytest.runner import check_interactive_exception
from _pytest.runner import pytest_make_collect_report as make_collect_report
from _pytest.runner import show_test_item
from _pytest.unittest import TestCaseFunction

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from types import TracebackType

    Phase = tuple[pytest.CallInfo[Any], pytest.TestReport]


class TextPath(type(Path())):  # type: ignore[misc] # the concrete class depends on the platform
    """A path whose content is another text: all that pytest's assertion rewriting reads of a test file."""

    selfheal_text: bytes

    def read_bytes(self) -> bytes:
        """Return the other text."""
        return self.selfheal_text


def rewrite_with(lookup: Callable[[Any], bytes | None]) -> None:
    """Let assertion rewriting see the texts that `lookup` has for paths; for validation children, never undone."""

    def _read_pyc(source: Path, pyc: Path, *args: Any, **kwargs: Any) -> Any:
        return None if lookup(source) is not None else read_pyc(source, pyc, *args, **kwargs)

    def _rewrite_test(fn: Path, config: Any) -> Any:
        text = lookup(fn)
        if text is None:
            return rewrite_test(fn, config)
        path = TextPath(fn)
        path.selfheal_text = text
        return rewrite_test(path, config)

    def _write_pyc(state: Any, co: Any, source_stat: Any, pyc: Path) -> bool:
        return False if lookup(co.co_filename) is not None else write_pyc(state, co, source_stat, pyc)

    hook: Any = rewrite
    read_pyc, rewrite_test, write_pyc = hook._read_pyc, hook._rewrite_test, hook._write_pyc
    hook._read_pyc, hook._rewrite_test, hook._write_pyc = _read_pyc, _rewrite_test, _write_pyc


def load_plainly(config: pytest.Config) -> None:
    """Let the modules of this package be loaded by Python itself from here on.

    pytest rewrites all modules of a plugin's distribution. Ours ask not to be, but pytest reads them in its own slower
    way all the same, and compiles them each time where it may not keep its own bytecode.
    """
    hook: Any = config.pluginmanager.rewrite_hook
    marked: set[str] = getattr(hook, "_must_rewrite", set())
    marked.difference_update({name for name in marked if name.partition(".")[0] == __name__.partition(".")[0]})
    getattr(hook, "_marked_for_rewrite_cache", {}).clear()


def new_line(reporter: Any) -> None:
    """End the line on the terminal that results stand on; pytest itself does not know of it under xdist."""
    reporter.ensure_newline()
    if reporter._tw.width_of_current_line:
        reporter._tw.line()


def would_rewrite(name: str) -> bool:
    """Tell whether a module would have its assertions rewritten if it were imported now."""
    spec = importlib.util.find_spec(name)
    return spec is not None and isinstance(spec.loader, rewrite.AssertionRewritingHook)


def retarget(config: pytest.Config, parser: pytest.Parser, args: list[str], targets: Sequence[str]) -> None:
    """Let a pytest that is about to load its first conftests run other tests than it was started with.

    Args:
        config: the configuration at `pytest_load_initial_conftests`.
        parser: as that hook gets it.
        args: as that hook gets it; changed in place, since pytest parses this very list once more.
        targets: files, folders or node ids to run instead of those in `args`.
    """
    before = config.known_args_namespace
    if before.file_or_dir == list(targets):
        return
    former = set(before.file_or_dir)
    args[:] = [word for word in args if word not in former] + list(targets)
    namespace = parser.parse_known_args(args, namespace=copy.copy(config.option))
    namespace.confcutdir = before.confcutdir  # worked out from the ini file meanwhile
    config.known_args_namespace = namespace


try:
    from _pytest.subtests import failed_subtests_key
except ImportError:  # pytest < 9 has no built-in sub-tests
    failed_subtests_key = None  # type: ignore[assignment]

__all__ = ["show_test_item"]

_PHASE_HOOKS = {when: f"pytest_runtest_{when}" for when in ("setup", "call", "teardown")}
_EXIT: tuple[type[BaseException], ...] = (pytest.exit.Exception,)
_EXIT_OR_INTERRUPT = (*_EXIT, KeyboardInterrupt)
_EXECUTE = pytest.FixtureDef.execute.__code__


TIME_LIMIT = "selfheal-time-limit"
"""The name the time limit is registered under."""


class _StopBelow(pytest.Item):
    """A next item that shares every ancestor of the one just run: tearing down "up to it" pops exactly that item."""

    def runtest(self) -> None:
        raise AssertionError("only ever used as a next item")

    def reportinfo(self) -> tuple[Any, int | None, str]:
        return self.path, 0, self.name


def stop_below(parent: pytest.Collector | Any) -> pytest.Item:
    """Return a next item that keeps `parent` and everything above it set up."""
    item: pytest.Item = _StopBelow.from_parent(parent, name="::selfheal-stop::")
    return item


def run_phase(item: pytest.Item, ihook: Any, when: Any, **kwargs: Any) -> Phase:
    """Run one phase and return its call and report without logging it (`runner.call_and_report` logs at once).

    `ihook` is the item's own: pytest makes it anew each time it is asked for, which adds up over a suite.
    """
    hook = getattr(ihook, _PHASE_HOOKS[when])
    # With --pdb a Ctrl-C belongs to the debugger.
    reraise = _EXIT if getattr(item.config.option, "usepdb", False) else _EXIT_OR_INTERRUPT
    call = pytest.CallInfo.from_call(lambda: hook(item=item, **kwargs), when=when, reraise=reraise)
    if call.excinfo is not None:
        limit = item.config.pluginmanager.get_plugin(TIME_LIMIT)
        if limit is not None:
            limit.rest()
    return call, ihook.pytest_runtest_makereport(item=item, call=call)


def begin(item: Any) -> bool:
    """Prepare an item that may have run before; return whether it has a fixture request to be cleared by `end`."""
    has_request = hasattr(item, "_request")
    if has_request and not item._request:
        item._initrequest()
    return has_request


def end(item: Any, *, has_request: bool) -> None:
    """Let go of the fixtures of a finished item."""
    if has_request:
        item._request = False
        item.funcargs = None


def is_interactive(call: pytest.CallInfo[Any], report: pytest.TestReport) -> bool:
    """Tell whether `pytest_exception_interact` is due for this call."""
    return check_interactive_exception(call, report)


class Snapshot:
    """What a superseded attempt leaves behind on an item and pytest does not clear by itself."""

    def __init__(self, item: pytest.Item) -> None:
        self.user_properties = list(item.user_properties)
        doctest = getattr(item, "dtest", None)
        self.doctest_globals = dict(doctest.globs) if doctest is not None else None


def reset_for_retry(item: Any, snapshot: Snapshot) -> None:
    """Make `item` look as if it had never run; its own node must have been torn down."""
    item._report_sections[:] = []
    item.user_properties[:] = snapshot.user_properties
    if snapshot.doctest_globals is not None:  # the doctest runner clears the namespace after a run
        item.dtest.globs.clear()
        item.dtest.globs.update(snapshot.doctest_globals)
    item.__dict__.pop("_excinfo", None)  # unittest keeps the errors of the attempt
    if item.__dict__.pop("_instance", item) is not item:  # a fresh `self`; 8.2 leaves None here
        item._obj = None
    if failed_subtests_key is not None:
        counts = item.config.stash.get(failed_subtests_key, None)
        if counts is not None:
            counts.pop(getattr(item, "id", item.nodeid), None)
            counts.pop(item.nodeid, None)
    if hasattr(item, "_initrequest"):
        item._initrequest()


def tear_down_failed(item: pytest.Item, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Forget fixtures and collectors wider than the item whose own setup failed, so that they are set up again.

    The failing fixtures are read off the traceback: nothing has to be watched while tests pass, and fixtures asked for
    dynamically are found too.

    Raises:
        Exception: whatever a finalizer of a half-built fixture raises; the item cannot be retried then.
    """
    state = item.session._setupstate
    for node, (_finalizers, error) in list(state.stack.items()):
        if error is not None:  # its setup() failed: pytest would fail its whole subtree with the cached error
            state.teardown_exact(stop_below(node.parent) if node.parent is not None else None)
            break
    errors: list[Exception] = []
    for fixture, request in _executing_fixtures(excinfo.tb):
        cached = fixture.cached_result
        if cached is not None and cached[2] is not None:
            try:
                fixture.finish(request)
            except Exception as error:  # noqa: BLE001 - every finalizer must get its turn
                errors.append(error)
        elif cached is None and fixture._finalizers:
            fixture._finalizers.clear()  # pytest >= 9 asserts that a fixture without result has none
    if errors:
        raise errors[0]


def tear_down_to(previous: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Take down what the test that runs next does not share; an error of that is reported as the previous test's."""
    state = previous.session._setupstate

    def take_down() -> None:
        state.teardown_exact(nextitem)

    call = pytest.CallInfo.from_call(take_down, when="teardown", reraise=_EXIT_OR_INTERRUPT)
    if call.excinfo is not None:
        report = previous.ihook.pytest_runtest_makereport(item=previous, call=call)
        previous.ihook.pytest_runtest_logreport(report=report)


def collect_again(collector: Any) -> pytest.CollectReport:
    """Collect a module as if for the first time; whatever its failed import left in `sys.modules` must be gone."""
    collector.__dict__.pop("_obj", None)
    return make_collect_report(collector)


def is_project_module(name: str, rootpath: Path) -> bool:
    """Return whether a loaded module comes from the project, and not from an environment inside it."""
    origin = getattr(sys.modules.get(name), "__file__", None)
    if not isinstance(origin, str) or "site-packages" in origin:
        return False
    return Path(origin).is_relative_to(rootpath)


def passed_report(item: pytest.Item, duration_s: float, when: Any = "call") -> pytest.TestReport:
    """Return the report of a phase that passed elsewhere, in another process or before."""
    return pytest.TestReport(
        nodeid=item.nodeid,
        location=item.location,
        keywords=dict.fromkeys(item.keywords, 1),
        outcome="passed",
        longrepr=None,
        when=when,
        sections=(),
        duration=duration_s,
        user_properties=list(item.user_properties),
    )


def is_up(session: pytest.Session, node: Any) -> bool:
    """Return whether the fixtures of a collector are set up."""
    return node in session._setupstate.stack


class WorkerSlot:
    """Tells xdist which test the next reports of this worker are about; does nothing outside a worker.

    A worker asserts that every report belongs to the test of its current slot, and tells by the slot what is done.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._interactor: Any = None
        self._indexes: dict[pytest.Item, int] = {}

    def take(self, item: pytest.Item) -> None:
        """Make the slot of this item the current one."""
        if not hasattr(self._config, "workerinput"):
            return
        if self._interactor is None:
            plugins = self._config.pluginmanager.get_plugins()
            self._interactor = next(plugin for plugin in plugins if type(plugin).__name__ == "WorkerInteractor")
            self._indexes = {known: index for index, known in enumerate(item.session.items)}
        self._interactor.item_index = self._indexes[item]


def tell_junit(config: pytest.Config, report: Any, name: str, attempts: Sequence[tuple[str, str, str]]) -> None:
    """Add superseded tries to a test's case in pytest's own JUnit file; does nothing when none is written.

    Args:
        config: pytest's configuration.
        report: the report that tells the outcome.
        name: `flakyFailure` for a test that passed in the end, `rerunFailure` for one that did not (as Surefire does).
        attempts: exception, message and details of each try.
    """
    from xml.etree import ElementTree as ET

    from _pytest.junitxml import bin_xml_escape
    from _pytest.junitxml import xml_key

    xml = config.stash.get(xml_key, None)
    if xml is None:
        return
    case = xml.node_reporter(report)
    for kind, message, details in attempts:
        element = ET.Element(name, type=bin_xml_escape(kind), message=bin_xml_escape(message))
        ET.SubElement(element, "stackTrace").text = bin_xml_escape(details)
        case.append(element)


def tell_junit_about(config: pytest.Config, report: Any, facts: Mapping[str, str]) -> None:
    """Add properties to a test's case in pytest's own JUnit file; does nothing when none is written."""
    from _pytest.junitxml import bin_xml_escape
    from _pytest.junitxml import xml_key

    xml = config.stash.get(xml_key, None)
    if xml is None:
        return
    case = xml.node_reporter(report)
    for name, value in facts.items():
        case.add_property(name, bin_xml_escape(value))


def tell_junit_about_the_run(config: pytest.Config, facts: Mapping[str, str]) -> None:
    """Add properties to the suite in pytest's own JUnit file; does nothing when none is written."""
    from _pytest.junitxml import bin_xml_escape
    from _pytest.junitxml import xml_key

    xml = config.stash.get(xml_key, None)
    if xml is None:
        return
    for name, value in facts.items():
        xml.add_global_property(name, bin_xml_escape(value))


def is_unittest(item: pytest.Item) -> bool:
    """Return whether a test is a method of a `unittest.TestCase`."""
    return isinstance(item, TestCaseFunction)


def _executing_fixtures(tb: TracebackType | None) -> Iterator[tuple[Any, Any]]:
    while tb is not None:
        if tb.tb_frame.f_code is _EXECUTE:
            local = tb.tb_frame.f_locals
            yield local["self"], local["request"]
        tb = tb.tb_next


def failing_fixture_scope(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    """Return the scope of the widest fixture that was being set up when the error escaped; `function` if none."""
    order = ("function", "class", "module", "package", "session")
    found = [str(fixture.scope) for fixture, _request in _executing_fixtures(excinfo.tb)]
    return max((scope for scope in found if scope in order), key=order.index, default="function")
