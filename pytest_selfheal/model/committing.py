"""What `selfheal commit` works on and comes to.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_selfheal.model.value import Value


@dataclass(frozen=True)
class GeneratedFile(Value):
    """A generated file that was read and checked.

    Attributes:
        path: relative to the project's root, with slashes.
        text: its content, lines ended by LF.
        sha256: of the content.
        signature: the 12 hexadecimal digits that name it.
        run_id: the run that wrote it; empty when unknown.
    """

    path: str
    text: str
    sha256: str
    signature: str
    run_id: str = ""


@dataclass(frozen=True)
class Skipped(Value):
    """A file that is not committed, and why. `refused`: it is nothing that may ever be committed."""

    path: str
    reason: str
    refused: bool = False


@dataclass(frozen=True)
class Landing(Value):
    """What came of it.

    Attributes:
        status: `committed` (here), `pushed`, `patch` (written for somebody else to apply), `nothing` (all is there
            already) or `refused`.
        mode: `commit`, `branch` or `patch`.
        reason: why this mode, or why it was refused.
        branch: the branch committed to; empty on a detached HEAD and for patches.
        commit: the new commit; empty when there is none.
        base: the commit it stands on; empty before the first one.
        tries: how often a push was built; more than one when others pushed meanwhile.
        files: paths of the files that are new in the commit or patch.
        skipped: files left out.
        notices: what the reader should know.
        dry_run: nothing was written anywhere.
    """

    status: str
    mode: str
    reason: str = ""
    branch: str = ""
    commit: str = ""
    base: str = ""
    tries: int = 0
    files: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    notices: tuple[str, ...] = ()
    dry_run: bool = False
