START = datetime.date(2024, 1, 1)


def test_a():
    pass
