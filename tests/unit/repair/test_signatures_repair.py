"""Missing `self` and missing `await`: what must be rewritten, and what must not be touched."""

from __future__ import annotations

import pytest

from pytest_selfheal.repair.fixers import missing_await
from pytest_selfheal.repair.fixers import missing_self


def klass(*lines):
    return "class Box:\n" + "".join(f"    {line}\n" for line in lines)


TAKES = "Box.put() takes 1 positional argument but 2 were given"
SELF = {
    "before other parameters": (
        klass("def put(item):", "    self.item = item"),
        ("TypeError", TAKES),
        klass("def put(self, item):", "    self.item = item"),
    ),
    "as the only parameter": (
        klass("def put():", "    return self"),
        ("TypeError", "Box.put() takes 0 positional arguments but 1 was given"),
        klass("def put(self):", "    return self"),
    ),
    "before parameters on lines of their own": (
        klass("async def put(", "    item,", "):", "    self.item = item"),
        ("TypeError", TAKES),
        klass("async def put(self, ", "    item,", "):", "    self.item = item"),
    ),
    "where its body misses it": (
        klass("def put(item):", "    self.item = item"),
        ("NameError", "name 'self' is not defined", "shop/a.py", 3),
        klass("def put(self, item):", "    self.item = item"),
    ),
    "as the class": (
        klass("@classmethod", "def put(item):", "    return cls"),
        ("TypeError", TAKES),
        klass("@classmethod", "def put(cls, item):", "    return cls"),
    ),
}


@pytest.mark.parametrize(("text", "error", "expected"), SELF.values(), ids=SELF)
def test_self_is_added(text, error, expected, make_project, failing, healed):
    """A method that uses what it never got gets it."""
    assert healed(missing_self.propose, failing(*error), make_project({"shop/a.py": text})) == {"shop/a.py": expected}


def test_without_use_of_self_it_is_a_suggestion(make_project, failing, healed):
    """A method that does not use `self` may as well be a static one: a person decides."""
    project = make_project({"shop/a.py": klass("def put(item):", "    return item")})
    assert healed(missing_self.propose, failing("TypeError", TAKES), project) == {}
    assert healed(missing_self.propose, failing("TypeError", TAKES), project, learned=False) != {}


NO_SELF = {
    "a static method": (klass("@staticmethod", "def put(item):", "    return self"), TAKES),
    "a method that has it": (klass("def put(self):", "    return self"), TAKES),
    "two arguments too many": (klass("def put(a):", "    return self"), TAKES.replace("2 were", "3 were")),
    "a plain function": ("def put(item):\n    return self\n", TAKES.replace("Box.", "")),
    "a class of another name": (klass("def put(item):", "    return self"), TAKES.replace("Box", "Bag")),
}


@pytest.mark.parametrize(("text", "message"), NO_SELF.values(), ids=NO_SELF)
def test_other_calls_are_left_alone(text, message, make_project, failing):
    """Wrong numbers of arguments that have nothing to do with `self` are not answered."""
    assert missing_self.propose(failing("TypeError", message), make_project({"shop/a.py": text})) == []


FETCH = "async def fetch(key): ...\n\n\n"
SUBSCRIPT = "'coroutine' object is not subscriptable"
AWAIT = {
    "at an assignment": (
        "async def f(k):\n    row = fetch(k)\n    return row['a']\n",
        (SUBSCRIPT, 6),
        "async def f(k):\n    row = await fetch(k)\n    return row['a']\n",
    ),
    "under a subscript": (
        "async def f(k):\n    return fetch(k)['a']\n",
        (SUBSCRIPT, 5),
        "async def f(k):\n    return (await fetch(k))['a']\n",
    ),
    "under an attribute": (
        "async def f(k):\n    return fetch(k).name\n",
        ("'coroutine' object has no attribute 'name'", 5),
        "async def f(k):\n    return (await fetch(k)).name\n",
    ),
    "in a loop": (
        "async def f(k):\n    for x in fetch(k):\n        print(x)\n",
        ("'coroutine' object is not iterable", 5),
        "async def f(k):\n    for x in await fetch(k):\n        print(x)\n",
    ),
    "of a sum": (
        "async def f(k):\n    return 1 + fetch(k)\n",
        ("unsupported operand type(s) for +: 'int' and 'coroutine'", 5),
        "async def f(k):\n    return 1 + (await fetch(k))\n",
    ),
}


@pytest.mark.parametrize(("text", "error", "expected"), AWAIT.values(), ids=AWAIT)
def test_await_is_added(text, error, expected, make_project, failing, healed):
    """A coroutine that is used as its result is waited for."""
    message, line = error
    kind = "AttributeError" if "attribute" in message else "TypeError"
    project = make_project({"shop/a.py": FETCH + text})
    failure = failing(kind, message, "shop/a.py", line)
    assert healed(missing_await.propose, failure, project) == {"shop/a.py": FETCH + expected}


NO_AWAIT = {
    "a function that cannot wait": FETCH + "def f(k):\n    return fetch(k)['a']\n",
    "a call that is waited for": FETCH + "async def f(k):\n    return (await fetch(k))['a']\n",
    "a call of something else": FETCH + "async def f(k):\n    return other(k)['a']\n",
    "a name with a plain twin": FETCH
    + "class A:\n    def fetch(self): ...\nasync def f(k):\n    return k.fetch()['a']\n",
    "a generator": "async def fetch(k):\n    yield k\n\n\nasync def f(k):\n    return fetch(k)['a']\n",
}


@pytest.mark.parametrize("text", NO_AWAIT.values(), ids=NO_AWAIT)
def test_other_coroutines_are_left_alone(text, make_project, failing):
    """Where nothing can wait, or the call is not surely a coroutine's, nothing is proposed."""
    line = text.count("\n")
    failure = failing("TypeError", SUBSCRIPT, "shop/a.py", line)
    assert missing_await.propose(failure, make_project({"shop/a.py": text})) == []
