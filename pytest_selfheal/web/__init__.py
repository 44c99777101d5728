"""The live page: what happens while it happens, and the review queue with buttons. Needs the extra `[web]`.

PYTEST_DONT_REWRITE
"""
