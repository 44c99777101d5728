import contextlib
import json
import os
import re
import socket
import sys
import types

import httpx
import pytest
import requests
import sqlalchemy as sa

from shop import errors
from shop.errors import ShopError


class ConnectionError(Exception):
    pass


class Throttled(ShopError):
    retry_after = 3


class Unreachable(OSError):
    pass


class Deadline(TimeoutError):
    pass


class NotConfigured(KeyError):
    pass


class Wrong(AssertionError):
    pass


class BadPrice(ValueError):
    status_code = 503


class LegacyError(Exception):
    def __init__(self, code):
        self.code = code
        super().__init__(f"legacy code {code}")


def test_own_connection_error():
    raise ConnectionError("the wires of the plan do not connect")


def test_own_oserror():
    raise Unreachable("the shelf is out of reach")


def test_own_timeout():
    raise Deadline("the offer ended")


def test_own_key_error():
    raise NotConfigured("region")


def test_own_assertion():
    raise Wrong("HTTP 503")


def test_assertion_of_status(server):
    answer = requests.get(f"{server}/s503", timeout=2)
    assert answer.json() == {"items": []}


def test_assertion_with_timeout_text():
    assert "TimeoutError: timed out" == ""


def test_assert_error_is_none(nobody):
    error = None
    try:
        socket.create_connection(("127.0.0.1", nobody), timeout=1)
    except OSError as caught:
        error = caught
    assert error is None


def test_raises_match_of_network(nobody):
    with pytest.raises(OSError, match="timed out"):
        socket.create_connection(("127.0.0.1", nobody), timeout=1)


def test_fail_from_timeout():
    try:
        raise TimeoutError("slow")
    except TimeoutError:
        pytest.fail("the call must not time out")


def test_exit_code_text():
    assert "exit status 137 (killed)" == "exit status 0"


def test_json_after_503(server):
    answer = requests.get(f"{server}/s503", timeout=2)
    json.loads(answer.text + "}")


def test_json_of_error_page(server):
    httpx.get(f"{server}/html").json()["items"]


def test_key_of_429(server):
    requests.get(f"{server}/retry429", timeout=2).json()["items"]


def test_none_of_503(server):
    data = requests.get(f"{server}/s503", timeout=2).json()["error"]["code"]
    data + 1


def test_index_of_empty_answer(server):
    requests.get(f"{server}/ok", timeout=2).json()["items"][0]


def test_connection_in_finally(nobody):
    try:
        socket.create_connection(("127.0.0.1", nobody), timeout=1)
    finally:
        os.environ.pop("SHOP_X", None)


def test_bug_in_finally(nobody):
    try:
        socket.create_connection(("127.0.0.1", nobody), timeout=1)
    finally:
        {}["cleanup"]


def test_bug_then_network(nobody):
    try:
        {}["cached"]
    except KeyError:
        socket.create_connection(("127.0.0.1", nobody), timeout=1)


def test_type_error_then_network(server):
    try:
        len(None)
    except TypeError:
        httpx.get(f"{server}/s503").raise_for_status()


def test_sibling_status():
    raise LegacyError(429)


def test_http_code_in_value_error():
    raise BadPrice("price 503 is too high")


def test_name_re_in_lambda():
    (lambda text: datetime.datetime.now())("a")


def test_name_asdict():
    asdict(errors)


def test_name_of_typo_of_local():
    total_price = 3
    assert total_prise == 3


def test_class_attribute_name():
    class Shelf:
        size = 3

        def area(self):
            return size * size

    Shelf().area()


def test_self_forgotten():
    class Shelf:
        def area():
            return self.size

    Shelf.area()


def test_partial_import(monkeypatch):
    module = types.ModuleType("half")
    monkeypatch.setitem(sys.modules, "half", module)
    import half

    half.price()


def test_import_name_of_fake_module(monkeypatch):
    monkeypatch.setitem(sys.modules, "half", types.ModuleType("half"))
    from half import price


def test_environment_lookup_in_helper():
    def needed(name):
        return os.environ[name]

    needed("SHOP_SECRET_NAME")


def test_environment_message():
    raise KeyError("SHOP_DATABASE_URL") if "SHOP_DATABASE_URL" in os.environ else RuntimeError(
        "SHOP_DATABASE_URL environment variable is not set"
    )


def test_upper_case_key():
    {"HOME": 1}["SHOP_HOME"]


def test_regex():
    re.compile("(unclosed")


def test_template():
    sys.modules[__name__].json.loads("Connection reset by peer")


def test_sql_text():
    sa.create_engine("sqlite://").connect().execute(sa.text("SELEKT timeout FROM locks"))


def test_warning_of_resource():
    raise ResourceWarning("unclosed <socket.socket fd=3>")


def test_context_manager():
    with contextlib.ExitStack() as stack:
        stack.callback(lambda: 1 / 0)


def test_suppressed_context():
    try:
        raise ConnectionResetError(104, "Connection reset by peer")
    except ConnectionResetError:
        raise PermissionError(13, "Permission denied") from None


def test_notes_and_args():
    raise RuntimeError({"status": 503, "text": "basket locked"})
