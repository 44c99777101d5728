import json

PRICES = json.loads("{'tea': 1}")


def test_a():
    pass
