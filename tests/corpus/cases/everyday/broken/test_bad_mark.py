import pytest


@pytest.mark.parametrize("a, b", [(1, 2), (3,)])
def test_a(a, b):
    pass
