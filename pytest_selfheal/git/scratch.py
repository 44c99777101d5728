"""A bare repository in a temporary folder: what is fetched, built and pushed there leaves no trace in the user's.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_selfheal.safety.git_process import NETWORK_TIMEOUT_S
from pytest_selfheal.safety.git_process import Git

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_selfheal.git.asking import Place
    from pytest_selfheal.safety.git_process import Answer

_HOW_TO_REACH = r"^(http|credential|protocol|ssh)\.|^core\.(sshcommand|askpass)$"


class Scratch:
    """Fetching into the user's repository would move its shallow boundary and refs; this one is thrown away.

    Args:
        folder: an empty folder.
        place: the user's repository: its object format, and how its own settings say a server is reached.
        borrow: also read the user's objects.
    """

    def __init__(self, folder: Path, place: Place, *, borrow: bool = False) -> None:
        self.folder = folder
        git_dir = folder / "repository.git"
        Git(folder).must(
            "init", "--quiet", "--bare", "--template=", f"--object-format={place.object_format}", str(git_dir)
        )
        self.git = Git(folder, git_dir, _settings(place))
        if borrow:
            objects = place.git.must("rev-parse", "--git-path", "objects").text
            line = os.fsencode(os.path.join(place.root, objects))  # noqa: PTH118 - git answers in text
            (git_dir / "objects" / "info" / "alternates").write_bytes(line + b"\n")

    def tips(self, url: str, branches: list[str]) -> dict[str, str]:
        """Return the commit each of these branches of a remote names; those it does not have are left out.

        Raises:
            GitError: the remote cannot be reached.
        """
        refs = [f"refs/heads/{branch}" for branch in branches]
        found = self.git.must("ls-remote", "--", url, *refs, timeout_s=NETWORK_TIMEOUT_S).out
        known = {name: tip for tip, _, name in (line.partition(b"\t") for line in found.splitlines())}
        return {
            branch: known[os.fsencode(ref)].decode("ascii")
            for branch, ref in zip(branches, refs, strict=True)
            if os.fsencode(ref) in known
        }

    def fetch(self, url: str, branch: str, depth: int) -> str:
        """Fetch the newest commits of a branch and return the tip.

        Raises:
            GitError: the branch is gone, or the remote cannot be reached.
        """
        spec = f"+refs/heads/{branch}:refs/fetched/{branch}"
        options = ("--quiet", f"--depth={depth}", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
        self.git.must("fetch", *options, "--", url, spec, timeout_s=NETWORK_TIMEOUT_S)
        return self.git.must("rev-parse", "--verify", f"refs/fetched/{branch}^{{commit}}").text

    def push(self, url: str, commit: str, branch: str) -> Answer:
        """Push a commit to a branch, never by force: the remote refuses when the branch has moved."""
        options = ("--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no")
        spec = f"{commit}:refs/heads/{branch}"
        return self.git.ask("push", *options, "--", url, spec, timeout_s=NETWORK_TIMEOUT_S)


def _settings(place: Place) -> dict[str, str]:
    """Return the repository's own settings for servers as variables: tokens reach no file and no command line.

    Settings of the user and the system hold in the temporary repository anyway; given twice, a header is sent twice.
    """
    found = place.git.ask("config", "--local", "--includes", "-z", "--get-regexp", _HOW_TO_REACH)
    env: dict[str, str] = {}
    pairs = [entry for entry in found.out.split(b"\0") if entry] if found.ok else []
    for number, entry in enumerate(pairs):
        key, _, value = entry.partition(b"\n")
        env[f"GIT_CONFIG_KEY_{number}"] = os.fsdecode(key)
        env[f"GIT_CONFIG_VALUE_{number}"] = os.fsdecode(value)
    return {**env, "GIT_CONFIG_COUNT": str(len(pairs))} if pairs else {}
