"""The one attribute of a report that is ours.

PYTEST_DONT_REWRITE
"""

OBSERVATIONS = "_selfheal"
"""Holds what a worker observed, as ASCII JSON: anything richer can end an xdist session."""
