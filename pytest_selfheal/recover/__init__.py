"""Which failure is worth another try, when and where, and when to stop trying.

PYTEST_DONT_REWRITE
"""

from pytest_selfheal.recover.backoff import backoff_s
from pytest_selfheal.recover.plan import Recovery
from pytest_selfheal.recover.plan import Retry
from pytest_selfheal.recover.plan import Stop
from pytest_selfheal.recover.storm import MemoryLog
from pytest_selfheal.recover.storm import Storm
from pytest_selfheal.recover.wish import Wish

__all__ = ["MemoryLog", "Recovery", "Retry", "Stop", "Storm", "Wish", "backoff_s"]
