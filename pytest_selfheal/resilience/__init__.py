"""The public toolkit: robust JSON, time limits, backoff, circuit breaker, chunks, and a guard that composes them.

PYTEST_DONT_REWRITE
"""
