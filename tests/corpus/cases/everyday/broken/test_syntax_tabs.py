def test_a():
    if True:
        x = 1
	y = 2
