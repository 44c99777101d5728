from shop import pricing

assert pricing.RATES["USD"] == 1.2


def test_a():
    pass
