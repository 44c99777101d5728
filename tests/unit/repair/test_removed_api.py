"""The removed-API fixer: what it must rewrite, and what it must not touch."""

from __future__ import annotations

import pkgutil
import sys
import types

import pytest

from pytest_selfheal.repair.fixers import moved_statements
from pytest_selfheal.repair.fixers import removed_api
from pytest_selfheal.repair.fixers import removed_words
from pytest_selfheal.repair.fixers.library_table import CALLS
from pytest_selfheal.repair.fixers.library_table import METHODS
from pytest_selfheal.repair.fixers.library_table import STANDARD
from pytest_selfheal.repair.fixers.reshaping_more import SHAPES


@pytest.fixture(autouse=True)
def numpy_lookalike(monkeypatch):
    """Stand in for an installed numpy that has `float64` and lacks all that the rules call gone."""
    module = types.ModuleType("numpy")
    module.float64 = float
    monkeypatch.setitem(sys.modules, "numpy", module)


def propose(failure, project):
    return [
        *removed_api.propose(failure, project),
        *removed_words.propose(failure, project),
        *moved_statements.propose(failure, project),
    ]


GONE = "cannot import name"
# name: (text, (kind, message, line), new text)
REWRITE = {
    "one of several imported names": (
        "from collections import Iterable, OrderedDict\n\nx = Iterable, OrderedDict\n",
        ("ImportError", f"{GONE} 'Iterable' from 'collections' (x)", 1),
        "from collections import OrderedDict\nfrom collections.abc import Iterable\n\nx = Iterable, OrderedDict\n",
    ),
    "all of the imported names": (
        "from collections import MutableMapping\n\n\nclass A(MutableMapping): ...\n",
        ("ImportError", f"{GONE} 'MutableMapping' from 'collections' (x)", 1),
        "from collections.abc import MutableMapping\n\n\nclass A(MutableMapping): ...\n",
    ),
    "an attribute of the module, with its import": (
        "import collections\n\nx = isinstance({}, collections.Mapping)\ny = collections.deque()\n",
        ("AttributeError", "module 'collections' has no attribute 'Mapping'", 3),
        (
            "import collections\nimport collections.abc\n\nx = isinstance({}, collections.abc.Mapping)\n"
            "y = collections.deque()\n"
        ),
    ),
    "an imported name that is called another way now": (
        "from inspect import getargspec\n\nx = getargspec(len)\n",
        ("ImportError", f"{GONE} 'getargspec' from 'inspect' (x)", 1),
        "from inspect import getfullargspec\n\nx = getfullargspec(len)\n",
    ),
    "a built-in instead": (
        "from itertools import izip, chain\n\nx = list(izip([1], chain([2])))\n",
        ("ImportError", f"{GONE} 'izip' from 'itertools' (x)", 1),
        "from itertools import chain\n\nx = list(zip([1], chain([2])))\n",
    ),
    "a module that is called another way now": (
        "import cPickle\n\nx = cPickle.dumps(1)\n",
        ("ModuleNotFoundError", "No module named 'cPickle'", 1),
        "import pickle\n\nx = pickle.dumps(1)\n",
    ),
    "a module under a name of its own": (
        "import xml.etree.cElementTree as ET\n\nx = ET.Element('a')\n",
        ("ModuleNotFoundError", "No module named 'xml.etree.cElementTree'", 1),
        "import xml.etree.ElementTree as ET\n\nx = ET.Element('a')\n",
    ),
    "a member of a module that is gone": (
        "from urllib2 import urlopen, URLError\n\nx = urlopen, URLError\n",
        ("ModuleNotFoundError", "No module named 'urllib2'", 1),
        "from urllib.request import urlopen\nfrom urllib.error import URLError\n\nx = urlopen, URLError\n",
    ),
    "numpy under an alias": (
        "import numpy as N\n\nx = N.zeros(3, dtype=N.int)\n",
        ("AttributeError", "module 'numpy' has no attribute 'int'.\n`np.int` was a deprecated alias", 3),
        "import numpy as N\n\nx = N.zeros(3, dtype=int)\n",
    ),
    "numpy's own words": (
        "import numpy as np\n\nx = np.float_(3)\n",
        ("AttributeError", "`np.float_` was removed in the NumPy 2.0 release. Use `np.float64` instead.", 3),
        "import numpy as np\n\nx = np.float64(3)\n",
    ),
    "frames that are joined": (
        "import pandas as pd\n\n\ndef f(one, two):\n    return one.head().append(two, ignore_index=True)\n",
        ("AttributeError", "'DataFrame' object has no attribute 'append'", 5),
        "import pandas as pd\n\n\ndef f(one, two):\n    return pd.concat([one.head(), two], ignore_index=True)\n",
    ),
    "frames that are joined, with the import": (
        "def f(one, a, b):\n    return one.append([a, b])\n",
        ("AttributeError", "'DataFrame' object has no attribute 'append'", 2),
        "import pandas as pd\n\n\ndef f(one, a, b):\n    return pd.concat([one, a, b])\n",
    ),
    "a method that is called another way now": (
        "def f(frame):\n    return [n for n, _ in frame.iteritems()]\n",
        ("AttributeError", "'DataFrame' object has no attribute 'iteritems'", 2),
        "def f(frame):\n    return [n for n, _ in frame.items()]\n",
    ),
    "a method that is an operator now": (
        "def f(d, k):\n    return not d.has_key(k)\n",
        ("AttributeError", "'dict' object has no attribute 'has_key'", 2),
        "def f(d, k):\n    return not (k in d)\n",
    ),
    "loading with the safe loader": (
        "import yaml\n\n\ndef f(s):\n    return yaml.load(s)['a']\n",
        ("TypeError", "load() missing 1 required positional argument: 'Loader'", 5),
        "import yaml\n\n\ndef f(s):\n    return yaml.safe_load(s)['a']\n",
    ),
    "a list of columns": (
        "import sqlalchemy as sa\n\n\ndef f(t):\n    return sa.select([t.c.a, t.c.b]).where(t.c.a)\n",
        ("sqlalchemy.exc.ArgumentError", "Column expression, FROM clause, or other columns clause element expected", 5),
        "import sqlalchemy as sa\n\n\ndef f(t):\n    return sa.select(t.c.a, t.c.b).where(t.c.a)\n",
    ),
    "statements as text": (
        "import sqlalchemy as sa\n\n\ndef f(conn):\n    return conn.execute('SELECT 1', {})\n",
        ("sqlalchemy.exc.ObjectNotExecutableError", "Not an executable object: 'SELECT 1'", 5),
        "import sqlalchemy as sa\n\n\ndef f(conn):\n    return conn.execute(sa.text('SELECT 1'), {})\n",
    ),
    "a validator of fields": (
        (
            "from pydantic import BaseModel, validator\n\n\nclass A(BaseModel):\n    b: int\n\n"
            "    @validator('b', pre=True)\n    def c(cls, v):\n        return v\n"
        ),
        ("pydantic.warnings.PydanticDeprecatedSince20", "Pydantic V1 style `@validator` validators are deprecated.", 7),
        (
            "from pydantic import BaseModel, field_validator\n\n\nclass A(BaseModel):\n    b: int\n\n"
            "    @field_validator('b', mode=\"before\")\n    @classmethod\n    def c(cls, v):\n        return v\n"
        ),
    ),
    "a call that left quotes alone": (
        "import sys\nfrom cgi import escape\n\n\ndef f(s):\n    return escape(s)\n",
        ("ImportError", f"{GONE} 'escape' from 'cgi' (x)", 2),
        "import html\nimport sys\n\n\ndef f(s):\n    return html.escape(s, quote=False)\n",
    ),
    "columns with a condition": (
        "from sqlalchemy import select\n\n\ndef f(t):\n    return select([t.c.a], t.c.b == 1)\n",
        ("sqlalchemy.exc.ArgumentError", "Column expression, FROM clause, or other columns clause element expected", 5),
        "from sqlalchemy import select\n\n\ndef f(t):\n    return select(t.c.a).where(t.c.b == 1)\n",
    ),
    "a statement in a constant": (
        "from sqlalchemy import select\n\nQ = 'SELECT 1'\n\n\ndef f(conn):\n    return conn.execute(Q)\n",
        ("sqlalchemy.exc.ObjectNotExecutableError", "Not an executable object: 'SELECT 1'", 7),
        "from sqlalchemy import select, text\n\nQ = 'SELECT 1'\n\n\ndef f(conn):\n    return conn.execute(text(Q))\n",
    ),
    "values as keywords of execute": (
        "def f(conn, q):\n    return conn.execute(q, a=1, b=q)\n",
        ("TypeError", "Connection.execute() got an unexpected keyword argument 'a'", 2),
        'def f(conn, q):\n    return conn.execute(q, {"a": 1, "b": q})\n',
    ),
    "gaps filled by a method": (
        "def f(s):\n    return s.fillna(method='pad', limit=1)\n",
        ("TypeError", "NDFrame.fillna() got an unexpected keyword argument 'method'", 2),
        "def f(s):\n    return s.ffill(limit=1)\n",
    ),
    "an item set in place": (
        "def f(a):\n    a.itemset(0, 1)\n",
        ("AttributeError", "'numpy.ndarray' object has no attribute 'itemset'", 2),
        "def f(a):\n    a[0] = 1\n",
    ),
    "a keyword that may go": (
        "import json\n\nx = json.loads('1', encoding='utf-8')\n",
        ("TypeError", "JSONDecoder.__init__() got an unexpected keyword argument 'encoding'", 3),
        "import json\n\nx = json.loads('1')\n",
    ),
    "a keyword that has another name": (
        "import pandas\n\nx = pandas.date_range('a', closed='left')\n",
        ("TypeError", "DatetimeArray._generate_range() got an unexpected keyword argument 'closed'", 3),
        "import pandas\n\nx = pandas.date_range('a', inclusive='left')\n",
    ),
    "a built-in of Python 2": (
        "def f(n):\n    return [str(i) for i in xrange(n)]\n",
        ("NameError", "name 'xrange' is not defined", 2),
        "def f(n):\n    return [str(i) for i in range(n)]\n",
    ),
    "what a deprecation names": (
        "def f(model):\n    return model.dict()\n",
        (
            "pydantic.warnings.PydanticDeprecatedSince20",
            "The `dict` method is deprecated; use `model_dump` instead.",
            2,
        ),
        "def f(model):\n    return model.model_dump()\n",
    ),
    "a keyword that a deprecation names": (
        "def f(make):\n    return make(min_items=1)\n",
        ("lib.DeprecationWarning", "`min_items` is deprecated and will be removed, use `min_length` instead", 2),
        "def f(make):\n    return make(min_length=1)\n",
    ),
    "a row given as a dictionary": (
        "import pandas as pd\n\n\ndef f(one):\n    return one.append({'a': 1}, ignore_index=True)\n",
        ("AttributeError", "'DataFrame' object has no attribute 'append'", 5),
        (
            "import pandas as pd\n\n\ndef f(one):\n"
            "    return pd.concat([one, pd.DataFrame([{'a': 1}])], ignore_index=True)\n"
        ),
    ),
    "a row that turns out to be a dictionary": (
        "import pandas as pd\n\n\ndef f(one, row):\n    return pd.concat([one, row], ignore_index=True)\n",
        (
            "TypeError",
            "cannot concatenate object of type '<class 'dict'>'; only Series and DataFrame objs are valid",
            5,
        ),
        (
            "import pandas as pd\n\n\ndef f(one, row):\n"
            "    return pd.concat([one, pd.DataFrame([row])], ignore_index=True)\n"
        ),
    ),
    "an axis by position": (
        "import pandas\n\n\ndef f(frame):\n    return frame.drop('a', 1)\n",
        ("TypeError", "DataFrame.drop() takes from 1 to 2 positional arguments but 3 were given", 5),
        "import pandas\n\n\ndef f(frame):\n    return frame.drop('a', axis=1)\n",
    ),
    "a function that is a method now": (
        "import pandas as pd\n\nx = pd.value_counts([1], sort=False)\n",
        ("AttributeError", "module 'pandas' has no attribute 'value_counts'", 3),
        "import pandas as pd\n\nx = pd.Series([1]).value_counts(sort=False)\n",
    ),
    "a frequency by its new name": (
        "import pandas\n\n\ndef f(days):\n    return days.resample('M').sum()\n",
        (
            "ValueError",
            (
                "Invalid frequency: M. Failed to parse with error message: ValueError(\"'M' is no longer supported for "
                "offsets. Please use 'ME' instead.\")"
            ),
            5,
        ),
        "import pandas\n\n\ndef f(days):\n    return days.resample('ME').sum()\n",
    ),
    "a mode that is the default": (
        "def f(path):\n    return open(path, 'rU')\n",
        ("ValueError", "invalid mode: 'rU'", 2),
        "def f(path):\n    return open(path, 'r')\n",
    ),
    "escaping with quotes": (
        "import cgi\n\nx = cgi.escape('a', quote=True)\n",
        ("AttributeError", "module 'cgi' has no attribute 'escape'", 3),
        "import cgi\nimport html\n\nx = html.escape('a', quote=True)\n",
    ),
    "a sample of a set": (
        "import random\n\n\ndef f(some):\n    return random.sample(some, 2)\n",
        ("TypeError", "Population must be a sequence.  For dicts or sets, use sorted(d).", 5),
        "import random\n\n\ndef f(some):\n    return random.sample(sorted(some), 2)\n",
    ),
    "a result with more parts than it had": (
        "import inspect\n\n\ndef f(g):\n    a, b, c, d = inspect.getfullargspec(g)\n    return a\n",
        ("ValueError", "too many values to unpack (expected 4)", 5),
        "import inspect\n\n\ndef f(g):\n    a, b, c, d = inspect.getfullargspec(g)[:4]\n    return a\n",
    ),
    "a method that is a function now": (
        "import asyncio\n\n\ndef f():\n    return asyncio.Task.all_tasks()\n",
        ("AttributeError", "type object '_asyncio.Task' has no attribute 'all_tasks'", 5),
        "import asyncio\n\n\ndef f():\n    return asyncio.all_tasks()\n",
    ),
    "a condition as an argument": (
        "def f(conn, table):\n    return conn.execute(table.update(table.c.id == 1, {'a': 2}))\n",
        ("TypeError", "TableClause.update() takes 1 positional argument but 3 were given", 2),
        "def f(conn, table):\n    return conn.execute(table.update().where(table.c.id == 1).values({'a': 2}))\n",
    ),
    "an object by its key": (
        "def f(session, Post):\n    return session.query(Post).get(3)\n",
        ("LegacyAPIWarning", "The Query.get() method is considered legacy as of the 1.x series of SQLAlchemy", 2),
        "def f(session, Post):\n    return session.get(Post, 3)\n",
    ),
    "a function that a warning says has moved": (
        "from sqlalchemy.ext.declarative import declarative_base as base\n\nBase = base()\n",
        (
            "MovedIn20Warning",
            "The ``declarative_base()`` function is now available as sqlalchemy.orm.declarative_base(). (x)",
            3,
        ),
        "from sqlalchemy.orm import declarative_base as base\n\nBase = base()\n",
    ),
    "a method that a warning refers to another": (
        "def f(query):\n    return query.as_scalar()\n",
        (
            "SADeprecationWarning",
            (
                "The SelectBase.as_scalar() method is deprecated and will be removed in a future release.  Please "
                "refer to SelectBase.scalar_subquery(). (deprecated since: 1.4)"
            ),
            2,
        ),
        "def f(query):\n    return query.scalar_subquery()\n",
    ),
    "a hint that names a setting first": (
        "def f(Model, row):\n    return Model.from_orm(row)\n",
        (
            "PydanticDeprecatedSince20",
            (
                "The `from_orm` method is deprecated; set `model_config['from_attributes']=True` and use "
                "`model_validate` instead."
            ),
            2,
        ),
        "def f(Model, row):\n    return Model.model_validate(row)\n",
    ),
    "a validator that looks at other fields": (
        (
            "from pydantic import validator\n\n\nclass A:\n    @validator('b')\n    def c(cls, v, values):\n"
            "        return v or values['a']\n"
        ),
        ("PydanticDeprecatedSince20", "Pydantic V1 style `@validator` validators are deprecated.", 6),
        (
            "from pydantic import field_validator\n\n\nclass A:\n    @field_validator('b')\n    @classmethod\n"
            "    def c(cls, v, info):\n        return v or info.data['a']\n"
        ),
    ),
    "the settings of a model": (
        (
            "from pydantic import BaseModel, Extra\n\n\nclass A(BaseModel):\n    class Config:\n"
            "        orm_mode = True\n        extra = Extra.forbid\n"
        ),
        ("PydanticDeprecatedSince20", "Support for class-based `config` is deprecated, use ConfigDict instead.", 4),
        (
            "from pydantic import BaseModel, ConfigDict, Extra\n\n\nclass A(BaseModel):\n"
            '    model_config = ConfigDict(from_attributes=True, extra="forbid")\n'
        ),
    ),
    "a row by name, in all of the function": (
        (
            "import sqlalchemy\n\n\ndef f(rows, other):\n    return [(row['a'], row['b'], other['c']) for row in rows\n"
            "            if row['d']]\n"
        ),
        ("TypeError", "tuple indices must be integers or slices, not str", 6),
        (
            "import sqlalchemy\n\n\ndef f(rows, other):\n"
            "    return [(row._mapping['a'], row._mapping['b'], other['c']) for row in rows\n"
            "            if row._mapping['d']]\n"
        ),
    ),
    "an engine that runs statements": (
        "import sqlalchemy\n\n\ndef f(engine):\n    rows = engine.execute('SELECT 1')\n    return list(rows)\n",
        ("AttributeError", "'Engine' object has no attribute 'execute'", 5),
        (
            "import sqlalchemy\n\n\ndef f(engine):\n    with engine.begin() as connection:\n"
            "        rows = connection.execute('SELECT 1')\n        return list(rows)\n"
        ),
    ),
}


@pytest.mark.parametrize(("text", "error", "expected"), REWRITE.values(), ids=REWRITE)
def test_the_new_form_replaces_the_old(text, error, expected, make_project, failing, healed):
    """What a library took away becomes what stands for it, with the imports that takes."""
    kind, message, line = error
    project = make_project({"shop/a.py": text})
    assert healed(propose, failing(kind, message, "shop/a.py", line), project) == {"shop/a.py": expected}


def test_the_same_old_form_is_replaced_everywhere(make_project, failing, healed):
    """A sweep reaches the whole product, tests excepted, and files that use another thing of that name not at all."""
    old = "from collections import Mapping\n"
    files = {
        "shop/a.py": old,
        "shop/b.py": "import collections as c\nx = c.Mapping, c.Sized\n",
        "shop/c.py": "class Mapping: ...\n\n\nx = Mapping()\n",
        "tests/test_it.py": old,
    }
    error = failing("ImportError", "cannot import name 'Mapping' from 'collections' (x)")
    new = healed(propose, error, make_project(files))
    assert new["shop/a.py"] == "from collections.abc import Mapping\n"
    assert new["shop/b.py"] == "import collections as c\nimport collections.abc\nx = c.abc.Mapping, c.abc.Sized\n"
    assert new.keys() == {"shop/a.py", "shop/b.py"}


LEFT = {
    "a fallback of the project's own": (
        "try:\n    from collections import Mapping\nexcept ImportError:\n    from collections.abc import Mapping\n",
        ("ImportError", f"{GONE} 'Mapping' from 'collections' (x)", 2),
    ),
    "a version check": (
        "import sys\nif sys.version_info < (3,):\n    from itertools import izip\n",
        ("ImportError", f"{GONE} 'izip' from 'itertools' (x)", 3),
    ),
    "a module that is only called the same": (
        "np = object()\nx = np.float\n",
        ("AttributeError", "module 'numpy' has no attribute 'float'", 2),
    ),
    "a list's append": (
        "def f(xs, frame):\n    xs.append(frame)\n",
        ("AttributeError", "'Thing' object has no attribute 'append'", 2),
    ),
    "a row that is no frame": (
        "def f(one):\n    return one.append({'a': 1})\n",
        ("AttributeError", "'DataFrame' object has no attribute 'append'", 2),
    ),
    "a loader that was chosen": (
        "import yaml\nx = yaml.load('a', Loader=yaml.Loader)\n",
        ("TypeError", "load() missing 1 required positional argument: 'Loader'", 2),
    ),
    "an own name of Python 2": (
        "def f(n):\n    return xrange(n)\n\n\ndef range(n): ...\n",
        ("NameError", "name 'xrange' is not defined", 2),
    ),
    "another library's load": (
        "import json\nx = json.load('a')\n",
        ("TypeError", "load() missing 1 required positional argument: 'Loader'", 2),
    ),
    "a statement made from parts": (
        "def f(conn, table):\n    return conn.execute(f'SELECT * FROM {table}')\n",
        ("ObjectNotExecutableError", "Not an executable object: 'SELECT * FROM a'", 2),
    ),
    "a validator that looks at other fields": (
        "from pydantic import validator as va\n\n\nclass A:\n    @va('b')\n    def c(cls, v, values, field): ...\n",
        ("PydanticDeprecatedSince20", "Pydantic V1 style `@validator` validators are deprecated.", 5),
    ),
    "a hint in an error that is no deprecation": (
        "def f(model):\n    return model.dict()\n",
        ("ValueError", "The `dict` method is deprecated; use `model_dump` instead.", 2),
    ),
    "a list of dictionaries that is joined": (
        "import pandas as pd\nx = pd.concat([1, {}])\n",
        ("TypeError", "cannot concatenate object of type '<class 'dict'>'; only", 2),
    ),
    "a frequency that is computed": (
        "import pandas\nx = pandas.date_range('2020', freq=code)\n",
        ("ValueError", "Invalid frequency: M. Please use 'ME' instead.", 2),
    ),
    "settings without a successor": (
        "from pydantic import BaseModel\n\n\nclass A(BaseModel):\n    class Config:\n        json_encoders = {}\n",
        ("PydanticDeprecatedSince20", "Support for class-based `config` is deprecated, use ConfigDict instead.", 4),
    ),
    "a class of that name in no model": (
        "import pydantic\n\n\nclass A:\n    class Config:\n        orm_mode = True\n",
        ("PydanticDeprecatedSince20", "Support for class-based `config` is deprecated, use ConfigDict instead.", 4),
    ),
    "tuples in a project without a database": (
        "def f(row):\n    return row['a']\n",
        ("TypeError", "tuple indices must be integers or slices, not str", 2),
    ),
    "two kinds of rows on one line": (
        "import sqlalchemy\n\n\ndef f(a, b):\n    return a['x'] + b['y']\n",
        ("TypeError", "tuple indices must be integers or slices, not str", 5),
    ),
    "an engine of a generator": (
        "import sqlalchemy\n\n\ndef f(engine):\n    rows = engine.execute('SELECT 1')\n    yield from rows\n",
        ("AttributeError", "'Engine' object has no attribute 'execute'", 5),
    ),
    "a get of something else": (
        "def f(cache, key):\n    return cache.query(key).lookup().get(3)\n",
        ("LegacyAPIWarning", "The Query.get() method is considered legacy as of the 1.x series of SQLAlchemy", 2),
    ),
}


@pytest.mark.parametrize(("text", "error"), LEFT.values(), ids=LEFT)
def test_other_code_is_left_alone(text, error, make_project, failing):
    """What only looks alike, or deals with both versions itself, is not rewritten."""
    kind, message, line = error
    assert propose(failing(kind, message, "shop/a.py", line), make_project({"shop/a.py": text})) == []


def test_a_new_name_that_is_not_there_is_not_used(make_project, failing):
    """A rule whose new form the installed library lacks does not apply."""
    project = make_project({"shop/a.py": "import numpy as np\nx = np.in1d\n"})
    assert propose(failing("AttributeError", "module 'numpy' has no attribute 'in1d'", line=2), project) == []


STANDARD_NAMES = sorted({rule.new for rule in STANDARD})


@pytest.mark.parametrize("name", STANDARD_NAMES)
def test_rules_for_the_standard_library_lead_somewhere(name):
    """Every new name of the standard library can be resolved here (`ByteString` is gone again since 3.14)."""
    assert pkgutil.resolve_name(name) or name == "collections.abc.ByteString"


def test_every_shape_of_the_table_exists():
    """A rule cannot name a shape that nobody wrote."""
    assert {rule.shape for rule in CALLS} | {rule.shape for rule in METHODS if rule.shape} <= set(SHAPES)
    assert all(bool(rule.new) != bool(rule.shape) for rule in METHODS)
