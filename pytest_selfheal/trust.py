"""How far the origin of a run can be trusted.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.model import Trust

if TYPE_CHECKING:
    from collections.abc import Mapping


def trust_from(environ: Mapping[str, str], event: Mapping[str, Any]) -> Trust:
    """Return how far a run's origin can be trusted, from what the CI service says of itself.

    Only the default branch of the project's own repository is trusted in CI; a change under review is a collaborator's
    at best, and a fork, Dependabot or an unknown event is untrusted (reference: security, "Trust").

    Args:
        environ: environment variables.
        event: the CI service's event description; empty when it has none.
    """
    if environ.get("GITHUB_ACTIONS") == "true":
        return _github_trust(environ, event)
    if environ.get("GITLAB_CI") == "true":
        source = environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "")
        if source and source != environ.get("CI_MERGE_REQUEST_PROJECT_ID"):
            return Trust.UNTRUSTED
        branch = environ.get("CI_COMMIT_BRANCH", "")
        on_default = bool(branch) and branch == environ.get("CI_DEFAULT_BRANCH")
        return Trust.TRUSTED_CI if on_default else Trust.COLLABORATOR
    for service in _SERVICES:
        if service.runs_here(environ):
            return service.trust(environ)
    if environ.get("CI", "").lower() not in {"", "0", "false"} or any(environ.get(name) for name in _OTHERS):
        return Trust.COLLABORATOR
    return Trust.LOCAL


def ci_run(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return what the jobs of one CI run have in common, and the name of this one's part of the tests.

    `SELFHEAL_GROUP` and `SELFHEAL_SHARD` say it themselves; both are empty outside CI.
    """
    group = next((f"{name}={environ[name]}" for name in _RUN_IDS if environ.get(name)), "")
    shard = next((environ[name] for name in _SHARDS if environ.get(name)), "")
    return group[:200], shard[:200]


@dataclass(frozen=True)
class _Service:
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


_SERVICES = (
    _Service(
        ("TF_BUILD",),
        branch=("BUILD_SOURCEBRANCH",),
        pull=("SYSTEM_PULLREQUEST_PULLREQUESTID",),
        forked="SYSTEM_PULLREQUEST_ISFORK",
    ),
    _Service(("TEAMCITY_VERSION",), pull=("TEAMCITY_PULLREQUEST_NUMBER",)),
    _Service(("JENKINS_URL",), pull=("CHANGE_ID",), forked="CHANGE_FORK"),
    _Service(("CODEBUILD_BUILD_ID",), pull=("CODEBUILD_WEBHOOK_PR_ID", "CODEBUILD_WEBHOOK_BASE_REF")),
    _Service(
        ("BITBUCKET_BUILD_NUMBER", "BITBUCKET_COMMIT"),
        branch=("BITBUCKET_BRANCH",),
        pull=("BITBUCKET_PR_ID",),
        head="BITBUCKET_PR_SOURCE_REPO_FULL_NAME",
        base="BITBUCKET_REPO_FULL_NAME",
    ),
    _Service(("CIRCLECI",), branch=("CIRCLE_BRANCH",), pull=("CIRCLE_PR_NUMBER", "CIRCLE_PR_REPONAME")),
    _Service(
        ("BUILDKITE",),
        branch=("BUILDKITE_BRANCH",),
        default=("BUILDKITE_PIPELINE_DEFAULT_BRANCH",),
        pull=("BUILDKITE_PULL_REQUEST",),
        head="BUILDKITE_PULL_REQUEST_REPO",
        base="BUILDKITE_REPO",
    ),
    _Service(
        ("DRONE",),
        branch=("DRONE_BRANCH",),
        default=("DRONE_REPO_BRANCH",),
        pull=("DRONE_PULL_REQUEST",),
        head="DRONE_FORK",
        base="DRONE_REPO",
    ),
    _Service(
        ("TRAVIS",),
        branch=("TRAVIS_BRANCH",),
        pull=("TRAVIS_PULL_REQUEST",),
        head="TRAVIS_PULL_REQUEST_SLUG",
        base="TRAVIS_REPO_SLUG",
    ),
    _Service(
        ("APPVEYOR",),
        branch=("APPVEYOR_REPO_BRANCH",),
        pull=("APPVEYOR_PULL_REQUEST_NUMBER",),
        head="APPVEYOR_PULL_REQUEST_HEAD_REPO_NAME",
        base="APPVEYOR_REPO_NAME",
    ),
    _Service(
        ("CIRRUS_CI",),
        branch=("CIRRUS_BRANCH",),
        default=("CIRRUS_DEFAULT_BRANCH",),
        pull=("CIRRUS_PR",),
        head="CIRRUS_PR_REPO_FULL_NAME",
        base="CIRRUS_REPO_FULL_NAME",
    ),
    _Service(("SEMAPHORE",), branch=("SEMAPHORE_GIT_BRANCH",), pull=("SEMAPHORE_GIT_PR_NUMBER",)),
)
_OTHERS = (
    "AGOLA_GIT_REF",
    "BAMBOO_BUILDKEY",
    "bamboo_buildKey",
    "BUDDY_WORKSPACE_ID",
    "CM_BUILD_ID",
    "CONCOURSE_URL",
    "GERRIT_PROJECT",
    "GO_PIPELINE_NAME",
    "HARNESS_BUILD_ID",
    "KOKORO_JOB_NAME",
    "PROW_JOB_ID",
    "SCREWDRIVER",
    "WERCKER",
    "WOODPECKER_AGENT_ADDR",
)
"""Variables of further services: in CI, but nobody knows for whom."""
_RUN_IDS = (
    "SELFHEAL_GROUP",
    "GITHUB_RUN_ID",
    "CI_PIPELINE_ID",
    "BUILD_BUILDID",
    "CIRCLE_WORKFLOW_ID",
    "BUILDKITE_BUILD_ID",
    "BITBUCKET_BUILD_NUMBER",
    "CODEBUILD_BUILD_ID",
    "BUILD_TAG",
    "DRONE_BUILD_NUMBER",
    "TRAVIS_BUILD_ID",
    "APPVEYOR_BUILD_ID",
    "CIRRUS_BUILD_ID",
    "SEMAPHORE_WORKFLOW_ID",
)
_SHARDS = ("SELFHEAL_SHARD", "CI_NODE_INDEX", "CIRCLE_NODE_INDEX", "BUILDKITE_PARALLEL_JOB")


def _is_set(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").strip().lower() not in {"", "0", "false", "no"}


def _repository(text: str) -> str:
    """Return `owner/name` of an address or of itself."""
    parts = text.lower().removesuffix(".git").replace(":", "/").rstrip("/").split("/")
    return "/".join(parts[-2:])


def _github_trust(environ: Mapping[str, str], event: Mapping[str, Any]) -> Trust:
    name = environ.get("GITHUB_EVENT_NAME", "")
    described = event.get("repository")
    repository = described if isinstance(described, dict) else {}
    if name in {"push", "schedule", "workflow_dispatch"}:
        default = f"refs/heads/{repository.get('default_branch', 'main')}"
        return Trust.TRUSTED_CI if environ.get("GITHUB_REF") == default else Trust.COLLABORATOR
    if name == "merge_group":
        return Trust.COLLABORATOR
    if name == "pull_request":
        head = _full_name(event, "head")
        same = bool(head) and head == _full_name(event, "base")
        return Trust.COLLABORATOR if same and environ.get("GITHUB_ACTOR") != "dependabot[bot]" else Trust.UNTRUSTED
    return Trust.UNTRUSTED


def _full_name(event: Mapping[str, Any], side: str) -> str:
    value: Any = event
    for key in ("pull_request", side, "repo", "full_name"):
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
