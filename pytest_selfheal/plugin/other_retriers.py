"""Other plugins that run a test again; two owners of the test protocol would multiply or shadow each other.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

_PLUGINS = (
    # name it is registered under, name people know, option that switches it on, marker that does so for one test
    ("rerunfailures", "pytest-rerunfailures", "reruns", "flaky"),
    ("flaky", "flaky", "force_flaky", "flaky"),
    ("pytest-retry", "pytest-retry", "retries", "flaky"),
    ("pytest_forked", "pytest-forked", "forked", "forked"),
)


def has_other_retrier(config: pytest.Config) -> bool:
    """Tell whether any of them is installed; cheap, asked in every run."""
    return any(config.pluginmanager.hasplugin(plugin) for plugin, *_rest in _PLUGINS)


def active_retrier(config: pytest.Config, items: Sequence[pytest.Item]) -> str:
    """Return the name of the one that will retry tests of this run, by its option or a mark; empty when none will."""
    for plugin, name, option, marker in _PLUGINS:
        if not config.pluginmanager.hasplugin(plugin):
            continue
        if config.getoption(option, None) or any(_is_marked(item, marker) for item in items):
            return name
    return ""


def _is_marked(item: pytest.Item, marker: str) -> bool:
    # Keywords hold marks and names; looking there first is ten times as fast, and this is asked of every test.
    return marker in item.keywords and item.get_closest_marker(marker) is not None
