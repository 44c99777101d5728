"""`selfheal commit`: bring generated regression tests into the repository, and nothing else.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_selfheal.cli.origin import trust_of
from pytest_selfheal.cli.project import Project
from pytest_selfheal.cli.project import show
from pytest_selfheal.errors import GitError
from pytest_selfheal.errors import SelfHealError
from pytest_selfheal.errors import UsageError
from pytest_selfheal.git.asking import Place
from pytest_selfheal.git.asking import operation_in_progress
from pytest_selfheal.git.building import Order
from pytest_selfheal.git.choosing import choose
from pytest_selfheal.git.landing import Remote
from pytest_selfheal.git.landing import land_here
from pytest_selfheal.git.landing import land_there
from pytest_selfheal.git.landing import push_own_commit
from pytest_selfheal.git.patching import make_patch
from pytest_selfheal.model import Landing
from pytest_selfheal.model import Skipped
from pytest_selfheal.regress.manifest import COPY
from pytest_selfheal.regress.manifest import FILES
from pytest_selfheal.regress.manifest import MANIFEST
from pytest_selfheal.regress.manifest import check_files
from pytest_selfheal.regress.manifest import entries_of
from pytest_selfheal.regress.manifest import manifest_text
from pytest_selfheal.regress.manifest import read_manifest
from pytest_selfheal.regress.source import is_untouched
from pytest_selfheal.report import landing as told

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from collections.abc import Sequence

    from pytest_selfheal.git.choosing import Plan
    from pytest_selfheal.model import GeneratedFile

PATCH = "selfheal.patch"


def commit(arguments: argparse.Namespace) -> int:
    """`selfheal commit`: 0 landed, patch written or nothing to do; 1 refused."""
    project = Project(arguments)
    place = Place.of(project.root)
    _check_names(place, arguments)
    plan = choose(
        arguments.mode,
        push=arguments.push,
        trust=trust_of(project.policy, os.environ),
        environ=os.environ,
        branch=place.branch,
    )
    files, skipped = _files(project, place, arguments)
    landed = _reason_against(files, skipped, arguments.max_files)
    if landed is None:
        order = Order(files, place.in_tree, is_untouched, arguments.email, arguments.sign, arguments.skip_ci)
        with tempfile.TemporaryDirectory(prefix="selfheal-commit-") as folder:
            landed = _Commit(place, plan, order, arguments, Path(folder)).land(skipped)
    landed = replace(
        landed,
        mode=plan.mode,
        reason=landed.reason or plan.reason,
        skipped=tuple(dict.fromkeys((*skipped, *landed.skipped))),
        dry_run=arguments.dry_run,
        notices=(*landed.notices, *_notices(arguments)),
    )
    status = int(landed.status == "refused")
    show(arguments, told.landing_document(landed, status), told.landing_lines(landed, arguments.out))
    return status


class _Commit:
    """One call of the command, once its files are known."""

    def __init__(self, place: Place, plan: Plan, order: Order, arguments: argparse.Namespace, scratch: Path) -> None:
        self._place = place
        self._plan = plan
        self._order = order
        self._arguments = arguments
        self._scratch = scratch

    def land(self, skipped: Sequence[Skipped]) -> Landing:
        """Write the patch, then do what was planned; what git refuses is told, and the patch is left."""
        built, patch = make_patch(self._place, self._order, self._folder("patch"))
        paths = tuple(file.path for file in built.new)
        if not self._arguments.dry_run:
            _write_out(self._out(), self._order.files, (*skipped, *built.skipped), patch, self._place.head)
        try:
            if self._plan.mode == "patch":
                status = "refused" if self._plan.refused else "patch" if paths else "nothing"
                return Landing(status, "patch", base=self._place.head, files=paths, skipped=built.skipped)
            return self._here() if self._plan.here else self._there()
        except GitError as error:
            return Landing("refused", "", reason=str(error), files=paths, skipped=built.skipped)

    def _here(self) -> Landing:
        operation = operation_in_progress(self._place.root)
        if operation:
            return Landing("refused", "", reason=f"{operation}; end it first", branch=self._place.branch)
        dry_run = self._arguments.dry_run
        landed = land_here(self._place, self._order, self._folder("here"), dry_run=dry_run)
        if landed.status != "committed":
            return landed
        if not self._place.branch:
            words = "HEAD is detached: the commit is on no branch; `git branch NAME` keeps it"
            landed = replace(landed, notices=(*landed.notices, words))
        if not self._plan.push or dry_run:
            return landed
        try:
            return push_own_commit(self._place, landed, self._remote(""))
        except GitError as error:
            return replace(landed, status="refused", reason=f"committed here but not pushed: {error}")

    def _there(self) -> Landing:
        return land_there(
            self._place,
            self._order,
            self._remote(self._arguments.branch if self._plan.mode == "branch" else ""),
            self._folder("there"),
            sleep=time.sleep,
            jitter=random.random,
            dry_run=self._arguments.dry_run,
        )

    def _remote(self, own: str) -> Remote:
        if not self._plan.target:
            raise GitError(
                "it is unknown which branch this checkout belongs to", todo="check out a branch, or use --mode patch"
            )
        return Remote(self._place.remote_url(self._arguments.remote), self._plan.target, own)

    def _folder(self, name: str) -> Path:
        folder = self._scratch / name
        folder.mkdir()
        return folder

    def _out(self) -> Path:
        out: str = self._arguments.out
        return self._place.root / out


def _check_names(place: Place, arguments: argparse.Namespace) -> None:
    branch: str = arguments.branch
    if branch.startswith("-") or not place.git.ask("check-ref-format", f"refs/heads/{branch}").ok:
        raise UsageError(f"{branch!r} cannot be the name of a branch", where="--branch")
    if not arguments.email.isprintable() or not arguments.email.strip() or set("<>") & set(arguments.email):
        raise UsageError(f"{arguments.email!r} cannot be an address", where="--email")


def _files(
    project: Project, place: Place, arguments: argparse.Namespace
) -> tuple[tuple[GeneratedFile, ...], tuple[Skipped, ...]]:
    folder = project.policy.regression_dir
    if arguments.source is not None:
        source: Path = arguments.source
        found = check_files(read_manifest(source), source / FILES, folder, ending=COPY)
    else:
        store = project.open_store()
        found = check_files(entries_of(store.generated_tests()), project.root, folder)
        project.warn(store)
    files, skipped = found
    words = "git ignores it; take it out of the ignore rules to have it committed"
    ignored = tuple(Skipped(file.path, words, refused=True) for file in files if place.is_ignored(file.path))
    paths = {one.path for one in ignored}
    return tuple(file for file in files if file.path not in paths), (*skipped, *ignored)


def _reason_against(files: Sequence[GeneratedFile], skipped: Sequence[Skipped], limit: int) -> Landing | None:
    """Return the refusal when the list itself is not to be trusted: then none of it is committed."""
    if any(one.refused for one in skipped):
        return Landing("refused", "", reason="something listed may not be committed, so nothing is")
    if len(files) > limit:
        reason = f"suspicious volume: {len(files)} files, more than --max-files {limit}; look at them first"
        return Landing("refused", "", reason=reason)
    return None


def _notices(arguments: argparse.Namespace) -> tuple[str, ...]:
    if not arguments.skip_ci:
        return ()
    return ("[skip ci] leaves required checks pending, so that the change cannot be merged",)


def _write_out(
    folder: Path, files: Sequence[GeneratedFile], skipped: Sequence[Skipped], patch: bytes, base: str
) -> None:
    """Write patch, list and copies of the files; the folder keeps itself out of git."""
    if folder.is_symlink():
        raise UsageError("the folder is a symbolic link", where=str(folder), todo="name another with --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _put(folder / ".gitignore", b"*\n")
        _put(folder / PATCH, patch)
        _put(folder / MANIFEST, manifest_text(files, skipped, base).encode("ascii"))
        for file in files:
            target = folder / FILES / (file.path + COPY)
            target.parent.mkdir(parents=True, exist_ok=True)
            _put(target, file.text.encode("utf-8"))
    except OSError as error:
        raise SelfHealError(
            f"cannot be written: {error.strerror}", where=str(folder), todo="name another folder with --out"
        ) from error


def _put(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def add_options(parser: argparse.ArgumentParser, count: Callable[[str], int]) -> None:
    """Declare the options of `selfheal commit`."""
    from pytest_selfheal.git.building import BOT_EMAIL
    from pytest_selfheal.git.choosing import MODES

    parser.add_argument(
        "--mode", choices=MODES, default="auto", help="commit here, to a branch of its own, or write a patch"
    )
    parser.add_argument("--push", action="store_true", help="push what --mode commit commits")
    parser.add_argument(
        "--branch", default="selfheal/regressions", metavar="NAME", help="the own branch (default: %(default)s)"
    )
    parser.add_argument("--remote", default="origin", metavar="NAME", help="where to push (default: %(default)s)")
    parser.add_argument("--email", default=BOT_EMAIL, metavar="ADDRESS", help="the author's address")
    parser.add_argument("--sign", action="store_true", help="sign the commit with your key")
    parser.add_argument("--skip-ci", action="store_true", help="ask CI services not to run for the commit")
    parser.add_argument(
        "--max-files", type=count, default=20, metavar="N", help="more than N files are suspicious (default: 20)"
    )
    parser.add_argument(
        "--out", default="selfheal-out", metavar="DIR", help="folder of patch and manifest (default: %(default)s)"
    )
    parser.add_argument(
        "--from", dest="source", type=Path, metavar="DIR", help="commit what another job left in its --out folder"
    )
    parser.add_argument("--dry-run", action="store_true", help="tell what would be done, write nothing")
    parser.add_argument("--json", action="store_true", help="print the versioned JSON document")
