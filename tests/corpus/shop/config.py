import os
from pathlib import Path


def database_url():
    return os.environ["SHOP_DATABASE_URL"]


def token():
    return os.environ["SHOP_API_TOKEN"]


def setting(settings, name):
    return settings[name]


def certificate():
    return Path("/nonexistent/shop/certificate.pem").read_text()
