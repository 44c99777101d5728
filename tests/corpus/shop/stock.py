import json
import uuid
from functools import wraps

import pydantic

from shop.errors import ShopError


class StockError(ShopError):
    pass


class Level(pydantic.BaseModel):
    name: str
    left: int


class Supplier(pydantic.BaseModel):
    name: str
    days: int


def reserve(stock, name, amount):
    left = stock[name]
    if left < amount:
        raise StockError(f"order {uuid.uuid4()}: only {left} of {name} left, wanted {amount} ({object()!r})")
    stock[name] = left - amount


def item_id(data):
    return data["id"]


def supplier_id(data):
    return data["id"]


def depth(tree):
    return 1 + max(depth(child) for child in tree["children"]) if tree["children"] else len(tree["name"])


def guarded(function):
    @wraps(function)
    def run(*values):
        try:
            return function(*values)
        except (KeyError, TypeError) as error:
            raise ShopError(f"{function.__name__} failed for {values}") from error

    return run


@guarded
def price_of(prices, name):
    return prices[name] + 0


def read(path):
    with open(path) as file:
        return file.read()


def load(text):
    return json.loads(text)


def checked(model, data):
    return model.model_validate(data)


def whole(text):
    return int(text)


def summed(values):
    return sum(value.left for value in values)


async def fetched(stock, name):
    return stock[name]


def listed(stock):
    for name in stock:
        yield name.upper()


def rounded(value):
    return Decimal(value)  # noqa


def saved(connection, name):
    connection.execute("insert into items values (?)", (name,))
