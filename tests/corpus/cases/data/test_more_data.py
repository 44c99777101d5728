import asyncio
import datetime
import io

import numpy as np
import pandas as pd
import psycopg
import psycopg.errors
import pydantic
import pytest
import sqlalchemy as sa
import yaml
from lxml import etree
from sqlalchemy import orm


class Base(orm.DeclarativeBase):
    pass


class Shelf(Base):
    __tablename__ = "shelves"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]


@pytest.fixture
def session():
    engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    Base.metadata.create_all(engine)
    with orm.Session(engine) as made:
        yield made
    engine.dispose()


def alchemy(error):
    raise sa.exc.DBAPIError.instance("select 1", {}, error, psycopg.Error) from error


def test_pending_rollback(session):
    session.add_all([Shelf(id=1, name="a"), Shelf(id=1, name="b")])
    try:
        session.flush()
    except sa.exc.IntegrityError:
        session.execute(sa.text("select 1"))


def test_flush_duplicate(session):
    session.add(Shelf(id=1, name="a"))
    session.flush()
    session.execute(sa.insert(Shelf).values(id=1, name="b"))


def test_stale(session):
    shelf = Shelf(id=1, name="a")
    session.add(shelf)
    session.flush()
    session.execute(sa.text("delete from shelves"))
    shelf.name = "b"
    session.flush()


def test_unmapped(session):
    session.add(object())


def test_unknown_column_argument():
    Shelf(colour="red")


def test_no_join(session):
    other = sa.table("other", sa.column("id"))
    session.execute(sa.select(Shelf).join(other))


def test_async_driver():
    from sqlalchemy.ext.asyncio import create_async_engine

    create_async_engine("sqlite+aiosqlite://")


def test_unknown_dialect():
    sa.create_engine("oracel://localhost/shop")


def test_role_missing():
    raise psycopg.OperationalError('connection failed: FATAL:  role "shop" does not exist')


def test_connect_password():
    raise psycopg.OperationalError('connection failed: FATAL:  password authentication failed for user "shop"')


def test_connect_too_many():
    raise psycopg.OperationalError("connection failed: FATAL:  sorry, too many clients already")


def test_connect_starting():
    raise psycopg.OperationalError("connection failed: FATAL:  the database system is starting up")


def test_cannot_connect_now():
    alchemy(psycopg.errors.CannotConnectNow("the database system is starting up"))


def test_connect_timeout():
    raise psycopg.errors.ConnectionTimeout("connection timeout expired")


def test_failed_transaction():
    alchemy(psycopg.errors.InFailedSqlTransaction("current transaction is aborted, commands ignored"))


def test_number_too_big():
    alchemy(psycopg.errors.NumericValueOutOfRange("integer out of range"))


def test_undefined_column():
    alchemy(psycopg.errors.UndefinedColumn('column "price" does not exist'))


def test_server_memory():
    raise psycopg.errors.OutOfMemory("out of memory")


def test_idle_in_transaction():
    alchemy(psycopg.errors.IdleInTransactionSessionTimeout("terminating connection due to idle-in-transaction timeout"))


def test_check_violation():
    raise psycopg.errors.CheckViolation('new row violates check constraint "positive"')


def test_psycopg_closed():
    raise psycopg.OperationalError("the connection is closed")


def test_psycopg_adapt():
    raise psycopg.ProgrammingError("cannot adapt type 'object' using placeholder '%s'")


def test_alchemy_disconnected():
    alchemy(psycopg.OperationalError("consuming input failed: server closed the connection unexpectedly"))


def test_pydantic_date():
    pydantic.TypeAdapter(datetime.date).validate_json('"yesterday"')


def test_pydantic_extra():
    class Strict(pydantic.BaseModel, extra="forbid"):
        a: int

    Strict(a=1, b=2)


def test_pydantic_validator():
    class Even(pydantic.BaseModel):
        a: int

        @pydantic.field_validator("a")
        @classmethod
        def even(cls, value):
            assert value % 2 == 0, "must be even"
            return value

    Even(a=3)


def test_yaml_duplicate_document():
    yaml.safe_load("a: 1\n---\nb: 2\n")


def test_yaml_control():
    yaml.safe_load("a: \x07")


def test_lxml_entity():
    etree.fromstring("<a>&nope;</a>")


def test_lxml_schema():
    etree.XMLSchema(etree.fromstring("<a/>"))


def test_lxml_declared_text():
    etree.fromstring('<?xml version="1.0" encoding="utf-8"?><a/>')


def test_numpy_casting():
    numbers = np.arange(3)
    numbers += 0.5


def test_numpy_concatenate():
    np.concatenate([np.zeros((2, 2)), np.zeros((3, 3))])


def test_numpy_convergence():
    raise np.linalg.LinAlgError("Eigenvalues did not converge")


def test_numpy_ragged():
    np.array([[1, 2], [3]])


def test_numpy_overflow():
    with np.errstate(all="raise"):
        np.float64(1e308) * 10


def test_numpy_shapes():
    np.testing.assert_array_equal(np.zeros(2), np.zeros(3))


def test_pandas_nan_to_int():
    pd.Series([1.0, None]).astype(int)


def test_pandas_duplicate_index():
    pd.Series([1, 2], index=["a", "a"]).reindex(["a", "b"])


def test_pandas_merge_validate():
    left = pd.DataFrame({"a": [1, 1]})
    left.merge(left, on="a", validate="one_to_one")


def test_pandas_out_of_bounds():
    pd.Timestamp("99999-01-01")


def test_pandas_json():
    pd.read_json(io.StringIO("{not json"))


def test_pandas_encoding(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    pd.read_csv(tmp_path / "a.csv", encoding="utf-9")


def test_pandas_decode(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a\n\xff\xfe\n")
    pd.read_csv(tmp_path / "a.csv")


def test_pandas_drop():
    pd.DataFrame({"a": [1]}).drop(columns="b")


def test_pandas_attribute():
    pd.DataFrame({"a": [1]}).colums


def test_pandas_argument():
    pd.DataFrame({"a": [1]}).sort_values(columns="a")
