from requests import Sessions


def test_a():
    pass
