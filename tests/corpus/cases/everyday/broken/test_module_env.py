from shop import config

URL = config.database_url()


def test_a():
    pass
