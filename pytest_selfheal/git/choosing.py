"""How generated files are committed: here, to a branch of our own, or as a patch for somebody else to apply.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_selfheal.errors import UsageError
from pytest_selfheal.model import Trust

if TYPE_CHECKING:
    from collections.abc import Mapping

MODES = ("auto", "commit", "branch", "patch")
_PROPOSING_EVENTS = frozenset({"pull_request", "merge_group"})


@dataclass(frozen=True)
class Plan:
    """What will be done.

    Attributes:
        mode: `commit`, `branch` or `patch`.
        push: whether something is pushed.
        target: the branch of the remote to push to (`commit`) or to begin from (`branch`); empty when unknown.
        here: the commit is made on this checkout's HEAD.
        reason: why, in words.
        refused: what was asked for is not done; the patch is written instead.
    """

    mode: str
    push: bool = False
    target: str = ""
    here: bool = False
    reason: str = ""
    refused: bool = False


def choose(asked: str, *, push: bool, trust: Trust, environ: Mapping[str, str], branch: str) -> Plan:
    """Return what to do.

    Args:
        asked: one of `MODES`.
        push: `--push` was given.
        trust: of this run.
        environ: environment variables, as the CI service set them.
        branch: the checkout's current branch; empty when HEAD is detached.

    Raises:
        UsageError: in a `pull_request_target` workflow, which runs a stranger's change with the project's rights.
    """
    event = environ.get("GITHUB_EVENT_NAME", "")
    if event == "pull_request_target":
        raise UsageError(
            "selfheal commit does not run in pull_request_target workflows",
            todo="use pull_request, and let a job on the default branch commit; see docs/ci.md",
        )
    if asked == "patch":
        return Plan("patch", reason="asked for")
    if trust is Trust.UNTRUSTED:
        return Plan("patch", reason="an untrusted run commits nothing", refused=asked != "auto")
    if trust is Trust.LOCAL:
        if asked == "branch":
            return Plan("branch", push=True, target=branch, reason="asked for")
        return Plan("commit", push=push, target=branch, here=True, reason="a run on this machine")
    target = _ci_branch(environ, event)
    if trust is Trust.TRUSTED_CI:
        if asked == "commit":
            return Plan("commit", push=push, target=target, here=not push, reason="asked for")
        return Plan("branch", push=True, target=target, reason="a run of the default branch")
    return _collaborating(asked, event, target, push=push)


def _collaborating(asked: str, event: str, target: str, *, push: bool) -> Plan:
    if asked == "branch":
        if event in _PROPOSING_EVENTS or not target:
            reason = "a branch of our own is only pushed by runs of a branch"
            return Plan("patch", reason=reason, refused=True)
        return Plan("branch", push=True, target=target, reason="asked for")
    if push and target:
        return Plan("commit", push=True, target=target, reason="the branch under review, by --push")
    if push:
        return Plan("patch", reason="it is unknown which branch this run belongs to", refused=True)
    if asked == "commit":
        return Plan("commit", here=True, reason="asked for")
    return Plan("patch", reason="a change under review gets a patch; --push commits to its branch")


def _ci_branch(environ: Mapping[str, str], event: str) -> str:
    if environ.get("GITHUB_ACTIONS") == "true":
        if event == "merge_group":
            return ""  # a branch that lives only as long as the queue's check
        if event == "pull_request":
            return environ.get("GITHUB_HEAD_REF", "")
        ref = environ.get("GITHUB_REF", "")
        return ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else ""
    return environ.get("CI_COMMIT_BRANCH", "")
