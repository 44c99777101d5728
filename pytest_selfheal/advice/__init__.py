"""Asking for advice, with its real effects: reading sources and the store, calling a service, and what came of it.

PYTEST_DONT_REWRITE
"""
