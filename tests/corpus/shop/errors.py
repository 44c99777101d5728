class ShopError(Exception):
    pass


class RateLimitError(ShopError):
    pass


class PaymentTimeout(ShopError):
    pass


class ServiceUnavailable(ShopError):
    pass


class ApiError(ShopError):
    def __init__(self, message, status_code):
        super().__init__(message)
        self.status_code = status_code
