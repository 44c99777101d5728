from shop import uses_extra


def test_a():
    pass
