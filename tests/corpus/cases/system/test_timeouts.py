import threading
import time

import pytest


@pytest.mark.timeout(0.3)
def test_hangs():
    time.sleep(3)


@pytest.mark.timeout(0.3)
def test_waits_for_event():
    threading.Event().wait(3)


@pytest.fixture
def slow():
    time.sleep(3)


@pytest.mark.timeout(0.3)
def test_slow_setup(slow):
    pass
