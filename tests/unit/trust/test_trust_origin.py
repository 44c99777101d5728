"""Trust: who started the run, from what the CI service says."""

from __future__ import annotations

import pytest

from pytest_selfheal.model import Trust
from pytest_selfheal.trust import MARKS
from pytest_selfheal.trust import ci_run
from pytest_selfheal.trust import trust_from
from pytest_selfheal.trust.services import SERVICES

GITHUB = {"GITHUB_ACTIONS": "true", "CI": "true"}
SAME = {"pull_request": {"head": {"repo": {"full_name": "o/r"}}, "base": {"repo": {"full_name": "o/r"}}}}
FORK = {"pull_request": {"head": {"repo": {"full_name": "x/r"}}, "base": {"repo": {"full_name": "o/r"}}}}
GONE = {"pull_request": {"head": {"repo": None}, "base": {"repo": {"full_name": "o/r"}}}}
AZURE_PULL = {"TF_BUILD": "True", "SYSTEM_PULLREQUEST_PULLREQUESTID": "12"}
BUILDKITE = {
    "BUILDKITE": "true",
    "BUILDKITE_BRANCH": "main",
    "BUILDKITE_PIPELINE_DEFAULT_BRANCH": "main",
    "BUILDKITE_REPO": "git@h:o/r.git",
}
MAIN = {"repository": {"default_branch": "main"}}


@pytest.mark.parametrize(
    ("environ", "event", "expected"),
    [
        ({}, {}, Trust.LOCAL),
        ({"CI": "false"}, {}, Trust.LOCAL),
        ({"CI": "true"}, {}, Trust.COLLABORATOR),
        ({**GITHUB, "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main"}, MAIN, Trust.TRUSTED_CI),
        ({**GITHUB, "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/topic"}, MAIN, Trust.COLLABORATOR),
        ({**GITHUB, "GITHUB_EVENT_NAME": "pull_request"}, SAME, Trust.COLLABORATOR),
        ({**GITHUB, "GITHUB_EVENT_NAME": "pull_request"}, FORK, Trust.UNTRUSTED),
        ({**GITHUB, "GITHUB_EVENT_NAME": "pull_request"}, GONE, Trust.UNTRUSTED),
        ({**GITHUB, "GITHUB_EVENT_NAME": "pull_request"}, {}, Trust.UNTRUSTED),
        (
            {**GITHUB, "GITHUB_EVENT_NAME": "pull_request", "GITHUB_ACTOR": "dependabot[bot]"},
            SAME,
            Trust.UNTRUSTED,
        ),
        ({**GITHUB, "GITHUB_EVENT_NAME": "merge_group"}, {}, Trust.COLLABORATOR),
        ({**GITHUB, "GITHUB_EVENT_NAME": "pull_request_target"}, SAME, Trust.UNTRUSTED),
        ({**GITHUB, "GITHUB_EVENT_NAME": "something_new"}, SAME, Trust.UNTRUSTED),
        ({"GITLAB_CI": "true", "CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"}, {}, Trust.TRUSTED_CI),
        ({"GITLAB_CI": "true", "CI_DEFAULT_BRANCH": "main"}, {}, Trust.COLLABORATOR),
        (
            {
                "GITLAB_CI": "true",
                "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2",
                "CI_MERGE_REQUEST_PROJECT_ID": "1",
            },
            {},
            Trust.UNTRUSTED,
        ),
        ({"TF_BUILD": "True"}, {}, Trust.COLLABORATOR),
        ({**AZURE_PULL, "SYSTEM_PULLREQUEST_ISFORK": "True"}, {}, Trust.UNTRUSTED),
        ({**AZURE_PULL, "SYSTEM_PULLREQUEST_ISFORK": "False"}, {}, Trust.COLLABORATOR),
        (AZURE_PULL, {}, Trust.UNTRUSTED),
        ({"TEAMCITY_VERSION": "2026.1"}, {}, Trust.COLLABORATOR),
        ({"JENKINS_URL": "https://ci.example/"}, {}, Trust.COLLABORATOR),
        ({"JENKINS_URL": "https://ci.example/", "CHANGE_ID": "7", "CHANGE_FORK": "x"}, {}, Trust.UNTRUSTED),
        ({"CODEBUILD_BUILD_ID": "a:b"}, {}, Trust.COLLABORATOR),
        ({"CODEBUILD_BUILD_ID": "a:b", "CODEBUILD_WEBHOOK_PR_ID": "3"}, {}, Trust.UNTRUSTED),
        ({"BITBUCKET_BUILD_NUMBER": "4", "BITBUCKET_BRANCH": "main"}, {}, Trust.COLLABORATOR),
        ({"CIRCLECI": "true", "CIRCLE_BRANCH": "main"}, {}, Trust.COLLABORATOR),
        ({"CIRCLECI": "true", "CIRCLE_PR_NUMBER": "9"}, {}, Trust.UNTRUSTED),
        ({**BUILDKITE, "BUILDKITE_PULL_REQUEST": "false"}, {}, Trust.TRUSTED_CI),
        ({**BUILDKITE, "BUILDKITE_BRANCH": "topic"}, {}, Trust.COLLABORATOR),
        (
            {**BUILDKITE, "BUILDKITE_PULL_REQUEST": "5", "BUILDKITE_PULL_REQUEST_REPO": "git://h/o/r.git"},
            {},
            Trust.COLLABORATOR,
        ),
        (
            {**BUILDKITE, "BUILDKITE_PULL_REQUEST": "5", "BUILDKITE_PULL_REQUEST_REPO": "git://h/x/r.git"},
            {},
            Trust.UNTRUSTED,
        ),
        ({"DRONE": "true", "DRONE_BRANCH": "main", "DRONE_REPO_BRANCH": "main"}, {}, Trust.TRUSTED_CI),
        ({"DRONE": "true", "DRONE_PULL_REQUEST": "5", "DRONE_FORK": "x/r", "DRONE_REPO": "o/r"}, {}, Trust.UNTRUSTED),
        ({"TRAVIS": "true", "TRAVIS_BRANCH": "main", "TRAVIS_PULL_REQUEST": "false"}, {}, Trust.COLLABORATOR),
        ({"WOODPECKER_AGENT_ADDR": "x"}, {}, Trust.COLLABORATOR),
    ],
)
def test_trust_follows_the_event(environ, event, expected):
    """Only the default branch is trusted in CI; forks, deleted forks and unknown events are not trusted at all."""
    assert trust_from(environ, event) is expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, ("", "")),
        ({"GITHUB_RUN_ID": "12"}, ("GITHUB_RUN_ID=12", "")),
        ({"CI_PIPELINE_ID": "3", "CI_NODE_INDEX": "2"}, ("CI_PIPELINE_ID=3", "2")),
        ({"SELFHEAL_GROUP": "g", "GITHUB_RUN_ID": "12", "SELFHEAL_SHARD": "0"}, ("SELFHEAL_GROUP=g", "0")),
    ],
)
def test_jobs_of_one_ci_run_know_each_other(environ, expected):
    """By the service's own number of the run; each job by its number or name."""
    assert ci_run(environ) == expected


def test_every_service_is_looked_for():
    """The table of services is loaded by their marks alone."""
    assert [mark for service in SERVICES for mark in service.marks] == list(MARKS)
