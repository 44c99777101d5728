"""The missing-import fixer: what it must rewrite, what it must not touch."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys

import pytest

from pytest_selfheal.model import ErrorLink
from pytest_selfheal.model import Failure
from pytest_selfheal.model import Frame
from pytest_selfheal.model import Phase
from pytest_selfheal.repair.fixers.missing_import import propose
from pytest_selfheal.repair.patch import apply_patch


def name_error(name, path, kind="NameError", message="", facts=None):
    frames = (Frame("tests/test_it.py", 1, "test_it", in_app=True), Frame(path, 2, "f", in_app=True))
    message = message or f"name '{name}' is not defined"
    link = ErrorLink(kind, message=message, facts=facts or {}, frames=frames)
    return Failure("tests/test_it.py::test_it", Phase.CALL, kind, message, chain=(link,), test_path="tests/test_it.py")


def outside(message, kind="ImportError"):
    return name_error("", "tests/test_it.py", kind, message)


def texts(failure, project):
    return [
        (candidate.confidence, path, data.decode())
        for candidate in propose(failure, project)
        for path, data in apply_patch(candidate.patch, project.read).items()
    ]


USER = "def f(xs):\n    return {}\n"
TEST = "def test_it(): ...\n"


def using(code):
    return f"def f(xs):\n    return {code}\n"


# name: (files, failing name, file, confidence, import line that must be added)
REWRITE = {
    "as three other files do": (
        {f"shop/m{n}.py": "import json as j\nj.dumps(1)\n" for n in range(3)} | {"shop/x.py": using("j.dumps(xs)")},
        ("j", "shop/x.py", 0.95, "import json as j"),
    ),
    "as one other file does": (
        {"shop/a.py": "from json import dumps as d\nd(1)\n", "shop/x.py": using("d(xs)")},
        ("d", "shop/x.py", 0.90, "from json import dumps as d"),
    ),
    "under type checking elsewhere": (
        {
            "shop/a.py": "import typing\nif typing.TYPE_CHECKING:\n    from decimal import Context as Ctx\n",
            "shop/x.py": using("Ctx(xs)"),
        },
        ("Ctx", "shop/x.py", 0.90, "from decimal import Context as Ctx"),
    ),
    "from a package, relative as its neighbours": (
        {
            "shop/__init__.py": "",
            "shop/total.py": "def add(): ...\n",
            "shop/a.py": "from .total import add\nadd()\n",
            "shop/x.py": using("add(xs)"),
        },
        ("add", "shop/x.py", 0.90, "from .total import add"),
    ),
    "from a package, absolute as its neighbours": (
        {
            "shop/__init__.py": "",
            "shop/total.py": "def add(): ...\n",
            "shop/a.py": "from shop.total import add\nadd()\n",
            "shop/x.py": using("add(xs)"),
        },
        ("add", "shop/x.py", 0.90, "from shop.total import add"),
    ),
    "the only definition in the project": (
        {"shop/__init__.py": "", "shop/total.py": "class Sum: ...\n", "shop/x.py": using("Sum(xs)")},
        ("Sum", "shop/x.py", 0.85, "from shop.total import Sum"),
    ),
    "the only definition, used by a test": (
        {"src/shop/__init__.py": "", "src/shop/total.py": "class Sum: ...\n", "tests/test_it.py": using("Sum(xs)")},
        ("Sum", "tests/test_it.py", 0.85, "from shop.total import Sum"),
    ),
    "a module of the project": (
        {"shop/__init__.py": "", "shop/total.py": "", "shop/x.py": "from .a import b\n" + using("total.add(xs)")},
        ("total", "shop/x.py", 0.85, "from . import total"),
    ),
    "a re-export counts as a definition only": (
        {
            "shop/__init__.py": "from .total import Sum as Sum\n",
            "shop/total.py": "class Sum: ...\n",
            "shop/x.py": "from .total import other\n\n\n" + using("Sum(xs)"),
        },
        ("Sum", "shop/x.py", 0.85, "from .total import Sum, other"),
    ),
    "the same thing by two standard paths": (
        {
            "a.py": "from typing import Callable\n",
            "b.py": "from collections.abc import Callable\n",
            "c.py": "from collections.abc import Callable\n",
            "x.py": "def f(xs: Callable): ...\n",
        },
        ("Callable", "x.py", 0.90, "from collections.abc import Callable"),
    ),
    "exact although a neighbour is spelt alike": (
        {"e.py": "class LoadError(Exception): ...\nclass LoadErrors(Exception): ...\n"}
        | {"x.py": "from e import LoadErrors\n\n\n" + using("LoadError(xs, LoadErrors)")},
        ("LoadError", "x.py", 0.85, "from e import LoadError, LoadErrors"),
    ),
    "a standard module": ({"x.py": using("json.dumps(xs)")}, ("json", "x.py", 0.92, "import json")),
    "a well-known class": ({"x.py": using("Path(xs)")}, ("Path", "x.py", 0.90, "from pathlib import Path")),
    "a well-known decorator": (
        {"x.py": "@dataclass\nclass A: ...\n"},
        ("dataclass", "x.py", 0.90, "from dataclasses import dataclass"),
    ),
    "a name of typing": (
        {"x.py": "def f(xs: Optional[int]): ...\n"},
        ("Optional", "x.py", 0.90, "from typing import Optional"),
    ),
    "the module when its members are used": (
        {"x.py": using("datetime.datetime.now()")},
        ("datetime", "x.py", 0.92, "import datetime"),
    ),
    "the class when it is called": (
        {"x.py": using("datetime(2020, 1, 1)")},
        ("datetime", "x.py", 0.90, "from datetime import datetime"),
    ),
    "the class when its methods are used": (
        {"x.py": using("datetime.now()")},
        ("datetime", "x.py", 0.90, "from datetime import datetime"),
    ),
    "the module although most others import the class": (
        {f"m{n}.py": "from datetime import datetime\ndatetime.now()\n" for n in range(3)}
        | {"x.py": using("datetime.timedelta(1)")},
        ("datetime", "x.py", 0.92, "import datetime"),
    ),
    "the submodule that is used": (
        {
            "a.py": "import os.path\nimport xml.sax\n",
            "b.py": "import xml.dom.minidom\n",
            "x.py": using("xml.sax.parse(xs)"),
        },
        ("xml", "x.py", 0.90, "import xml.sax"),
    ),
    "an installed package by its customary name": (
        {"tests/test_it.py": "@pytest.fixture\ndef f(): ...\n"},
        ("pytest", "tests/test_it.py", 0.90, "import pytest"),
    ),
    "an installed package by its name": (
        {"x.py": using("pluggy.HookimplMarker")},
        ("pluggy", "x.py", 0.80, "import pluggy"),
    ),
    "a private helper of a sibling": (
        {"shop/__init__.py": "", "shop/a.py": "def _tidy_keys(x): ...\n", "shop/x.py": using("_tidy_keys(xs)")},
        ("_tidy_keys", "shop/x.py", 0.85, "from shop.a import _tidy_keys"),
    ),
    "a module, although a function has its name": (
        {
            "shop/__init__.py": "",
            "shop/a.py": "def string(text): ...\n",
            "shop/b.py": "import string\nstring.digits\n",
            "shop/x.py": using("string.digits"),
        },
        ("string", "shop/x.py", 0.90, "import string"),
    ),
    "a private table with a plain name": (
        {"shop/__init__.py": "", "shop/a.py": "_escaped = {}\n", "shop/x.py": using("_escaped")},
        ("_escaped", "shop/x.py", 0.85, "from shop.a import _escaped"),
    ),
    "a table of a sibling": (
        {"shop/__init__.py": "", "shop/a.py": "_code_table = {}\n", "shop/x.py": using("_code_table[xs]")},
        ("_code_table", "shop/x.py", 0.85, "from shop.a import _code_table"),
    ),
    "a standard module kept private": (
        {"x.py": using("_json.dumps(xs)")},
        ("_json", "x.py", 0.85, "import json as _json"),
    ),
    "a name of typing that is close to a builtin": (
        {"x.py": "def f(xs, io) -> IO: ...\n"},
        ("IO", "x.py", 0.90, "from typing import IO"),
    ),
    "the only customary module that offers the name": (
        {"x.py": using("get_annotations_of(xs), CodecInfo(xs)")},
        ("CodecInfo", "x.py", 0.90, "from codecs import CodecInfo"),
    ),
    "tests learn from tests first": (
        {
            "shop.py": "import json as data\ndata.dumps(1)\n",
            "tests/test_a.py": "import marshal as data\ndata.dumps(1)\n",
            "tests/test_it.py": using("data.dumps(xs)"),
        },
        ("data", "tests/test_it.py", 0.90, "import marshal as data"),
    ),
}


@pytest.mark.parametrize(("files", "wanted"), REWRITE.values(), ids=REWRITE.keys())
def test_a_missing_name_is_imported_as_the_project_would(make_project, files, wanted):
    """There is one candidate, it adds exactly the right line, and it knows how sure it is."""
    name, path, confidence, line = wanted
    project = make_project(files)
    ((sure, changed, text),) = texts(name_error(name, path), project)
    added = set(text.splitlines()) - set(files[path].splitlines())
    assert (sure, changed, added - {""}) == (confidence, path, {line})


def test_a_definition_of_the_project_goes_before_a_namesake_that_happens_to_be_loaded(make_project):
    """The answer must not depend on which modules of the standard library other tests have loaded."""
    importlib.import_module("http.cookiejar")  # has a LoadError of its own
    project = make_project({"e.py": "class LoadError(Exception): ...\n", "x.py": using("LoadError(xs)")})
    ((_sure, _path, text),) = texts(name_error("LoadError", "x.py"), project)
    assert "from e import LoadError" in text


NAMES = (
    "CookieJar",
    "LoadError",
    "CodecInfo",
    "ZipApp",
    "Turtle",
    "Button",
    "re",
    "_calendar",
    "colorsys",
    "antigravity",
)


def test_the_answer_is_the_same_whatever_is_loaded(make_project):
    """A process that has loaded nothing proposes what one that has loaded everything does."""
    project = make_project({f"x{n}.py": using(f"{name}.f(xs), {name}.strip") for n, name in enumerate(NAMES)})
    program = (
        "import sys, pathlib\n"
        "from pytest_selfheal.repair.project import Project\n"
        "from pytest_selfheal.repair.fixers.naming import proposals\n"
        "for module in sys.argv[2].split(): __import__(module)\n"
        "project = Project(pathlib.Path(sys.argv[1]))\n"
        f"for n, name in enumerate({NAMES!r}): print(name, proposals(name, f'x{{n}}.py', project))\n"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", program, str(project.root), more], capture_output=True, text=True, check=True
        ).stdout
        for more in ("", f"http.cookiejar zipapp colorsys {'tkinter.ttk turtle' if HAS_TK else ''}")
    ]
    assert said[0].count("\n") == len(NAMES)
    assert said[0] == said[1]


@pytest.mark.parametrize("name", ["platform", "token", "queue", "code", "select", "site", "string", "secrets", "copy"])
@pytest.mark.parametrize("imported", [0, 4], ids=["imported nowhere", "imported by others"])
def test_a_lost_variable_named_like_a_module_is_never_imported_alone(make_project, name, imported):
    """A module that is only passed on would turn a loud NameError into a silent wrong value."""
    files = {f"m{n}.py": f"import {name}\n{name}.x\n" for n in range(imported)}
    project = make_project(files | {"x.py": f'def f(data):\n    return {{"{name}": {name}, "n": 1}}\n'})
    candidates = propose(name_error(name, "x.py"), project)
    assert not any(candidate.learned for candidate in candidates)


HAS_TK = importlib.util.find_spec("_tkinter") is not None

# name: (files, failing name, file)
UNTOUCHED = {
    "a typo of a variable": ({"x.py": "def f(length):\n    return lenght\n", "a.py": "lenght = 1\n"}, "lenght", "x.py"),
    "a well-known name close to a variable": ({"x.py": "def f(chains):\n    return chain(chains)\n"}, "chain", "x.py"),
    "a plain word one letter off a variable": (
        {"a.py": "from json import loads as rows\n", "x.py": "def f(row):\n    return [rows]\n"},
        "rows",
        "x.py",
    ),
    "a standard module without what is read from it": ({"x.py": using("time.append(xs)")}, "time", "x.py"),
    "a variable named like a module nobody has loaded": ({"x.py": using("colorsys.strip(xs)")}, "colorsys", "x.py"),
    "a function where a module is meant": (
        {"shop/__init__.py": "", "shop/a.py": "def pack(): ...\n", "shop/b.py": "from .a import pack\n"}
        | {"shop/x.py": using("pack.pack(xs)")},
        "pack",
        "shop/x.py",
    ),
    "bound at the top level already": ({"x.py": using("json.dumps(xs)") + "json = None\n"}, "json", "x.py"),
    "not used in that file": ({"x.py": using("eval(xs)")}, "json", "x.py"),
    "known to nobody": ({"x.py": using("frobnicate(xs)")}, "frobnicate", "x.py"),
    "defined in a test only": (
        {"tests/test_a.py": "def helper(): ...\n", "x.py": using("helper(xs)")},
        "helper",
        "x.py",
    ),
    "private to another package": (
        {"one/__init__.py": "", "one/a.py": "_counts = {}\n", "two/__init__.py": "", "two/x.py": using("_counts")},
        "_counts",
        "two/x.py",
    ),
    "imported in a test only": (
        {"tests/test_a.py": "from json import loads as lo\n", "x.py": using("lo(xs)")},
        "lo",
        "x.py",
    ),
    "a variable of another module": ({"a.py": "counts = []\n", "x.py": using("len(counts)")}, "counts", "x.py"),
    "a module that would be called": ({"x.py": using("json(xs)")}, "json", "x.py"),
    "imported elsewhere from what is gone": (
        {"a.py": "from nowhere_at_all import thing\n", "x.py": using("thing(xs)")},
        "thing",
        "x.py",
    ),
    "a package that is not installed": ({"x.py": using("np_not_there.ones(xs)")}, "np_not_there", "x.py"),
    "a file that does not parse": ({"x.py": "def f(:\n    json\n"}, "json", "x.py"),
    "a file outside the project": ({"x.py": using("json.dumps(xs)")}, "json", "../elsewhere.py"),
    "with a fallback for older systems": (
        {
            "a.py": "try:\n    import xmas as j\nexcept ImportError:\n    import json as j\n",
            "x.py": using("j.dumps(xs)"),
        },
        "j",
        "x.py",
    ),
}


@pytest.mark.parametrize(("files", "name", "path"), UNTOUCHED.values(), ids=UNTOUCHED.keys())
def test_other_names_are_left_alone(make_project, files, name, path):
    """Without evidence, or with evidence against it, nothing is proposed."""
    assert texts(name_error(name, path), make_project(files)) == []


def test_a_split_vote_gives_an_option_for_each_form(make_project):
    """Two ways to import a name are two candidates, neither sure enough to act or to suggest."""
    files = {
        "a.py": "from json import dumps as out\n",
        "b.py": "from json import dumps as out\n",
        "c.py": "from marshal import dumps as out\n",
        "x.py": using("out(xs)"),
    }
    found = texts(name_error("out", "x.py"), make_project(files))
    assert [text.partition("\n")[0] for _sure, _path, text in found] == [
        "from json import dumps as out",
        "from marshal import dumps as out",
    ]
    assert all(sure < 0.70 for sure, _path, _text in found)


@pytest.mark.parametrize(
    "importer", ["", "from shop.one import pack\n"], ids=["nobody imports it", "one file imports it"]
)
def test_two_definitions_are_never_decided_alone(make_project, importer):
    """Two functions of one name stay a question, even when somebody imports one of them."""
    files = {
        "shop/__init__.py": "",
        "shop/one.py": "def pack(): ...\n",
        "shop/two.py": "def pack(): ...\n",
        "shop/user.py": importer,
        "shop/x.py": using("pack(xs)"),
    }
    found = texts(name_error("pack", "shop/x.py"), make_project(files))
    assert len(found) == 2
    assert all(sure < 0.70 for sure, _path, _text in found)


def test_a_definition_rivals_the_standard_library(make_project):
    """A project class named like a standard one leaves the choice to a person."""
    files = {"shop/__init__.py": "", "shop/a.py": "class Counter: ...\n", "shop/x.py": using("Counter(xs)")}
    found = texts(name_error("Counter", "shop/x.py"), make_project(files))
    assert len(found) == 2
    assert all(sure < 0.70 for sure, _path, _text in found)


def test_different_paths_to_one_object_are_no_split_vote(make_project):
    """A re-export and its source are the same thing; the commoner path is taken."""
    files = {
        "shop/__init__.py": "from .cart import Cart\n",
        "shop/cart.py": "class Cart: ...\n",
        "shop/a.py": "from shop.cart import Cart\n",
        "shop/b.py": "from shop.cart import Cart\n",
        "app.py": "from shop import Cart\n",
        "x.py": using("Cart(xs)"),
    }
    ((sure, _path, text),) = texts(name_error("Cart", "x.py"), make_project(files))
    assert (sure, text.partition("\n")[0]) == (0.90, "from shop.cart import Cart")


def test_a_lost_statement_comes_back_whole(make_project):
    """Other undefined names of the file with one sure reading come along; unsure ones do not."""
    body = "def f(xs):\n    return Path(xs), PurePath(xs), frobnicate(xs), json.dumps(xs)\n"
    text = f"import abc\n\nfrom a import only\n\n\n{body}"
    project = make_project({"x.py": text, "a.py": "only = 1\n"})
    ((sure, _path, new),) = texts(name_error("PurePath", "x.py"), project)
    assert sure == 0.90
    assert new == text.replace("import abc\n", "import abc\nimport json\nfrom pathlib import Path, PurePath\n")


def test_evidence_and_class_travel_with_the_candidate(make_project):
    """A candidate says in words why it is believed, and is stable from call to call."""
    files = {f"m{n}.py": "import json as j\n" for n in range(4)} | {"x.py": using("j.dumps(xs)")}
    project = make_project(files)
    (candidate,) = propose(name_error("j", "x.py"), project)
    assert candidate.evidence == ("4 of 4 project files that import j use `import json as j`",)
    assert (candidate.learned, candidate.error_class.value, candidate.fixer) == (True, "api", "missing_import")
    assert propose(name_error("j", "x.py"), project) == [candidate]


def test_after_the_fix_there_is_nothing_left_to_do(make_project):
    """Fixing twice equals fixing once."""
    project = make_project({"x.py": using("json.dumps(xs)")})
    failure = name_error("json", "x.py")
    (candidate,) = propose(failure, project)
    assert propose(failure, project.laid_over(apply_patch(candidate.patch, project.read))) == []


def test_the_fact_of_the_exception_wins_over_its_text(make_project):
    """The name the exception carries is used; a hint behind the message does no harm."""
    project = make_project({"x.py": using("json.dumps(xs)")})
    message = "name 'json' is not defined. Did you forget to import 'json'?"
    assert len(propose(name_error("", "x.py", message=message, facts={"name": "json"}), project)) == 1


PACKAGE = {
    "shop/__init__.py": "from .cart import Cart\n",
    "shop/cart.py": "class Cart: ...\n",
    "shop/total.py": "def add(): ...\n",
    "tests/test_it.py": "from shop import Cart, add\n",
}
ASKED = [
    pytest.param("cannot import name 'add' from 'shop' (/x/shop/__init__.py)", "ImportError", id="from import"),
    pytest.param("module 'shop' has no attribute 'add'", "AttributeError", id="attribute"),
]


@pytest.mark.parametrize(("message", "kind"), ASKED)
def test_a_package_that_reexports_gets_the_missing_name(make_project, message, kind):
    """A package `__init__` that re-exports its modules' names gets one more, in its own style."""
    ((sure, path, text),) = texts(outside(message, kind), make_project(PACKAGE))
    assert (sure, path) == (0.85, "shop/__init__.py")
    assert text == "from .cart import Cart\nfrom .total import add\n"


def test_a_module_that_uses_the_name_it_is_asked_for_has_lost_its_import(make_project):
    """Annotations do not fail when the name is gone; somebody else's import does."""
    files = {
        **PACKAGE,
        "shop/api.py": "from __future__ import annotations\n\n\ndef load() -> Cart: ...\n",
        "tests/test_it.py": "from shop.api import Cart\n",
    }
    message = "cannot import name 'Cart' from 'shop.api' (x)"
    ((sure, path, text),) = texts(outside(message), make_project(files))
    assert (sure, path) == (0.92, "shop/api.py")
    assert "from .cart import Cart\n" in text


def test_a_package_that_lost_a_module_of_its_own_gets_it_back(make_project):
    """`shop.cart` used to be reachable because `__init__` imported it; the folder shows what is meant."""
    files = {**PACKAGE, "shop/__init__.py": "from shop import total\n"}
    message = "module 'shop' has no attribute 'cart'"
    ((sure, _path, text),) = texts(outside(message, "AttributeError"), make_project(files))
    assert (sure, text) == (0.85, "from shop import cart, total\n")


def test_a_definition_of_the_package_beats_a_standard_name_that_its_files_import(make_project):
    """A re-export asks for the package's own object, whatever else goes by that name."""
    files = {
        **PACKAGE,
        "shop/total.py": "def datetime(text): ...\n",
        "shop/cart.py": "from datetime import datetime\nclass Cart: ...\n",
    }
    message = "module 'shop' has no attribute 'datetime'"
    ((sure, _path, text),) = texts(outside(message, "AttributeError"), make_project(files))
    assert (sure, text) == (0.85, "from .cart import Cart\nfrom .total import datetime\n")


def test_all_names_promised_by_dunder_all_come_back(make_project):
    """`__all__` is evidence, for the asked name and for the others it promises."""
    text = '__all__ = ["Cart", "add", "sub"]\n'
    total = "def add(): ...\ndef sub(): ...\n"
    project = make_project({**PACKAGE, "shop/__init__.py": text, "shop/total.py": total})
    ((sure, _path, new),) = texts(outside("cannot import name 'add' from 'shop' (x)"), project)
    assert sure == 0.85
    assert {"from shop.cart import Cart", "from shop.total import add, sub"} <= set(new.splitlines())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"shop/__init__.py": ""}, "cannot import name 'add' from 'shop' (x)", id="no style of re-exports"),
        pytest.param({}, "cannot import name 'add' from 'shop.cart' (x)", id="not a package"),
    ],
)
def test_an_unlikely_reexport_is_only_an_option(make_project, changes, message):
    """Where nothing shows that the module re-exports, a person decides."""
    found = texts(outside(message), make_project({**PACKAGE, **changes}))
    assert [sure < 0.70 for sure, _path, _text in found] == [True]


@pytest.mark.parametrize(
    "message",
    [
        "cannot import name 'Cart' from partially initialized module 'shop' (most likely due to a circular import)",
        "cannot import name 'Cart' from 'shop' (x)",
        "cannot import name 'gone' from 'shop' (x)",
        "cannot import name 'add' from 'os' (x)",
        "No module named 'shop.add'",
    ],
)
def test_other_import_errors_are_left_alone(make_project, message):
    """Circular imports, names that are there, names nobody defines and foreign modules are not ours to answer."""
    assert texts(outside(message), make_project(PACKAGE)) == []


def test_windows_line_ends_and_marks_survive(make_project):
    """The fixed file keeps its byte order mark and line ends."""
    project = make_project({"x.py": b"\xef\xbb\xbfimport abc\r\n\r\ndef f(xs):\r\n    return json.dumps(xs)\r\n"})
    ((_sure, _path, text),) = texts(name_error("json", "x.py"), project)
    assert text == "\ufeffimport abc\r\nimport json\r\n\r\ndef f(xs):\r\n    return json.dumps(xs)\r\n"
