import requests_oauthlib_next


def test_a():
    pass
