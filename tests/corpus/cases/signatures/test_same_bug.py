import asyncio
import sqlite3

import pytest
import requests

from cases import helpers
from shop import client
from shop import stock


def test_reserve_too_much():
    stock.reserve({"tea": 1}, "tea", 2)


@pytest.mark.parametrize("amount", [20, 300])
def test_reserve_far_too_much(amount):
    stock.reserve({"tea": 1, "cup": 12}, "cup", amount)


@pytest.fixture
def reserved():
    levels = {"pot": 0}
    stock.reserve(levels, "pot", 1)
    return levels


def test_reserved(reserved):
    assert reserved == {"pot": -1}


def test_reserve_unknown():
    stock.reserve({}, "tea", 1)


def test_reserve_unknown_cup():
    stock.reserve({"tea": 1}, "cup", 1)


def test_item_id():
    stock.item_id({})


def test_item_id_of_named():
    assert stock.item_id({"name": "tea"}) == 3


def test_supplier_id():
    stock.supplier_id({})


def test_depth():
    stock.depth({"children": [{"name": "a"}], "name": "b"})


def test_depth_of_deep_tree():
    stock.depth({"children": [{"name": "a", "children": [{"name": "c"}]}], "name": "b"})


def test_price():
    stock.price_of({}, "tea")


def test_price_again():
    stock.price_of({"tea": 2}, "cup")


def test_price_of_text():
    stock.price_of({"tea": "two"}, "tea")


def test_price_of_none():
    stock.price_of({"tea": None}, "tea")


def test_read_missing(tmp_path):
    stock.read(tmp_path / "a")


def test_read_other_missing(tmp_path):
    stock.read(tmp_path / "sub" / "b")


def test_read_folder(tmp_path):
    stock.read(tmp_path)


def test_load_empty():
    stock.load("")


@pytest.mark.parametrize("text", ["{", "[1,, 2]"])
def test_load_broken(text):
    stock.load(text)


def test_check_level():
    stock.checked(stock.Level, {"name": "tea"})


def test_check_level_number():
    stock.checked(stock.Level, {"name": "tea", "left": "many"})


def test_check_supplier():
    stock.checked(stock.Supplier, {"name": "tea"})


@pytest.mark.parametrize("text", ["ten", "1.5", ""])
def test_whole(text):
    stock.whole(text)


def test_sum_of_numbers():
    stock.summed([1, 2])


def test_sum_of_more_numbers():
    assert stock.summed(range(3)) == 3


def test_fetch():
    asyncio.run(stock.fetched({}, "tea"))


def test_fetch_cup():
    asyncio.run(stock.fetched({"tea": 1}, "cup"))


def test_list():
    list(stock.listed([1]))


def test_first():
    next(stock.listed([2, 3]))


def test_round():
    stock.rounded("1.5")


def test_round_again():
    assert stock.rounded("2") == 2


@pytest.fixture
def items():
    connection = sqlite3.connect(":memory:")
    connection.execute("create table items (name text unique)")
    connection.execute("insert into items values ('tea'), ('cup')")
    yield connection
    connection.close()


@pytest.mark.parametrize("name", ["tea", "cup"])
def test_save(items, name):
    stock.saved(items, name)


def test_with_warehouse(warehouse):
    pass


def test_with_warehouse_too(warehouse):
    assert warehouse


def test_with_courier(courier):
    pass


@pytest.mark.parametrize("page", [1, 2])
def test_items(server, page):
    client.items(server, f"s500?page={page}")


def test_items_bad_gateway(server):
    client.items(server, "s502")


def test_items_limited(server):
    client.items(server, "s429")


def test_status_of_one(server):
    helpers.assert_status(requests.get(f"{server}/s500", timeout=2), 200)


def test_status_of_two(server):
    helpers.assert_status(requests.get(f"{server}/s404", timeout=2), 200)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_numbers(number):
    assert number > 4


def test_sum_one():
    assert sum([1, 2]) == 4


def test_sum_two():
    assert sum([1, 2]) == 4


def test_token():
    from shop import config

    config.token()


@pytest.mark.parametrize("times", [1, 2])
def test_token_again(times):
    from shop import config

    assert config.token() * times
