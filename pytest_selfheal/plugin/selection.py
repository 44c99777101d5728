"""Whether a run was asked for all tests, or for a part of them.

What the project itself leaves out in its `addopts` is no selection: it says what the whole suite is.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    import pytest

_OPTIONS = {
    "keyword": "-k",
    "markexpr": "-m",
    "lf": "--lf",
    "deselect": "--deselect",
    "stepwise": "--sw",
    "ignore": "--ignore",
    "ignore_glob": "--ignore-glob",
    "testmon": "--testmon",
    "picked": "--picked",
    "splits": "--splits",
    "num_shards": "--num-shards",
    "test_group_count": "--test-group-count",
}
_FLAGS = {"lf": ("--lf", "--last-failed"), "stepwise": ("--sw", "--stepwise", "--sw-skip", "--stepwise-skip")}
_SHARDING_OFF = (None, "", 0, 1, False)
_MOST = 5
_LONGEST = 120


_LOOKING = (
    "help",
    "version",
    "markers",
    "showfixtures",
    "show_fixtures_per_test",
    "collectonly",
    "setuponly",
    "setupplan",
    "cacheshow",
)


def only_looks(options: object) -> bool:
    """Tell whether these options make pytest show something instead of running tests: such a call is no run."""
    return any(getattr(options, name, None) for name in _LOOKING)


def selection_of(config: pytest.Config) -> tuple[str, ...]:
    """Return the arguments that chose a part of the tests, at most five; empty when all were asked for."""
    settled = [str(word) for word in config.getini("addopts")]
    found = [f"{option} {value}".strip() for option, value in _chosen(config, settled)]
    found += _arguments(config)
    return tuple(word[:_LONGEST] for word in found[:_MOST])


def _chosen(config: pytest.Config, settled: list[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for dest, option in _OPTIONS.items():
        value: Any = getattr(config.option, dest, None)
        if value in _SHARDING_OFF or value == []:
            continue
        if dest in _FLAGS:
            if not set(settled).intersection(_FLAGS[dest]):
                found.append((option, ""))
            continue
        parts = value if isinstance(value, list) else [value]
        found += [(option, str(part)) for part in parts if not _is_settled(str(part), settled)]
    return found


def _is_settled(value: str, settled: list[str]) -> bool:
    return any(word == value or word.endswith(f"={value}") or word in {f"-k{value}", f"-m{value}"} for word in settled)


def _arguments(config: pytest.Config) -> list[str]:
    source = getattr(config, "args_source", None)
    if source is None or source.name != "ARGS":
        return []
    start, root = Path(config.invocation_params.dir), config.rootpath
    declared = [(root / str(path)).resolve() for path in config.getini("testpaths")]
    folders: list[Path] = []
    found: list[str] = []
    for argument in map(str, config.args):
        place = (start / argument).resolve() if "::" not in argument and "[" not in argument else None
        if place is None or place.is_file():
            found.append(argument)
        elif place.is_dir():
            folders.append(place)
    if found or not declared:
        return found
    whole = all(any(path == folder or folder in path.parents for folder in folders) for path in declared)
    return [] if whole else [str(argument) for argument in config.args]
