from shop import prices


def test_a():
    pass
