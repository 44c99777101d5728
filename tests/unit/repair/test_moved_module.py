"""Modules that moved, wrong dots and circles: what must be rewritten, and what must not be touched."""

from __future__ import annotations

import pytest

from pytest_selfheal.repair.fixers import circular_import
from pytest_selfheal.repair.fixers import moved_module

INIT = {"shop/__init__.py": "", "shop/io/__init__.py": ""}
MONEY = "def parse(text): ...\n\n\ndef show(amount): ...\n"
NO_MODULE = "No module named"

# name: (files, (kind, message, path, line), new texts)
REWRITE = {
    "one dot too few": (
        INIT | {"shop/text.py": MONEY, "shop/io/out.py": "from .text import show\n"},
        ("ModuleNotFoundError", f"{NO_MODULE} 'shop.io.text'", "shop/io/out.py", 1),
        {"shop/io/out.py": "from ..text import show\n"},
    ),
    "one dot too many": (
        INIT | {"shop/io/text.py": MONEY, "shop/io/out.py": "from ..text import show\n"},
        ("ModuleNotFoundError", f"{NO_MODULE} 'shop.text'", "shop/io/out.py", 1),
        {"shop/io/out.py": "from .text import show\n"},
    ),
    "dots beyond the package": (
        INIT | {"shop/text.py": MONEY, "shop/a.py": "from ..text import (\n    show,\n)\n"},
        ("ImportError", "attempted relative import beyond top-level package", "shop/a.py", 1),
        {"shop/a.py": "from .text import (\n    show,\n)\n"},
    ),
    "a module of the parent package": (
        INIT | {"shop/text.py": MONEY, "shop/io/out.py": "from . import text\n"},
        ("ImportError", "cannot import name 'text' from 'shop.io' (x)", "shop/io/out.py", 1),
        {"shop/io/out.py": "from .. import text\n"},
    ),
    "a module from beside, the old way": (
        INIT | {"shop/io/text.py": MONEY, "shop/io/out.py": "from text import show\n"},
        ("ModuleNotFoundError", f"{NO_MODULE} 'text'", "shop/io/out.py", 1),
        {"shop/io/out.py": "from shop.io.text import show\n"},
    ),
    "a module that is called another way": (
        INIT
        | {
            "shop/money.py": MONEY,
            "shop/a.py": "from .helpers import parse\n",
            "shop/b.py": "from shop.helpers import show as s\n",
            "shop/c.py": "import shop.helpers as h\n\nx = h.parse('1')\n",
        },
        ("ModuleNotFoundError", f"{NO_MODULE} 'shop.helpers'", "shop/a.py", 1),
        {
            "shop/a.py": "from .money import parse\n",
            "shop/b.py": "from shop.money import show as s\n",
            "shop/c.py": "import shop.money as h\n\nx = h.parse('1')\n",
        },
    ),
    "a package one dot too far": (
        INIT
        | {"shop/core/__init__.py": "", "shop/core/text.py": MONEY, "shop/io/out.py": "from .core.text import show\n"},
        ("ModuleNotFoundError", f"{NO_MODULE} 'shop.io.core'", "shop/io/out.py", 1),
        {"shop/io/out.py": "from ..core.text import show\n"},
    ),
    "a module used as a whole": (
        {
            "shop/__init__.py": "from . import helpers\n",
            "shop/money.py": MONEY,
            "shop/a.py": "from shop import helpers\n\nx = helpers.parse('1')\n",
            "shop/b.py": "import shop.helpers\n\nx = shop.helpers.show(1)\n",
        },
        ("ImportError", "cannot import name 'helpers' from 'shop' (x)", "shop/__init__.py", 1),
        {
            "shop/__init__.py": "from . import money as helpers\n",
            "shop/a.py": "from shop import money\n\nx = money.parse('1')\n",
            "shop/b.py": "import shop.money\n\nx = shop.money.show(1)\n",
        },
    ),
    "a module that moved into a package": (
        INIT | {"shop/io/money.py": MONEY, "shop/a.py": "from .money import parse\n"},
        ("ModuleNotFoundError", f"{NO_MODULE} 'shop.money'", "shop/a.py", 1),
        {"shop/a.py": "from .io.money import parse\n"},
    ),
    "a misspelt module": (
        INIT | {"shop/money.py": MONEY, "shop/a.py": "from shop.mnoey import parse\n"},
        ("ModuleNotFoundError", f"{NO_MODULE} 'shop.mnoey'", "shop/a.py", 1),
        {"shop/a.py": "from shop.money import parse\n"},
    ),
    "an import in a test": (
        INIT | {"shop/money.py": MONEY, "tests/test_it.py": "from shop.cash import parse\n"},
        ("ModuleNotFoundError", f"{NO_MODULE} 'shop.cash'", "tests/test_it.py", 1),
        {"tests/test_it.py": "from shop.money import parse\n"},
    ),
    "a name that moved to another module": (
        INIT | {"shop/money.py": MONEY, "shop/old.py": "X = 1\n", "shop/a.py": "from .old import X, parse\n"},
        ("ImportError", "cannot import name 'parse' from 'shop.old' (x)", "shop/a.py", 1),
        {"shop/a.py": "from .old import X\nfrom .money import parse\n"},
    ),
}


@pytest.mark.parametrize(("files", "error", "expected"), REWRITE.values(), ids=REWRITE)
def test_imports_follow_what_moved(files, error, expected, make_project, failing, healed):
    """Every importer of a module that is not there asks the one that has what they want."""
    assert healed(moved_module.propose, failing(*error), make_project(files)) == expected


LEFT = {
    "two modules that could be meant": (
        INIT | {"shop/b.py": MONEY, "shop/c.py": MONEY, "shop/a.py": "from .helpers import parse\n"},
        ("ModuleNotFoundError", f"{NO_MODULE} 'shop.helpers'", "shop/a.py", 1),
    ),
    "a module without one of the names": (
        INIT | {"shop/money.py": MONEY, "shop/a.py": "from .helpers import parse, other\n"},
        ("ModuleNotFoundError", f"{NO_MODULE} 'shop.helpers'", "shop/a.py", 1),
    ),
    "a package that is not installed": (
        INIT | {"shop/money.py": MONEY, "shop/a.py": "from helpers import parse\n"},
        ("ModuleNotFoundError", f"{NO_MODULE} 'helpers'", "shop/a.py", 1),
    ),
    "an optional module": (
        INIT
        | {"shop/money.py": MONEY, "shop/a.py": "try:\n    from .fast import parse\nexcept ImportError:\n    pass\n"},
        ("ModuleNotFoundError", f"{NO_MODULE} 'shop.fast'", "shop/a.py", 2),
    ),
    "a name that only a test defines": (
        INIT | {"tests/x.py": MONEY, "shop/a.py": "from .helpers import parse\n"},
        ("ModuleNotFoundError", f"{NO_MODULE} 'shop.helpers'", "shop/a.py", 1),
    ),
}


@pytest.mark.parametrize(("files", "error"), LEFT.values(), ids=LEFT)
def test_unclear_moves_are_left_alone(files, error, make_project, failing):
    """Where several modules, or none, have what is asked for, nothing is proposed."""
    assert moved_module.propose(failing(*error), make_project(files)) == []


PARTIAL = (
    "cannot import name 'Team' from partially initialized module 'shop.team' (most likely due to a circular import)"
)
PEOPLE = "from .team import Team\n\n\nclass Person:\n    def found(self):\n        return Team(self)\n"


TEAM = {"shop/team.py": "from .people import Person\n"}
LATER = "class Person:\n    def found(self):\n        from .team import Team\n\n        return Team(self)\n"
TYPED = (
    "from __future__ import annotations\n\nfrom .team import Team\n\n\ndef f(team: Team) -> Team:\n    return team\n"
)
OPENED = {
    "used in a function": (PEOPLE, LATER),
    "used in annotations that stay text": (
        TYPED,
        (
            "from __future__ import annotations\n\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n"
            "    from .team import Team\n\n\ndef f(team: Team) -> Team:\n    return team\n"
        ),
    ),
}


@pytest.mark.parametrize(("text", "expected"), OPENED.values(), ids=OPENED)
def test_a_circle_is_opened_where_an_import_can_wait(text, expected, make_project, failing, healed):
    """An import that only functions or unread annotations need is put off."""
    project = make_project(INIT | TEAM | {"shop/people.py": text})
    failure = failing("ImportError", PARTIAL, "shop/people.py", 1 if text is PEOPLE else 3)
    assert healed(circular_import.propose, failure, project) == {"shop/people.py": expected}


PASSED_ON = {
    "imported from here": {"shop/c.py": "from shop.people import Team\n"},
    "read from here": {"shop/c.py": "from shop import people\n\nx = people.Team\n"},
    "replaced here by its name": {"tests/test_it.py": "def test_it(mocker):\n    mocker.patch('shop.people.Team')\n"},
}


@pytest.mark.parametrize("others", PASSED_ON.values(), ids=PASSED_ON)
def test_a_name_that_others_get_from_here_is_a_suggestion(others, make_project, failing, healed):
    """Where the name would be missed as a member of the module, only a person puts its import off."""
    project = make_project(INIT | TEAM | {"shop/people.py": PEOPLE} | others)
    failure = failing("ImportError", PARTIAL, "shop/people.py", 1)
    assert healed(circular_import.propose, failure, project) == {}
    assert healed(circular_import.propose, failure, project, learned=False) == {"shop/people.py": LATER}


NEEDED = {
    "a base class": "from .team import Team\n\n\nclass Person(Team): ...\n",
    "an annotation": "from .team import Team\n\n\ndef f(team: Team): ...\n",
    "a default": "from .team import Team\n\n\ndef f(team=Team): ...\n",
    "a decorator": "from .team import Team\n\n\n@Team\ndef f(): ...\n",
    "an export": "from .team import Team\n\n__all__ = ['Team']\n",
}


@pytest.mark.parametrize("text", NEEDED.values(), ids=NEEDED)
def test_an_import_needed_at_once_stays(text, make_project, failing):
    """What the module itself needs while it is imported cannot wait."""
    project = make_project(INIT | {"shop/people.py": text})
    assert circular_import.propose(failing("ImportError", PARTIAL, "shop/people.py", 1), project) == []
