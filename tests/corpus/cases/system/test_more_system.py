import asyncio
import http.client
import locale
import logging
import os
import pickle
import shutil
import socket
import struct
import subprocess
import sys
import tarfile
import tempfile
import zoneinfo

import aiohttp
import pytest
import urllib3


def command(status, error=""):
    code = f"import sys; sys.stderr.write({error!r}); sys.exit({status})"
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)


def test_command_not_found():
    command(127, "sh: 1: docker: not found")


def test_command_not_executable():
    command(126, "Permission denied")


def test_git_remote():
    command(128, "fatal: unable to access 'https://localhost/': Could not resolve host: localhost")


def test_git_credentials():
    command(128, "fatal: Authentication failed for 'https://localhost/shop.git/'")


def test_module_missing_in_child():
    command(1, "ModuleNotFoundError: No module named 'shop_tools'")


def test_child_traceback():
    command(1, "Traceback (most recent call last):\n  ...\nKeyError: 'price'")


def test_docker_down():
    command(1, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?")


def test_out_of_memory_killer():
    subprocess.run(["sh", "-c", "kill -9 $$"], check=True)


def test_terminated():
    subprocess.run(["sh", "-c", "exit 143"], check=True)


def test_communicate():
    with subprocess.Popen(["sleep", "3"]) as child:
        try:
            child.communicate(timeout=0.1)
        finally:
            child.kill()


def test_which():
    shutil.copy("/nonexistent/tool", "/nonexistent/other")


def test_time_zone():
    zoneinfo.ZoneInfo("Europe/Nowhere")


def test_locale():
    locale.setlocale(locale.LC_ALL, "xx_XX.UTF-8")


def test_no_temporary_folder():
    raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp', '/var/tmp']")


def test_bind_low_port():
    raise PermissionError(13, "Permission denied: ('0.0.0.0', 80)")


def test_host_unreachable():
    raise OSError(113, "No route to host")


def test_resource_temporarily_unavailable():
    raise BlockingIOError(11, "Resource temporarily unavailable")


def test_pickle():
    pickle.loads(b"no pickle")


def test_pickle_lambda():
    pickle.dumps(lambda: 1)


def test_struct():
    struct.unpack("<I", b"ab")


def test_tar(tmp_path):
    (tmp_path / "a.tar").write_text("no archive")
    tarfile.open(tmp_path / "a.tar")


def test_logging_format():
    logging.getLogger().setLevel("LOUD")


def test_server_disconnected():
    raise aiohttp.ServerDisconnectedError


def test_payload():
    raise aiohttp.ClientPayloadError("Response payload is not completed")


def test_server_timeout():
    raise aiohttp.ServerTimeoutError("Connection timeout to host http://localhost")


def test_certificate_of_host():
    key = aiohttp.client_reqrep.ConnectionKey("localhost", 443, True, True, None, None, None)
    import ssl

    raise aiohttp.ClientConnectorCertificateError(key, ssl.SSLCertVerificationError(1, "certificate verify failed"))


def test_web_not_found():
    from aiohttp import web

    raise web.HTTPNotFound


def test_incomplete_read():
    raise http.client.IncompleteRead(b"abc", 10)


def test_protocol_error():
    raise urllib3.exceptions.ProtocolError("Connection broken: IncompleteRead(3 bytes read, 7 more expected)")


def test_connect_timeout():
    raise urllib3.exceptions.ConnectTimeoutError(None, "Connection to localhost timed out")


def test_name_resolution():
    raise urllib3.exceptions.NameResolutionError("shop", None, socket.gaierror(-3, "Temporary failure in name resolution"))


def test_loop_is_closed():
    raise RuntimeError("Event loop is closed")


def test_other_loop():
    raise RuntimeError("Task got Future attached to a different loop")


def test_cannot_join():
    import threading

    threading.current_thread().join()


def test_no_more_threads():
    raise RuntimeError("can't start new thread")


def test_memory():
    raise MemoryError


def test_user():
    import pwd

    pwd.getpwnam("shopkeeper-nobody")
