"""The project's files, their names and what they bind."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from pytest_selfheal.repair.guards import path_refusal
from pytest_selfheal.repair.imports import Import
from pytest_selfheal.repair.imports import facts_of
from pytest_selfheal.repair.project import kind_of
from pytest_selfheal.repair.scope import looks_like_typo
from pytest_selfheal.repair.scope import undefined_names
from pytest_selfheal.repair.scope import usage_of

FILES = {
    "src/shop/__init__.py": "from .cart import Cart\n",
    "src/shop/cart.py": "class Cart: ...\n",
    "src/shop/deep/lines.py": "LIMIT = 3\n",
    "tests/test_cart.py": "import shop\n",
    ".hidden/x.py": "",
    "node_modules/y.py": "",
    "build/lib/shop/cart.py": "",
    "venv2/pyvenv.cfg": "",
    "venv2/lib/z.py": "",
}
OWN = ("src/shop/__init__.py", "src/shop/cart.py", "src/shop/deep/lines.py", "tests/test_cart.py")


def git(root, *words):
    base = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(root)]
    subprocess.run([*base, *words], check=True, capture_output=True)


def test_foreign_folders_are_left_out(make_project):
    """Without git, hidden, built, installed and virtual environment folders are not the project's."""
    assert make_project(FILES).files == OWN


def test_git_decides_what_belongs_to_the_project(make_project):
    """In a work tree ignored files are left out, new ones are in; `tracked` holds only what is committed or added."""
    project = make_project({**FILES, ".gitignore": "ignored.py\n", "ignored.py": "", "new.py": ""})
    git(project.root, "init", "-q")
    git(project.root, "add", "src")
    assert set(project.files) == {*OWN, "new.py"}
    assert project.tracked == {path for path in OWN if path.startswith("src")}


@pytest.mark.parametrize("git", ["missing", "refusing"])
def test_where_git_cannot_answer_nothing_counts_as_tracked(make_project, monkeypatch, git):
    """A work tree whose git is missing or refuses is not taken for a folder without git."""
    project = make_project({"a.py": "x = 1\n"})
    (Path(project.root) / ".git").mkdir()  # no repository that git would accept
    if git == "missing":
        monkeypatch.setenv("PATH", "")
    assert project.tracked == frozenset()
    assert "git does not say" in path_refusal("a.py", Path(project.root), (), project.tracked)


def test_outside_git_nothing_is_known_to_be_tracked(make_project):
    """No work tree, no set of tracked files."""
    assert make_project(FILES).tracked is None


@pytest.mark.parametrize(
    ("path", "module", "package"),
    [
        ("src/shop/__init__.py", "shop", "shop"),
        ("src/shop/cart.py", "shop.cart", "shop"),
        ("src/shop/deep/lines.py", "shop.deep.lines", "shop.deep"),
        ("tests/test_cart.py", "test_cart", ""),
    ],
)
def test_files_are_named_as_they_are_imported(make_project, path, module, package):
    """Packages, namespace parts below src and plain test folders all get the name Python uses."""
    project = make_project(FILES)
    assert (project.module_name(path), project.package_of(path)) == (module, package)


def test_texts_laid_over_are_seen_and_the_disk_is_not(make_project):
    """A laid over project answers for the new text; the original one for the old."""
    project = make_project(FILES)
    over = project.laid_over({"src/shop/cart.py": b"class Basket: ...\n"})
    assert set(over.facts("src/shop/cart.py").defined) == {"Basket"}
    assert set(project.facts("src/shop/cart.py").defined) == {"Cart"}


def test_files_that_do_not_parse_are_skipped(make_project):
    """A broken or undecodable file has no facts and stops nothing."""
    project = make_project({"a.py": "def (", "b.py": b"x = '\xff'", "c.py": "thing = 1\n"})
    assert [project.facts(path) for path in ("a.py", "b.py")] == [None, None]
    assert [path for path, _facts in project.mentioning("thing")] == ["c.py"]


@pytest.mark.parametrize("form", ["absolute", "relative"])
def test_paths_outside_the_project_are_nobodys(make_project, form):
    """Only listed files are recognised, by absolute path or relative to the root."""
    project = make_project(FILES)
    start = f"{project.root}/" if form == "absolute" else ""
    assert project.relative(f"{start}src/shop/cart.py") == "src/shop/cart.py"
    assert project.relative(f"{start}venv2/lib/z.py") == ""
    assert project.relative(ast.__file__) == ""


def test_reexports_are_followed_to_the_definition(make_project):
    """A name imported from a package leads to the module that defines it."""
    assert make_project(FILES).origin("shop", "Cart") == ("shop.cart", "Cart")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("tests/helpers.py", "test"),
        ("shop/test_cart.py", "test"),
        ("conftest.py", "test"),
        ("docs/conf.py", "aside"),
        ("shop/testing.py", "product"),
        ("shop/contest.py", "product"),
    ],
)
def test_files_are_told_apart_by_their_place(path, kind):
    """Tests, side material and the product are told apart by folder and name."""
    assert kind_of(path) == kind


def test_facts_know_where_an_import_stands():
    """Each import knows whether it runs always, in a block, for type checkers only, or in a function."""
    text = (
        "import a\ntry:\n    import b\nexcept ImportError:\n    b = None\nif TYPE_CHECKING:\n    import c\n"
        "def f():\n    import d\n"
    )
    facts = facts_of(ast.parse(text))
    assert [(fact.form, fact.where) for fact in facts.imports] == [
        (Import("a"), "top"),
        (Import("b"), "try"),
        (Import("c"), "type_checking"),
        (Import("d"), "function"),
    ]
    assert facts.bound == {"a", "b", "f"}


def test_facts_know_definitions_and_exports():
    """Functions, classes, assignments and `__all__` are read; a bare annotation binds nothing."""
    facts = facts_of(
        ast.parse("__all__ = ['f', 'C']\n__all__ += ['x']\ndef f(): ...\nclass C: ...\nx: int\ny = z = 1\n")
    )
    assert facts.defined == {"__all__": "assign", "f": "def", "C": "class", "y": "assign", "z": "assign"}
    assert facts.exported == ("f", "C", "x")


UNDEFINED = {
    "plain": ("print(np.zeros(3))\n", ["np"]),
    "inside functions and classes": ("class A:\n    b = 1\n    def f(self):\n        return b + c\n", ["b", "c"]),
    "bound in any way": (
        (
            "import a\nfrom x import d as b\ndef f(c, *d, **e):\n    for g in c: pass\n    [h for h in g]\n"
            "    with a as i: return b, d, e, i\ntry: pass\nexcept OSError as j: print(j)\n"
        ),
        [],
    ),
    "made global by a function": ("def f():\n    global x\n    x = 1\ndef g():\n    return x\n", []),
    "built-in and module names": ("print(__file__, __name__, len, WindowsError)\n", []),
    "star imports hide everything": ("from os import *\nprint(path, nothing)\n", []),
    "string annotations are not needed": ("def f(a: 'np.ndarray'): ...\n", []),
    "closures": ("def f():\n    x = 1\n    def g():\n        return x\n    return g\n", []),
}


@pytest.mark.parametrize(("text", "names"), UNDEFINED.values(), ids=UNDEFINED.keys())
def test_undefined_names_are_those_nothing_binds(text, names):
    """Only names no scope binds are undefined."""
    assert undefined_names(text, "a.py") == names


def test_usage_tells_calls_attributes_and_bare_uses_apart():
    """How a name is used decides what it can be."""
    usage = usage_of(ast.parse("a.b.c()\na.d\nb(1)\nprint(c)\n@d\nclass E(f): ...\n"), "a")
    assert (usage.chains, usage.called, usage.bare) == ({"b.c", "b", "d"}, False, False)
    tree = ast.parse("b(1)\nprint(c)\n@d\nclass E(f): ...\n")
    assert [(usage_of(tree, name).called, usage_of(tree, name).bare) for name in "bcdf"] == [
        (True, True),
        (False, True),
        (True, True),
        (True, True),
    ]


@pytest.mark.parametrize(
    ("name", "bound", "typo_of"),
    [
        ("lenght", {"length"}, "length"),
        ("pritn", set(), "print"),
        ("Counter", {"counter"}, ""),
        ("string", {"String"}, ""),
        ("np", {"n"}, ""),
    ],
)
def test_typos_are_told_from_missing_imports(name, bound, typo_of):
    """A near miss of a bound or built-in name is a typo; a class next to its variable is not."""
    assert looks_like_typo(name, frozenset(bound)) == typo_of
