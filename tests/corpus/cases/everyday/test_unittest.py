import unittest

from shop import pricing


class TotalTest(unittest.TestCase):
    def test_equal(self):
        self.assertEqual(pricing.total([]), 1)

    def test_raises(self):
        with self.assertRaises(ValueError):
            pricing.discount(1, 2)

    def test_fail(self):
        self.fail("503 Service Unavailable is not handled")

    def test_key(self):
        pricing.convert(1, "SEK")

    def test_type(self):
        pricing.total(3)


class BrokenSetUp(unittest.TestCase):
    def setUp(self):
        self.price = pricing.discount(10, -1)

    def test_one(self):
        pass

    def test_two(self):
        pass


class BrokenCleanup(unittest.TestCase):
    def setUp(self):
        self.addCleanup(pricing.share, 1, 0)

    def test_one(self):
        pass
