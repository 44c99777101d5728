"""pytest-selfheal: a pytest plugin and CI gate that observes, recovers, repairs and remembers failures.

PYTEST_DONT_REWRITE
"""

__version__ = "0.1.0"
