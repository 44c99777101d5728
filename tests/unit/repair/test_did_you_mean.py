"""The did-you-mean fixer: what it must rewrite, and what it must not touch."""

from __future__ import annotations

import pytest

from pytest_selfheal.repair.closeness import meant
from pytest_selfheal.repair.fixers import enum_members
from pytest_selfheal.repair.fixers.did_you_mean import propose

CLASS = "class Order:\n    def __init__(self, amount):\n        self.quantity = amount\n\n    def settle(self): ...\n"
DATA = "from dataclasses import dataclass\n\n\n@dataclass\nclass Order:\n    quantity: int\n    approver: str = ''\n"
SEND = "def send(to, *, timeout=1, recipients=()): ...\n"

# name: (files, (kind, message, path, line, facts), new text of that file)
REWRITE = {
    "a local variable": (
        {"shop/a.py": "def f(balance):\n    return balnace + 1\n"},
        ("NameError", "name 'balnace' is not defined", "shop/a.py", 2),
        "def f(balance):\n    return balance + 1\n",
    ),
    "a variable with a longer neighbour": (
        {"shop/a.py": "def f(customer, customers):\n    return cusotmer\n"},
        ("NameError", "name 'cusotmer' is not defined", "shop/a.py", 2),
        "def f(customer, customers):\n    return customer\n",
    ),
    "every use in the function": (
        {"shop/a.py": "def f(balance):\n    x = balnace\n    return balnace + x\n"},
        ("NameError", "name 'balnace' is not defined", "shop/a.py", 2),
        "def f(balance):\n    x = balance\n    return balance + x\n",
    ),
    "a function of the module": (
        {"shop/a.py": "def settle(): ...\n\n\ndef f():\n    return setle()\n"},
        ("NameError", "name 'setle' is not defined", "shop/a.py", 5),
        "def settle(): ...\n\n\ndef f():\n    return settle()\n",
    ),
    "a built-in": (
        {"shop/a.py": "def f(xs):\n    return enumreate(xs)\n"},
        ("NameError", "name 'enumreate' is not defined", "shop/a.py", 2),
        "def f(xs):\n    return enumerate(xs)\n",
    ),
    "an attribute set in __init__": (
        {"shop/b.py": CLASS, "shop/a.py": "def f(order):\n    return order.quantiy\n"},
        ("AttributeError", "'Order' object has no attribute 'quantiy'", "shop/a.py", 2),
        "def f(order):\n    return order.quantity\n",
    ),
    "a field of a dataclass, wherever the file reads it": (
        {
            "shop/b.py": DATA,
            "shop/a.py": "def f(order):\n    return order.qauntity\n\n\ndef g(o):\n    return o.qauntity\n",
        },
        ("AttributeError", "'Order' object has no attribute 'qauntity'", "shop/a.py", 2),
        "def f(order):\n    return order.quantity\n\n\ndef g(o):\n    return o.quantity\n",
    ),
    "an inherited method": (
        {"shop/b.py": f"{CLASS}\n\nclass Big(Order): ...\n", "shop/a.py": "def f(order):\n    order.setlte()\n"},
        ("AttributeError", "'Big' object has no attribute 'setlte'", "shop/a.py", 2),
        "def f(order):\n    order.settle()\n",
    ),
    "a special method, of those the class has": (
        {"shop/a.py": "class A:\n    def __init__(self): ...\n\n\ndef f(a):\n    A.__iint__(a)\n"},
        ("AttributeError", "type object 'A' has no attribute '__iint__'", "shop/a.py", 6),
        "class A:\n    def __init__(self): ...\n\n\ndef f(a):\n    A.__init__(a)\n",
    ),
    "a keyword that only a docstring tells": (
        {"shop/a.py": "from datetime import datetime\n\n\ndef f(z):\n    return datetime(1, 1, 1, tzinof=z)\n"},
        ("TypeError", "'tzinof' is an invalid keyword argument for this function", "shop/a.py", 5),
        "from datetime import datetime\n\n\ndef f(z):\n    return datetime(1, 1, 1, tzinfo=z)\n",
    ),
    "a name that a star brings": (
        {
            "shop/__init__.py": "",
            "shop/b.py": "def remove_quotes(): ...\n",
            "shop/a.py": "from .b import *\n\n\ndef f():\n    remove_quotse()\n",
        },
        ("NameError", "name 'remove_quotse' is not defined", "shop/a.py", 5),
        "from .b import *\n\n\ndef f():\n    remove_quotes()\n",
    ),
    "a method of a built-in": (
        {"shop/a.py": "def f(text):\n    return text.stirp()\n"},
        ("AttributeError", "'str' object has no attribute 'stirp'", "shop/a.py", 2),
        "def f(text):\n    return text.strip()\n",
    ),
    "a member of a standard module": (
        {"shop/a.py": "import json\n\n\ndef f(x):\n    return json.dmups(x)\n"},
        ("AttributeError", "module 'json' has no attribute 'dmups'", "shop/a.py", 5),
        "import json\n\n\ndef f(x):\n    return json.dumps(x)\n",
    ),
    "a member of an own module": (
        {"shop/__init__.py": "", "shop/b.py": SEND, "shop/a.py": "from shop import b\n\n\ndef f():\n    b.sned(1)\n"},
        ("AttributeError", "module 'shop.b' has no attribute 'sned'", "shop/a.py", 5),
        "from shop import b\n\n\ndef f():\n    b.send(1)\n",
    ),
    "an imported name and its uses": (
        {"shop/__init__.py": "", "shop/b.py": SEND, "shop/a.py": "from .b import sned\n\n\ndef f():\n    sned(1)\n"},
        ("ImportError", "cannot import name 'sned' from 'shop.b' (x)", "shop/a.py", 1),
        "from .b import send\n\n\ndef f():\n    send(1)\n",
    ),
    "a keyword of a function": (
        {"shop/b.py": SEND, "shop/a.py": "from shop.b import send\nsend(1, tiemout=2)\n"},
        ("TypeError", "send() got an unexpected keyword argument 'tiemout'", "shop/a.py", 2),
        "from shop.b import send\nsend(1, timeout=2)\n",
    ),
    "a keyword of a class": (
        {"shop/b.py": CLASS, "shop/a.py": "from shop.b import Order\nOrder(amuont=2)\n"},
        ("TypeError", "Order.__init__() got an unexpected keyword argument 'amuont'", "shop/a.py", 2),
        "from shop.b import Order\nOrder(amount=2)\n",
    ),
    "a method of a generic base": (
        {
            "shop/b.py": f"{CLASS}\n\nclass Box(Order[int]):\n    def f(self):\n        return super().setlte()\n",
        },
        ("AttributeError", "'super' object has no attribute 'setlte'", "shop/b.py", 10),
        f"{CLASS}\n\nclass Box(Order[int]):\n    def f(self):\n        return super().settle()\n",
    ),
    "a special method": (
        {"shop/a.py": "class A(dict):\n    def __init__(self):\n        super().__niit__()\n"},
        ("AttributeError", "'super' object has no attribute '__niit__'", "shop/a.py", 3),
        "class A(dict):\n    def __init__(self):\n        super().__init__()\n",
    ),
    "a keyword of a built-in": (
        {"shop/a.py": "x = 1\ny = sum([x], satrt=2)\n"},
        ("TypeError", "'satrt' is an invalid keyword argument for sum()", "shop/a.py", 2),
        "x = 1\ny = sum([x], start=2)\n",
    ),
    "a keyword that other calls spell right": (
        {"shop/a.py": "def f(p):\n    p.add('a', action='x')\n    p.add('b', actoin='y')\n"},
        ("TypeError", "Thing.__init__() got an unexpected keyword argument 'actoin'", "shop/a.py", 3),
        "def f(p):\n    p.add('a', action='x')\n    p.add('b', action='y')\n",
    ),
    "a keyword of a dataclass": (
        {"shop/b.py": DATA, "shop/a.py": "from shop.b import Order\nOrder(quantiy=2)\n"},
        ("TypeError", "Order.__init__() got an unexpected keyword argument 'quantiy'", "shop/a.py", 2),
        "from shop.b import Order\nOrder(quantity=2)\n",
    ),
}


@pytest.mark.parametrize(("files", "error", "expected"), REWRITE.values(), ids=REWRITE)
def test_a_slip_is_corrected(files, error, expected, make_project, failing, healed):
    """A misspelt name becomes the one that exists there."""
    assert healed(propose, failing(*error), make_project(files)) == {error[2]: expected}


ATTRIBUTE = "'Order' object has no attribute"
LEFT = {
    "another word of the same stem": (
        {"shop/b.py": DATA, "shop/a.py": "def f(o):\n    return o.approved\n"},
        ("AttributeError", f"{ATTRIBUTE} 'approved'", "shop/a.py", 2),
    ),
    "a plural": (
        {"shop/a.py": "def f(invoice):\n    return invoices\n"},
        ("NameError", "name 'invoices' is not defined", "shop/a.py", 2),
    ),
    "a word that is used elsewhere": (
        {"shop/b.py": DATA, "shop/c.py": "def quantize(): ...\n", "shop/a.py": "def f(o):\n    return o.quantize\n"},
        ("AttributeError", f"{ATTRIBUTE} 'quantize'", "shop/a.py", 2),
    ),
    "a name that a test expects": (
        {
            "shop/b.py": DATA,
            "shop/a.py": "def f(o):\n    return o.qauntity\n",
            "tests/test_it.py": "def test_it():\n    assert Order(1).qauntity\n",
        },
        ("AttributeError", f"{ATTRIBUTE} 'qauntity'", "shop/a.py", 2),
    ),
    "two names equally close": (
        {"shop/a.py": "def f(bank_total, band_total):\n    return banl_total\n"},
        ("NameError", "name 'banl_total' is not defined", "shop/a.py", 2),
    ),
    "a number": (
        {"shop/a.py": "def f(value1, value3):\n    return value2\n"},
        ("NameError", "name 'value2' is not defined", "shop/a.py", 2),
    ),
    "a private attribute": (
        {"shop/b.py": "class Order:\n    _quantity = 1\n", "shop/a.py": "def f(o):\n    return o.quantity\n"},
        ("AttributeError", f"{ATTRIBUTE} 'quantity'", "shop/a.py", 2),
    ),
    "a read in an assertion": (
        {"shop/b.py": DATA, "tests/test_it.py": "def test_it(o):\n    assert o.qauntity == 1\n"},
        ("AttributeError", f"{ATTRIBUTE} 'qauntity'", "tests/test_it.py", 2),
    ),
    "an attribute of None": (
        {"shop/b.py": DATA, "shop/a.py": "def f(o):\n    return o.quantity\n"},
        ("AttributeError", "'NoneType' object has no attribute 'quantity'", "shop/a.py", 2),
    ),
    "a keyword that is no slip": (
        {"shop/b.py": SEND, "shop/a.py": "from shop.b import send\nsend(1, time=2)\n"},
        ("TypeError", "send() got an unexpected keyword argument 'time'", "shop/a.py", 2),
    ),
    "a short word": (
        {"shop/a.py": "def f(tax):\n    return fax\n"},
        ("NameError", "name 'fax' is not defined", "shop/a.py", 2),
    ),
}


@pytest.mark.parametrize(("files", "error"), LEFT.values(), ids=LEFT)
def test_other_words_are_left_alone(files, error, make_project, failing, healed):
    """A name that may mean something else is never corrected by itself."""
    assert healed(propose, failing(*error), make_project(files)) == {}


CLOSE = [
    ("recieve", ["receive", "receiver"], "receive", True),
    ("seperator", ["separator"], "separator", True),
    ("maxretries", ["max_retries"], "max_retries", True),
    ("PathiLke", ["PathLike"], "PathLike", True),
    ("__niit__", ["__init__"], "__init__", True),
    ("__init", ["__init__"], "__init__", False),
    ("__nmae__", ["__name__"], "__name__", True),
    ("grousp", ["group", "groups"], "groups", True),
    ("grous", ["group", "groups"], "group", False),
    ("max_gae", ["max_age"], "max_age", True),
    ("convert_ot_json", ["convert_to_json"], "convert_to_json", True),
    ("turn_no", ["turn_on"], "turn_on", False),
    ("capasity", ["capacity"], "capacity", True),
    ("tmp_pth", ["tmp_path"], "tmp_path", True),
    ("adress", ["address"], "address", True),
    ("form_data", ["from_data"], "from_data", False),
    ("start_at", ["state_at"], "state_at", False),
    ("colors", ["color"], "color", False),
    ("_items", ["items"], "items", False),
]


@pytest.mark.parametrize(("wrong", "known", "name", "sure"), CLOSE, ids=[row[0] for row in CLOSE])
def test_slips_and_other_words(wrong, known, name, sure):
    """Swapped, dropped, doubled and neighbouring letters are slips; endings and words of the language are not."""
    match = meant(wrong, known)
    assert match is not None
    assert (match.name, match.sure) == (name, sure)


WATER = "from enum import Enum\n\n\nclass Water(Enum):\n    FRESH = 1\n    BRACKISH = 2\n\n\n"


def test_a_misspelt_member_of_an_enumeration_is_corrected(make_project, failing, healed):
    """Its class is told by the line where the message has the member's name only."""
    project = make_project({"shop/a.py": f"{WATER}x = Water.BRACKSIH\n"})
    failure = failing("AttributeError", "BRACKSIH", line=9)
    assert healed(enum_members.propose, failure, project) == {"shop/a.py": f"{WATER}x = Water.BRACKISH\n"}


LONE = {
    "another word": (f"{WATER}x = Water.SALT\n", "SALT"),
    "a class that is not the project's": ("from a import Water\n\n\nx = Water.BRACKSIH\n", "BRACKSIH"),
    "a line without it": (f"{WATER}x = 1\n", "BRACKSIH"),
}


@pytest.mark.parametrize(("text", "name"), LONE.values(), ids=LONE)
def test_other_lone_names_are_left_alone(text, name, make_project, failing):
    """What is no slip of a known member stays."""
    line = len(text.splitlines())
    assert enum_members.propose(failing("AttributeError", name, line=line), make_project({"shop/a.py": text})) == []
