import pytest


@pytest.mark.parametrize("amonut", [1, 2])
def test_a(amount):
    pass
