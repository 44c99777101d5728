"""From a failure that keeps coming back to a proved test: the smallest call that raises the same error.

Tried in this order: a call of a function of the project, outermost first, since the innermost one may be right and have
been called wrongly; the test function's own call with its parameters; the pinned re-run of the test. Nothing is emitted
that did not fail twice, in processes of its own, with the signature of the failure.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from dataclasses import dataclass
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pytest_selfheal.errors import ConfinementError
from pytest_selfheal.regress.replaying import portable
from pytest_selfheal.regress.shrinking import is_long
from pytest_selfheal.regress.shrinking import smaller
from pytest_selfheal.regress.source import emit
from pytest_selfheal.regress.source import emit_call
from pytest_selfheal.regress.source import formatted
from pytest_selfheal.regress.trying import try_tests
from pytest_selfheal.safety.confine import inside

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_selfheal.model import FailureRecord
    from pytest_selfheal.regress.recording import Call
    from pytest_selfheal.regress.replaying import Way
    from pytest_selfheal.regress.source import Emitted
    from pytest_selfheal.regress.trying import Result
    from pytest_selfheal.regress.trying import Seen

CALL = "call"
TEST = "test"
PIN = "pin"
_PER_TEST_S = 45.0
_PER_CHILD_S = 20.0
_FIRST_CHILD_S = 60.0
_SLOWER = 4
_CHILDREN = 8
"""A suite that needs long to start gets longer: so many times what its first child took, and so many children."""

_MOST_CALLS = 8
_ROUNDS = 6
_FAILS_AGAIN = "fails again"
_PLACE = re.compile(r"""(?:^|[\s'"(=<])(?:/|~/|[A-Za-z]:[/\\]|\\\\)\w[^\s/\\]*[/\\]""")
"""A path that begins at a root: it tells where somebody works, and lies elsewhere for everybody else."""


@dataclass(frozen=True)
class Reproduced:
    """A proved test; `kind` is `call`, `test` or `pin`, `note` says why nothing smaller reproduces the error."""

    emitted: Emitted
    kind: str
    note: str = ""


class Reproducer:
    """Reproduces the errors of one run.

    Args:
        way: how pytest was started.
        folder: `regression_dir`, relative to the root.
        monotonic: a clock in seconds.
        budget_s: seconds this run may spend.
        redact: takes secrets out of a text.
    """

    def __init__(
        self,
        way: Way,
        folder: str,
        *,
        monotonic: Callable[[], float],
        budget_s: float,
        redact: Callable[[str], str],
    ) -> None:
        self._way = way
        self._folder = folder.rstrip("/")
        self._monotonic = monotonic
        self._run_ends = monotonic() + budget_s
        self._redact = redact
        self._test_ends = 0.0
        self._per_child_s = _FIRST_CHILD_S

    def reproduce(self, record: FailureRecord, first_seen: str) -> Reproduced | str:
        """Return a proved test for a failure, or why there is none. Writes only below `regression_dir`, for a while."""
        began = self._monotonic()
        self._test_ends, self._per_child_s = self._run_ends, _FIRST_CHILD_S
        record = replace(record, error_message=self._shown(record.error_message))
        if self._left() <= 0:
            return "the time for regression tests of this run is spent"
        frames = [frame for link in record.chain[:1] for frame in link.frames if frame.in_app]
        tests = {frame.path for frame in frames if frame.is_test}
        targets = [(frame.path, frame.function.rpartition(".")[2]) for frame in frames]
        result = self._try([record.nodeid], record=list(dict.fromkeys(targets)))
        took = self._monotonic() - began
        self._per_child_s = max(_PER_CHILD_S, _SLOWER * took)
        self._test_ends = min(self._run_ends, began + max(_PER_TEST_S, _CHILDREN * took))
        seen = result.seen.get(record.nodeid)
        if seen is None:
            return f"it did not fail when it was run again alone ({result.problem or 'it passed'})"
        if seen.signature != record.signature:
            return f"it failed in another way when it was run again alone ({seen.message[:80]!a})"
        try:
            with self._proving_ground() as ground:
                return self._smallest(record, first_seen, seen, tests, ground)
        except (OSError, ConfinementError) as error:
            return f"a regression test cannot be proved: {error}"

    def _shown(self, message: str) -> str:
        """Return a message as it may be committed: nothing when it is secret or names a place of this machine."""
        return "" if _PLACE.search(message) or self._redact(message) != message else message

    def _left(self) -> float:
        return self._test_ends - self._monotonic()

    def _try(self, targets: Sequence[str], record: Sequence[tuple[str, str]] = (), generated: str = "") -> Result:
        timeout = max(min(self._per_child_s, self._left()), 1.0)
        return try_tests(targets, self._way, timeout_s=timeout, record=record, generated=generated)

    # ------------------------------------------------------------------------------- choosing

    def _smallest(
        self, record: FailureRecord, first_seen: str, seen: Seen, tests: set[str], ground: Path
    ) -> Reproduced | str:
        found = seen.candidates()
        own = [call for path, call in found if path not in tests and seen.core]
        asked = [call for path, call in found if path in tests]
        for kind, calls, wanted in ((CALL, own, seen.core), (TEST, asked, seen.signature)):
            call = self._first(record, calls[:_MOST_CALLS], kind, wanted, ground)
            if call is None:
                continue
            call = self._shrunk(record, call, kind, wanted, ground)
            emitted = formatted(emit_call(record, first_seen, call))
            if self._is_proved(emitted, ground, partial(_fails, kind, wanted)):
                return Reproduced(emitted, kind)
        why = "; ".join(seen.reasons()) or "no call of it alone fails in the same way"
        return self._pinned(record, first_seen, why, ground)

    def _first(self, record: FailureRecord, calls: Sequence[Call], kind: str, wanted: str, ground: Path) -> Call | None:
        """Return the first call that fails as wanted; all are tried in one child."""
        if not calls or self._left() <= 0:
            return None
        names = [f"test_candidate_{number}.py" for number in range(len(calls))]
        for name, call in zip(names, calls, strict=True):
            (ground / name).write_text(emit_call(record, "", call).text, "ascii")
        places = [f"{self._name(ground)}/{name}" for name in names]
        result = self._try(places, generated=self._name(ground))
        keys = {nodeid.partition("::")[0]: _key(seen, kind) for nodeid, seen in result.seen.items()}
        for name in names:
            (ground / name).unlink()
        return next((call for place, call in zip(places, calls, strict=True) if keys.get(place) == wanted), None)

    def _shrunk(self, record: FailureRecord, call: Call, kind: str, wanted: str, ground: Path) -> Call:
        """Return a shorter call that fails the same way, when the call is so long that a person cannot read it."""
        for _ in range(_ROUNDS):
            if not is_long(call.text) or self._left() < self._per_child_s:
                break
            tried = [call._replace(text=text) for text in smaller(call.text)]
            better = self._first(record, tried, kind, wanted, ground)
            if better is None:
                break
            call = better
        return call

    def _pinned(self, record: FailureRecord, first_seen: str, why: str, ground: Path) -> Reproduced | str:
        redacted = [self._redact(word) for word in self._way.options]
        options = portable(self._way.options, self._way.root, redacted)
        way = None
        if options is not None:
            folder = os.path.relpath(self._way.directory, self._way.root).replace(os.sep, "/")
            way = {"options": options, "directory": folder, "on_path": self._way.on_path}
        emitted = formatted(emit(record, first_seen, way))
        if self._is_proved(emitted, ground, lambda seen: _FAILS_AGAIN in seen.message):
            return Reproduced(emitted, PIN, why)
        return "the pinned test does not fail again reliably" if self._left() > 0 else "proving it took too long"

    # ------------------------------------------------------------------------------- proving

    def _is_proved(self, emitted: Emitted, ground: Path, is_same: Callable[[Seen], bool]) -> bool:
        """Tell whether the file fails as wanted, twice, each time in a process of its own."""
        (ground / emitted.file_name).write_text(emitted.text, "ascii")
        nodeid = f"{self._name(ground)}/{emitted.file_name}::{emitted.test_name}"
        for _ in range(2):
            if self._left() <= 0:
                return False
            seen = self._try([nodeid], generated=self._name(ground)).seen.get(nodeid)
            if seen is None or not is_same(seen):
                return False
        return True

    def _name(self, ground: Path) -> str:
        return f"{self._folder}/{ground.name}"

    @contextlib.contextmanager
    def _proving_ground(self) -> Iterator[Path]:
        """Make a hidden folder beside the tests to come, where their conftests apply; leave nothing behind."""
        ground = inside(self._way.root, self._way.root / self._folder / f".proving-{os.getpid()}")
        new = [parent for parent in ground.parents if not parent.exists()]
        ground.mkdir(parents=True)
        try:
            yield ground
        finally:
            shutil.rmtree(ground, ignore_errors=True)
            for parent in new:
                with contextlib.suppress(OSError):  # somebody else's file lies there by now
                    parent.rmdir()


def _fails(kind: str, wanted: str, seen: Seen) -> bool:
    return _key(seen, kind) == wanted


def _key(seen: Seen, kind: str) -> str:
    return seen.core if kind == CALL else seen.signature
