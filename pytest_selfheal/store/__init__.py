"""Records kept between runs: the JSON store by default, one protocol for every kind.

PYTEST_DONT_REWRITE
"""
