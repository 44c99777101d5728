import loopback
import pytest


@pytest.fixture(scope="session")
def server():
    return loopback.start()


@pytest.fixture(scope="session")
def nobody():
    return loopback.refused_port()


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
