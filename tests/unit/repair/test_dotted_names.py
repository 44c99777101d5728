"""What is known of dotted names without running the project's code."""

from __future__ import annotations

import pytest

from pytest_selfheal.repair.dotted_names import DottedNames

FILES = {
    "shop/__init__.py": "",
    "shop/a.py": "LIMIT = 3\n\n\nclass Till:\n    rate = 1\n\n    def pay(self): ...\n\n\ndef make(): ...\n",
    "shop/b.py": "class Desk:\n    def pay(self):\n        pass\n\n\nclass MissingItem(Exception):\n    pass\n",
}


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("shop.a", True),
        ("shop.a.Till", True),
        ("shop.a.Till.pay", True),
        ("shop.a.LIMIT", True),
        ("shop.a.gone", False),
        ("shop.gone", False),
        ("collections.abc.Mapping", True),
        ("collections.Mapping", False),
        ("pandas.concat", None),
    ],
)
def test_whether_a_name_is_there(make_project, name, there):
    """The project's files and the standard library can be asked; an installed package is not imported for it."""
    assert DottedNames(make_project(FILES)).exists(name) is there


@pytest.mark.parametrize(
    ("name", "is_namespace"),
    [("shop.a", True), ("shop.a.make", True), ("shop.a.Till", True), ("shop.a.session", False), ("os.path", True)],
)
def test_whether_a_name_stands_for_one_thing(make_project, name, is_namespace):
    """A module, class or function does; an object that varies does not."""
    assert DottedNames(make_project(FILES)).is_namespace(name) is is_namespace


def test_how_many_classes_share_an_attribute(make_project):
    """One that several have does not tell whose is meant."""
    names = DottedNames(make_project(FILES))
    assert [names.owners(name) for name in ("pay", "rate", "gone")] == [2, 1, 0]


@pytest.mark.parametrize(
    ("old", "new", "is_renamed"),
    [
        ("BlobGone", "MissingItem", True),
        ("Till", "MissingItem", False),
        ("KeyError", "MissingItem", False),
        ("BlobGone", "LookupError", False),
        ("BlobGone", "make", False),
    ],
)
def test_a_renamed_class_is_there_where_the_old_name_is_nowhere(make_project, old, new, is_renamed):
    """What still exists, is Python's own or no class is no renaming."""
    assert DottedNames(make_project(FILES)).is_renamed(old, new) is is_renamed
