"""Keeping users safe from what failures carry: secrets, terminal escapes, and paths that lead out of the project.

PYTEST_DONT_REWRITE
"""
