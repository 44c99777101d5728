from shop import pricing

DEFAULT = pricing.RATES["GBP"]


def test_a():
    pass
