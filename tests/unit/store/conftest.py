"""Stores of every kind, for the contract they share."""

from __future__ import annotations

import pytest
import store_records

from pytest_selfheal.store.memory import MemoryStore


@pytest.fixture(params=["memory", "json", "json-reopened"])
def new_store(request, tmp_path):
    """Return a function that gives the store holding the records it is called with."""

    def build(*records):
        store = MemoryStore() if request.param == "memory" else store_records.json_store(tmp_path / ".selfheal")
        assert store.commit(records)
        if request.param == "json-reopened":
            store.close()
            store = store_records.json_store(tmp_path / ".selfheal")
        return store

    return build


@pytest.fixture
def root(tmp_path):
    """Return the folder of a store that does not exist yet."""
    return tmp_path / ".selfheal"
