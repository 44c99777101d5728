"""The names a project can import, read from folder listings only.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pytest_selfheal.model import ProjectFacts


def project_facts(rootpath: Path) -> ProjectFacts:
    """Return what tells own code from the standard library and from installed packages; nothing is imported.

    Args:
        rootpath: the root directory; its `src`, `lib`, `tests` and `test` folders are looked into as well.
    """
    own: set[str] = set()
    modules: set[str] = set()
    for folder in (rootpath, rootpath / "src", rootpath / "lib", rootpath / "tests", rootpath / "test"):
        names = _importable(folder)
        own |= names
        for name in names:
            modules |= {f"{name}.{inner}" for inner in _importable(folder / name)}
    installed: set[str] = set()
    for entry in sys.path:
        if "site-packages" in entry or "dist-packages" in entry:
            installed |= _importable(Path(entry))
    return ProjectFacts(
        own=frozenset(own),
        stdlib=frozenset(sys.stdlib_module_names),
        installed=frozenset(installed - own),
        own_modules=frozenset(modules),
    )


def _importable(folder: Path) -> set[str]:
    names: set[str] = set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                stem, dot, suffix = entry.name.partition(".")
                is_module = bool(dot) and suffix.rpartition(".")[2] in {"py", "so", "pyd"}
                if stem.isidentifier() and (is_module or (not dot and entry.is_dir())):
                    names.add(stem)
    except OSError:
        return names
    return names
