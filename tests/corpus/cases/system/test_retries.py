import requests
import tenacity

from shop import client

once = tenacity.retry(stop=tenacity.stop_after_attempt(2), wait=tenacity.wait_none())


def test_timeouts(server):
    once(lambda: requests.get(f"{server}/slow", timeout=0.1))()


def test_unavailable(server):
    once(lambda: client.items(server, "s503"))()


def test_limited(server):
    once(lambda: client.items(server, "s429"))()


def test_bug_retried():
    once(lambda: {}["price"])()


def test_assertion_retried():
    def check():
        assert 1 == 2

    once(check)()


def test_never_true():
    tenacity.retry(
        retry=tenacity.retry_if_result(lambda value: not value), stop=tenacity.stop_after_attempt(2), wait=tenacity.wait_none()
    )(lambda: False)()


def test_reraised():
    @tenacity.retry(stop=tenacity.stop_after_attempt(2), reraise=True)
    def add():
        return 1 + "a"

    add()
