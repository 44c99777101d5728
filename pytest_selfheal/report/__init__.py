"""Words, tables and JSON for people and programs; turns values into text and decides nothing.

PYTEST_DONT_REWRITE
"""
