"""How far the origin of a run can be trusted.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

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
        branch = environ.get("CI_COMMIT_BRANCH", "")
        on_default = bool(branch) and branch == environ.get("CI_DEFAULT_BRANCH")
        return Trust.TRUSTED_CI if on_default else Trust.COLLABORATOR
    if environ.get("CI", "").lower() not in {"", "0", "false"}:
        return Trust.COLLABORATOR
    return Trust.LOCAL


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
