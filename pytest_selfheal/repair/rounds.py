"""Errors hidden behind errors: add fix to fix until the tests are green, or give up on all of it.

Progress is not success: a chain of fixes is kept only when it ends green.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import PatchError
from pytest_selfheal.model import Candidate
from pytest_selfheal.model import ErrorClass
from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Fix
from pytest_selfheal.model import Frame
from pytest_selfheal.model import Patch
from pytest_selfheal.model import Phase
from pytest_selfheal.model import Validation
from pytest_selfheal.repair.patch import apply_patch
from pytest_selfheal.repair.patch import compose
from pytest_selfheal.repair.patch import patch_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_selfheal.repair.patch import Read
    from pytest_selfheal.repair.project import Project
    from pytest_selfheal.repair.validate import RunError
    from pytest_selfheal.repair.validate import RunResult

MOST_CANDIDATES = 8
"""More candidates than this are guessing: the chance that a wrong one passes grows with their number."""

_VERDICTS = frozenset({"AssertionError", "Failed"})
_NEAR = 4
"""Lines between an edit and the line that is told for its statement."""

Propose = Callable[[Failure, Mapping[str, bytes]], "list[Candidate]"]
"""Candidates for a failure seen with some files laid over the sources (relative path to bytes); {} at first."""

Screen = Callable[[Mapping[str, bytes]], "tuple[Validation, RunResult]"]
"""Run the wanted tests with files laid over the sources."""

Key = tuple[str, str, tuple[tuple[str, int], ...]]
"""What tells one error from another while fixes follow each other: type, message, and the way to it."""

Refuse = Callable[[Patch], str]
"""Why a patch must not be applied; empty when it may."""


@dataclass(frozen=True)
class Search:
    """What a search found: validated fixes, best first (several mean an ambiguity), and what was tried in vain.

    `reasons` holds why each of `tried` failed, in the same order.
    """

    fixes: tuple[Fix, ...]
    tried: tuple[Candidate, ...]
    reason: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tools:
    """What a search works with; every effect is one of these.

    Attributes:
        propose: asked for the follow-up when a wanted test fails with another error.
        screen: runs the wanted tests in a child.
        read: gives the files as they are on disk.
        project: tells which files of a traceback are the user's own.
        now: a clock in seconds.
        refuse: the guards, asked before each run.
    """

    propose: Propose
    screen: Screen
    read: Read
    project: Project
    now: Callable[[], float]
    refuse: Refuse = lambda _patch: ""


def search(
    failure: Failure,
    candidates: Sequence[Candidate],
    tools: Tools,
    *,
    wanted: Sequence[str],
    rounds: int,
    deadline: float,
) -> Search:
    """Validate every candidate, following each through the errors it uncovers.

    Args:
        failure: the failure the candidates are for.
        candidates: first-round candidates, most confident first; at most `MOST_CANDIDATES` are looked at.
        tools: how to propose, run, read and refuse.
        wanted: the node ids that must pass.
        rounds: how many fixes may follow each other.
        deadline: value of `tools.now()` after which nothing new is started.

    Returns:
        Fixes that ended green. A fix of several rounds is one candidate with one patch on the files as they are.
    """
    fixes: list[Fix] = []
    tried: list[Candidate] = []
    reasons: list[str] = []
    untried = len(candidates) > MOST_CANDIDATES
    for candidate in list(candidates)[:MOST_CANDIDATES]:
        found, reason, ran = _follow(failure, candidate, tools, wanted=wanted, rounds=rounds, deadline=deadline)
        untried = untried or not ran
        if found is not None:
            fixes.append(found)
        else:
            tried.append(candidate)
            reasons.append(reason)
    if len(fixes) == 1 and tried and not untried:
        fixes = [_chosen_by_tests(fixes[0], len(tried))]
    fixes.sort(key=lambda fix: -fix.candidate.confidence)
    if fixes:
        return Search(tuple(fixes), tuple(tried), fixes[0].validation.reason, tuple(reasons))
    return Search((), tuple(tried), "; ".join(dict.fromkeys(reasons)) or "no fixer knows this error", tuple(reasons))


def _follow(
    failure: Failure,
    candidate: Candidate,
    tools: Tools,
    *,
    wanted: Sequence[str],
    rounds: int,
    deadline: float,
) -> tuple[Fix | None, str, bool]:
    """Return the fix, or why there is none, and whether the tests have spoken."""
    seen = {_key(failure)}
    reason, ran = "", False
    for _round in range(max(1, rounds)):
        if tools.now() >= deadline:
            return None, "the time for repairs is used up", False
        try:
            reason = tools.refuse(candidate.patch)
            if reason:
                return None, reason, ran
            files = apply_patch(candidate.patch, tools.read)
            validation, run = tools.screen(files)
            ran = run.complete
            if validation.ok:
                return Fix(candidate, validation), "", ran
            reason = validation.reason
            following = next_failure(run, wanted, tools.project, seen)
            if following is None:
                return None, reason, ran
            ran = ran and _rules_out(following, candidate, files)
            seen.add(_key(following))
            step = _only_sure(tools.propose(following, files))
            if step is None:
                return None, f"behind it comes {following.error_type}: {following.error_message[:200]}", ran
            candidate = joined(candidate, step, tools.read)
        except PatchError as error:
            return None, str(error), ran
    return None, f"not green after {rounds} rounds: {reason}", False


def _rules_out(following: Failure, candidate: Candidate, files: Mapping[str, bytes]) -> bool:
    """Tell whether the error behind a reading speaks against it: it is raised where the reading was made, or by a test.

    Any other error may be one more bug, which the right reading only brings to light.
    """
    if following.error_type.rpartition(".")[2] in _VERDICTS:
        return True
    own = _own_frames(following)
    if not own:
        return False
    last = own[-1]
    lines = [
        files[edit.path][: edit.start].count(b"\n") + 1
        for edit in candidate.patch.edits
        if edit.path == last.path and edit.path in files
    ]
    return any(abs(last.lineno - line) <= _NEAR for line in lines)


def _chosen_by_tests(fix: Fix, others: int) -> Fix:
    """Believe the one reading the tests leave over, where its fixer knows that there is no other."""
    candidate = fix.candidate
    if candidate.if_alone <= candidate.confidence or candidate.confidence < candidate.prior:
        return fix  # this project's experience with such fixes speaks louder
    said = f"the tests fail with each of the {others} other readings" if others > 1 else "the tests fail with the other"
    return replace(
        fix,
        candidate=replace(
            candidate,
            confidence=candidate.if_alone,
            learned=candidate.error_class is ErrorClass.API,
            evidence=(*candidate.evidence, said),
        ),
    )


def _key(failure: Failure) -> Key:
    places = tuple((frame.path, frame.lineno) for frame in _own_frames(failure))
    return failure.error_type, failure.error_message, places


def _own_frames(failure: Failure) -> list[Frame]:
    kind = failure.error_type.rpartition(".")[2]
    link = next((one for one in failure.chain if one.type_name.rpartition(".")[2] == kind), None)
    return [frame for frame in (link.frames if link else ()) if frame.in_app]


def _only_sure(candidates: list[Candidate]) -> Candidate | None:
    """A follow-up must be unambiguous: several readings of a second error are no base to build on."""
    return candidates[0] if len(candidates) == 1 else None


def joined(first: Candidate, second: Candidate, read: Read) -> Candidate:
    """Return one candidate for two made one after the other; it is as sure as the weaker one.

    Raises:
        PatchError: the patches do not follow each other.
    """
    patch = compose(first.patch, second.patch, read)
    values = ErrorClass.VALUE in (first.error_class, second.error_class)
    return replace(
        first,
        id=patch_id(patch),
        fixer=first.fixer if first.fixer == second.fixer else f"{first.fixer}+{second.fixer}",
        title=f"{first.title}; then {second.title}",
        patch=patch,
        confidence=min(first.confidence, second.confidence),
        error_class=ErrorClass.VALUE if values else ErrorClass.API,
        learned=first.learned and second.learned,
        if_alone=0.0,
        evidence=(*first.evidence, *second.evidence),
    )


def next_failure(run: RunResult, wanted: Sequence[str], project: Project, seen: set[Key]) -> Failure | None:
    """Return the first failure of a wanted test (or of its file) in a run whose error is not in `seen`."""
    if not run.complete:
        return None
    files = {target.partition("::")[0] for target in wanted}
    related = [nodeid for nodeid in run.errors if nodeid in wanted or nodeid.partition("::")[0] in files]
    for nodeid in related:
        failure = failure_from(nodeid, run.errors[nodeid], project)
        if _key(failure) not in seen:
            return failure
    return None


def failure_from(nodeid: str, error: RunError, project: Project) -> Failure:
    """Build a failure, as complete as a fixer needs it, from the error a child recorded."""
    chain = tuple(_link(data, project) for data in error.chain if isinstance(data, dict))
    root = next((link for link in chain if link.type_name == error.error_type), None)
    return Failure(
        nodeid=nodeid,
        phase=next((phase for phase in Phase if phase.value == error.phase), Phase.CALL),
        error_type=root.type_name if root else error.error_type,
        error_message=error.error_message,
        chain=chain,
        test_path=nodeid.partition("::")[0],
    )


def _link(data: dict[str, Any], project: Project) -> ErrorLink:
    link = ErrorLink.from_dict({**data, "frames": []})
    frames = []
    for entry in data.get("frames", ()):
        path, lineno, function = str(entry[0]), int(entry[1]), str(entry[2])
        own = project.relative(path)
        frames.append(Frame(own or Path(path).as_posix(), lineno, function, in_app=bool(own)))
    return replace(link, frames=tuple(frames))
