import sqlite3

import psycopg
import psycopg.errors
import pytest
import sqlalchemy as sa
from sqlalchemy import orm


@pytest.fixture
def engine():
    made = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    with made.begin() as connection:
        connection.execute(sa.text("create table items (id integer primary key, name text not null unique)"))
        connection.execute(sa.text("insert into items values (1, 'tea')"))
    yield made
    made.dispose()


class Base(orm.DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]


def wrapped(error):
    raise sa.exc.DBAPIError.instance("select 1", {}, error, psycopg.Error) from error


def test_no_table(engine):
    with engine.connect() as connection:
        connection.execute(sa.text("select * from orders"))


def test_no_column(engine):
    with engine.connect() as connection:
        connection.execute(sa.text("select price from items"))


def test_unique(engine):
    with engine.begin() as connection:
        connection.execute(sa.text("insert into items values (2, 'tea')"))


def test_not_null(engine):
    with engine.begin() as connection:
        connection.execute(sa.text("insert into items values (2, null)"))


def test_sql_syntax(engine):
    with engine.connect() as connection:
        connection.execute(sa.text("selec * from items"))


def test_missing_bind(engine):
    with engine.connect() as connection:
        connection.execute(sa.text("select * from items where id = :id"))


def test_no_result(engine):
    with orm.Session(engine) as session:
        session.scalars(sa.select(Item).where(Item.name == "cup")).one()


def test_many_results(engine):
    with engine.begin() as connection:
        connection.execute(sa.text("insert into items values (2, 'cup')"))
        connection.execute(sa.select(Item)).scalar_one()


def test_detached(engine):
    with orm.Session(engine) as session:
        item = session.get(Item, 1)
        session.commit()
    item.name


def test_argument_error():
    sa.select("items")


def test_bad_url():
    sa.create_engine("no url")


def test_no_driver():
    sa.create_engine("mysql+pymysql://localhost/shop")


def test_sqlite_locked(tmp_path):
    one = sqlite3.connect(tmp_path / "a.db", timeout=0)
    two = sqlite3.connect(tmp_path / "a.db", timeout=0)
    one.execute("create table t (a)")
    one.execute("begin immediate")
    try:
        two.execute("insert into t values (1)")
    finally:
        one.close()
        two.close()


def test_alchemy_locked(tmp_path):
    one = sqlite3.connect(tmp_path / "a.db", timeout=0, isolation_level=None)
    one.execute("create table t (a)")
    one.execute("begin immediate")
    engine = sa.create_engine(f"sqlite:///{tmp_path}/a.db", connect_args={"timeout": 0})
    with engine.begin() as connection:
        connection.execute(sa.text("insert into t values (1)"))


def test_sqlite_cannot_open():
    sqlite3.connect("/nonexistent/shop.db")


def test_sqlite_not_a_database(tmp_path):
    (tmp_path / "a.db").write_text("no database, but long enough to look at " * 10)
    sqlite3.connect(tmp_path / "a.db").execute("select * from t")


def test_sqlite_closed():
    connection = sqlite3.connect(":memory:")
    connection.close()
    connection.execute("select 1")


def test_sqlite_bindings():
    sqlite3.connect(":memory:").execute("select ?, ?", (1,))


def test_sqlite_no_table():
    sqlite3.connect(":memory:").execute("select * from items")


def test_pool_exhausted():
    engine = sa.create_engine("sqlite://", poolclass=sa.pool.QueuePool, pool_size=1, max_overflow=0, pool_timeout=0.1)
    with engine.connect(), engine.connect():
        pass


def test_psycopg_refused(nobody):
    psycopg.connect(f"host=127.0.0.1 port={nobody} dbname=shop user=shop connect_timeout=2")


def test_alchemy_refused(nobody):
    sa.create_engine(f"postgresql+psycopg://shop@127.0.0.1:{nobody}/shop").connect()


def test_deadlock():
    raise psycopg.errors.DeadlockDetected("deadlock detected")


def test_serialization():
    wrapped(psycopg.errors.SerializationFailure("could not serialize access due to concurrent update"))


def test_admin_shutdown():
    wrapped(psycopg.errors.AdminShutdown("terminating connection due to administrator command"))


def test_server_closed():
    wrapped(psycopg.OperationalError("server closed the connection unexpectedly"))


def test_too_many_connections():
    raise psycopg.errors.TooManyConnections("sorry, too many clients already")


def test_statement_timeout():
    raise psycopg.errors.QueryCanceled("canceling statement due to statement timeout")


def test_lock_not_available():
    wrapped(psycopg.errors.LockNotAvailable("could not obtain lock on row"))


def test_password():
    raise psycopg.errors.InvalidPassword("password authentication failed for user shop")


def test_privilege():
    wrapped(psycopg.errors.InsufficientPrivilege("permission denied for table items"))


def test_no_database():
    wrapped(psycopg.errors.InvalidCatalogName('database "shop" does not exist'))


def test_pg_no_table():
    wrapped(psycopg.errors.UndefinedTable('relation "items" does not exist'))


def test_pg_unique():
    wrapped(psycopg.errors.UniqueViolation("duplicate key value violates unique constraint"))


def test_pg_foreign_key():
    raise psycopg.errors.ForeignKeyViolation("insert or update violates foreign key constraint")


def test_pg_syntax():
    wrapped(psycopg.errors.SyntaxError('syntax error at or near "selec"'))


def test_pg_disk_full():
    raise psycopg.errors.DiskFull("could not extend file: No space left on device")


def test_pg_text_as_number():
    wrapped(psycopg.errors.InvalidTextRepresentation('invalid input syntax for type integer: "abc"'))
