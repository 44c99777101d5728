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


BARE = "name 'peek' is not defined"
MEMBERS = {
    "a method": (
        klass("def peek(self): ...", "", "def next(self):", "    return peek(), peek"),
        klass("def peek(self): ...", "", "def next(self):", "    return self.peek(), self.peek"),
    ),
    "an attribute": (
        klass("def __init__(self):", "    self.peek = 1", "", "def next(self):", "    return peek + 1"),
        klass("def __init__(self):", "    self.peek = 1", "", "def next(self):", "    return self.peek + 1"),
    ),
}


@pytest.mark.parametrize(("text", "expected"), MEMBERS.values(), ids=MEMBERS)
def test_a_bare_name_of_a_member_is_read_of_self(text, expected, make_project, failing, healed):
    """A name that nothing binds but the class of the method is a member of it."""
    line = next(number for number, row in enumerate(text.splitlines(), 1) if "return" in row)
    project = make_project({"shop/a.py": text})
    assert healed(missing_self.propose, failing("NameError", BARE, line=line), project) == {"shop/a.py": expected}


NOT_A_MEMBER = {
    "a static method": klass("def peek(self): ...", "@staticmethod", "def next(self):", "    return peek()"),
    "a function": "def next(self):\n    return peek()\n",
    "another class": "class A:\n    def peek(self): ...\n\n\nclass B:\n    def next(self):\n        return peek()\n",
    "a name that is set there": klass("def peek(self): ...", "def next(self):", "    return peek()", "    peek = 1"),
}


@pytest.mark.parametrize("text", NOT_A_MEMBER.values(), ids=NOT_A_MEMBER)
def test_other_bare_names_are_left_alone(text, make_project, failing):
    """What may be something else than a member of this very object stays."""
    line = next(number for number, row in enumerate(text.splitlines(), 1) if "return" in row)
    project = make_project({"shop/a.py": text})
    assert missing_self.propose(failing("NameError", BARE, line=line), project) == []


def test_a_member_called_like_a_function_elsewhere_is_left_alone(make_project, failing):
    """Where the project has a function of that name, its import may be what is missing."""
    text = klass("def peek(self): ...", "def next(self):", "    return peek()")
    project = make_project({"shop/__init__.py": "", "shop/a.py": text, "shop/b.py": "def peek(): ...\n"})
    assert missing_self.propose(failing("NameError", BARE, line=4), project) == []


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
