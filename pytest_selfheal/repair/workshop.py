"""Where repairs are made: proposing, proving in child processes, applying with a journal.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from typing import Protocol

from pytest_selfheal.errors import ConfinementError
from pytest_selfheal.errors import PatchError
from pytest_selfheal.model import Applied
from pytest_selfheal.model import Fix
from pytest_selfheal.model import Origin
from pytest_selfheal.model import Proof
from pytest_selfheal.repair import fixers
from pytest_selfheal.repair.dependencies import dependency_note
from pytest_selfheal.repair.dotted_names import DottedNames
from pytest_selfheal.repair.doubt import UNSTEADY_ROUNDS
from pytest_selfheal.repair.doubt import Credit
from pytest_selfheal.repair.doubt import credit
from pytest_selfheal.repair.doubt import is_certain
from pytest_selfheal.repair.fixers import own_rules
from pytest_selfheal.repair.foreign import foreign_refusal
from pytest_selfheal.repair.guards import refusal
from pytest_selfheal.repair.journal import Journal
from pytest_selfheal.repair.patch import apply_patch
from pytest_selfheal.repair.patch import unified_diff
from pytest_selfheal.repair.project import Project
from pytest_selfheal.repair.reach import affected_tests
from pytest_selfheal.repair.rounds import MOST_CANDIDATES
from pytest_selfheal.repair.rounds import Tools
from pytest_selfheal.repair.rounds import search
from pytest_selfheal.repair.screening import FROM
from pytest_selfheal.repair.screening import Children
from pytest_selfheal.repair.validate import ChildSetup
from pytest_selfheal.repair.validate import judge
from pytest_selfheal.safety.redact import process_redactor

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_selfheal.config import Policy
    from pytest_selfheal.model import Candidate
    from pytest_selfheal.model import Failure
    from pytest_selfheal.model import Patch
    from pytest_selfheal.model import Validation
    from pytest_selfheal.repair.validate import RunResult

SCREENED_TESTS = 12
"""A screen runs at most so many of a group's tests; the confirming run takes all of them."""

MOST_AFFECTED = 40
"""So many test files at most are run because they import what a sweep edits; the user's next run takes all."""

JOURNAL = "journal"
"""The folder inside the store that holds what `selfheal undo` needs."""


class Learned(Protocol):
    """What this project's people taught, as a fixer."""

    def propose(self, failure: Failure, project: Project) -> list[Candidate]:
        """Return candidates for a failure at its own site."""

    def sweep(self, candidate: Candidate, project: Project) -> Candidate | None:
        """Return the same edit for the rest of the project, once `candidate` is applied; None when there is none."""


class Bench:
    """Repairs for one run of one project.

    Args:
        root: pytest's root directory.
        policy: budgets, rounds, edit roots, and where the store is.
        directory: the folder pytest was started in.
        child_args: pytest options a validation run needs.
        monotonic: a clock in seconds.
        inipath: the ini file pytest used; empty when none or unknown.
        cwd_on_path: whether the folder pytest was started in is importable, as with `python -m pytest`.
        learned: what was learned in this project; None when nothing is to be used.
        more: further fixers, such as those of plugins.
    """

    def __init__(  # noqa: PLR0913 - each is one thing that is known of the run
        self,
        root: Path,
        policy: Policy,
        *,
        directory: Path,
        child_args: Sequence[str],
        monotonic: Callable[[], float],
        inipath: str = "",
        cwd_on_path: bool = True,
        learned: Learned | None = None,
        more: Sequence[fixers.Fixer] = (),
    ) -> None:
        self._others = list(more)
        if policy.rewrite:
            self._others.append(own_rules.fixer_of(policy.rewrite, version_of))
        self._learned = learned
        self._root = root
        self._policy = policy
        self._monotonic = monotonic
        self._writes = False
        self._deadline = monotonic() + policy.repair_budget_s
        self._group_deadline = self._deadline
        self._project = Project(root, policy.edit_roots)
        self._journal = Journal(root / policy.store / JOURNAL, time.time, root)
        setup = ChildSetup(
            str(root),
            str(directory),
            tuple(child_args),
            inipath=inipath,
            cwd_on_path=cwd_on_path,
            timeout_s=policy.validation_timeout_s,
        )
        self._children = Children(setup, lambda: self._group_deadline - monotonic())

    def attend(self, *, told: Callable[[], None], writes: bool) -> None:
        """Prepare for the end of a run.

        Args:
            told: called whenever tests are about to be run.
            writes: whether a proved fix may be written at all; then its confirming run may be got ready early.
        """
        self._children.told = told
        self._writes = writes

    def close(self) -> None:
        """Leave no process behind. Twice is safe, and the bench can be used again."""
        self._children.close()

    def time_left(self) -> bool:
        """Tell whether the run's repair budget allows more work."""
        return self._monotonic() < self._deadline

    def propose(self, failure: Failure) -> list[Candidate]:
        """Return candidates for a failure, best first; nothing is run and nothing written."""
        return fixers.propose(failure, self._project, self._more)

    def hints(self, failure: Failure) -> tuple[str, ...]:
        """Return what to tell of a failure that no fix of code answers; nothing is run and nothing written."""
        note = dependency_note(failure, self._project)
        return (note,) if note else ()

    def sweep(self, fix: Fix) -> Fix | None:
        """Return a learned fix for the rest of the project, once it is applied at its own site; nothing is written."""
        if self._learned is None:
            return None
        found = self._learned.sweep(fix.candidate, self._project)
        if found is None or self._refusal(found.patch):
            return None
        return Fix(found, fix.validation)

    def tests_of(self, patch: Patch) -> list[str]:
        """Return the test files that import what a patch edits."""
        return affected_tests(self._project, {edit.path for edit in patch.edits}, MOST_AFFECTED)

    def mends(self, fix: Fix, nodeids: Sequence[str]) -> bool:
        """Tell whether other failing tests pass with a fix as well; nothing is written."""
        return self._passes(fix, sample(nodeids), frozenset())

    def try_out(self, files: Mapping[str, bytes], nodeids: Sequence[str]) -> tuple[Validation, RunResult]:
        """Run tests with other texts laid over the sources; nothing is written."""
        self._group_deadline = self._deadline
        return self._children.screen(files, nodeids, frozenset())

    @property
    def project(self) -> Project:
        """The project as it is on disk."""
        return self._project

    def diff(self, patch: Patch) -> str:
        """Return a unified diff for people, without the secrets of the lines around the edits.

        Raises:
            PatchError: a file is not what the patch was made for any more.
        """
        return process_redactor().redact(unified_diff(patch, self._project.read))

    def prove(
        self,
        failure: Failure,
        candidates: Sequence[Candidate],
        nodeids: Sequence[str],
        known_failures: frozenset[str],
        *,
        unsteady: bool = False,
    ) -> Proof:
        """Try candidates for a group of failing tests, following each through the errors it uncovers.

        Refused candidates are not shown as options: what a guard forbids must not be one keystroke away. Nor are those
        that only might have had to do with the error. A test that passes without a fix as well proves none; `unsteady`
        tests, once seen to pass on a second try, are run several times.
        """
        wanted = sample(nodeids)
        self._group_deadline = min(self._deadline, self._monotonic() + self._policy.fix_budget_s)
        if self._writes and any(map(self._may_apply, candidates)):
            self._children.get_ready(nodeids)
        many = len(candidates) >= FROM and self._children.warm_up(failure, wanted, self._allowed(candidates))
        try_out = self._children.forked if many else self._children.screen
        foreign = any(candidate.origin is Origin.AI for candidate in candidates)
        tools = Tools(
            propose=self._follow_up,
            screen=lambda files: try_out(files, wanted, known_failures),
            read=self._project.read,
            project=self._project,
            now=self._monotonic,
            refuse=lambda patch: self._refusal(patch, foreign=foreign),
        )
        found = search(
            failure, candidates, tools, wanted=wanted, rounds=self._policy.fix_rounds, deadline=self._group_deadline
        )
        refused = {candidate.id: self._refusal(candidate.patch, foreign=foreign) for candidate in found.tried}
        notes = [
            f"{item.title}: {refused[item.id] or reason}"
            for item, reason in zip(found.tried, found.reasons, strict=True)
            if item.specific
        ]
        shown = tuple(item for item in found.tried if item.specific and not refused[item.id])
        owed = self._credit(failure, found.fixes, wanted, known_failures, unsteady=unsteady)
        kept = {fix.candidate.id for fix in owed.fixes}
        notes += [f"{one.candidate.title}: {owed.reason}" for one in found.fixes if one.candidate.id not in kept]
        return Proof(owed.fixes, shown, tuple(notes), owed.lucky)

    def _credit(
        self,
        failure: Failure,
        fixes: Sequence[Fix],
        wanted: Sequence[str],
        known_failures: frozenset[str],
        *,
        unsteady: bool,
    ) -> Credit:
        if not unsteady and all(is_certain(failure, fix.candidate) for fix in fixes):
            return Credit(tuple(fixes))

        return credit(
            fixes,
            wanted,
            without=lambda nodeids: self._children.screen({}, nodeids, known_failures)[1],
            passes=lambda fix, nodeids: self._passes(fix, nodeids, known_failures),
            rounds=UNSTEADY_ROUNDS if unsteady or not all(fix.candidate.specific for fix in fixes) else 1,
        )

    def _passes(self, fix: Fix, nodeids: Sequence[str], known_failures: frozenset[str]) -> bool:
        try:
            files = apply_patch(fix.candidate.patch, self._project.read)
        except PatchError:  # somebody saved a file meanwhile
            return False
        return self._children.screen(files, nodeids, known_failures)[0].ok

    def prove_one(self, candidate: Candidate, nodeids: Sequence[str], known_failures: frozenset[str]) -> Proof:
        """Validate one candidate on the files as they are now, as a person accepts it."""
        reason = self._refusal(candidate.patch, foreign=candidate.origin is Origin.AI)
        if not reason:
            self._group_deadline = self._deadline
            files = apply_patch(candidate.patch, self._project.read)
            validation, _run = self._children.screen(files, sample(nodeids), known_failures)
            if validation.ok:
                return Proof((Fix(candidate, validation),))
            reason = validation.reason
        return Proof(unproved=(candidate,), notes=(reason,))

    def apply(
        self, fix: Fix, nodeids: Sequence[str], known_failures: frozenset[str], also: Sequence[str] = ()
    ) -> Applied:
        """Journal, write, and run the failing tests with all tests of their files, and `also`, in a fresh process.

        Any new failure restores every file, unless a person changed it meanwhile: then it is kept and reported.
        """
        patch = fix.candidate.patch
        self._group_deadline = self._deadline  # a proved fix may use what the run has left
        try:
            files = apply_patch(patch, self._project.read)
            before = {path: self._project.read(path) for path in files}
            entry = self._journal.apply(fix.candidate.id, files, self._root, patch.hashes)
        except (PatchError, ConfinementError) as error:
            return Applied(ok=False, journal_id="", reason=f"{error.where}: {error.what}")
        try:
            validation, run = self._confirm(nodeids, known_failures, before, also)
        except BaseException:
            self._journal.roll_back(entry)
            raise
        if not validation.ok:
            kept = self._journal.roll_back(entry).kept
            reason = validation.reason + (f"; edited meanwhile and kept: {', '.join(kept)}" if kept else "")
            return Applied(ok=False, journal_id=entry.fix_id, reason=reason, duration_s=validation.duration_s)
        self._journal.commit(entry)
        self._project = Project(self._root, self._policy.edit_roots)
        passing = tuple(sorted(nodeid for nodeid in known_failures if run.passed(nodeid)))
        return Applied(
            ok=True,
            journal_id=entry.fix_id,
            reason=validation.reason,
            passed=validation.passed,
            now_passing=passing,
            duration_s=fix.validation.duration_s + validation.duration_s,
        )

    def _confirm(
        self,
        nodeids: Sequence[str],
        known_failures: frozenset[str],
        before: Mapping[str, bytes],
        also: Sequence[str] = (),
    ) -> tuple[Validation, RunResult]:
        # A module that could not be collected has no tests known to fail; its file stands for all of them.
        modules = dict.fromkeys([*(nodeid.partition("::")[0] for nodeid in nodeids), *also])
        validation, run = self._children.confirm(
            list(nodeids), edited=list(before), also=list(modules), known_failures=known_failures
        )
        suspects = [nodeid for nodeid in validation.failed if nodeid not in known_failures and nodeid not in nodeids]
        if validation.ok or not suspects:
            return validation, run
        # With -x, --lf or a selection some of these were never run: only the old text can tell whether they are new.
        old = self._children.old(suspects, before)
        standing = known_failures | {nodeid for nodeid in suspects if old.outcomes.get(nodeid) in ("failed", "error")}
        return judge("confirm", run, list(nodeids), known_failures=standing), run

    def _allowed(self, candidates: Sequence[Candidate]) -> int:
        """Count the candidates that will be run, as far as the guards have a say."""
        return sum(not self._refusal(candidate.patch) for candidate in candidates[:MOST_CANDIDATES])

    def _may_apply(self, candidate: Candidate) -> bool:
        return candidate.learned and candidate.confidence >= self._policy.apply_confidence

    def _follow_up(self, failure: Failure, files: Mapping[str, bytes]) -> list[Candidate]:
        return fixers.propose(failure, self._project.laid_over(files) if files else self._project, self._more)

    @property
    def _more(self) -> list[fixers.Fixer]:
        return [*([self._learned.propose] if self._learned is not None else []), *self._others]

    def _refusal(self, patch: Patch, *, foreign: bool = False) -> str:
        project = self._project
        reason = refusal(
            patch, project.read, self._root, self._policy.edit_roots, project.tracked, DottedNames(project).is_renamed
        )
        return reason or (foreign_refusal(patch, project) if foreign else "")


def version_of(distribution: str) -> str:
    """Return the installed version of a distribution; empty when it is not installed."""
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except (metadata.PackageNotFoundError, ValueError):
        return ""


def sample(nodeids: Sequence[str]) -> tuple[str, ...]:
    """Return at most `SCREENED_TESTS` of the tests, one of each file first: files differ more than tests in a file."""
    first_of_file = list({nodeid.partition("::")[0]: nodeid for nodeid in reversed(nodeids)}.values())[::-1]
    ordered = dict.fromkeys([*first_of_file, *nodeids])
    return tuple(ordered)[:SCREENED_TESTS]
