"""Who started the run: read from the settings and the CI service's environment.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.model import Trust
from pytest_selfheal.trust import trust_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_selfheal.config import Policy


def resolve_trust(policy: Policy, environ: Mapping[str, str]) -> Trust:
    """Return the configured trust, or what the CI environment says when it is `auto`."""
    if policy.trust != "auto":
        return Trust(policy.trust)
    event: Mapping[str, Any] = {}
    path = environ.get("GITHUB_EVENT_PATH")
    if path:
        try:
            loaded = json.loads(Path(path).read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            loaded = None
        event = loaded if isinstance(loaded, dict) else {}
    return trust_from(environ, event)
