"""Brings generated files into a branch: here or on a remote, by comparing and swapping, never by force.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_selfheal.errors import GitError
from pytest_selfheal.git.building import build_tree
from pytest_selfheal.git.building import make_commit
from pytest_selfheal.git.message import RUN_TRAILER
from pytest_selfheal.git.scratch import Scratch
from pytest_selfheal.model import Landing
from pytest_selfheal.safety.git_process import NETWORK_TIMEOUT_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_selfheal.git.asking import Place
    from pytest_selfheal.git.building import Built
    from pytest_selfheal.git.building import Order
    from pytest_selfheal.safety.git_process import Answer
    from pytest_selfheal.safety.git_process import Git

TRIES = 8
_BRANCHES = 9
_LOOP = 3
_MOVED = (
    "fetch first",
    "non-fast-forward",
    "stale info",
    "cannot lock ref",
    "failed to update ref",
    "incorrect old value",
    "reference already exists",
    "remote ref updated since checkout",
)
_IN_THE_WAY = "exists; cannot create"
_PROTECTED = ("GH006", "GH013", "protected branch", "hook declined", "not allowed to push")


@dataclass(frozen=True)
class Remote:
    """Where to push.

    Attributes:
        url: the remote's address.
        base: the branch to commit to, or to begin the own branch from.
        own: name of the own branch; empty to commit to `base`.
    """

    url: str
    base: str
    own: str = ""


def land_here(place: Place, order: Order, scratch: Path, *, dry_run: bool = False) -> Landing:
    """Commit on the checkout's HEAD; staged work stays staged, files on disk are not touched, no hook runs.

    Calling it twice commits once. Somebody else's commit in between is built upon.

    Raises:
        GitError: the repository cannot be written, or HEAD moved at every try.
    """
    if dry_run:
        built = build_tree(Scratch(scratch, place, borrow=True).git, place.head, order, scratch)
        return _landed("committed", built, branch=place.branch, base=place.head, dry_run=True)
    for tries in range(1, TRIES + 1):
        head = place.git.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        base = head.text if head.ok else ""
        built = build_tree(place.git, base, order, scratch)
        if not built.new:
            return _landed("nothing", built, branch=place.branch, base=base)
        commit = make_commit(place.git, built, base, order)
        moved = place.git.ask("update-ref", "-m", "selfheal commit", "HEAD", commit, base or "0" * len(commit))
        if moved.ok:
            notices = _stage(place, built, order, base)
            return replace(
                _landed("committed", built, branch=place.branch, base=base), commit=commit, tries=tries, notices=notices
            )
        now = place.git.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if (now.text if now.ok else "") == base:
            raise GitError(moved.why, where="git update-ref HEAD")
    raise GitError("HEAD moved at every try", todo="run the command again when nobody else commits")


def _stage(place: Place, built: Built, order: Order, base: str) -> tuple[str, ...]:
    """Let the index follow the commit, but for paths under which the user has staged something else."""
    lines = b""
    for file in built.new:
        path = order.in_tree(file.path)
        staged = place.git.ask("ls-files", "--stage", "-z", "--full-name", "--", file.path).out.rstrip(b"\0")
        before = place.git.ask("rev-parse", "--verify", "--quiet", f"{base}:{path}") if base else None
        old = before.text.encode() if before is not None and before.ok else None
        held = staged.split(b" ")[1] if staged else None
        if held in (None, old):
            blob = place.git.must("hash-object", "--stdin", data=file.text.encode("utf-8")).text
            lines += b"100644 " + blob.encode("ascii") + b"\t" + os.fsencode(path) + b"\0"
    answer = place.git.ask("update-index", "-z", "--index-info", data=lines) if lines else None
    if answer is not None and not answer.ok:
        return (f"the commit stands, but the index could not follow it ({answer.why}); `git reset -- PATH` repairs it",)
    return ()


def push_own_commit(place: Place, landed: Landing, remote: Remote) -> Landing:
    """Push a commit made here, when nothing but it would be pushed; otherwise say so and leave it to the user."""
    from_remote = place.git.must(
        "ls-remote", "--", remote.url, f"refs/heads/{remote.base}", timeout_s=NETWORK_TIMEOUT_S
    )
    tip = from_remote.text.partition("\t")[0]
    if tip != landed.base:
        reason = f"{remote.base} and the remote differ by other commits; push it together with them"
        return replace(landed, status="refused", reason=f"committed here but not pushed: {reason}")
    options = ("--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no")
    spec = f"{landed.commit}:refs/heads/{remote.base}"
    answer = place.git.ask("push", *options, "--", remote.url, spec, timeout_s=NETWORK_TIMEOUT_S)
    if answer.ok:
        return replace(landed, status="pushed")
    return replace(landed, status="refused", reason=f"committed here but not pushed: {_why_not(answer, remote.base)}")


def land_there(
    place: Place,
    order: Order,
    remote: Remote,
    scratch: Path,
    *,
    sleep: Callable[[float], object],
    jitter: Callable[[], float],
    dry_run: bool = False,
) -> Landing:
    """Commit on top of a branch of a remote; nothing in the user's repository changes.

    The push is a comparison with the tip the commit was built on. When others were faster, the commit is built anew on
    their tip, eight times at most. Doing it twice commits once.

    Args:
        place: the user's repository.
        order: what to commit.
        remote: where to.
        scratch: an empty folder.
        sleep: waits so many seconds.
        jitter: returns a number between 0 and 1.
        dry_run: do everything but push.

    Raises:
        GitError: the remote cannot be reached.
    """
    box = Scratch(scratch, place)
    for tries in range(1, TRIES + 1):
        target, tip = _target(box, remote)
        if not tip:
            return Landing("refused", "", reason=f"the remote has no branch {remote.base}", branch=remote.base)
        if not remote.own and tries == 1 and _is_loop(box.git, tip):
            reason = f"the last {_LOOP} commits of {target} were all made by selfheal commit: this looks like a loop"
            return Landing("refused", "", reason=reason, branch=target, base=tip)
        built = _build_there(box, order, remote, tip)
        if not built.new:
            return replace(_landed("nothing", built, branch=target, base=tip), tries=tries)
        if dry_run:
            return _landed("pushed", built, branch=target, base=tip, dry_run=True)
        commit = make_commit(box.git, built, tip, order)
        answer = box.push(remote.url, commit, target)
        landed = replace(_landed("pushed", built, branch=target, base=tip), tries=tries)
        if answer.ok:
            return replace(landed, commit=commit)
        if not _has_moved(answer):
            return replace(landed, status="refused", reason=_why_not(answer, target))
        sleep(jitter() * min(0.1 * 2**tries, 5.0))
    return replace(landed, status="refused", reason=f"{target} moved during each of {TRIES} tries")


def _target(box: Scratch, remote: Remote) -> tuple[str, str]:
    """Return the branch to push to and the commit to build on; the commit is empty when the base does not exist."""
    if not remote.own:
        if remote.base not in box.tips(remote.url, [remote.base]):
            return remote.base, ""
        return remote.base, box.fetch(remote.url, remote.base, _LOOP)
    names = [remote.own, *(f"{remote.own}-{number}" for number in range(2, _BRANCHES + 1))]
    tips = box.tips(remote.url, [remote.base, *names])
    if remote.base not in tips:
        return remote.own, ""
    base = box.fetch(remote.url, remote.base, 1)
    for name in names:
        if name not in tips:
            return name, base
        tip = box.fetch(remote.url, name, 1)
        if tip == base or _is_own(box.git, tip):
            return name, tip
    raise GitError(
        f"{remote.own} and its {_BRANCHES - 1} successors all hold commits of others",
        where=remote.own,
        todo="merge or delete some of these branches, or name another with --branch",
    )


def _build_there(box: Scratch, order: Order, remote: Remote, tip: str) -> Built:
    """Return the tree for the tip; what the base branch holds already is not put into an own branch again."""
    if remote.own:
        base = box.git.must("rev-parse", f"refs/fetched/{remote.base}").text
        if base != tip:
            missing = build_tree(box.git, base, order, box.folder)
            built = build_tree(box.git, tip, replace(order, files=missing.new), box.folder)
            return built._replace(skipped=tuple(dict.fromkeys((*missing.skipped, *built.skipped))))
    return build_tree(box.git, tip, order, box.folder)


def _runs(git: Git, tip: str, count: int) -> list[str]:
    """Return the runs that the newest commits name, one text per commit, empty for those of others."""
    form = f"--format=%(trailers:key={RUN_TRAILER},valueonly,separator=%x2C)%x00"
    logged = git.must("log", f"--max-count={count}", form, "--end-of-options", tip).text
    return [entry.strip() for entry in logged.split("\0")[:-1]]


def _is_own(git: Git, tip: str) -> bool:
    # We only ever build on our own commits, so the newest one speaks for all of them; a merge is somebody's work. The
    # commit itself is read: `git log` leaves out parents beyond the depth that was fetched.
    header = git.must("cat-file", "commit", tip).out.partition(b"\n\n")[0]
    return header.count(b"\nparent ") == 1 and all(_runs(git, tip, 1))


def _is_loop(git: Git, tip: str) -> bool:
    runs = _runs(git, tip, _LOOP)
    return len(runs) == _LOOP and all(runs)


def _has_moved(answer: Answer) -> bool:
    said = (answer.out + answer.err).decode("utf-8", "replace")
    hopeless = _is_protected(said) or _IN_THE_WAY in said
    return not hopeless and any(words in said for words in _MOVED)


def _is_protected(said: str) -> bool:
    return any(words in said for words in _PROTECTED)


def _why_not(answer: Answer, branch: str) -> str:
    said = (answer.out + answer.err).decode("utf-8", "replace")
    if _IN_THE_WAY in said:
        return f"the remote has a branch whose name leaves no room for {branch}; name another with --branch"
    if _is_protected(said):
        return f"the remote protects {branch}: {answer.why}; push to a branch of its own with --mode branch"
    return f"the push was refused: {answer.why}"


def _landed(status: str, built: Built, *, branch: str, base: str, dry_run: bool = False) -> Landing:
    return Landing(
        status if built.new else "nothing",
        "",
        branch=branch,
        base=base,
        files=tuple(file.path for file in built.new),
        skipped=built.skipped,
        dry_run=dry_run,
    )
