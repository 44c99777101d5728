"""Which failure is worth another try, after how long, and when to stop trying.

PYTEST_DONT_REWRITE
"""

from pytest_selfheal.recover.backoff import backoff_s
from pytest_selfheal.recover.plan import Recovery
from pytest_selfheal.recover.plan import Retry
from pytest_selfheal.recover.plan import Stop

__all__ = ["Recovery", "Retry", "Stop", "backoff_s"]
