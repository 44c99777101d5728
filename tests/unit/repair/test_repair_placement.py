"""Where a new import goes."""

from __future__ import annotations

import ast

import pytest

from pytest_selfheal.repair.imports import Import
from pytest_selfheal.repair.imports import forms_of
from pytest_selfheal.repair.patch import source_of
from pytest_selfheal.repair.placement import add_imports

OWN = {"shop", "tests"}


def placed(text, *forms, single_line=False, neighbours=()):
    data = text if isinstance(text, bytes) else text.encode()
    trees = [ast.parse(neighbour) for neighbour in neighbours]
    return add_imports(
        source_of("a.py", data), ast.parse(data), forms, own=OWN, single_line=single_line, neighbours=trees
    )


DOCSTRING = '"""Doc."""\n'

NEW = {
    "empty file": ("", Import("os"), "import os\n"),
    "code only": ("x = 1\n", Import("os"), "import os\n\nx = 1\n"),
    "before a function two blank lines": ("def f(): ...\n", Import("os"), "import os\n\n\ndef f(): ...\n"),
    "after the docstring": (
        DOCSTRING + "\n\nclass A: ...\n",
        Import("os"),
        DOCSTRING + "\nimport os\n\n\nclass A: ...\n",
    ),
    "docstring is all there is": (DOCSTRING, Import("os"), DOCSTRING + "\nimport os\n"),
    "docstring without newline": ('"""Doc."""', Import("os"), DOCSTRING + "\nimport os\n"),
    "code behind the docstring on its line": ('"""Doc."""; x = 1\n', Import("os"), '"""Doc."""; x = 1\n\nimport os\n'),
    "after shebang and coding": (
        "#!/usr/bin/env python\n# coding: utf-8\nx = 1\n",
        Import("os"),
        "#!/usr/bin/env python\n# coding: utf-8\n\nimport os\n\nx = 1\n",
    ),
    "after a licence": (
        "# (c) me\n# all mine\n\nx = 1\n",
        Import("os"),
        "# (c) me\n# all mine\n\nimport os\n\nx = 1\n",
    ),
    "after future imports": (
        "from __future__ import annotations\n\n__all__ = ['f']\n",
        Import("os"),
        "from __future__ import annotations\n\nimport os\n\n__all__ = ['f']\n",
    ),
    "among its peers": ("import abc\nimport sys\n", Import("json"), "import abc\nimport json\nimport sys\n"),
    "plain imports before from imports": (
        "import abc\nfrom io import BytesIO\n",
        Import("json"),
        "import abc\nimport json\nfrom io import BytesIO\n",
    ),
    "mixed when the file mixes": (
        "import abc\nfrom io import BytesIO\nimport os\n",
        Import("pathlib", "Path"),
        "import abc\nfrom io import BytesIO\nimport os\nfrom pathlib import Path\n",
    ),
    "a new group between two": (
        "import os\n\nfrom .a import b\n",
        Import("numpy", "", "np"),
        "import os\n\nimport numpy as np\n\nfrom .a import b\n",
    ),
    "a new first group": ("import numpy\n\nx = 1\n", Import("os"), "import os\n\nimport numpy\n\nx = 1\n"),
    "a new last group": ("import os\n\nx = 1\n", Import("b", "c", "", 1), "import os\n\nfrom .b import c\n\nx = 1\n"),
    "no blank lines between groups where the file has none": (
        "import os\nimport numpy\nfrom .a import b\n",
        Import("shop", "cart"),
        "import os\nimport numpy\nfrom shop import cart\nfrom .a import b\n",
    ),
    "own after third party": (
        "import pytest\n\nx = 1\n",
        Import("shop.cart", "Cart"),
        "import pytest\n\nfrom shop.cart import Cart\n\nx = 1\n",
    ),
    "parents before siblings": (
        "from ..a import b\nfrom .c import d\n",
        Import("z", "y", "", 2),
        "from ..a import b\nfrom ..z import y\nfrom .c import d\n",
    ),
    "not into a try": (
        "try:\n    import a\nexcept ImportError:\n    a = None\n",
        Import("os"),
        "import os\n\ntry:\n    import a\nexcept ImportError:\n    a = None\n",
    ),
    "merged into the same module": ("from io import A, C\n", Import("io", "B"), "from io import A, B, C\n"),
    "merged constants first": ("from m import MAX, Cart\n", Import("m", "total"), "from m import MAX, Cart, total\n"),
    "merged at the end of an unsorted list": ("from m import c, a\n", Import("m", "b"), "from m import c, a, b\n"),
    "not merged with an alias": ("from m import a\n", Import("m", "b", "c"), "from m import a\nfrom m import b as c\n"),
    "merged into parentheses": (
        "from m import (\n    a,\n    c,\n)\n",
        Import("m", "b"),
        "from m import (\n    a,\n    b,\n    c,\n)\n",
    ),
    "not merged with a comment": (
        "from m import a  # why\n",
        Import("m", "b"),
        "from m import a  # why\nfrom m import b\n",
    ),
    "not merged when it gets too wide": (
        f"from m import {'a' * 70}\n",
        Import("m", "bbbbbbbbbbbbbbb"),
        f"from m import {'a' * 70}\nfrom m import bbbbbbbbbbbbbbb\n",
    ),
    "windows line ends": ("import abc\r\nx = 1\r\n", Import("os"), "import abc\r\nimport os\r\nx = 1\r\n"),
    "byte order mark": (b"\xef\xbb\xbfimport abc\n", Import("os"), "\ufeffimport abc\nimport os\n"),
    "form feed is no line": ("import abc\n\x0c\nx = 1\n", Import("os"), "import abc\nimport os\n\x0c\nx = 1\n"),
    "tabs stay": ("import abc\nif abc:\n\tpass\n", Import("os"), "import abc\nimport os\nif abc:\n\tpass\n"),
    "last line without newline": ("import abc", Import("os"), "import abc\nimport os\n"),
    "comment on top of the block stays on top": (
        "x = 1\n\n# third party\nimport numpy\n",
        Import("os"),
        "x = 1\n\nimport os\n\n# third party\nimport numpy\n",
    ),
}


@pytest.mark.parametrize(("text", "form", "expected"), NEW.values(), ids=NEW.keys())
def test_a_new_import_follows_the_files_own_layout(text, form, expected):
    """The statement stands where a person would have put it, and the rest is untouched."""
    result = placed(text, form)
    compile(result, "a.py", "exec")
    assert result.decode() == expected


def test_names_of_one_module_share_a_statement():
    """Several names become one statement, in order."""
    forms = [Import("m", "total"), Import("m", "Cart"), Import("m", "MAX"), Import("os")]
    assert placed("x = 1\n", *forms) == b"import os\n\nfrom m import MAX, Cart, total\n\nx = 1\n"


def test_names_of_one_module_get_lines_of_their_own_where_that_is_the_style():
    """With the single-line style nothing is merged."""
    result = placed("from m import a\n", Import("m", "c"), Import("m", "b"), single_line=True)
    assert result == b"from m import a\nfrom m import b\nfrom m import c\n"


def test_a_wide_statement_is_put_in_parentheses():
    """More names than fit a line are written one per line."""
    names = [f"{letter * 12}_name" for letter in "abcdef"]
    result = placed("x = 1\n", *(Import("m", name) for name in names)).decode()
    assert result == "from m import (\n" + "".join(f"    {name},\n" for name in names) + ")\n\nx = 1\n"


def test_neighbours_decide_what_the_file_leaves_open():
    """A file with one import fits many orders; the project's habit picks one."""
    mixed = "from a import b\nimport c\nfrom d import e\nimport f\n"
    assert placed("import zlib\n", Import("abc", "ABC"), neighbours=[mixed]) == b"from abc import ABC\nimport zlib\n"
    assert placed("import zlib\n", Import("abc", "ABC")) == b"import zlib\nfrom abc import ABC\n"


LAYOUTS = {
    "combined": (
        DOCSTRING + "\nfrom __future__ import annotations\n\nimport json\nimport os\nfrom io import BytesIO, StringIO\n"
        "\nimport numpy as np\n\nfrom shop.cart import Cart\n\nfrom .lines import Line\n\n\ndef f(): ...\n"
    ),
    "single lines, mixed": (
        "import abc\nfrom collections import Counter\nfrom collections import deque\nimport os\n"
        "from pathlib import Path\nimport sys\n\nimport pytest\n\n"
        "from shop import cart\nfrom shop.lines import Line\n\nX = 1\n"
    ),
    "one import": (DOCSTRING + "\nimport os\n\n\nclass A: ...\n"),
    "windows": "import os\r\n\r\nimport numpy\r\n\r\nx = 1\r\n",
}


@pytest.mark.parametrize(
    ("text", "index"),
    [
        pytest.param(text, index, id=f"{name}-{index}")
        for name, text in LAYOUTS.items()
        for index, node in enumerate(ast.parse(text).body)
        if forms_of(node) and getattr(node, "module", "") != "__future__"
    ],
)
def test_a_deleted_import_comes_back_byte_for_byte(text, index):
    """Removing any import of a sorted file and adding its names again restores the file."""
    node = ast.parse(text).body[index]
    lines = text.encode().splitlines(keepends=True)
    cut = b"".join(lines[: node.lineno - 1] + lines[node.end_lineno :])
    assert placed(cut, *forms_of(node), single_line="single" in text or "deque" in text).decode() == text


@pytest.mark.parametrize(
    ("form", "package", "expected"),
    [
        (Import("shop.cart", "Cart"), "shop", "from .cart import Cart"),
        (Import("shop", "cart"), "shop", "from . import cart"),
        (Import("shop.a.b", "c"), "shop.x", "from ..a.b import c"),
        (Import("other", "c"), "shop", "from other import c"),
        (Import("shop"), "shop.x", "import shop"),
    ],
    ids=str,
)
def test_relative_imports_lead_back_to_the_same_module(form, package, expected):
    """Making an import relative and absolute again changes nothing."""
    relative = form.relative(package)
    assert str(relative) == expected
    assert relative.absolute(package) == form
