"""Which way of committing a run gets, from who started it."""

from __future__ import annotations

import pytest

from pytest_selfheal.errors import UsageError
from pytest_selfheal.git.choosing import choose
from pytest_selfheal.model import Trust

PUSH = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main"}
TOPIC = {**PUSH, "GITHUB_REF": "refs/heads/topic"}
REVIEW = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_HEAD_REF": "topic"}
QUEUE = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "merge_group", "GITHUB_REF": "refs/heads/gh-readonly-queue/x"}
TAG = {**PUSH, "GITHUB_REF": "refs/tags/v1"}
GITLAB = {"GITLAB_CI": "true", "CI_COMMIT_BRANCH": "main"}


@pytest.mark.parametrize(
    ("asked", "push", "trust", "environ", "expected"),
    [
        ("auto", False, Trust.LOCAL, {}, ("commit", False, "work", True, False)),
        ("commit", True, Trust.LOCAL, {}, ("commit", True, "work", True, False)),
        ("branch", False, Trust.LOCAL, {}, ("branch", True, "work", False, False)),
        ("patch", True, Trust.LOCAL, {}, ("patch", False, "", False, False)),
        ("auto", False, Trust.TRUSTED_CI, PUSH, ("branch", True, "main", False, False)),
        ("auto", False, Trust.TRUSTED_CI, GITLAB, ("branch", True, "main", False, False)),
        ("commit", True, Trust.TRUSTED_CI, PUSH, ("commit", True, "main", False, False)),
        ("auto", False, Trust.COLLABORATOR, REVIEW, ("patch", False, "", False, False)),
        ("auto", True, Trust.COLLABORATOR, REVIEW, ("commit", True, "topic", False, False)),
        ("branch", True, Trust.COLLABORATOR, REVIEW, ("patch", False, "", False, True)),
        ("branch", True, Trust.COLLABORATOR, TOPIC, ("branch", True, "topic", False, False)),
        ("auto", True, Trust.COLLABORATOR, QUEUE, ("patch", False, "", False, True)),
        ("auto", True, Trust.COLLABORATOR, TAG, ("patch", False, "", False, True)),
        ("auto", True, Trust.UNTRUSTED, REVIEW, ("patch", False, "", False, False)),
        ("commit", True, Trust.UNTRUSTED, REVIEW, ("patch", False, "", False, True)),
        ("branch", True, Trust.UNTRUSTED, {}, ("patch", False, "", False, True)),
    ],
)
def test_the_way_follows_from_the_origin_of_the_run(asked, push, trust, environ, expected):
    """Local commits here, the default branch to a branch of its own, changes under review and strangers to a patch."""
    plan = choose(asked, push=push, trust=trust, environ=environ, branch="work")
    assert (plan.mode, plan.push, plan.target, plan.here, plan.refused) == expected


@pytest.mark.parametrize("asked", ["auto", "commit", "branch", "patch"])
def test_pull_request_target_is_refused_whatever_is_asked_for(asked):
    """It runs a stranger's change with the project's rights."""
    with pytest.raises(UsageError, match="pull_request_target"):
        choose(asked, push=False, trust=Trust.LOCAL, environ={"GITHUB_EVENT_NAME": "pull_request_target"}, branch="")
