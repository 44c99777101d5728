"""Small bugs of many kinds, each with the test that meets it and the fix: name, broken code, test, old text, new text.

Used by the tests and by `benchmarks/regression_tests.py`. `module` stands for the module's own name.
"""

from __future__ import annotations

from typing import NamedTuple


class Bug(NamedTuple):
    """One bug; replacing `old` by `new` in `code` fixes it."""

    name: str
    code: str
    test: str
    old: str
    new: str


BUGS = (
    Bug(
        "nested_data",
        "def cities(orders):\n    return [order['ship']['city'] for order in orders]\n",
        "from module import cities\n\ndef test_it():\n    assert cities([{'ship': {'city': 'Bonn'}}, {'ship': {}}])\n",
        "order['ship']['city']",
        "order['ship'].get('city')",
    ),
    Bug(
        "none",
        "def initials(name):\n    return name.strip()[0]\n",
        "from module import initials\n\ndef test_it():\n    assert initials(None) is None\n",
        "name.strip()[0]",
        "name and name.strip()[0]",
    ),
    Bug(
        "decoding",
        "def text(raw):\n    return raw.decode('ascii')\n",
        "from module import text\n\ndef test_it():\n    assert text(b'caf\\xc3\\xa9')\n",
        "'ascii'",
        "'utf-8'",
    ),
    Bug(
        "recursion",
        "def depth(tree):\n    return 1 + max(depth(child) for child in tree)\n",
        "from module import depth\n\ndef test_it():\n    assert depth([[], [[]]]) == 3\n",
        "for child in tree)",
        "for child in tree) if tree else 1",
    ),
    Bug(
        "dataclass_self",
        "from dataclasses import dataclass\n\n@dataclass\nclass Box:\n    items: list\n    size: int = 0\n\n"
        "    def mean(self):\n        return sum(self.items) / self.size\n",
        "from module import Box\n\ndef test_it():\n    assert Box([1, 2]).mean() == 1.5\n",
        "/ self.size",
        "/ len(self.items)",
    ),
    Bug(
        "generator",
        "def pairs(values):\n    for at in range(len(values)):\n        yield values[at], values[at + 1]\n",
        "from module import pairs\n\ndef test_it():\n    assert list(pairs([1, 2, 3])) == [(1, 2), (2, 3)]\n",
        "range(len(values))",
        "range(len(values) - 1)",
    ),
    Bug(
        "coroutine",
        "import asyncio\n\nasync def fetch(rows, key):\n    await asyncio.sleep(0)\n    return rows[key]\n",
        "import asyncio\nfrom module import fetch\n\ndef test_it():\n"
        "    assert asyncio.run(fetch({'a': 1}, 'b')) is None\n",
        "rows[key]",
        "rows.get(key)",
    ),
    Bug(
        "async_generator",
        "async def halves(values):\n    for value in values:\n        yield 100 // value\n",
        "import asyncio\nfrom module import halves\n\ndef test_it():\n    async def run():\n"
        "        return [v async for v in halves([5, 0])]\n    assert asyncio.run(run()) == [20, 0]\n",
        "100 // value",
        "100 // value if value else 0",
    ),
    Bug(
        "chained",
        "def port(text):\n    try:\n        return int(text)\n    except ValueError as error:\n"
        "        raise LookupError('no port') from error\n",
        "from module import port\n\ndef test_it():\n    assert port('80 ') == 80\n    assert port('') == 0\n",
        "int(text)",
        "int(text or 0)",
    ),
    Bug(
        "third_party",
        "from packaging.version import Version\n\ndef major(text):\n    return Version(text).major\n",
        "from module import major\n\ndef test_it():\n    assert major('release-2.1') == 2\n",
        "Version(text)",
        "Version(text.rpartition('-')[2])",
    ),
    Bug(
        "fixture_object",
        "class Cart:\n    def __init__(self, prices):\n        self.prices = dict(prices)\n\n"
        "    def price(self, name):\n        return self.prices[name]\n",
        "import pytest\nfrom module import Cart\n\n@pytest.fixture\ndef cart():\n    return Cart({'tea': 3})\n\n"
        "def test_it(cart):\n    assert cart.price('milk') == 0\n",
        "self.prices[name]",
        "self.prices.get(name, 0)",
    ),
    Bug(
        "parametrised",
        "def half(value):\n    return 10 / (value - 2)\n",
        "import pytest\nfrom module import half\n\n@pytest.mark.parametrize('value', [1, 2, 3])\n"
        "def test_it(value):\n    assert half(value) is not None\n",
        "(value - 2)",
        "(value - 2 or 1)",
    ),
    Bug(
        "closure",
        "def scaler(factor):\n    def scale(value):\n        return value / factor\n    return scale\n",
        "from module import scaler\n\ndef test_it():\n    assert scaler(0)(5) == 0\n",
        "value / factor",
        "value / factor if factor else 0",
    ),
    Bug(
        "drained_argument",
        "def drain(queue):\n    total = 0\n    while True:\n        total += queue.pop()\n    return total\n",
        "from module import drain\n\ndef test_it():\n    assert drain([1, 2]) == 3\n",
        "while True:",
        "while queue:",
    ),
    Bug(
        "rebound_argument",
        "def digits(number):\n    found = []\n    while number >= 0:\n        found.append(10 // number)\n"
        "        number -= 1\n    return found\n",
        "from module import digits\n\ndef test_it():\n    assert len(digits(4)) == 4\n",
        "number >= 0",
        "number > 0",
    ),
    Bug(
        "wrong_caller",
        "def get(table, key):\n    return table[key]\n\ndef find(table, key):\n    return get(table, key.lower())\n",
        "from module import find\n\ndef test_it():\n    assert find({'Bonn': 1}, 'Bonn') == 1\n",
        "key.lower()",
        "key",
    ),
    Bug(
        "enum_and_date",
        "import datetime\nimport enum\n\nclass Plan(enum.Enum):\n    FREE = 0\n    PRO = 30\n\n"
        "def rate(plan, start, end):\n    return plan.value / (end - start).days\n",
        "import datetime\nfrom module import Plan, rate\n\ndef test_it():\n    day = datetime.date(2026, 3, 1)\n"
        "    assert rate(Plan.PRO, day, day) == 30\n",
        "(end - start).days",
        "((end - start).days or 1)",
    ),
    Bug(
        "decimal_and_path",
        "from pathlib import PurePosixPath\n\ndef label(path, price):\n"
        "    return path.suffix[1], price.quantize(price / 0)\n",
        "from decimal import Decimal\nfrom pathlib import PurePosixPath\nfrom module import label\n\n"
        "def test_it():\n    assert label(PurePosixPath('a/b.txt'), Decimal('1.50'))\n",
        "price.quantize(price / 0)",
        "price",
    ),
    Bug(
        "class_method",
        "class Point:\n    def __init__(self, x, y):\n        self.x, self.y = x, y\n\n    @classmethod\n"
        "    def parse(cls, text):\n        x, y = text.split(',')\n        return cls(int(x), int(y))\n",
        "from module import Point\n\ndef test_it():\n    assert Point.parse('1,2,3').x == 1\n",
        "text.split(',')",
        "text.split(',')[:2]",
    ),
    Bug(
        "property",
        "class Basket:\n    def __init__(self, *items):\n        self.items = list(items)\n\n    @property\n"
        "    def first(self):\n        return self.items[0]\n",
        "from module import Basket\n\ndef test_it():\n    assert Basket().first is None\n",
        "return self.items[0]",
        "return self.items[0] if self.items else None",
    ),
    Bug(
        "constructor",
        "class Temperature:\n    def __init__(self, text, *, scale='C'):\n        self.value = float(text[:-1])\n"
        "        self.scale = scale\n",
        "from module import Temperature\n\ndef test_it():\n    assert Temperature('C', scale='K').value == 0\n",
        "float(text[:-1])",
        "float(text[:-1] or 0)",
    ),
    Bug(
        "keyword_arguments",
        "def render(template, *parts, **values):\n    return template.format(*parts, **values)\n",
        "from module import render\n\ndef test_it():\n    assert render('{0} {name} {age}', 'Dr', name='Ada')\n",
        "template.format(*parts, **values)",
        "template.format(*parts, **{'age': '', **values})",
    ),
    Bug(
        "object_with_lock",
        "import threading\n\nclass Pool:\n    def __init__(self, names):\n        self.names = list(names)\n"
        "        self.lock = threading.Lock()\n\n    def take(self, count):\n        with self.lock:\n"
        "            return [self.names[at] for at in range(count)]\n",
        "from module import Pool\n\ndef test_it():\n    assert Pool(['a']).take(2) == ['a']\n",
        "range(count)",
        "range(min(count, len(self.names)))",
    ),
    Bug(
        "environment",
        "import os\n\ndef limit():\n    return int(os.environ['SMALL_LIMIT'])\n",
        "from module import limit\n\ndef test_it(monkeypatch):\n    monkeypatch.setenv('SMALL_LIMIT', '')\n"
        "    assert limit() == 0\n",
        "int(os.environ['SMALL_LIMIT'])",
        "int(os.environ.get('SMALL_LIMIT') or 0)",
    ),
)
