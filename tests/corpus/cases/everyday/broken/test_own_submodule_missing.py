import shop.warehouse


def test_a():
    pass
