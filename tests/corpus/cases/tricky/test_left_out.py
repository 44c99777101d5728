import unittest

import pytest


@pytest.mark.skip(reason="503 Service Unavailable")
def test_skipped():
    assert False


@pytest.mark.skipif(True, reason="not here")
def test_skipped_if():
    assert False


def test_skips_itself():
    pytest.skip("no network")


def test_import_or_skip():
    pytest.importorskip("no_such_module_anywhere")


@pytest.mark.xfail
def test_known_bug():
    assert 1 == 2


@pytest.mark.xfail(reason="rate limited")
def test_known_429(server):
    import requests

    requests.get(f"{server}/s429", timeout=2).raise_for_status()


@pytest.mark.xfail(raises=KeyError)
def test_known_key():
    {}["a"]


def test_xfails_itself():
    pytest.xfail("not done")


@pytest.mark.xfail(strict=True)
def test_strict_known_bug():
    raise ConnectionResetError(104, "Connection reset by peer")


@pytest.mark.xfail(strict=False)
def test_unexpectedly_good():
    pass


@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.xfail), pytest.param(2, marks=pytest.mark.skip)])
def test_marked_parameters(n):
    assert n == 3


@pytest.fixture
def skipping():
    pytest.skip("no database")


@pytest.fixture
def failing():
    raise TimeoutError("no database")


def test_skipping_fixture(skipping):
    pass


@pytest.mark.xfail
def test_known_broken_fixture(failing):
    pass


class Cases(unittest.TestCase):
    @unittest.expectedFailure
    def test_expected(self):
        self.assertEqual(1, 2)

    @unittest.skip("not here")
    def test_skipped(self):
        self.fail()

    def test_skips_itself(self):
        raise unittest.SkipTest("429 Too Many Requests")


@pytest.mark.xfail(raises=KeyError)
def test_other_than_known():
    [][0]


def test_passes():
    assert True
