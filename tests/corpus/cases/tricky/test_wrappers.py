import errno
import json
from unittest import mock

import httpx
import pytest
import requests

from shop import checks
from shop import client
from shop.errors import ApiError
from shop.errors import ShopError


def test_wrapped_503(server):
    client.items_wrapped(server, "s503")


def test_wrapped_429(server):
    client.items_wrapped(server, "retry429")


def test_wrapped_401(server):
    client.items_wrapped(server, "s401")


def test_wrapped_timeout(server):
    client.items_wrapped(server, "slow", timeout=0.2)


def test_wrapped_404(server):
    client.items_wrapped(server, "s404")


def test_lossy_500(server):
    client.items_lossy(server, "s500")


def test_lossy_403(server):
    client.items_lossy(server, "s403")


def test_hidden(server):
    client.items_hidden(server, "s500")


def test_own_status_429(server):
    client.items_or_status(server, "s429")


def test_own_status_502(server):
    client.items_or_status(server, "s502")


def test_own_status_401(server):
    client.items_or_status(server, "s401")


def test_own_status_400(server):
    client.items_or_status(server, "s400")


def test_gave_up(server):
    checks.retrying(lambda: requests.get(f"{server}/s503", timeout=2).raise_for_status())


def test_gave_up_bug():
    checks.retrying(lambda: {}["price"])


def test_gave_up_assertion():
    def check():
        assert 1 == 2

    checks.retrying(check)


def test_cache_miss(server):
    checks.cached({}, "items", lambda: httpx.get(f"{server}/s503").raise_for_status())


def test_parse_behind_cache(server):
    checks.cached({}, "items", lambda: json.loads("{"))


def test_bug_behind_cache():
    checks.cached({}, "items", lambda: [][0])


def test_wrapped_parse():
    try:
        json.loads("{")
    except ValueError as error:
        raise ShopError("bad price list") from error


def test_wrapped_type_error():
    try:
        len(3)
    except TypeError as error:
        raise RuntimeError("cannot count") from error


def test_two_wraps(nobody):
    try:
        client.items_wrapped(f"http://127.0.0.1:{nobody}", "ok")
    except ShopError as error:
        raise RuntimeError("start-up failed") from error


def test_mocked_reset():
    with mock.patch("requests.get", side_effect=requests.ConnectionError("reset")):
        client.items("http://localhost", "ok")


def test_mocked_timeout():
    with mock.patch("requests.get", side_effect=requests.Timeout("slow")):
        client.items("http://localhost", "ok")


def test_mock_not_called():
    mock.Mock().assert_called_once_with(timeout=3)


def test_mock_exhausted():
    call = mock.Mock(side_effect=[1])
    call()
    call()


def test_mock_spec():
    mock.Mock(spec=["items"]).prices()


def test_status_is_text():
    error = ShopError("order refused")
    error.status = "503"
    raise error


def test_code_is_no_status():
    error = ShopError("order refused")
    error.code = 17
    raise error


def test_order_number_503():
    raise ShopError("order 503 is not paid")


def test_oserror_message():
    raise OSError("Connection reset by peer")


def test_exception_message():
    raise Exception("HTTP 503 Service Unavailable")


def test_exception_plain():
    raise Exception("something odd")


def test_disk_full_wrapped():
    try:
        raise OSError(errno.ENOSPC, "No space left on device")
    except OSError as error:
        raise ShopError("cannot write invoice") from error


def test_environment_wrapped(monkeypatch):
    import os

    try:
        os.environ["SHOP_SECRET"]
    except KeyError as error:
        raise RuntimeError("not configured") from error


def test_dependency_wrapped():
    try:
        import fancy_excel_writer_next
    except ImportError as error:
        raise RuntimeError("install shop[excel]") from error


def test_cyclic():
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    raise one


def test_broken_str():
    class Odd(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    raise Odd


def test_long_message():
    raise RuntimeError("line\n" * 4000)
