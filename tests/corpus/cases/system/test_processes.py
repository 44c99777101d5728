import concurrent.futures
import json
import queue
import signal
import subprocess
import sys
import threading
from concurrent.futures.process import BrokenProcessPool

import pytest


def python(code, **options):
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, **options)


def test_exit_status():
    python("raise SystemExit(3)")


def test_slow():
    python("import time; time.sleep(5)", timeout=0.2)


def test_program_missing():
    subprocess.run(["shop-migrate-db"], check=True)


def test_shell_program_missing():
    subprocess.run("shop-migrate-db", shell=True, check=True, stderr=subprocess.DEVNULL)


def test_not_executable(tmp_path):
    (tmp_path / "run.sh").write_text("#!/bin/sh\n")
    subprocess.run([str(tmp_path / "run.sh")], check=True)


def test_segfault():
    python("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")


def test_killed():
    python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")


def test_aborted():
    python("import os; os.abort()")


def test_output_is_no_json():
    json.loads(python("print('done')").stdout)


def test_status_asserted():
    done = subprocess.run([sys.executable, "-c", "raise SystemExit(2)"], check=False)
    assert done.returncode == 0


def test_broken_pool():
    raise BrokenProcessPool("A process in the process pool was terminated abruptly while the future was running.")


def test_future():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(threading.Event().wait, 0.3).result(timeout=0.05)


def test_queue_empty():
    queue.Queue().get(timeout=0.05)


def test_broken_barrier():
    barrier = threading.Barrier(2)
    barrier.abort()
    barrier.wait()


def test_future_raises():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(int.__truediv__, 1, 0).result()


def test_system_exit():
    sys.exit(2)


def test_argparse():
    import argparse

    argparse.ArgumentParser().parse_args(["--nothing"])


def test_wrong_arguments():
    subprocess.run(["echo", 3], check=True)
