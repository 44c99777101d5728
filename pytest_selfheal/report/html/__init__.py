"""The report as a page: one file with everything in it, and the parts that the live page is made of too.

PYTEST_DONT_REWRITE
"""
