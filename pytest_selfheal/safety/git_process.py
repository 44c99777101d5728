"""Runs git so that nothing of the user's surroundings changes what it does.

No hooks, no pager, no prompt, no editor, no optional locks; paths are taken literally; variables that point git at
another repository or inject settings (`GIT_DIR`, `GIT_CONFIG_COUNT`, ...) are dropped.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_selfheal.errors import GitError
from pytest_selfheal.safety.escape import terminal_line
from pytest_selfheal.safety.redact import redact

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TIMEOUT_S = 20.0
NETWORK_TIMEOUT_S = 180.0
_KEPT_VARIABLES = frozenset(
    {
        "GIT_ASKPASS",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_SSL_CAINFO",
        "GIT_SSL_CAPATH",
        "GIT_SSL_CERT",
        "GIT_SSL_KEY",
    }
)
"""How to reach a server and who to be there; the rest would change what is committed, or where."""

_QUIET = ("core.hooksPath=" + os.devnull, "core.fsmonitor=false", "core.quotePath=false", "advice.detachedHead=false")


class Answer:
    """What one git command ended with."""

    def __init__(self, status: int, out: bytes, err: bytes) -> None:
        self.status = status
        self.out = out
        self.err = err

    @property
    def ok(self) -> bool:
        """Whether git ended with 0."""
        return self.status == 0

    @property
    def text(self) -> str:
        """Standard output without the newline at its end, undecodable bytes kept as surrogates."""
        return os.fsdecode(self.out).removesuffix("\n")

    @property
    def why(self) -> str:
        """The last telling line of standard error, safe to show."""
        lines = [line.strip() for line in self.err.decode("utf-8", "replace").splitlines() if line.strip()]
        telling = [line for line in lines if line.startswith(("fatal:", "error:", "remote:", "!"))]
        line = (telling or lines or [f"git ended with status {self.status}"])[0]
        return terminal_line(redact(line, os.environ))[:300]


class Git:
    """git for one repository.

    Args:
        folder: where git is run; the repository is found from here.
        git_dir: the repository itself, when it is another one than that of `folder`.
        env: further variables, such as another index.
    """

    def __init__(self, folder: Path, git_dir: Path | None = None, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.git_dir = git_dir
        self._env = dict(env or {})

    def with_env(self, **env: str) -> Git:
        """Return the same with more variables set."""
        return Git(self.folder, self.git_dir, {**self._env, **env})

    def ask(self, *arguments: str, data: bytes = b"", timeout_s: float = _TIMEOUT_S, literal: bool = True) -> Answer:
        """Run git and return what it answered, whatever that is.

        Args:
            arguments: the command and its options.
            data: what it reads.
            timeout_s: how long it may take.
            literal: paths have no magic; a few commands refuse to be told so.

        Raises:
            GitError: git is missing, or did not end in time.
        """
        import subprocess

        command = ["git", "--no-pager", *(["--literal-pathspecs"] if literal else [])]
        for setting in _QUIET:
            command += ["-c", setting]
        if self.git_dir is not None:
            command.append(f"--git-dir={self.git_dir}")
        try:
            done = subprocess.run(
                [*command, *arguments],
                cwd=self.folder,
                env=self._environment(),
                input=data,
                capture_output=True,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise GitError(f"did not answer within {timeout_s:g} s", where=f"git {arguments[0]}") from None
        except OSError as error:
            raise GitError(
                f"git cannot be run: {error.strerror}", todo="install git, or check that it is on PATH"
            ) from error
        return Answer(done.returncode, done.stdout, done.stderr)

    def must(self, *arguments: str, data: bytes = b"", timeout_s: float = _TIMEOUT_S) -> Answer:
        """Run git, which has to succeed.

        Raises:
            GitError: it did not; the message is git's own.
        """
        answer = self.ask(*arguments, data=data, timeout_s=timeout_s)
        if not answer.ok:
            raise GitError(answer.why, where=f"git {arguments[0]}")
        return answer

    def _environment(self) -> dict[str, str]:
        env = {
            name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT_VARIABLES
        }
        # Looking must not touch the index of a git command the user is running; messages are matched in English.
        return {**env, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **self._env}


def git_says(root: Path, *arguments: str, literal: bool = True) -> bytes | None:
    """Return what git prints, run in `root`; None when it is missing, slow, or answers with an error.

    Args:
        root: where git is run.
        arguments: the command and its options.
        literal: paths have no magic, as for `Git.ask`.
    """
    try:
        answer = Git(root).ask(*arguments, literal=literal)
    except GitError:
        return None
    return answer.out if answer.ok else None
