import pytest

from shop import pricing


@pytest.fixture
def broken_setup():
    return pricing.discount(1, 500)


@pytest.fixture
def asserting_setup():
    assert pricing.RATES["USD"] == 1.2


@pytest.fixture
def typed_setup():
    return pricing.discount("1", None)


@pytest.fixture
def nothing_yielded():
    if pricing.RATES.get("GBP"):
        yield 1


@pytest.fixture
def yields_twice():
    yield 1
    yield 2


@pytest.fixture
def broken_teardown():
    yield 1
    {}["gone"]


@pytest.fixture
def asserting_teardown():
    yield 1
    assert pricing.RATES == {}


@pytest.fixture(scope="session")
def wide(tmp_path):
    return tmp_path


@pytest.fixture
def a(b):
    return b


@pytest.fixture
def b(a):
    return a


@pytest.fixture
def needs_missing(no_such_fixture_either):
    return 1


@pytest.fixture
def numbers():
    return [1]


def test_fixture_not_found(databse):
    pass


def test_fixture_of_fixture_not_found(needs_missing):
    pass


def test_scope_mismatch(wide):
    pass


def test_recursive(a):
    pass


def test_nothing_yielded(nothing_yielded):
    pass


def test_yields_twice(yields_twice):
    pass


def test_called_directly():
    numbers()


def test_request_unknown(request):
    request.getfixturevalue("nowhere")


def test_broken_setup(broken_setup):
    pass


def test_asserting_setup(asserting_setup):
    pass


def test_typed_setup(typed_setup):
    pass


def test_broken_teardown(broken_teardown):
    pass


def test_asserting_teardown(asserting_teardown):
    pass
