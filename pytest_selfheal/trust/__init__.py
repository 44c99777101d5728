"""How far the origin of a run can be trusted.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.model import Trust

if TYPE_CHECKING:
    from collections.abc import Mapping


MARKS = (
    "TF_BUILD",
    "TEAMCITY_VERSION",
    "JENKINS_URL",
    "CODEBUILD_BUILD_ID",
    "BITBUCKET_BUILD_NUMBER",
    "BITBUCKET_COMMIT",
    "CIRCLECI",
    "BUILDKITE",
    "DRONE",
    "TRAVIS",
    "APPVEYOR",
    "CIRRUS_CI",
    "SEMAPHORE",
)
"""Variables that only one of the services in `services` sets; that table is loaded when there is one of them."""
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
    if any(environ.get(mark) for mark in MARKS):
        from pytest_selfheal.trust.services import service_trust

        found = service_trust(environ)
        if found is not None:
            return found
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
