def test_a(a, a):
    pass
