"""Who started this command, as the settings and the CI service say.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_selfheal.model import Trust
from pytest_selfheal.trust import trust_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_selfheal.config import Policy


def trust_of(policy: Policy, environ: Mapping[str, str]) -> Trust:
    """Return the configured trust, or what the CI environment says when it is `auto`."""
    if policy.trust != "auto":
        return Trust(policy.trust)
    try:
        event = json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))
    except (KeyError, OSError, ValueError, RecursionError):
        event = {}
    return trust_from(environ, event if isinstance(event, dict) else {})
