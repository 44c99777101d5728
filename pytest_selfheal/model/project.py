"""What the project can import: names only, gathered by the caller.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

_TEST_MODULES = frozenset({"conftest", "tests", "test"})
_FRAMEWORK = frozenset({"builtins", "pytest", "pluggy", "pytest_selfheal"})


@dataclass(frozen=True)
class ProjectFacts:
    """Names that tell own code from the standard library and from installed packages.

    Attributes:
        own: top-level modules and packages of the project and its tests.
        stdlib: top-level modules of the standard library.
        installed: top-level modules of installed packages.
        own_modules: dotted names of the project's modules, as far as known (`shop.cart`).
    """

    own: frozenset[str] = frozenset()
    stdlib: frozenset[str] = frozenset(sys.stdlib_module_names)
    installed: frozenset[str] = frozenset()
    own_modules: frozenset[str] = frozenset()

    def owns(self, dotted: str) -> bool:
        """Return whether a dotted name certainly belongs to the project or its tests."""
        top = dotted.partition(".")[0]
        return top in self.own or top in _TEST_MODULES or top.startswith("test_") or top.endswith("_test")

    def may_own(self, dotted: str) -> bool:
        """Return whether a dotted name belongs to nobody else that is known.

        Without a list of installed packages nothing can be said of an unknown name.
        """
        top = dotted.partition(".")[0]
        foreign = top in self.stdlib or top in self.installed or top in _FRAMEWORK or top.startswith("_")
        return bool(self.installed) and not foreign
