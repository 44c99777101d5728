import winreg


def test_a():
    pass
