import collections
import dataclasses
import decimal
import json
import math
import random
from pathlib import Path

import pytest

from shop import config
from shop import pricing
from shop.pricing import Line


def test_total_is_right():
    assert pricing.total([Line("tea", 2.0), Line("cup", 3.0)]) == 6.0


def test_lists_differ():
    assert sorted([3, 1, 2]) == [1, 2, 4]


def test_dicts_differ():
    assert {"a": 1, "b": 2} == {"a": 1, "b": 3}


def test_text_differs():
    assert "hello world".title() == "Hello world"


def test_not_none():
    assert pricing.find([], "tea") is not None


def test_in_list():
    assert "tea" in ["cup", "pot"]


def test_bare_false():
    assert False


def test_approx():
    assert 0.1 + 0.2 == pytest.approx(0.31)


def test_called_fail():
    pytest.fail("this must not happen")


def test_did_not_raise():
    with pytest.raises(ValueError):
        pricing.discount(10, 20)


def test_did_not_warn():
    with pytest.warns(DeprecationWarning):
        pricing.discount(10, 20)


def test_wrong_message():
    with pytest.raises(ValueError, match="below zero"):
        pricing.discount(10, 120)


@pytest.mark.parametrize("amount", [1, 2, 3])
def test_parametrised(amount):
    assert pricing.discount(100, amount) == 100


def test_label():
    assert pricing.label(Line("tea", 2.0)) == "tea: 2.0"


def test_label_again():
    text = pricing.label(Line("pot", 20.0))
    assert text.startswith("pot")


def test_missing_argument():
    pricing.discount(10)


def test_unexpected_keyword():
    pricing.discount(price=10, percents=20)


def test_too_many_arguments():
    Line("tea", 1.0, 2, 3)


def test_not_callable():
    (Line("tea", 1.0).price)()


def test_not_iterable():
    for _ in 5:
        pass


def test_not_subscriptable():
    None["name"]


def test_unhashable():
    {[1]: 2}


def test_str_plus_int():
    "a" + 1


def test_not_serialisable():
    json.dumps({"when": object()})


def test_bad_compare():
    sorted([1, "a"])


def test_none_attribute():
    pricing.find([], "tea").price


def test_attribute_typo():
    Line("tea", 1.0).prise


def test_module_attribute_typo():
    math.squareroot(4)


def test_frozen():
    @dataclasses.dataclass(frozen=True)
    class Point:
        x: int

    Point(1).x = 2


def test_unknown_currency():
    pricing.convert(1, "GBP")


def test_dict_key():
    {"a": 1}["b"]


def test_index():
    [1, 2][5]


def test_cheapest_of_nothing():
    pricing.cheapest([])


def test_cheapest_of_nothing_else():
    assert pricing.cheapest([]).price == 1


def test_zero_division():
    pricing.share(10, 0)


def test_bad_percent():
    pricing.discount(10, 120)


def test_float_of_text():
    pricing.parse_price("ten euros")


def test_int_of_text():
    int("twelve")


def test_unpack():
    a, b = [1, 2, 3]


def test_recursion():
    pricing.forever(0)


def test_not_implemented():
    pricing.later()


def test_stop_iteration():
    next(iter([]))


def test_random_choice():
    random.choice([])


def test_runtime_error():
    raise RuntimeError("the basket is in a strange state")


def test_dict_changed():
    d = {"a": 1}
    for _ in d:
        d["b"] = 2


def test_decimal():
    decimal.Decimal("abc")


def test_overflow():
    math.exp(10000)


def test_empty_deque():
    collections.deque().pop()


def test_unicode_encode():
    "snö".encode("ascii")


def test_unicode_decode():
    b"\xff\xfe\xfa".decode("utf-8")


def test_name_math():
    assert pricing.path_of(1.5) == 2


def test_name_ordered():
    pricing.ordered([])


def test_name_in_test():
    assert datetime.date(2024, 1, 1).year == 2024


def test_name_of_project():
    assert client.items("http://localhost", "ok") == []


def test_name_typo():
    amount = 3
    assert amuont == 3


def test_unbound_local():
    if pricing.RATES.get("GBP"):
        rate = 1
    assert rate == 1


def test_unknown_name():
    flurbinate(3)


def test_file_missing():
    Path("data/prices.csv").read_text()


def test_certificate_missing():
    config.certificate()


def test_database_url():
    config.database_url()


def test_token():
    config.token()


def test_setting():
    config.setting({}, "SHOP_DATABASE_URL")


def test_is_a_directory():
    open("/")
