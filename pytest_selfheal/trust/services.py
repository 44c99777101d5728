"""CI services besides GitHub and GitLab: how each tells what it builds, and for whom.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import NamedTuple

from pytest_selfheal.model.words import Trust

if TYPE_CHECKING:
    from collections.abc import Mapping


def service_trust(environ: Mapping[str, str]) -> Trust | None:
    """Return how far a run's origin can be trusted, or None when it runs on none of these services."""
    found = next((service for service in SERVICES if service.runs_here(environ)), None)
    return found.trust(environ) if found is not None else None


class Service(NamedTuple):
    """A CI service by its environment.

    Attributes:
        marks: variables that only it sets.
        branch: variables that tell the branch, the first that is set.
        default: variables that tell the default branch; without one no branch is known to be it.
        pull: variables that are set for pull requests only (a word such as `false` counts as not set).
        head: variable with the repository that a pull request comes from; empty when there is none.
        base: variable with the repository that it is for.
        forked: variable that says itself whether the change comes from a fork.
    """

    marks: tuple[str, ...]
    branch: tuple[str, ...] = ()
    default: tuple[str, ...] = ()
    pull: tuple[str, ...] = ()
    head: str = ""
    base: str = ""
    forked: str = ""

    def runs_here(self, environ: Mapping[str, str]) -> bool:
        """Tell whether the environment is that of this service."""
        return any(_is_set(environ, name) for name in self.marks)

    def trust(self, environ: Mapping[str, str]) -> Trust:
        """Return the trust: of pull requests only those are a collaborator's that say where they come from."""
        if self.forked and _is_set(environ, self.forked):
            return Trust.UNTRUSTED
        if any(_is_set(environ, name) for name in self.pull):
            if self.forked and environ.get(self.forked, "").lower() == "false":
                return Trust.COLLABORATOR
            head, base = environ.get(self.head, ""), environ.get(self.base, "")
            return Trust.COLLABORATOR if head and _repository(head) == _repository(base) else Trust.UNTRUSTED
        branch = next((environ[name] for name in self.branch if environ.get(name)), "").removeprefix("refs/heads/")
        default = next((environ[name] for name in self.default if environ.get(name)), "")
        return Trust.TRUSTED_CI if branch and branch == default else Trust.COLLABORATOR


SERVICES = (
    Service(
        ("TF_BUILD",),
        branch=("BUILD_SOURCEBRANCH",),
        pull=("SYSTEM_PULLREQUEST_PULLREQUESTID",),
        forked="SYSTEM_PULLREQUEST_ISFORK",
    ),
    Service(("TEAMCITY_VERSION",), pull=("TEAMCITY_PULLREQUEST_NUMBER",)),
    Service(("JENKINS_URL",), pull=("CHANGE_ID",), forked="CHANGE_FORK"),
    Service(("CODEBUILD_BUILD_ID",), pull=("CODEBUILD_WEBHOOK_PR_ID", "CODEBUILD_WEBHOOK_BASE_REF")),
    Service(
        ("BITBUCKET_BUILD_NUMBER", "BITBUCKET_COMMIT"),
        branch=("BITBUCKET_BRANCH",),
        pull=("BITBUCKET_PR_ID",),
        head="BITBUCKET_PR_SOURCE_REPO_FULL_NAME",
        base="BITBUCKET_REPO_FULL_NAME",
    ),
    Service(("CIRCLECI",), branch=("CIRCLE_BRANCH",), pull=("CIRCLE_PR_NUMBER", "CIRCLE_PR_REPONAME")),
    Service(
        ("BUILDKITE",),
        branch=("BUILDKITE_BRANCH",),
        default=("BUILDKITE_PIPELINE_DEFAULT_BRANCH",),
        pull=("BUILDKITE_PULL_REQUEST",),
        head="BUILDKITE_PULL_REQUEST_REPO",
        base="BUILDKITE_REPO",
    ),
    Service(
        ("DRONE",),
        branch=("DRONE_BRANCH",),
        default=("DRONE_REPO_BRANCH",),
        pull=("DRONE_PULL_REQUEST",),
        head="DRONE_FORK",
        base="DRONE_REPO",
    ),
    Service(
        ("TRAVIS",),
        branch=("TRAVIS_BRANCH",),
        pull=("TRAVIS_PULL_REQUEST",),
        head="TRAVIS_PULL_REQUEST_SLUG",
        base="TRAVIS_REPO_SLUG",
    ),
    Service(
        ("APPVEYOR",),
        branch=("APPVEYOR_REPO_BRANCH",),
        pull=("APPVEYOR_PULL_REQUEST_NUMBER",),
        head="APPVEYOR_PULL_REQUEST_HEAD_REPO_NAME",
        base="APPVEYOR_REPO_NAME",
    ),
    Service(
        ("CIRRUS_CI",),
        branch=("CIRRUS_BRANCH",),
        default=("CIRRUS_DEFAULT_BRANCH",),
        pull=("CIRRUS_PR",),
        head="CIRRUS_PR_REPO_FULL_NAME",
        base="CIRRUS_REPO_FULL_NAME",
    ),
    Service(("SEMAPHORE",), branch=("SEMAPHORE_GIT_BRANCH",), pull=("SEMAPHORE_GIT_PR_NUMBER",)),
)


def _is_set(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").strip().lower() not in {"", "0", "false", "no"}


def _repository(text: str) -> str:
    """Return `owner/name` of an address or of itself."""
    parts = text.lower().removesuffix(".git").replace(":", "/").rstrip("/").split("/")
    return "/".join(parts[-2:])
