"""Stores of every kind, for the contract they share."""

from __future__ import annotations

import itertools

import pytest
import store_records

from pytest_selfheal.store.memory import MemoryStore

_NUMBERS = itertools.count()


@pytest.fixture
def database(request, tmp_path):
    """Return a function that gives the connection string of a new database with tables: `sqlite` or `postgresql`."""

    def build(kind):
        if kind == "sqlite":
            url = f"sqlite:///{tmp_path / 'store.db'}"
        else:
            url = request.getfixturevalue("postgres").create(f"store_{next(_NUMBERS)}")
        assert store_records.sql_store(url).upgrade() == (0, 1)
        return url

    return build


@pytest.fixture(params=["memory", "json", "json-reopened", "sqlite", "postgresql", "spooled"])
def new_store(request, tmp_path, database):
    """Return a function that gives the store holding the records it is called with."""

    def build(*records):
        kind = request.param
        if kind == "memory":
            store = MemoryStore()
        elif kind in ("sqlite", "postgresql"):
            store = store_records.sql_store(database(kind))
        elif kind == "spooled":
            store = store_records.spooled_store(tmp_path / ".selfheal", database("sqlite"))
        else:
            store = store_records.json_store(tmp_path / ".selfheal")
        assert store.commit(records)
        if kind == "json-reopened":
            store.close()
            store = store_records.json_store(tmp_path / ".selfheal")
        return store

    return build


@pytest.fixture
def root(tmp_path):
    """Return the folder of a store that does not exist yet."""
    return tmp_path / ".selfheal"
