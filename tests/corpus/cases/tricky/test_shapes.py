import os
import unittest

import pytest


@pytest.fixture
def database(server):
    import requests

    requests.get(f"{server}/s503", timeout=2).raise_for_status()


@pytest.fixture
def closing(server):
    import requests

    yield
    requests.get(f"{server}/s503", timeout=2).raise_for_status()


@pytest.fixture(scope="module")
def fixture_with_key():
    return {}["dsn"]


@pytest.fixture(scope="module")
def timeout_setup():
    raise TimeoutError("database did not start")


def test_transient_setup(database):
    pass


def test_transient_teardown(closing):
    pass


def test_timeout_setup(timeout_setup):
    pass


def test_bug_in_module_fixture(fixture_with_key):
    pass


def test_bug_in_module_fixture_again(fixture_with_key):
    pass


@pytest.mark.xfail(strict=True, reason="not yet")
def test_unexpected_pass():
    pass


def test_getenv_missing(monkeypatch):
    monkeypatch.delenv("SHOP_REGION", raising=False)
    os.environ["SHOP_REGION"].lower()


def test_copy_of_environment():
    dict(os.environ)["region of the shop"]


def test_getenv_none():
    os.getenv("SHOP_REGION").lower()


def test_getenv_int():
    int(os.environ.get("SHOP_WORKERS"))


def test_delete_environment():
    del os.environ["SHOP_REGION"]


def test_compile_data():
    compile("a = = 1", "<string>", "exec")


def test_exec_template():
    exec("def f(:\n pass")


@pytest.mark.parametrize("text", ["429", "timeout", "connection reset"])
def test_parameter_words(text):
    assert text == "ok"


def test_subtests(subtests):
    for number in (1, 2):
        with subtests.test(number=number):
            assert number == 2


class SubTest(unittest.TestCase):
    def test_numbers(self):
        for number in (1, 2):
            with self.subTest(number=number):
                self.assertEqual(number, 2)


class AsyncCase(unittest.IsolatedAsyncioTestCase):
    async def test_slow(self):
        import asyncio

        await asyncio.wait_for(asyncio.sleep(3), 0.05)


class SetUpClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise ConnectionRefusedError(111, "Connection refused")

    def test_one(self):
        pass


class TestMethods:
    def setup_method(self):
        self.price = {}["price"]

    def test_one(self):
        pass


def test_unknown_marker_argument(request):
    request.node.get_closest_marker("nothing").args


def test_raises_group():
    with pytest.raises(KeyError):
        raise LookupError("not a key")


def test_wrong_exception(nobody):
    import socket

    with pytest.raises(ValueError):
        socket.create_connection(("127.0.0.1", nobody), timeout=1)


def test_usage_error(pytestconfig):
    pytestconfig.getini("no_such_setting")


def test_memory():
    raise BufferError("Existing exports of data: object cannot be re-sized")


def test_keyboard():
    raise GeneratorExit
