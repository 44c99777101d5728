import warnings

import pytest
import requests

from cases import helpers
from shop import errors
from shop import limiter
from shop.limiter import Limiter
from shop.pricing import Line


def test_429_in_message():
    raise AssertionError("429 Too Many Requests")


def test_timeout_in_message():
    assert 1 == 2, "Timeout >5s: connection timed out"


def test_connection_in_message():
    pytest.fail("Connection reset by peer is not handled")


def test_from_connection_error():
    try:
        raise ConnectionResetError(104, "Connection reset by peer")
    except ConnectionResetError as error:
        raise AssertionError("the client must hide resets") from error


def test_in_except_block(nobody):
    try:
        requests.get(f"http://127.0.0.1:{nobody}/", timeout=1)
    except requests.ConnectionError as error:
        assert "timed out" in str(error)


def test_helper_503(server):
    helpers.assert_status(requests.get(f"{server}/s503", timeout=2), 200)


def test_did_not_raise_timeout():
    with pytest.raises(TimeoutError):
        limiter.pay(1, 2)


def test_fail_like_pytest_timeout():
    pytest.fail("Timeout >1.0s")


def test_limiter_under_test():
    box = Limiter(1)
    box.take()
    box.take()


def test_payment_under_test():
    limiter.pay(3, 2)


def test_own_unavailable():
    raise errors.ServiceUnavailable("503 Service Unavailable")


def test_value_error_words():
    raise ValueError("timeout must be positive")


def test_value_error_rate():
    raise ValueError("rate limit must be below 100 requests per minute")


def test_value_error_from_network(nobody):
    try:
        requests.get(f"http://127.0.0.1:{nobody}/", timeout=1)
    except requests.ConnectionError as error:
        raise ValueError("the price list is empty") from error


def test_key_with_words():
    {}["connection reset by peer"]


def test_key_timeout():
    {"retries": 3}["timeout"]


def test_index_with_words():
    raise IndexError("503 is not in the list")


def test_type_error_words():
    raise TypeError("timeout must be a number, not str")


def test_type_error_after_network(nobody):
    try:
        requests.get(f"http://127.0.0.1:{nobody}/", timeout=1)
    except requests.ConnectionError as error:
        "failed: " + error


def test_attribute_after_network(nobody):
    answer = None
    try:
        answer = requests.get(f"http://127.0.0.1:{nobody}/", timeout=1)
    except requests.ConnectionError:
        answer.status_code


def test_key_after_timeout():
    try:
        raise TimeoutError("slow")
    except TimeoutError:
        {}["fallback"]


def test_zero_after_429(server):
    try:
        requests.get(f"{server}/s429", timeout=2).raise_for_status()
    except requests.HTTPError:
        1 / 0


def test_runtime_words():
    raise RuntimeError("a transient state is not allowed here")


def test_timeout_name():
    class TimeoutPolicyError(Exception):
        pass

    raise TimeoutPolicyError("policy has no timeout")


def test_warning_as_error():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.warn("the connection pool is deprecated", DeprecationWarning)


def test_note():
    error = ValueError("no such plan")
    if hasattr(error, "add_note"):
        error.add_note("429 Too Many Requests")
    raise error


def test_connection_refused_by_gateway():
    raise LookupError("connection refused")


def test_not_implemented_timeout():
    raise NotImplementedError("timeout handling")
