"""What only a store in a database does: tables, writers at once, and keeping its secrets."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager

import pytest
import sqlalchemy
from postgres_server import PASSWORD
from store_records import answers
from store_records import at
from store_records import failure
from store_records import one_of_each
from store_records import result
from store_records import run_program
from store_records import sql_store

from pytest_selfheal.errors import StoreError
from pytest_selfheal.errors import StoreVersionError

DATABASES = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])


@contextmanager
def begun(url):
    """A transaction of ours beside the store's, with nothing left open."""
    engine = sqlalchemy.create_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


@DATABASES
def test_making_the_tables_twice_changes_nothing(database, kind):
    """`init` and `upgrade` may be run by everybody."""
    store = sql_store(database(kind))
    store.commit(one_of_each())
    before = answers(store)
    assert store.upgrade() == (1, 1)
    assert answers(store) == before


@DATABASES
def test_tables_of_a_newer_version_are_not_touched(database, kind):
    """An older plugin neither reads nor writes them, and says why."""
    url = database(kind)
    with begun(url) as connection:
        connection.execute(sqlalchemy.text("INSERT INTO selfheal_schema VALUES (99)"))
    store = sql_store(url)
    with pytest.raises(StoreVersionError, match="99"):
        store.runs()
    with pytest.raises(StoreVersionError, match="99"):
        store.upgrade()
    assert store.commit([failure()]) is False


def test_a_database_without_tables_names_the_command_that_makes_them(tmp_path):
    """Nothing is created by reading."""
    with pytest.raises(StoreError) as raised:
        sql_store(f"sqlite:///{tmp_path / 'empty.db'}").runs()
    assert "selfheal store init" in str(raised.value)


@DATABASES
def test_the_architecture_document_s_tables_can_be_asked_directly(database, kind):
    """Its names of tables and fields hold, and the patterns are counted from the results."""
    url = database(kind)
    sql_store(url).commit([failure(), result("p1"), result("p2"), result("p3", ok=False)])
    with begun(url) as connection:
        asked = "SELECT success_count, failure_count, confidence_score FROM universal_error_patterns"
        (pattern,) = connection.execute(sqlalchemy.text(asked)).all()
        asked = "SELECT error_type, failure_category, severity, test_generated FROM generation_failures"
        (kept,) = connection.execute(sqlalchemy.text(asked)).all()
    assert (pattern[0], pattern[1], float(pattern[2])) == (2, 1, pytest.approx(3 / 5))
    assert (kept[0], kept[1], kept[2], bool(kept[3])) == ("ValueError", "unknown", "low", False)


@DATABASES
@pytest.mark.parametrize(
    "text", ["a\0b", "\ud800", "\U0001f600 %s :name ' \" \\", "x" * 9000], ids=["nul", "surrogate", "quotes", "long"]
)
def test_any_text_comes_back_as_it_was_written(database, kind, text):
    """What a database cannot hold as text is in the record's line, escaped."""
    store = sql_store(database(kind))
    assert store.commit([failure(error_message=text[:5000], user_request=text)]), store.warnings
    assert [one.user_request for one in store.failures()] == [text]


WRITER = """
import sys
from store_records import failure, sql_store
url, backwards = sys.argv[1], sys.argv[2] == "1"
records = [failure(f"f{n:04}", run_id=f"r{n}", error_message=sys.argv[2]) for n in range(400)]
for _ in range(5):
    store = sql_store(url)
    assert store.commit(records[::-1] if backwards else records), store.warnings
"""


@DATABASES
def test_writers_of_the_same_records_in_opposite_order_do_not_block_each_other(database, kind):
    """Rows are visited in one order by everybody; nothing is written twice."""
    url = database(kind)
    other = subprocess.Popen([sys.executable, "-c", _with_paths(), WRITER, url, "1"])
    run_program(WRITER, url, "0")
    assert other.wait() == 0
    assert len(sql_store(url).failures()) == 400


def _with_paths():
    import store_records

    import pytest_selfheal

    here = store_records.Path(store_records.__file__).parent
    root = store_records.Path(pytest_selfheal.__file__).parents[1]
    return f"import sys; sys.path[:0] = [{str(here)!r}, {str(root)!r}]; exec(sys.argv.pop(1))"


@DATABASES
def test_repetition_is_counted_over_all_writers(database, kind):
    """Three runners that saw an error once each make three occurrences."""
    url = database(kind)
    for name in "abc":
        sql_store(url).commit([failure(name)])
    history = sql_store(url).history(["sig-a"], since=at(-7))["sig-a"]
    assert ([one.failure_id for one in history.occurrences], history.total) == (["a", "b", "c"], 3)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://u:hunter2@127.0.0.1:1/db",
        "postgresql+psycopg://127.0.0.1:1/db?user=u&password=hunter2",
        "postgresql+nosuchdriver://u:hunter2@127.0.0.1:1/db",
        "postgresql+psycopg://u:hunter2@127.0.0.1:notaport/db",
        "hunter2",
    ],
)
def test_no_message_holds_a_password(url):
    """Whatever is wrong with the connection string or the server."""
    with pytest.raises(StoreError) as raised:
        sql_store(url).runs()
    assert "hunter2" not in f"{raised.value} {raised.value!r} {raised.value.__cause__}"


def test_a_server_that_refuses_a_password_does_not_make_us_tell_it(postgres):
    """The driver's own message is shown without it."""
    with pytest.raises(StoreError) as raised:
        sql_store(postgres.url("no_such_database")).runs()
    assert PASSWORD not in str(raised.value)
    assert "no_such_database" in str(raised.value)


def test_only_what_uses_a_database_loads_its_libraries():
    """A store in a folder never pays for SQLAlchemy."""
    loaded = run_program(
        "import sys; from pathlib import Path; from pytest_selfheal.store import open_store\n"
        "open_store(Path('x')).runs(); open_store(Path('x'), url='sqlite:///y')\n"
        "print([name for name in ('sqlalchemy', 'psycopg', 'sqlite3') if name in sys.modules])"
    )
    assert loaded.strip() == "[]"
