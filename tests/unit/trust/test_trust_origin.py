"""Trust: who started the run, from what the CI service says."""

from __future__ import annotations

import pytest

from pytest_selfheal.model import Trust
from pytest_selfheal.trust import trust_from

GITHUB = {"GITHUB_ACTIONS": "true", "CI": "true"}
SAME = {"pull_request": {"head": {"repo": {"full_name": "o/r"}}, "base": {"repo": {"full_name": "o/r"}}}}
FORK = {"pull_request": {"head": {"repo": {"full_name": "x/r"}}, "base": {"repo": {"full_name": "o/r"}}}}
GONE = {"pull_request": {"head": {"repo": None}, "base": {"repo": {"full_name": "o/r"}}}}
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
    ],
)
def test_trust_follows_the_event(environ, event, expected):
    """Only the default branch is trusted in CI; forks, deleted forks and unknown events are not trusted at all."""
    assert trust_from(environ, event) is expected
