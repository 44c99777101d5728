import requests

from shop.errors import ApiError
from shop.errors import ServiceUnavailable
from shop.errors import ShopError


def items(address, how, timeout=2):
    answer = requests.get(f"{address}/{how}", timeout=timeout)
    answer.raise_for_status()
    return answer.json()["items"]


def items_wrapped(address, how, timeout=2):
    try:
        return items(address, how, timeout)
    except requests.RequestException as error:
        raise ShopError("could not load items") from error


def items_lossy(address, how):
    try:
        return items(address, how)
    except requests.RequestException:
        raise ServiceUnavailable("items are not available")


def items_hidden(address, how):
    try:
        return items(address, how)
    except requests.RequestException:
        raise ShopError("could not load items") from None


def items_or_status(address, how):
    answer = requests.get(f"{address}/{how}", timeout=2)
    if not answer.ok:
        raise ApiError(f"items answered {answer.status_code}", answer.status_code)
    return answer.json()
