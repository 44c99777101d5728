from shop.errors import PaymentTimeout
from shop.errors import RateLimitError


class Limiter:
    def __init__(self, limit):
        self.limit = limit
        self.used = 0

    def take(self):
        self.used += 1
        if self.used > self.limit:
            raise RateLimitError("Too Many Requests: rate limit exceeded, retry after 30s")


def pay(amount, budget):
    if amount > budget:
        raise PaymentTimeout("payment timed out waiting for approval")
