import barcodes_next


def test_a():
    pass
