import ctypes
import os
import signal

import pytest

needs_worker = pytest.mark.skipif("CORPUS_CRASHES" not in os.environ, reason="would end the whole run")


@needs_worker
def test_exit():
    os._exit(3)


@needs_worker
def test_signal():
    os.kill(os.getpid(), signal.SIGKILL)


@needs_worker
def test_null_pointer():
    ctypes.string_at(0)
