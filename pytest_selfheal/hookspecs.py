"""Hooks other plugins and conftest files may implement.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_selfheal.model import HealingEvent


@pytest.hookspec()
def pytest_selfheal_event(event: HealingEvent) -> None:
    """Called in the controller for everything the plugin does: a retry that healed, a fix, a suggestion, ...

    Errors raised here are reported as one warning and change nothing.
    """
