"""What a live exception tells, as plain values that outlive it.

PYTEST_DONT_REWRITE
"""
