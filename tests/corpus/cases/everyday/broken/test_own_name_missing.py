from shop.pricing import totals


def test_a():
    pass
