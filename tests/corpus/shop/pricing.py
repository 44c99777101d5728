from dataclasses import dataclass

RATES = {"EUR": 1.0, "USD": 1.1}


@dataclass
class Line:
    name: str
    price: float
    amount: int = 1


def total(lines):
    return sum(line.price * line.amount for line in lines)


def convert(amount, currency):
    return amount * RATES[currency]


def share(amount, people):
    return amount / people


def discount(price, percent):
    if not 0 <= percent <= 100:
        raise ValueError(f"percent must be between 0 and 100, not {percent}")
    return price - price * percent / 100


def cheapest(lines):
    return sorted(lines, key=lambda line: line.price)[0]


def find(lines, name):
    for line in lines:
        if line.name == name:
            return line
    return None


def label(line):
    return line.name + ": " + line.price


def path_of(total_price):
    return math.ceil(total_price)  # noqa


def ordered(lines):
    return OrderedDict((line.name, line) for line in lines)  # noqa


def parse_price(text):
    return float(text)


def forever(n):
    return forever(n + 1)


def later():
    raise NotImplementedError
